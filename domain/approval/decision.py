"""What an approver decided, about exactly what, and how it is proven."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from domain.approval.approvers import EnrolledApprovers
from domain.approval.proofs.enrolment import Credential
from domain.approval.proofs.entra_token import EntraAccount, EntraProof, fault_of_token
from domain.approval.proofs.one_time_code import CodeGenerator, CodeProof, signature_fault
from domain.approval.proofs.ssh_signature import SshKey, SshProof, signing_key
from domain.approval.statement import Statement
from domain.utc import Moment

Proof = Annotated[CodeProof | SshProof | EntraProof, Field(discriminator="kind")]


class Decision(BaseModel):
    """One answer, as the ledger keeps it. stage: the statement's, for those who look for facts of a stage."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: str
    statement: Statement
    proof: Proof
    decided_at: Moment


def proven_by(decision: Decision, approvers: EnrolledApprovers) -> Credential | str:
    """The credential that proves the decision, or why it is not proven: as the approvers are enrolled now."""
    statement, proof = decision.statement, decision.proof
    person = approvers.person(statement.approver)
    if person is None:
        return f"{statement.approver} is not an approver; ask one to decide, or have the environment list them"
    found: Credential | str
    match proof:
        case SshProof():
            found = signing_key(proof, statement, [one for one in person.credentials if isinstance(one, SshKey)])
        case CodeProof():
            generators = [one for one in person.credentials if isinstance(one, CodeGenerator)]
            found = _signed_by_code(proof, decision, generators)
        case EntraProof():
            accounts = [one for one in person.credentials if isinstance(one, EntraAccount)]
            found = _issued_to(proof, decision, accounts, approvers)
    if isinstance(found, str):
        return found
    return _revoked(found, statement.approver) or found


def _signed_by_code(proof: CodeProof, decision: Decision, generators: list[CodeGenerator]) -> Credential | str:
    for generator in generators:
        if generator.id == proof.credential:
            return signature_fault(proof, decision.statement, generator, decision.decided_at) or generator
    return f"{decision.statement.approver} has enrolled no authenticator {proof.credential}"


def _issued_to(
    proof: EntraProof, decision: Decision, accounts: list[EntraAccount], approvers: EnrolledApprovers
) -> Credential | str:
    fault = f"{decision.statement.approver} has enrolled no Entra ID account; use `signalbox enrol NAME --entra TENANT/OBJECT/AUDIENCE/GROUP`"
    for account in accounts:
        fault = fault_of_token(proof, decision.statement, account, approvers.tenant_keys, decision.decided_at)
        if not fault:
            return account
    return fault


def _revoked(credential: Credential, approver: str) -> str:
    moment: datetime | None = credential.revoked_at
    return (
        "" if moment is None else f"{approver}'s credential {credential.id} was revoked at {moment:%Y-%m-%d %H:%M} UTC"
    )
