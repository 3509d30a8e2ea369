"""An answer as it is weighed and proven: `flows.approval.gate` and `tasks.approval.verify_proof` over a world instead of Prefect and Azure."""

from dataclasses import dataclass

from pydantic import ValidationError
from world import World

from domain.approval.decision import Decision, Proof, proven_by
from domain.approval.proofs.entra_token import EntraProof, key_id
from domain.approval.proofs.lockout import locked_until
from domain.approval.proofs.one_time_code import CodeGenerator, signed, step_of
from domain.approval.proofs.single_use import one_time
from domain.approval.proofs.ssh_signature import SshProof, armored
from domain.approval.request import statement_of
from domain.approval.statement import Choice, Statement
from domain.approval.verdict import faults_of_kind, why_not
from domain.canonical_json import canonical_json, digest_of
from domain.declaration.stage import Stage
from domain.ledger.fact import Fact
from domain.release.manifest import Release


@dataclass(frozen=True)
class Answer:
    """What somebody typed into the form."""

    choice: Choice
    approver: str
    proof: str
    comment: str = ""


@dataclass(frozen=True)
class InvalidProof:
    """Why it does not count."""

    reason: str
    wrong_code: bool = False


def weigh(world: World, release: Release, stage: Stage, asked: Fact, answer: Answer) -> Decision | InvalidProof:
    """The decision, or why there is none."""
    typed = (answer.choice, answer.approver, answer.proof, answer.comment)
    digest = digest_of(canonical_json({"asked": asked.digest, "typed": typed}))
    fresh = {one for text in typed for one in one_time(text) if world.is_first_sight(one, digest)}
    try:
        statement = statement_of(asked, answer.choice, answer.approver, answer.comment)
    except ValidationError as error:
        return InvalidProof(str(error))
    reasons = why_not(statement, stage, release, world.facts.read(), world.approvers, world.now)
    if reasons:
        return InvalidProof("; ".join(reasons))
    outcome = prove(world, statement, answer.proof)
    if isinstance(outcome, Decision) and outcome.proof.once and not fresh.issuperset(one_time(answer.proof)):
        return InvalidProof("this code or token was seen before")
    if isinstance(outcome, Decision) and stage.gate is not None and (faults := faults_of_kind(outcome, stage.gate)):
        return InvalidProof("; ".join(faults))
    return outcome


def prove(world: World, statement: Statement, typed: str) -> Decision | InvalidProof:
    """From what was typed to a proof that can be kept; codes and tokens are used up."""
    signature = armored(typed)
    proof: Proof | InvalidProof
    if typed.isdigit():
        proof = _by_code(world, statement, typed)
    elif signature is not None:
        proof = SshProof(signature=signature)
    else:
        proof = _by_token(world, typed)
    if isinstance(proof, InvalidProof):
        return proof
    decision = Decision(stage=statement.stage, statement=statement, proof=proof, decided_at=world.now)
    credential = proven_by(decision, world.approvers)
    if isinstance(credential, str):
        return InvalidProof(credential)
    return decision


def _by_code(world: World, statement: Statement, code: str) -> Proof | InvalidProof:
    person = world.approvers.person(statement.approver)
    generators = [one for one in person.credentials if isinstance(one, CodeGenerator)] if person else []
    usable = [one for one in generators if one.revoked_at is None]
    if not usable:
        return InvalidProof(f"{statement.approver} has enrolled no authenticator for codes")
    wrong = world.wrong_codes
    usable = [one for one in usable if locked_until(wrong.get(one.id, ()), world.now) is None]
    if not usable:
        return InvalidProof(f"{statement.approver}'s authenticator accepts no code")
    for generator in usable:
        secret = generator.secret_block.upper()
        step = step_of(secret, code, world.now)
        if step is not None:
            return signed(secret, statement, step)
    for generator in usable:
        wrong.setdefault(generator.id, []).append(world.now)
    return InvalidProof(f"the code is not {statement.approver}'s current one", wrong_code=True)


def _by_token(world: World, token: str) -> Proof | InvalidProof:
    kid = key_id(token)
    for published in world.approvers.tenant_keys.values():
        if kid in published:
            return EntraProof(token=token, key=dict(published[kid]))
    return InvalidProof("no key that the tenant publishes signed the token")
