"""From what an approver typed as proof to a proof that can be kept; every code and token is used up here."""

import re
from dataclasses import dataclass
from datetime import datetime

from blocks.approvers import code_secret
from blocks.ledger import Ledger
from domain.decision import Decision, Proof, proven_by
from domain.entra_token import EntraProof, key_id
from domain.one_time_code import DIGITS, CodeGenerator, sealed, step_of
from domain.roster import Roster
from domain.ssh_signature import SshProof, armored
from domain.statement import Statement
from tasks.roster import published_keys
from tasks.spent import spend

CODE = re.compile(rf"\d{{{DIGITS}}}")
MAX_TOKEN = 16_000


@dataclass(frozen=True)
class Unproven:
    """Why it proves nothing. wrong_code: somebody may be guessing."""

    reason: str
    wrong_code: bool = False


def prove(ledger: Ledger, statement: Statement, typed: str, roster: Roster, now: datetime) -> Decision | Unproven:
    """The decision with its proof, checked whole as it will be checked again before deploying and switching."""
    text = typed.strip()
    code = re.sub(r"[\s-]", "", text)
    signature = armored(text)
    proof: Proof | Unproven
    if CODE.fullmatch(code):
        proof = _by_code(ledger, statement, code, roster, now)
    elif signature is not None:
        proof = SshProof(signature=signature) if len(signature) <= 8000 else Unproven("the SSH signature is too long")
    elif len(text) <= MAX_TOKEN and key_id(text) is not None:
        proof, roster = _by_token(statement, text, roster)
    else:
        proof = Unproven(
            f"the proof is neither a {DIGITS}-digit code, nor an SSH signature, nor an RS256 token of Entra ID"
        )
    if isinstance(proof, Unproven):
        return proof
    decision = Decision(stage=statement.stage, statement=statement, proof=proof, decided_at=now)
    credential = proven_by(decision, roster)
    if isinstance(credential, str):
        return Unproven(credential)
    if isinstance(proof, EntraProof) and not spend(ledger, f"token {proof.token_digest}", statement):
        return Unproven("this token was used already; sign in again for another one")
    return decision


def _by_code(ledger: Ledger, statement: Statement, code: str, roster: Roster, now: datetime) -> Proof | Unproven:
    person = roster.person(statement.approver)
    generators = [one for one in person.credentials if isinstance(one, CodeGenerator)] if person else []
    usable = [one for one in generators if one.revoked_at is None]
    if not usable:
        return Unproven(f"{statement.approver} has enrolled no authenticator for codes; use `signalbox enrol`")
    for generator in usable:
        secret = code_secret(generator).get_secret_value()
        step = step_of(secret, code, now)
        if step is not None:
            if not spend(ledger, f"{generator.id} step {step}", statement):
                return Unproven("this code was used already; wait for the next one (every 30 seconds)")
            return sealed(secret, statement, step)
    return Unproven(f"the code is not {statement.approver}'s of this moment; see whether the clock is right", True)


def _by_token(statement: Statement, token: str, roster: Roster) -> tuple[Proof | Unproven, Roster]:
    person = roster.person(statement.approver)
    keys = published_keys([person] if person else [])
    kid = key_id(token) or ""
    for published in keys.values():
        if kid in published:
            known = Roster(roster.groups, roster.people, {**roster.tenant_keys, **keys})
            return EntraProof(token=token, key=dict(published[kid])), known
    return Unproven("no key that the tenant of an enrolled account publishes signed the token"), roster
