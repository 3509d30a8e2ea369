"""What an outsider types into a form under somebody else's name: none of it is that person's word about this release."""

from collections.abc import Callable
from datetime import datetime, timedelta

from cast import OUTSIDER, Person
from proof_making import claims, private_key, ssh_signature, token, token_by_public_key, unsigned_token

from domain.approval.statement import Choice, Statement

ACCOMPLICE = Person("rhea")
"""Is enrolled, and lends a proof of their own."""
ANOTHER = "44444444-4444-4444-8444-444444444444"
HALF_MINUTES = range(-150, 31, 30)
"""Whose codes count, seen from now."""


def wrong_code(person: Person, _: Statement, now: datetime) -> str:
    """Six digits that the authenticator does not show now, nor just before or after."""
    right = {person.code(now + timedelta(seconds=seconds)) for seconds in HALF_MINUTES}
    return next(f"{guess:06d}" for guess in range(10) if f"{guess:06d}" not in right)


def old_code(person: Person, statement: Statement, now: datetime) -> str:
    """What the authenticator showed five minutes ago."""
    old = person.code(now - timedelta(minutes=5))
    right = {person.code(now + timedelta(seconds=seconds)) for seconds in HALF_MINUTES}
    return old if old not in right else wrong_code(person, statement, now)


def anothers_code(person: Person, statement: Statement, now: datetime) -> str:
    """What somebody else's authenticator shows."""
    other = ACCOMPLICE.code(now)
    right = {person.code(now + timedelta(seconds=seconds)) for seconds in HALF_MINUTES}
    return other if other not in right else wrong_code(person, statement, now)


def own_key(_: Person, statement: Statement, now: datetime) -> str:
    """The right statement, signed with a key that nobody enrolled."""
    return Person(OUTSIDER).proof("ssh", statement, now)


def anothers_key(_: Person, statement: Statement, now: datetime) -> str:
    """The right statement, signed with somebody else's enrolled key."""
    return ACCOMPLICE.proof("ssh", statement, now)


def old_key(person: Person, statement: Statement, now: datetime) -> str:
    """A key that the person never enrolled, though it is theirs."""
    return Person(person.name, person.generation + 50).proof("ssh", statement, now)


def for_git(person: Person, statement: Statement, _: datetime) -> str:
    """The person's own signature over the very text, in git's namespace."""
    return ssh_signature(private_key(f"{person.name} ssh {person.generation}"), statement.text, "git")


def _changed(**changes: object) -> Callable[[Person, Statement, datetime], str]:
    def make(person: Person, statement: Statement, now: datetime) -> str:
        return person.proof("ssh", statement.model_copy(update=changes), now)

    return make


def _saying(fresh: bool = False, **said: object) -> Callable[[Person, Statement, datetime], str]:
    def make(person: Person, statement: Statement, now: datetime) -> str:
        about = {"auth_time": int(now.timestamp()) - 1200} if fresh else {"nonce": statement.nonce}
        return token({**claims(person.object_id, now, **about), **said})

    return make


def expired_token(person: Person, statement: Statement, now: datetime) -> str:
    """Issued two hours ago."""
    return token(claims(person.object_id, now - timedelta(hours=2), nonce=statement.nonce))


def unsigned(person: Person, statement: Statement, now: datetime) -> str:
    """A token with `alg: none`."""
    return unsigned_token(claims(person.object_id, now, nonce=statement.nonce))


def by_public_key(person: Person, statement: Statement, now: datetime) -> str:
    """A token with `alg: HS256`, by the tenant's public key."""
    return token_by_public_key(claims(person.object_id, now, nonce=statement.nonce))


def nothing(*_: object) -> str:
    """A word."""
    return "please"


FORGERIES: dict[str, Callable[[Person, Statement, datetime], str]] = {
    "nothing": nothing,
    "wrong code": wrong_code,
    "old code": old_code,
    "another's code": anothers_code,
    "own key": own_key,
    "another's key": anothers_key,
    "old key": old_key,
    "for git": for_git,
    "of another stage": _changed(stage="staging", gate="Staging-Approval"),
    "of another release": _changed(release="20251209.1"),
    "of another manifest": _changed(release_digest="sha256:" + "e" * 64),
    "a rejection": _changed(choice=Choice.REJECT),
    "another comment": _changed(comment="only if the plots are good"),
    "of another person": _changed(approver="carl"),
    "another policy": _changed(policy_digest="sha256:" + "e" * 64),
    "another nonce": _saying(nonce="0" * 32),
    "an old sign-in": _saying(fresh=True),
    "another audience": _saying(aud=ANOTHER),
    "another issuer": _saying(iss=f"https://login.microsoftonline.com/{ANOTHER}/v2.0"),
    "another group": _saying(groups=[ANOTHER]),
    "another account": _saying(oid=ACCOMPLICE.object_id),
    "expired token": expired_token,
    "unsigned token": unsigned,
    "HS256": by_public_key,
}
"""Each has to be refused when it comes under the person's name."""
WRONG_CODES = ("wrong code", "old code", "another's code")
