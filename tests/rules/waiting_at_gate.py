"""Releases that wait at a gate, on twins."""

from collections.abc import Callable

from twins import TinyTwin, Twins

from deployments.approval.form_client import FormAnswer, Pending
from deployments.approval.signable import Signable, signable
from domain.candidate.changed_circuits import ChangedCircuits
from domain.ledger.fact import Fact, Kind, facts_of


class Waiting:
    """Releases that wait at their first gate: their forms, as the server would show them."""

    def __init__(self, twins: Twins, tiny: TinyTwin) -> None:
        self.twins, self.tiny = twins, tiny

    def form(self, changed: ChangedCircuits) -> Pending:
        seen: list[Pending] = []

        def dies(pending: Pending) -> FormAnswer:
            seen.append(pending)
            raise self.twins.power.cut()

        with self.twins.power.failing(), self.twins.answering(dies):
            self.twins.release_as_answered(self.tiny, changed)
        return seen[0]

    def signable(self, pending: Pending) -> Signable:
        return signable(self.twins.ledger, [self.tiny.name], pending)

    def asked(self) -> Fact:
        return facts_of(self.twins.facts(self.tiny), Kind.ASKED)[-1]

    def rewrite(self, name: str, change: Callable[[str], str]) -> None:
        text = self.twins.blobs.download_blob(name).readall().decode()
        assert change(text) != text
        self.twins.blobs.upload_blob(name, change(text), overwrite=True)
