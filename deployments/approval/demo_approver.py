"""The approver of demos: enrolled on a laptop with an SSH key of its own, so that its approvals are proven like all others."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from blocks.ledger import Ledger
from blocks.loading import loaded
from deployments.approval.enrolment import enrol, enrolled
from deployments.approval.form_client import Pending
from deployments.approval.signable import signable
from deployments.approval.ssh_sign import make_key, sign
from domain.approval.proofs.ssh_signature import SshKey
from domain.approval.statement import Choice
from tasks.workloads import known_workloads


@dataclass(frozen=True)
class SigningApprover:
    """A person whose key lies here. key: the private key's file."""

    name: str
    key: Path

    def enrol(self) -> None:
        """Make the key unless it is there, and enrol its public half unless it is."""
        make_key(self.key, f"{self.name} of a Signalbox laptop")
        public = SshKey(public_key=self.key.with_suffix(".pub").read_text(), enrolled_at=datetime.now(UTC))
        if public.id not in {one.id for one in enrolled(self.name).credentials}:
            enrol(self.name, public)

    def evidence(self, pending: Pending) -> str:
        """What a waiting form is about, by the ledger."""
        return signable(loaded(Ledger, "ledger"), known_workloads(), pending).evidence

    def proof(self, pending: Pending, choice: Choice, comment: str) -> str:
        """The signature that answers a waiting form."""
        about = signable(loaded(Ledger, "ledger"), known_workloads(), pending)
        return sign(about.pending.statement(choice, self.name, comment), self.key)
