"""What a replay may find, what it says about it, and that every limit blocks."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.declaration.stage import Stage
from domain.unit import Unit
from domain.verification.golden_answers import Golden, GoldenAnswers, golden_answers
from domain.verification.prediction_shift import (
    MOST_SPREADS,
    Answers,
    Shift,
    paired,
    percentile,
    shift_of,
    spaced,
    usable,
)
from domain.verification.replay import Bounds, Replay, ReplayEvidence, ReplayResult, ReplayVerdict, worst

UNIT = Unit(plant="P", circuit="C1")
STORE = "azureml://datastores/workspaceblobstore/paths"
GOLDEN: dict[str, Any] = {
    "data": f"{STORE}/golden/{{circuit}}/input/",
    "expected": f"{STORE}/golden/{{circuit}}/expected.csv",
    "tolerance": {"P/C1": 0.5},
}
DECLARED: dict[str, Any] = {
    "data": f"{STORE}/recent/{{plant}}/{{circuit}}/",
    "columns": ["name", "value"],
    "prediction": "value",
    "rows_at_least": 50,
    "limits": {
        "mean_shift": {"pass": 0.1, "fail": 0.5},
        "p95_shift": {"pass": 0.2, "fail": 1},
        "moved": {"by": 0.3, "pass": 0.01, "fail": 0.1},
    },
}
DECLARATION = Replay.model_validate(DECLARED)
WITH_GOLDEN = Replay.model_validate(DECLARED | {"golden": GOLDEN})
CHAMPION = {(f"r{number:03}",): float(number) for number in range(101)}
"""Its spread, from the 5th to the 95th percentile, is 90."""


def plus(amount: float, rows: int = 101) -> dict[tuple[str, ...], float]:
    """The champion's answers, the first so many raised by an amount."""
    return {key: value + (amount if number < rows else 0) for number, (key, value) in enumerate(CHAMPION.items())}


def judged(candidate: Answers, champion: Answers = CHAMPION, declared: Replay = DECLARATION) -> ReplayVerdict:
    shift = shift_of(candidate, champion, declared.limits.moved.by)
    return declared.verdict(ReplayEvidence(unit=UNIT, candidate="new", champion="old", shift=shift))


def seen(declared: Replay = DECLARATION, **given: Any) -> ReplayVerdict:
    """The verdict where this was seen and nothing was compared."""
    return declared.verdict(ReplayEvidence(**{"unit": UNIT, "candidate": "new", "champion": "old"} | given))


def test_the_same_answers_pass_with_no_shift() -> None:
    verdict = judged(dict(reversed(CHAMPION.items())))
    assert verdict.verdict is ReplayResult.PASSED
    assert verdict.reasons == (
        "Rows: 101 compared, at least 50 needed",
        "Mean shift: 0 is 0 of the champion's spread 90; passes up to 0.1, fails above 0.5",
        "95th percentile of shifts: 0 is 0 of the champion's spread 90; passes up to 0.2, fails above 1",
        "Moved rows: 0 of 101 rows (0.00%) moved by more than 0.3 spreads; passes up to 1.00%, fails above 10.00%",
    )


@pytest.mark.parametrize(
    ("candidate", "verdict", "reasons"),
    [
        (plus(9.0), ReplayResult.PASSED, ()),
        (plus(9.001), ReplayResult.INCONCLUSIVE, ("Mean shift: 9.001 is 0.1 of the champion's spread 90",)),
        (plus(-9.001), ReplayResult.INCONCLUSIVE, ("Mean shift: -9.001 is 0.1 of the champion's spread 90",)),
        (plus(18.0, 50), ReplayResult.PASSED, ()),
        (plus(18.001, 50), ReplayResult.INCONCLUSIVE, ("95th percentile of shifts: 18 is 0.2",)),
        (plus(26.0, 50), ReplayResult.INCONCLUSIVE, ("Mean shift: 12.87", "95th percentile of shifts: 26 is 0.2889")),
        (plus(28.0, 1), ReplayResult.PASSED, ()),
        (plus(28.0, 2), ReplayResult.INCONCLUSIVE, ("Moved rows: 2 of 101 rows (1.98%)",)),
        (plus(27.0, 2), ReplayResult.PASSED, ()),
        (plus(1e9, 2), ReplayResult.FAILED, ("Mean shift",)),
        (plus(91.0, 6), ReplayResult.FAILED, ("95th percentile of shifts: 91 is 1.011", "Moved rows: 6 of 101 rows (5.94%)")),
        (plus(28.0, 11), ReplayResult.FAILED, ("Moved rows: 11 of 101 rows (10.89%)", "95th percentile of shifts: 28")),
        (plus(46.0), ReplayResult.FAILED, ("Mean shift: 46 is 0.5111", "Moved rows: 101 of 101 rows (100.00%)")),
        (plus(-46.0), ReplayResult.FAILED, ("Mean shift: -46 is 0.5111",)),
    ],
)  # fmt: skip
def test_every_limit_blocks_and_says_by_how_much(
    candidate: Answers, verdict: ReplayResult, reasons: tuple[str, ...]
) -> None:
    found = judged(candidate)
    assert found.verdict is verdict, found.reasons
    for reason in reasons:
        assert any(one.startswith(reason) for one in found.reasons), found.reasons
    assert verdict is ReplayResult.PASSED or all("; passes up to" in one for one in found.reasons)


def test_what_failed_stands_before_what_is_in_doubt() -> None:
    found = judged(plus(28.0, 11))
    assert [one.partition(":")[0] for one in found.reasons] == ["Moved rows", "95th percentile of shifts"]


@pytest.mark.parametrize(
    ("candidate", "champion", "verdict", "reason"),
    [
        (dict(list(CHAMPION.items())[:100]), CHAMPION, ReplayResult.FAILED, "answered by the champion and not by the candidate: 1"),
        (CHAMPION, dict(list(CHAMPION.items())[:99]), ReplayResult.INCONCLUSIVE, "answered by the candidate and not by the champion: 2"),
        ({}, CHAMPION, ReplayResult.FAILED, "answered by the champion and not by the candidate: 101"),
        (dict(list(CHAMPION.items())[:49]), dict(list(CHAMPION.items())[:49]), ReplayResult.INCONCLUSIVE,
         "49 could be compared, but at least 50 are needed"),
        ({}, {}, ReplayResult.INCONCLUSIVE, "0 could be compared"),
        (plus(0) | {("r007",): math.nan}, CHAMPION, ReplayResult.FAILED, "the candidate gave no finite number and the champion did: 1"),
        (plus(0) | {("r007",): -math.inf}, CHAMPION, ReplayResult.FAILED, "the candidate gave no finite number and the champion did: 1"),
        (CHAMPION, plus(0) | {("r007",): math.nan}, ReplayResult.INCONCLUSIVE, "rows where the champion gave no finite number, so not compared: 1"),
        (dict.fromkeys(CHAMPION, math.nan), dict.fromkeys(CHAMPION, math.nan), ReplayResult.INCONCLUSIVE, "so not compared: 101"),
        (plus(1), dict.fromkeys(CHAMPION, 5.0), ReplayResult.INCONCLUSIVE, "no spread to measure it against"),
    ],
)  # fmt: skip
def test_rows_and_numbers_that_are_missing_never_pass(
    candidate: Answers, champion: Answers, verdict: ReplayResult, reason: str
) -> None:
    found = judged(candidate, champion)
    assert found.verdict is verdict
    assert any(reason in one for one in found.reasons), found.reasons


def test_too_few_rows_are_not_judged_however_far_they_moved() -> None:
    few = dict(list(CHAMPION.items())[:49])
    found = judged({key: value + 1e6 for key, value in few.items()}, few)
    assert found.reasons == ("Rows: 49 could be compared, but at least 50 are needed: too few to judge a shift",)


def test_a_constant_champion_that_is_repeated_exactly_passes() -> None:
    same = dict.fromkeys(CHAMPION, 5.0)
    assert judged(same, same).verdict is ReplayResult.PASSED


def test_a_few_wild_predictions_of_the_champion_hide_no_shift() -> None:
    wild = {("r000",): 1e12, ("r050",): -1e12}
    assert judged(plus(46.0) | wild, plus(0) | wild).verdict is ReplayResult.FAILED


@pytest.mark.parametrize(
    ("given", "verdict", "reason"),
    [
        ({"champion": None}, ReplayResult.PASSED, "Champion: no other deployment serves here, so there is nothing to compare"),
        ({"fault": "job j ended Failed"}, ReplayResult.FAILED, "Candidate: new gave no answers: job j ended Failed"),
        ({"champion_fault": "it is gone"}, ReplayResult.INCONCLUSIVE, "Champion: old gave no answers, so nothing was compared: it"),
        ({"repeated": 3}, ReplayResult.INCONCLUSIVE, "Rows: not told apart by name, so nothing was compared: 3"),
        ({}, ReplayResult.INCONCLUSIVE, "Rows: nothing was compared"),
    ],
)  # fmt: skip
def test_where_nothing_can_be_compared_the_reason_is_said(
    given: dict[str, Any], verdict: ReplayResult, reason: str
) -> None:
    found = seen(**given)
    assert found.verdict is verdict
    assert found.reasons[0].startswith(reason)


EXPECTED = {("a",): 1.0, ("b",): 2.0}


@pytest.mark.parametrize(
    ("candidate", "misses", "example"),
    [
        ({("a",): 1.5, ("b",): 1.5}, 0, ""),
        ({("a",): 1.501, ("b",): 2.0}, 1, "a: 1.501; expected 1 ± 0.5"),
        ({("a",): 1.0}, 1, "b: no answer; expected 2"),
        ({("a",): math.nan, ("b",): 2.0}, 1, "a: no usable number; expected 1"),
        (EXPECTED | {("c",): 1.0}, 1, "c: answered, but no such row is expected"),
        ({}, 2, "a: no answer"),
    ],
)
def test_a_golden_answer_that_is_missed_fails_with_and_without_a_champion(
    candidate: Answers, misses: int, example: str
) -> None:
    golden = golden_answers(candidate, EXPECTED, 0.5)
    assert golden.misses == misses
    assert example in " ".join(golden.examples)
    shift = shift_of(CHAMPION, CHAMPION, 0.3)
    for besides in ({"champion": None}, {"shift": shift}):
        found = seen(WITH_GOLDEN, golden=golden, **besides)
        assert found.verdict is (ReplayResult.FAILED if misses else ReplayResult.PASSED)
        assert not misses or f"{misses} missed, 2 expected: {example}" in found.reasons[0]


def test_golden_answers_that_nobody_checked_fail() -> None:
    assert seen(WITH_GOLDEN, champion=None).reasons[0] == "Golden answers: new gave none: they were not checked"
    assert seen(WITH_GOLDEN, champion=None, golden_fault="job j ended Failed").verdict is ReplayResult.FAILED


def test_a_circuit_that_is_not_named_has_no_golden_answers() -> None:
    other = ReplayEvidence(unit=Unit(plant="P", circuit="C2"), candidate="new", champion=None)
    assert WITH_GOLDEN.verdict(other).verdict is ReplayResult.PASSED


def changed(at: str, value: Any) -> dict[str, Any]:
    """The declaration with golden answers, one value changed."""
    copy: dict[str, Any] = Replay.model_validate(DECLARED | {"golden": GOLDEN}).model_dump(by_alias=True)
    *path, last = at.split(".")
    place = copy
    for part in path:
        place = place[part]
    place[last] = value
    return copy


@pytest.mark.parametrize(
    ("at", "value", "why"),
    [
        ("data", f"{STORE}/recent/{{circuit}}", "a folder ends with /"),
        ("data", f"{STORE}/recent/{{day}}/", "only {plant} and {circuit} may stand in braces"),
        ("columns", ["value"], "at least 2 items"),
        ("columns", ["value", "value"], "one is listed twice"),
        ("prediction", "power", "'power' is not one of the columns name, value"),
        ("rows_at_least", 0, "greater than or equal to 1"),
        ("timeout_minutes", 0, "greater than 0"),
        ("timeout_minutes", math.inf, "finite"),
        ("limits.mean_shift.pass", 0.6, "pass 0.6 is above fail 0.5"),
        ("limits.mean_shift.fail", math.nan, "finite"),
        ("limits.mean_shift.fail", math.inf, "finite"),
        ("limits.p95_shift.pass", -0.1, "greater than or equal to 0"),
        ("limits.p95_shift.fail", 1001, "less than or equal to 1000"),
        ("limits.p95_shift.by", 1, "Extra inputs"),
        ("limits.moved.fail", 1.5, "1.5 is not a share of rows"),
        ("limits.moved.by", 0, "greater than 0"),
        ("limits.p99_shift", {"pass": 0, "fail": 1}, "Extra inputs"),
        ("limits", {}, "Field required"),
        ("golden.data", f"{STORE}/golden/{{circuit}}", "a folder ends with /"),
        ("golden.expected", f"{STORE}/golden/{{circuit}}/input/expected.csv", "lies in data, where every file is scored"),
        ("golden.tolerance", {}, "at least 1 item"),
        ("golden.tolerance", {"C1": 1.0}, "is not a circuit; write PLANT/CIRCUIT"),
        ("golden.tolerance", {"P/C1": -1.0}, "greater than or equal to 0"),
        ("golden.tolerance", {"P/C1": math.inf}, "finite"),
        ("flag", True, "Extra inputs"),
    ],
)  # fmt: skip
def test_a_declaration_that_makes_no_sense_is_refused_with_the_reason(at: str, value: Any, why: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Replay.model_validate(changed(at, value))
    assert why in str(refused.value)


def stage(kind: str = "batch_endpoint", **given: Any) -> Stage:
    target = {"kind": kind, "registry": "shared"}
    if kind == "batch_endpoint":
        target = {"kind": kind, "workspace": "test", "compute": "cpu", "vm_size": "small"}
    return Stage.model_validate({"name": "test", "target": target, **given})


def test_a_replay_is_part_of_what_approvers_sign() -> None:
    digests = {
        stage(**given).policy_digest
        for given in ({}, {"replay": DECLARED}, {"replay": changed("limits.mean_shift.fail", 0.4)})
    }
    assert len(digests) == 3


def test_a_registry_replays_nothing() -> None:
    with pytest.raises(ValidationError, match="a model_registry scores nothing, so there is nothing to replay"):
        stage("model_registry", replay=DECLARED)


def test_paths_are_of_the_circuit() -> None:
    assert DECLARATION.data_for(UNIT) == f"{STORE}/recent/P/C1/"
    golden = Golden.model_validate(GOLDEN)
    assert (golden.data_for(UNIT), golden.expected_for(UNIT)) == (
        f"{STORE}/golden/C1/input/",
        f"{STORE}/golden/C1/expected.csv",
    )


def test_the_worst_verdict_counts() -> None:
    assert worst(iter(())) is ReplayResult.PASSED
    assert worst(iter((ReplayResult.FAILED, ReplayResult.PASSED, ReplayResult.INCONCLUSIVE))) is ReplayResult.FAILED
    assert worst(iter((ReplayResult.PASSED, ReplayResult.INCONCLUSIVE))) is ReplayResult.INCONCLUSIVE


NUMBERS = st.floats() | st.floats(-1e3, 1e3)
ANSWERS = st.dictionaries(st.tuples(st.sampled_from([f"k{number}" for number in range(30)])), NUMBERS, max_size=30)
FEW = Replay.model_validate(DECLARED | {"rows_at_least": 1})


@given(ANSWERS)
def test_answers_against_themselves_never_fail_and_pass_when_all_are_numbers(answers: Answers) -> None:
    found = judged(answers, answers, FEW)
    whole = bool(answers) and all(map(usable, answers.values()))
    assert found.verdict is (ReplayResult.PASSED if whole else ReplayResult.INCONCLUSIVE)


@given(ANSWERS, ANSWERS)
def test_whatever_two_deployments_answer_the_numbers_are_finite_and_the_rows_add_up(
    ours: Answers, theirs: Answers
) -> None:
    shift = shift_of(ours, theirs, 0.3)
    both = ours.keys() & theirs.keys()
    assert all(math.isfinite(one) for one in (shift.spread, shift.mean, shift.median, shift.p95, shift.largest))
    assert shift.rows + sum(not (usable(ours[key]) and usable(theirs[key])) for key in both) == len(both)
    assert (shift.lost, shift.extra) == (len(theirs) - len(both), len(ours) - len(both))
    assert 0 <= shift.moved <= shift.rows
    assert 0 <= shift.p95 <= shift.largest
    assert abs(shift.mean) <= shift.largest * (1 + 1e-9)
    for amount in (shift.mean, shift.p95):
        assert 0 <= (shift.spreads(amount) or 0) <= MOST_SPREADS
    assert judged(ours, theirs, FEW).findings


@given(ANSWERS, ANSWERS)
def test_a_pass_means_that_nothing_is_missing_and_everything_is_within_its_limit(
    ours: Answers, theirs: Answers
) -> None:
    found, shift = judged(ours, theirs, FEW), shift_of(ours, theirs, 0.3)
    within = (
        shift.rows > 0
        and ours.keys() == theirs.keys()
        and shift.rows == len(ours)
        and (mean := shift.spreads(shift.mean)) is not None
        and (p95 := shift.spreads(shift.p95)) is not None
        and mean <= 0.1
        and p95 <= 0.2
        and shift.moved_share <= 0.01
    )
    assert (found.verdict is ReplayResult.PASSED) == within


@given(st.floats(0, 1000), st.floats(0, 1000), st.floats(0, 2000))
def test_bounds_pass_up_to_one_fail_above_the_other_and_doubt_between(one: float, other: float, value: float) -> None:
    bounds = Bounds.model_validate({"pass": min(one, other), "fail": max(one, other)})
    wanted = ReplayResult.PASSED if value <= bounds.passes else ReplayResult.FAILED
    assert bounds.judge(value) is (ReplayResult.INCONCLUSIVE if bounds.passes < value <= bounds.fails else wanted)


@given(st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9))), st.integers(2, 20))
def test_a_sample_keeps_both_ends_of_the_shifts(pairs: list[tuple[float, float]], most: int) -> None:
    kept = spaced(pairs, most)
    assert len(kept) == min(len(pairs), most)
    shifts = [ours - theirs for theirs, ours in pairs]
    if pairs:
        assert kept[0][1] - kept[0][0] == min(shifts)
        assert kept[-1][1] - kept[-1][0] == max(shifts)


@given(st.lists(st.floats(-9, 9), min_size=1), st.integers(1, 100))
def test_a_percentile_is_the_smallest_value_that_enough_do_not_exceed(values: list[float], percent: int) -> None:
    ascending = sorted(values)
    found = percentile(ascending, percent)
    assert 100 * sum(value <= found for value in values) >= percent * len(values)
    assert 100 * sum(value < found for value in values) < percent * len(values)


def test_rows_are_paired_by_their_names_not_by_their_places() -> None:
    assert paired({("b",): 2.0, ("a",): 1.0}, {("a",): 10.0, ("b",): 20.0}) == [(10.0, 1.0), (20.0, 2.0)]


def test_a_shift_of_no_rows_has_no_share() -> None:
    nothing = dict.fromkeys(Shift.model_fields, 0)
    assert Shift(**nothing).moved_share == 0
    assert GoldenAnswers(rows=0, misses=0, largest=0, examples=()).examples == ()
