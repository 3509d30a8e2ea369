"""Hands in the storage: each function changes the ledger of a world in one way. anew: the chain is made right again after."""

from typing import Any

from raw_ledger import digest
from tampering import Stored, at, chained_anew, leaves, loaded, normal, other_value, replaced, texts_of
from world import World

from domain.approval.request import open_request, statement_of
from domain.approval.statement import Choice
from domain.ledger.fact import Fact, Kind
from domain.release.manifest import Release


def _lay(world: World, stored: Stored, first: int, anew: bool) -> None:
    world.facts.lay(texts_of(chained_anew(stored, first) if anew else stored))


def edit(world: World, which: int, leaf: int, value: int, anew: bool) -> None:
    """Another value in one field of one fact."""
    stored = loaded(world.facts.texts())
    if not stored:
        return
    number = which % len(stored)
    places = leaves(stored[number])
    path = places[leaf % len(places)]
    seen = [at(fact, path) for fact in (*stored, *loaded(world.elsewhere.texts()))]
    replaced(
        stored[number], path, other_value(at(stored[number], path), [one for one in seen if one is not None], value)
    )
    stored[number] = normal(stored[number])
    _lay(world, stored, number + 1, anew)


def change_manifest(world: World, anew: bool) -> None:
    """Another model in the manifest, and its digest beside it made right."""
    stored = loaded(world.facts.texts())
    if not stored or not isinstance(at(stored[0], ("body", "release", "units", 0)), dict):
        return
    manifest = stored[0]["body"]["release"]
    manifest["units"][0]["model_digest"] = "sha256:" + "f" * 64
    stored[0]["body"]["digest"] = digest(manifest)
    for fact in stored[1:] if anew else []:
        if "release_digest" in fact["body"]:
            fact["body"]["release_digest"] = digest(manifest)
        if "statement" in fact["body"]:
            fact["body"]["statement"]["release_digest"] = digest(manifest)
    _lay(world, stored, 1, anew)


def cut(world: World, newest: int) -> None:
    """The newest facts are gone, and the request never is."""
    texts = list(world.facts.texts())
    world.facts.lay(texts[: max(1, len(texts) - newest)])


def remove(world: World, which: int, anew: bool) -> None:
    """One fact is gone; its place stays empty when the chain is left as it is."""
    slots = sorted(world.facts.slots)
    if len(slots) < 2:
        return
    number = which % len(slots)
    del world.facts.slots[slots[number]]
    if anew:
        _lay(world, loaded(world.facts.texts()), number, anew)


def double(world: World, which: int, where: int, anew: bool) -> None:
    """One fact once more."""
    stored = loaded(world.facts.texts())
    if stored:
        place = where % (len(stored) + 1)
        stored.insert(place, loaded(world.facts.texts())[which % len(stored)])
        _lay(world, stored, place, anew)


def swap(world: World, one: int, other: int, anew: bool) -> None:
    """Two facts in each other's places."""
    stored = loaded(world.facts.texts())
    if stored:
        first, second = sorted((one % len(stored), other % len(stored)))
        stored[first], stored[second] = stored[second], stored[first]
        _lay(world, stored, first, anew)


def replay(world: World, which: int, relabelled: bool, anew: bool) -> None:
    """A fact of another release, at the end; relabelled: it says that it is of this one."""
    stored, others = loaded(world.facts.texts()), loaded(world.elsewhere.texts())
    if stored:
        fact = others[which % len(others)]
        if relabelled:
            fact["release"] = stored[0]["release"]
        stored.append(fact)
        _lay(world, stored, len(stored) - 1, anew)


def invent_decision(world: World, which: int, name: str | None, choice: Choice, now_proven: bool) -> None:
    """A decision about the request that stands, with a proof that was given for another.

    name: under whose name; None for whoever gave the proof. Tokens of another release are left out: one that names no
    statement can be put beside another within minutes of its sign-in, by whoever can write the ledger. A known limit.
    """
    stored, others = loaded(world.facts.texts()), loaded(world.elsewhere.texts())
    here = [fact["body"] for fact in stored if _has_proof(fact)]
    there = [fact["body"] for fact in others if _has_proof(fact) and fact["body"]["proof"]["kind"] != "entra"]
    asked = _request(world)
    if asked is None or not here + there:
        return
    taken = (here + there)[which % len(here + there)]
    approver = name or str(at(taken, ("statement", "approver")))
    comment = "" if choice is Choice.APPROVE else "because"
    try:
        statement = statement_of(asked, choice, approver, comment)
    except ValueError:
        return
    at_hand = world.now.isoformat().replace("+00:00", "Z")
    body = {
        "stage": statement.stage,
        "statement": statement.model_dump(mode="json"),
        "proof": taken["proof"],
        "decided_at": at_hand if now_proven else taken["decided_at"],
    }
    append(world, Kind.DECIDED, body)


def append(world: World, kind: Kind, body: dict[str, Any]) -> None:
    """A fact that Signalbox did not write, chained as if it had."""
    stored = loaded(world.facts.texts())
    if not stored:
        return
    fact = {**stored[-1], "kind": kind.value, "body": body, "at": world.now.isoformat().replace("+00:00", "Z")}
    _lay(world, [*stored, normal(fact)], len(stored), True)


def ask_for_longer(world: World, days: int) -> None:
    """The request that stands once more, with other times: what is approved now would hold for days."""
    asked = _request(world)
    if asked is not None:
        late = f"2026-01-{1 + days % 28:02d}T00:00:00Z"
        append(world, Kind.ASKED, {**asked.body, "answer_by": late, "expires_at": late})


def _request(world: World) -> Fact | None:
    try:
        facts = world.facts.read()
        release = Release.model_validate(facts[0].body["release"])
        return next((found for stage in reversed(world.stages) if (found := open_request(release, stage, facts))), None)
    except (ValueError, LookupError, TypeError):
        return None


def _has_proof(fact: dict[str, Any]) -> bool:
    return isinstance(at(fact, ("body", "proof", "kind")), str) and "decided_at" in fact["body"]
