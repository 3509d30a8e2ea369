"""What tests let serve by the platform alone is what a release leaves: else they would prove nothing."""

from typing import Any

import pytest
from tiny import APPROVE, Tiny, answering, endpoints_in

from domain.ledger.fact import Kind, facts_of
from flows.release import release
from tasks.azure_ml.models import models_of
from tasks.ledger.facts import read_facts, release_names

pytestmark = pytest.mark.usefixtures("site")


def left(site: Any, tiny: Tiny) -> dict[str, Any]:
    """By the newest release."""
    name = release_names(site.ledger, tiny.name)[0]
    facts = read_facts(site.ledger, tiny.name, name)
    found: dict[str, Any] = {"outcome": facts_of(facts, Kind.ENDED)[-1].body["outcome"]}
    found["promoted"] = [sorted(fact.body) for fact in facts_of(facts, Kind.PROMOTED, "registry")]
    for stage in ("test", "production"):
        (switched,) = facts_of(facts, Kind.SWITCHED, stage)
        found[f"switched at {stage}"] = (sorted(switched.body["after"]), switched.body["left"])
    for stage in ("test", "production"):
        platform = endpoints_in(getattr(site, stage))
        for unit in tiny.units():
            endpoint = platform.endpoint(unit)
            serving = platform.find(endpoint, str(platform.serving(endpoint)))
            assert serving is not None
            found[f"{endpoint} at {stage}"] = (sorted(serving.tags), serving.tags["release_id"] == name)
            tags = platform.workspace.get_client().batch_endpoints.get(endpoint).tags
            found[f"tags of {endpoint} at {stage}"] = sorted(tags)
    for unit in tiny.units():
        found[f"model of {unit}"] = sorted(models_of(site.registry, f"{tiny.plant}-{unit.circuit}".lower())[-1].tags)
    return found


def test_what_serves_by_the_platform_alone_is_what_a_release_leaves(site: Any, tiny: Tiny) -> None:
    tiny.serve()
    served = left(site, tiny)
    approver, _ = answering(APPROVE)
    with approver:
        assert release(tiny.name, tiny.candidates().build_id, "linus", return_state=True).name == "Succeeded"
    assert left(site, tiny) == served
