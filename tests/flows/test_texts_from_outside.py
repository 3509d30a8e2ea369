"""Texts from outside in what the server shows of a run: they say what they say, and command nothing."""

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactCollectionFilter, ArtifactCollectionFilterKey

from domain.outcome import Outcome, ReleaseOutcome
from flows.deploy_version import deploy_version
from flows.promotion.final_state import final_state
from tasks.artifacts import show_page, show_table

pytestmark = pytest.mark.usefixtures("site")

ACTING = "one\rtwo\x1b[31mthree\N{RIGHT-TO-LEFT OVERRIDE}four\N{ZERO WIDTH SPACE}"
ACTS = ("\r", "\x1b", "\N{RIGHT-TO-LEFT OVERRIDE}", "\N{ZERO WIDTH SPACE}")


def kept(key: str) -> tuple[str, str]:
    """Data and description of the newest artifact."""
    wanted = ArtifactCollectionFilter(key=ArtifactCollectionFilterKey(any_=[key]))
    with get_client(sync_client=True) as client:
        (found,) = client.read_latest_artifacts(artifact_filter=wanted, limit=1)
    return str(found.data), str(found.description)


def test_artifacts_of_a_run(unique: str) -> None:
    @flow
    def shows() -> None:
        show_table([{"circuit": "P/C", "reason": ACTING, "rows": 3}], f"table-{unique}", f"of {ACTING}")
        show_page(f"## {ACTING}\n\nand more", f"page-{unique}", ACTING)

    shows()
    for key in (f"table-{unique}", f"page-{unique}"):
        data, description = kept(key)
        assert not [act for act in ACTS if act in data + description]
        assert "three" in data and "three" in description
    assert "\n\nand more" in kept(f"page-{unique}")[0]


def test_the_name_of_a_run_and_the_reason_of_its_end(unique: str) -> None:
    state = deploy_version(f"{ACTING}/A1", "1", "test", f"nothing{unique}", "linus", return_state=True)
    assert state.is_failed()
    with get_client(sync_client=True) as client:
        name = client.read_flow_run(state.state_details.flow_run_id).name
    assert name == "deploy one two [31mthree four /A1 version 1 to test"
    message = final_state(ReleaseOutcome(Outcome.REJECTED, f"ada rejected it: {ACTING}")).message or ""
    assert "three" in message
    assert not [act for act in ACTS if act in message]
