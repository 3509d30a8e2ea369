"""What is handed over is not believed: a run is given a build's id, and what the build says is compared with what Azure has."""

from typing import Any

import pytest
from tiny import NOTHING
from twins import TinyTwin, Twins

from benchmarks.pretended_training import METRICS
from domain.errors import InvalidDeclaration
from flows.release import release

OTHER = "sha256:" + "f" * 64


@pytest.mark.parametrize("spelled", ["text", "a path", "two lines"])
def test_content_is_not_taken_whoever_gives_it(twins: Twins, tiny: TinyTwin, spelled: str) -> None:
    text = tiny.candidates().to_json().replace('"rmse": 1.0', '"rmse": 0.001')
    given = {"text": text, "a path": f"../{tiny.name}/x", "two lines": "build\nbuild"}[spelled]
    with pytest.raises(InvalidDeclaration, match=r"give the id of a build.* not content"):
        release(tiny.name, given, "mallory")
    assert twins.names(tiny) == ()


@pytest.mark.parametrize(
    ("field", "said", "what"),
    [
        ("metrics", {"rmse": 0.001}, f"metrics {{'rmse': 0.001}}, but Azure has {METRICS}"),
        ("metrics", {**METRICS, "mae": 0.1}, "metrics"),
        ("champion_metrics", {"rmse": 99.0}, "champion's metrics {'rmse': 99.0}, but Azure has {}"),
        ("champion_version", "7", "champion '7', but Azure has None"),
        ("data_publisher", "nobody", "data publisher 'nobody', but Azure has ''"),
        ("data_report_digest", OTHER, f"data report '{OTHER}', but Azure has '{NOTHING}'"),
        ("training_job", "a-better-job", "training job 'a-better-job'"),
        ("data_asset", "D:other", "data asset 'D:other'"),
        ("cutoff_date", "2030-01-01", "cutoff date '2030-01-01', but Azure has '2014-06-30'"),
        ("model_digest", OTHER, "model digest"),
    ],
)
def test_what_azure_has_otherwise_is_not_released(
    twins: Twins, tiny: TinyTwin, field: str, said: Any, what: str
) -> None:
    changed = tiny.candidates()
    document = changed.circuits[0].model_dump(mode="json") | {field: said}
    forged = type(changed.circuits[0]).model_validate(document)
    kept = tiny.hand_over([forged, *changed.circuits[1:]])
    state = twins.release(tiny, kept)
    assert state.name == "Failed"
    assert f"{forged.unit} was handed over with" in (state.message or "")
    assert what in (state.message or "")
    assert twins.names(tiny) == ()
