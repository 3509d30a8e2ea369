"""Whether a question is about what it says it is about, as an approver's own machine can work out from the ledger."""

from collections.abc import Sequence

from pydantic import ValidationError

from domain.approval.request import open_request, read_request
from domain.declaration.stage import Stage
from domain.errors import Terminal
from domain.ledger.fact import Fact, Kind, chain_faults, facts_of
from domain.parsing.field_errors import dotted, worded
from domain.release.manifest import Release, requested_release


def faults_of_asked(asked: Fact, facts: Sequence[Fact]) -> tuple[str, ...]:
    """Why nobody should sign an answer to it; none when every digest in it is that of what lies beside it. facts: the release's."""
    faults = list(chain_faults(facts))
    try:
        release: Release = requested_release(facts)
    except (Terminal, ValidationError, LookupError) as error:
        return (*faults, f"the manifest cannot be read: {str(error).splitlines()[0]}")
    ask = read_request(asked)
    if ask is None:
        return (*faults, "the question cannot be read")
    try:
        stage = Stage.model_validate(ask.policy)
    except ValidationError as error:
        why = "; ".join(f"{dotted(at)}: {what}" for at, what in worded(error, Stage))
        return (*faults, f"the declaration of the stage cannot be read: {why}")
    if stage.policy_digest != ask.policy_digest:
        faults.append(
            "it was asked by another version of Signalbox, which declares stages differently; use the version that runs the flows"
        )
    if (release.workload, release.name) != (asked.workload, asked.release):
        faults.append(f"the manifest is of release {release.name} of {release.workload}")
    if ask.release_digest != release.digest:
        faults.append(f"it asks about {ask.release_digest}, but the manifest is {release.digest}")
    if stage.gate is None or (stage.name, stage.gate.name) != (ask.stage, ask.gate):
        faults.append(f"it asks at {ask.gate} of {ask.stage}, but the declaration in it is for another stage")
    elif not facts_of(facts, Kind.ASKED, stage.name)[-1] == open_request(release, stage, facts) == asked:
        faults.append("it is out of date: something has been asked or seen since. Look at the form again")
    return tuple(faults)
