"""From what an approver typed as proof to a proof that can be kept."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from blocks.approvers import code_secret
from blocks.ledger import Ledger
from domain.approval.approvers import EnrolledApprovers
from domain.approval.decision import Decision, Proof, proven_by
from domain.approval.proofs.entra_token import EntraProof, key_id
from domain.approval.proofs.lockout import MAX_WRONG_CODES, WITHIN
from domain.approval.proofs.one_time_code import (
    DIGITS,
    STEP_SECONDS,
    STEPS_BEFORE,
    CodeGenerator,
    code_of,
    signed,
    step_of,
)
from domain.approval.proofs.ssh_signature import SshProof, armored
from domain.approval.statement import Statement
from domain.errors import Terminal
from tasks.approval.approvers import published_keys
from tasks.approval.lockout import Guess, count_guess, was_right

MAX_TOKEN = 16_000
MOST_MINUTES = STEPS_BEFORE * STEP_SECONDS / 60
INSTEAD = "decide with an SSH key or an Entra ID account, or wait; if you typed none of them, tell the others: somebody is guessing"


@dataclass(frozen=True)
class InvalidProof:
    """Why it proves nothing. wrong_code: somebody may be guessing. locked_until: no code is taken before."""

    reason: str
    wrong_code: bool = False
    locked_until: datetime | None = None


def verify_proof(
    ledger: Ledger, statement: Statement, typed: str, approvers: EnrolledApprovers, now: datetime
) -> Decision | InvalidProof:
    """The decision with its proof, checked whole as it will be checked again before deploying and switching.

    Its code or token was used up before.
    """
    text, code = typed.strip(), code_of(typed)
    signature = armored(text)
    proof: Proof | InvalidProof
    if code is not None:
        proof = _by_code(ledger, statement, code, approvers, now)
    elif signature is not None:
        proof = (
            SshProof(signature=signature) if len(signature) <= 8000 else InvalidProof("the SSH signature is too long")
        )
    elif len(text) <= MAX_TOKEN and key_id(text) is not None:
        proof, approvers = _by_token(statement, text, approvers)
    else:
        proof = InvalidProof(
            f"the proof is neither a {DIGITS}-digit code, nor an SSH signature, nor an RS256 token of Entra ID"
        )
    if isinstance(proof, InvalidProof):
        return proof
    decision = Decision(stage=statement.stage, statement=statement, proof=proof, decided_at=now)
    credential = proven_by(decision, approvers)
    if isinstance(credential, str):
        return InvalidProof(credential)
    return decision


def _by_code(
    ledger: Ledger, statement: Statement, code: str, approvers: EnrolledApprovers, now: datetime
) -> Proof | InvalidProof:
    person = approvers.person(statement.approver)
    generators = [one for one in person.credentials if isinstance(one, CodeGenerator)] if person else []
    usable = [one for one in generators if one.revoked_at is None]
    if not usable:
        return InvalidProof(
            f"{statement.approver} has enrolled no authenticator for codes; use `signalbox enrol NAME --code`"
        )
    secrets: dict[str, str] = {}
    for one in usable:
        try:
            secrets[one.id] = code_secret(one).get_secret_value()
        except Terminal as error:
            unreadable = error
    if not secrets:
        return InvalidProof(f"no code can be checked here: {unreadable}")
    token = uuid4().hex
    counted = {credential: count_guess(ledger, credential, token) for credential in secrets}
    guesses = {credential: guess for credential, guess in counted.items() if isinstance(guess, Guess)}
    if not guesses:
        until = min(guess for guess in counted.values() if isinstance(guess, datetime))
        return InvalidProof(f"{statement.approver}'s authenticator accepts no code {_until(until)}: {INSTEAD}")
    for credential in guesses:
        step = step_of(secrets[credential], code, now)
        if step is not None:
            for guess in guesses.values():
                was_right(ledger, guess)
            return signed(secrets[credential], statement, step)
    locked = [guess.locks_until for guess in guesses.values() if guess.locks_until is not None]
    reason = (
        f"the code is not {statement.approver}'s, or it is more than {MOST_MINUTES:g} minutes old; check that the clock is right, and type "
        "a new one"
    )
    if not locked:
        return InvalidProof(reason, wrong_code=True)
    reason += (
        f". There were too many wrong codes, so the authenticator accepts no code {_until(min(locked))}: {INSTEAD}"
    )
    return InvalidProof(reason, wrong_code=True, locked_until=min(locked))


def _until(moment: datetime) -> str:
    return f"until {moment:%Y-%m-%d %H:%M} UTC, because {MAX_WRONG_CODES} wrong ones were entered within {WITHIN // timedelta(minutes=1)} minutes"


def _by_token(
    statement: Statement, token: str, approvers: EnrolledApprovers
) -> tuple[Proof | InvalidProof, EnrolledApprovers]:
    person = approvers.person(statement.approver)
    keys = published_keys([person] if person else [])
    kid = key_id(token) or ""
    for published in keys.values():
        if kid in published:
            known = EnrolledApprovers(approvers.groups, approvers.people, {**approvers.tenant_keys, **keys})
            return EntraProof(token=token, key=dict(published[kid])), known
    return InvalidProof("no key that the tenant of an enrolled account publishes signed the token"), approvers
