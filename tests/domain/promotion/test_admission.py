"""A stage admits a release, or says every reason why not; and a ledger that somebody touched says where."""

from collections.abc import Callable
from typing import Any

import declared_stages
import pytest
from meddling import append, change_manifest, double, edit, remove, replay, swap
from one_gate import OneGate
from pydantic import TypeAdapter, ValidationError
from stored_facts import StoredFacts
from tampering import leaves, loaded
from world import World

from domain.identifiers import Sha256
from domain.ledger.fact import FIRST, Fact, Kind, chain_faults
from domain.promotion.admission import Admission, admit

ALL = ("ada", "emil", "olga")

AGAIN = "; release newer models, or these again after `signalbox unhold 20251210.1 --as NAME --reason WHY --workload plants`"


def below(gate: OneGate, *stages: str, passed: object = True) -> None:
    for stage in stages:
        gate.add(Kind.VERIFIED, {"stage": stage, "passed": passed})


def ready() -> OneGate:
    """Verified below and approved here: the next thing that happens is the switch."""
    gate = OneGate()
    below(gate, "registry", "test")
    return gate.approved(*ALL)


def admission(gate: OneGate) -> Admission:
    before = [stage for stage in declared_stages.stages() if stage.name != gate.stage.name][
        : 2 if gate.stage.gate else 1
    ]
    return admit(gate.stage, before, gate.release, gate.facts, gate.approvers, gate.now)


def test_a_release_that_is_verified_and_approved_is_admitted() -> None:
    assert admission(ready()) == Admission(())
    assert admission(ready()).allowed


def test_every_reason_is_said_at_once() -> None:
    gate = OneGate()
    gate.add(Kind.HELD, {"stage": "production", "reason": "it drifts"})
    found = admission(gate)
    assert not found.allowed
    assert found.reasons == (
        "production is held: it drifts" + AGAIN,
        "stage registry is not verified; it comes before production",
        "stage test is not verified; it comes before production",
        "at Production-Approval ada must approve for ml-engineers",
        "at Production-Approval 1 more of ml-engineers must approve",
        "at Production-Approval 1 more of operations must approve",
    )


def test_a_stage_without_a_gate_needs_the_stages_below() -> None:
    gate = OneGate("test")
    assert admission(gate).reasons == ("stage registry is not verified; it comes before test",)
    below(gate, "registry")
    assert admission(gate).allowed


@pytest.mark.parametrize(("verified", "other"), [("registry", "test"), ("test", "registry")])
def test_each_of_the_stages_below_is_verified_on_its_own(verified: str, other: str) -> None:
    gate = OneGate()
    below(gate, verified)
    gate.approved(*ALL)
    assert admission(gate).reasons == (f"stage {other} is not verified; it comes before production",)


@pytest.mark.parametrize("kind", [Kind.DEPLOYED, Kind.SWITCHED, Kind.PROMOTED, Kind.REFUSED])
def test_only_a_verification_says_that_a_stage_passed_it(kind: Kind) -> None:
    gate = OneGate("test")
    gate.add(kind, {"stage": "registry", "passed": True})
    assert admission(gate).reasons == ("stage registry is not verified; it comes before test",)
    below(gate, "registry")
    gate.add(kind, {"stage": "registry"})
    assert admission(gate).allowed


@pytest.mark.parametrize("passed", [False, None, "yes", 1])
def test_a_stage_below_that_did_not_pass_blocks(passed: object) -> None:
    gate = OneGate("test")
    below(gate, "registry")
    below(gate, "registry", passed=passed)
    assert admission(gate).reasons == ("stage registry did not pass its verification; it comes before test",)


def test_a_stage_below_that_was_rolled_back_blocks_until_it_is_verified_again() -> None:
    gate = ready()
    gate.add(Kind.ROLLED_BACK, {"stage": "test", "reason": "it drifts"})
    assert admission(gate).reasons == ("stage test was rolled back: it drifts; it comes before production",)
    below(gate, "test")
    assert admission(gate).allowed


@pytest.mark.parametrize(
    ("kind", "body", "reason"),
    [
        (Kind.ENDED, {"outcome": "REJECTED"}, "release 20251210.1 has ended REJECTED; make a new release"),
        (Kind.HELD, {"stage": "production", "reason": "bad"}, "production is held: bad" + AGAIN),
        (Kind.HELD, {"reason": "bad"}, "every stage is held: bad" + AGAIN),
        (Kind.REQUESTED, {}, "release 20251210.1 was requested again by fact 7; a release is requested once"),
    ],
)
def test_what_ends_or_holds_a_release_blocks(kind: Kind, body: dict[str, Any], reason: str) -> None:
    gate = ready()
    gate.add(kind, body)
    assert admission(gate).reasons == (reason,)


@pytest.mark.parametrize("stage", [7, True, ["production"], {"name": "production"}], ids=repr)
def test_what_holds_a_stage_that_cannot_be_read_holds_them_all(stage: object) -> None:
    gate = ready()
    gate.add(Kind.HELD, {"stage": stage, "reason": "bad"})
    assert admission(gate).reasons == ("every stage is held: bad" + AGAIN,)


def test_what_holds_another_stage_does_not_block() -> None:
    gate = ready()
    gate.add(Kind.HELD, {"stage": "staging", "reason": "bad"})
    assert admission(gate).allowed


def test_a_release_that_nobody_requested_is_not_admitted() -> None:
    gate = OneGate("test")
    found = admit(gate.stage, [], gate.release, (), gate.approvers, gate.now)
    assert found.reasons == ("release 20251210.1 was never requested; start it with the release flow",)


def test_a_manifest_that_was_changed_is_not_admitted() -> None:
    gate = ready()
    requested, gate.release = gate.release, declared_stages.manifest(version=4)
    why = f"what was requested is {requested.digest}, but this is {gate.release.digest}: it was changed"
    assert admission(gate).reasons[0] == why


@pytest.mark.parametrize("digest", ["sha256:" + "0" * 64, "sha256:" + "f" * 64, "", None, 7], ids=repr)
def test_a_request_of_another_digest_admits_nothing_even_when_the_right_one_follows(digest: object) -> None:
    gate = OneGate("registry")
    right = gate.facts[0].body
    gate.stored = StoredFacts()
    gate.add(Kind.REQUESTED, {**right, "digest": digest})
    gate.add(Kind.REQUESTED, right)
    gate.approved("ada")
    assert admit(gate.stage, [], gate.release, gate.facts, gate.approvers, gate.now).reasons == (
        "release 20251210.1 was requested again by fact 1; a release is requested once",
        f"what was requested is {digest}, but this is {gate.release.digest}: it was changed",
    )


@pytest.mark.parametrize("other", [{"name": "20251210.2"}, {"workload": "mills"}])
def test_facts_of_another_release_admit_nothing(other: dict[str, str]) -> None:
    gate = OneGate("test")
    below(gate, "registry")
    gate.release = gate.release.model_copy(update=other)
    why = f"the facts are not all of release {gate.release.name} of {gate.release.workload}; read only that release's"
    assert admission(gate).reasons[0] == why


Meddle = Callable[[World], None]
LATER_CHAINED_ANEW: dict[str, Meddle] = {
    "an approval is gone": lambda world: remove(world, 6, anew=True),
    "the request is gone": lambda world: remove(world, 3, anew=True),
    "the request stands twice": lambda world: double(world, 3, 4, anew=True),
    "approval before request": lambda world: swap(world, 3, 4, anew=True),
    "another manifest": lambda world: change_manifest(world, anew=True),
    "a fact before the request is gone": lambda world: remove(world, 1, anew=True),
    "a fact before the request stands twice": lambda world: double(world, 1, 1, anew=True),
    "a request that Signalbox did not make": lambda world: append(world, Kind.ASKED, {"stage": "production"}),
}
LEFT_AS_IT_IS: dict[str, Meddle] = {
    "gone": lambda world: remove(world, 4, anew=False),
    "twice": lambda world: double(world, 4, 2, anew=False),
    "out of order": lambda world: swap(world, 4, 5, anew=False),
    "replayed": lambda world: replay(world, 3, relabelled=False, anew=False),
    "replayed under this name": lambda world: replay(world, 3, relabelled=True, anew=False),
}


def meddled(how: Meddle) -> OneGate:
    """Ready, and then somebody had their hands in the storage."""
    gate, other = ready(), ready()
    world = World(facts=gate.stored, elsewhere=StoredFacts(dict(other.stored.slots)))
    for slot, text in world.elsewhere.slots.items():
        world.elsewhere.slots[slot] = text.replace('"release":"20251210.1"', '"release":"20251209.1"')
    how(world)
    return gate


@pytest.mark.parametrize("how", LEFT_AS_IT_IS)
def test_a_ledger_that_somebody_touched_admits_nothing(how: str) -> None:
    gate = meddled(LEFT_AS_IT_IS[how])
    assert chain_faults(gate.facts)
    assert f"ledger integrity check failed: {chain_faults(gate.facts)[0]}" in admission(gate).reasons


@pytest.mark.parametrize("how", sorted(set(LATER_CHAINED_ANEW) - {"a request that Signalbox did not make"}))
def test_a_ledger_whose_chain_was_made_right_again_admits_nothing(how: str) -> None:
    gate = meddled(LATER_CHAINED_ANEW[how])
    assert chain_faults(gate.facts) == ()
    assert not admission(gate).allowed


def test_a_fact_that_is_no_request_revokes_no_approval() -> None:
    assert admission(meddled(LATER_CHAINED_ANEW["a request that Signalbox did not make"])).allowed


def test_no_field_of_any_fact_but_the_last_can_be_changed() -> None:
    whole, tried = ready().stored, 0
    for number, fact in enumerate(loaded(whole.texts())[:-1]):
        for leaf, path in enumerate(leaves(fact)):
            world = World(facts=whole.copy())
            edit(world, number, leaf, 11, anew=False)
            if world.facts.texts() == whole.texts():
                continue
            tried += 1
            try:
                facts = world.facts.read()
            except ValueError:
                continue  # it is no longer a fact, and reading it fails
            assert chain_faults(facts), (number, path)
    assert tried > 100


def fact(sequence: int, previous: Fact | None = None, **given: Any) -> Fact:
    fields = {
        "workload": "plants",
        "release": "20251210.1",
        "kind": Kind.NOTIFIED,
        "at": declared_stages.START,
        "body": {},
    }
    before = FIRST if previous is None else previous.digest
    return Fact.model_validate({**fields, "sequence": sequence, "previous": before, **given})


def test_facts_are_counted_from_0() -> None:
    assert fact(0).slot == "plants/20251210.1/000000.json"
    assert fact(12).slot == "plants/20251210.1/000012.json"
    with pytest.raises(ValidationError, match="sequence"):
        fact(-1)


def test_what_stands_in_place_of_a_digest_has_the_shape_of_one() -> None:
    assert TypeAdapter(Sha256).validate_python(FIRST) == FIRST


@pytest.mark.parametrize("previous", ["", "sha256:", "sha256:" + "0" * 63, "sha256:" + "f" * 64])
def test_a_first_fact_that_names_one_before_it_is_named(previous: str) -> None:
    first = fact(0).model_copy(update={"previous": previous})
    fault = "fact 0 (notified) is the first but names one before it: it was changed"
    assert chain_faults([first]) == chain_faults([first, fact(1, first)]) == (fault,)


def test_a_chain_that_holds_has_no_faults() -> None:
    first = fact(0)
    second = fact(1, first)
    assert chain_faults([]) == chain_faults([first]) == chain_faults([first, second, fact(2, second)]) == ()


def test_each_break_of_a_chain_is_named() -> None:
    first = fact(0)
    second = fact(1, first)
    third = fact(2, second)
    changed = fact(1, first, body={"x": 1})
    named = {
        "fact 1 missing before fact 2 (notified)": [first, third],
        "facts 1 to 2 missing before fact 3 (notified)": [first, fact(3, third)],
        "fact 0 missing before fact 1 (notified)": [second, third],
        "fact 1 (notified) is there twice": [first, second, second, third],
        "fact 1 (notified) is out of order: it comes after fact 2": [first, second, third, second],
        "fact 1 (notified) was changed after fact 2 (notified) was written, or that one was": [first, changed, third],
        "fact 0 (notified) is the first but names one before it: it was changed": [fact(0, third)],
    }
    for fault, facts in named.items():
        assert chain_faults(facts) == (fault,)


@pytest.mark.parametrize(
    "other", [{"release": "20251209.1"}, {"release": "20251211.1"}, {"workload": "mills"}, {"workload": "quarries"}]
)
def test_a_fact_of_another_release_is_named(other: dict[str, str]) -> None:
    first = fact(0)
    stranger = fact(1, first, **other)
    of = f"{stranger.workload} {stranger.release}"
    assert chain_faults([first, stranger]) == (f"fact 1 (notified) is of {of}, not plants 20251210.1",)
