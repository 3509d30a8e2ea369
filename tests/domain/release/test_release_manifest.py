"""The manifest: its digest is its identity."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from domain.candidate.changed_circuits import ChangedCircuit, ChangedCircuits
from domain.canonical_json import canonical_json, digest_of
from domain.release.manifest import Release
from domain.release_name import next_name

OTHER_DIGEST = "sha256:" + "c" * 64
ANOTHER_VALUE: dict[str, Any] = {
    "workload": "other",
    "name": "20251210.2",
    "created_at": "2025-12-10T12:00:01Z",
    "requested_by": "bob",
    "build_id": "12346",
    "code_commit": "c0ffe0",
    "plant_id": "PLANT002",
    "circuit_id": "CIRCUIT09",
    "model_name": "another",
    "model_version": "4",
    "model_digest": OTHER_DIGEST,
    "data_asset": "PLANT001_CIRCUIT01:2025-11-02",
    "cutoff_date": "2025-11-02",
    "data_report_digest": OTHER_DIGEST,
    "training_job": "train-2",
    "metrics": {"rmse": 1.5000000001, "rows": 4032},
    "data_publisher": "somebody",
    "code_author": "Grace <grace@example.org>",
    "champion_version": None,
    "champion_metrics": None,
}


@pytest.mark.parametrize("field", [name for name in Release.model_fields if name != "units"])
def test_another_value_of_any_field_is_another_release(release: Release, field: str) -> None:
    document = release.model_dump(mode="json")
    assert Release.model_validate(document | {field: ANOTHER_VALUE[field]}).digest != release.digest


@pytest.mark.parametrize("field", list(ChangedCircuit.model_fields))
@pytest.mark.parametrize("position", [0, 1])
def test_another_value_of_any_field_of_any_circuit_is_another_release(
    release: Release, field: str, position: int
) -> None:
    document = release.model_dump(mode="json")
    document["units"][position][field] = ANOTHER_VALUE[field]
    assert Release.model_validate(document).digest != release.digest


def test_a_circuit_left_out_is_another_release(release: Release) -> None:
    assert Release.model_validate({**release.model_dump(), "units": release.units[:1]}).digest != release.digest


def test_a_changed_copy_does_not_inherit_the_digest(release: Release) -> None:
    assert release.digest  # asked for before the copy is made, as a cache would have it
    assert release.model_copy(update={"requested_by": "mallory"}).digest != release.digest


def test_the_digest_is_the_sha256_of_the_stored_bytes_and_survives_storing(release: Release) -> None:
    stored = release.canonical_json()
    assert release.digest == digest_of(stored)
    assert Release.model_validate_json(stored).digest == release.digest


def test_the_canonical_form_is_compact_sorted_ascii_in_utc(release: Release) -> None:
    text = Release.model_validate({**release.model_dump(), "requested_by": "Änne"}).canonical_json().decode("ascii")
    assert '"created_at":"2025-12-10T12:00:00Z"' in text
    assert r'"requested_by":"\u00c4nne"' in text
    assert ": " not in text and list(json.loads(text)) == sorted(json.loads(text))


@given(st.integers(min_value=-14 * 60, max_value=14 * 60))
def test_equal_moments_in_other_time_zones_have_equal_digests(release: Release, offset: int) -> None:
    zone = timezone(timedelta(minutes=offset))
    moved = Release.model_validate({**release.model_dump(), "created_at": release.created_at.astimezone(zone)})
    assert moved.digest == release.digest


@given(st.permutations(["rmse", "mae", "r2", "rows"]))
def test_the_canonical_form_does_not_depend_on_the_order_of_keys(
    circuit: Callable[..., ChangedCircuit], names: list[str]
) -> None:
    metrics = {name: float(len(name)) for name in names}
    assert canonical_json(circuit(metrics=metrics)) == canonical_json(circuit(metrics=dict(sorted(metrics.items()))))


@given(st.randoms(use_true_random=False))
def test_the_order_in_which_circuits_were_trained_does_not_matter(changed: ChangedCircuits, random: Any) -> None:
    circuits = list(changed.circuits)
    random.shuffle(circuits)
    shuffled = changed.model_copy(update={"circuits": tuple(circuits)})
    moment = datetime(2025, 12, 10, tzinfo=UTC)
    assert Release.of(shuffled, "20251210.1", moment, "ann") == Release.of(changed, "20251210.1", moment, "ann")


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_the_canonical_form_refuses_numbers_that_json_does_not_have(number: float) -> None:
    class Anything(BaseModel):
        number: float

    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json(Anything(number=number))


def test_a_release_lists_each_circuit_once(circuit: Callable[..., ChangedCircuit], release: Release) -> None:
    with pytest.raises(ValidationError, match="listed more than once: PLANT001/CIRCUIT01"):
        Release.model_validate({**release.model_dump(), "units": (circuit(), circuit(model_version="4"))})


def test_a_release_is_not_empty(release: Release) -> None:
    with pytest.raises(ValidationError, match="at least 1 item"):
        Release.model_validate({**release.model_dump(), "units": ()})


def test_a_release_without_a_time_zone_is_refused(release: Release) -> None:
    with pytest.raises(ValidationError, match="timezone"):
        Release.model_validate({**release.model_dump(), "created_at": datetime(2025, 12, 10)})  # noqa: DTZ001 — refused


@pytest.mark.parametrize("name", ["20251210", "20251210.0", "20251210.01", "2025-12-10.1", "20251210.1\n", "../x.1"])
def test_a_name_of_another_form_is_refused(release: Release, name: str) -> None:
    with pytest.raises(ValidationError, match="name"):
        Release.model_validate({**release.model_dump(), "name": name})


def test_releases_are_numbered_within_their_day() -> None:
    day = date(2025, 12, 10)
    assert next_name(day, []) == "20251210.1"
    assert next_name(day, ["20251210.1", "20251210.9", "20251210.10", "20251209.77", "nonsense"]) == "20251210.11"
