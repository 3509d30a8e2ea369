"""What an approver is about to sign, worked out from the ledger on the approver's own machine.

The server that shows the form is not believed: whoever commands it can show one release and ask for a signature over another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from blocks.ledger import Ledger
from deployments.approval.form_client import Pending
from domain.approval.request import ApprovalRequest
from domain.approval.request_faults import faults_of_request
from domain.approval.statement import Statement
from domain.approval.verdict import why_not
from domain.declaration.stage import Stage
from domain.errors import Terminal
from domain.release.manifest import Release, requested_release
from flows.approval.pending import PendingRequest, pending_request
from tasks.approval.approvers import approvers_of
from tasks.ledger.kept_reports import kept_report
from tasks.reports.approval_form import circuits_of, decided_since, plain
from tasks.reports.evidence_report import form_of


@dataclass(frozen=True)
class Signable:
    """A request that was checked. evidence: markdown; what the report, whose digest is signed, says of it."""

    pending: PendingRequest
    release: Release
    evidence: str

    @property
    def stage(self) -> Stage:
        """As it was declared when it was asked about."""
        return Stage.model_validate(ApprovalRequest.model_validate(self.pending.asked.body).policy)

    def must_be_asked(self, approver: str) -> None:
        """Terminal where nothing that this person answers could count."""
        gate = self.stage.gate
        if gate is not None and approvers_of(gate).groups_of(approver).isdisjoint(gate.groups):
            raise Terminal(
                f"{gate.name} asks members of {', '.join(gate.groups)}, and {approver} is none. Give your name, as the environment "
                "lists it, with --as"
            )

    def must_count(self, statement: Statement) -> None:
        """Terminal, with every reason, where this answer could not count however it is proven."""
        facts = self.pending.facts
        approvers = approvers_of(self.stage.gate, facts)
        if reasons := why_not(statement, self.stage, self.release, facts, approvers, datetime.now(UTC)):
            raise Terminal(f"nothing was signed, because it would not count: {'; '.join(reasons)}")

    @property
    def headline(self) -> str:
        """Workload, release, stage and gate, as they stand in what is signed."""
        request, release = ApprovalRequest.model_validate(self.pending.asked.body), self.release
        return (
            f"release {release.name} of {plain(release.workload)} to {plain(request.stage)}, at {plain(request.gate)}"
        )


def signable(ledger: Ledger, workloads: Sequence[str], pending: Pending) -> Signable:
    """What the form's key names; Terminal with every difference between it, its digests, and what the server shows."""
    found = pending_request(ledger, workloads, pending.key)
    faults = list(faults_of_request(found.asked, found.facts))
    if faults:
        raise Terminal(_refused(pending, faults))
    release = requested_release(found.facts)
    request = ApprovalRequest.model_validate(found.asked.body)
    # the server writes its evidence after the form, so there may be none yet
    if pending.evidence and release.digest not in pending.evidence:
        faults.append(
            f"the server shows something different next to the form: an answer to it would be about release {release.name} of "
            f"{release.workload} to {request.stage}, digest {release.digest}"
        )
    try:
        page = kept_report(ledger, release.workload, release.name, request.stage, request.report_digest)
    except Terminal as error:
        faults.append(str(error))
    if faults:
        raise Terminal(_refused(pending, faults))
    shown = [form_of(page) or circuits_of(release), *decided_since(found.facts, found.asked)]
    return Signable(found, release, "\n\n".join(shown))


def _refused(pending: Pending, faults: Sequence[str]) -> str:
    return f"nothing was signed for {pending.run_name}: {'; '.join(faults)}"
