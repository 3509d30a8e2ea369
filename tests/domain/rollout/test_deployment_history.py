"""What serves says what came before it, and a rollback leads there."""

from datetime import UTC, datetime

import pytest

from domain.errors import Terminal
from domain.rollout.deployment_history import (
    FENCE,
    MAX_EARLIER,
    ROLLED_BACK_FROM,
    before,
    earlier,
    fence_of,
    serving_tag,
    tags_of,
)

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def serve(deployment: str, replaced: dict[str, str], fence: int = 1) -> dict[str, str]:
    return tags_of("engine", deployment, replaced, "azureml://m", "2026-01-01", NOW, fence)


def test_the_first_one_has_nothing_before_it() -> None:
    tags = serve("deployment-1", {})
    assert (serving_tag(tags), tags["previous_deployment"], tags["earlier_deployments"]) == ("deployment-1", "none", "")
    assert (fence_of(tags[FENCE], "it"), fence_of(None, "it"), fence_of("", "it")) == (1, 0, 0)
    assert serving_tag({}) is None


def test_each_knows_those_before_it_and_one_that_serves_again_has_what_it_had() -> None:
    tags: dict[str, str] = {}
    for number in range(1, 5):
        tags = serve(f"deployment-{number}", tags)
    assert earlier(tags, "deployment-5") == ["deployment-4", "deployment-3", "deployment-2", "deployment-1"]
    back = serve("deployment-2", tags)
    assert before(back, "deployment-2") == "deployment-1"
    assert earlier(back, "deployment-9") == ["deployment-2", "deployment-1"]


def test_only_a_rollback_says_what_was_left() -> None:
    second = serve("deployment-2", serve("deployment-1", {}))
    assert ROLLED_BACK_FROM not in second
    back = serve("deployment-1", second)
    assert back[ROLLED_BACK_FROM] == "deployment-2"
    assert ROLLED_BACK_FROM not in serve("deployment-2", back)


def test_a_fencing_token_that_a_person_wrote_is_said_with_what_carries_it() -> None:
    with pytest.raises(
        Terminal, match=r"tag switch_fence of ci-a is 'by hand', which is not a fencing token.*set it to 0"
    ):
        fence_of("by hand", "tag switch_fence of ci-a")


def test_what_a_rollback_can_lead_to_is_bounded() -> None:
    tags: dict[str, str] = {}
    for number in range(20):
        tags = serve(f"deployment-{number}", tags)
    assert len(earlier(tags, "deployment-99")) == MAX_EARLIER


def test_what_was_made_when_names_had_a_dot_keeps_its_name_and_can_be_rolled_back_to() -> None:
    old = {"release_id": "20251210.1", "previous_deployment": "none", "earlier_deployments": ""}
    assert serving_tag(old) == "deployment-20251210.1"
    tags = serve("deployment-20251210-2", old)
    assert (serving_tag(tags), tags["release_id"]) == ("deployment-20251210-2", "20251210.2")
    assert earlier(tags, "deployment-20251210-2") == ["deployment-20251210.1"]
    back = serve("deployment-20251210.1", tags)
    assert (serving_tag(back), back["release_id"], back[ROLLED_BACK_FROM]) == (
        "deployment-20251210.1",
        "20251210.1",
        "deployment-20251210-2",
    )
