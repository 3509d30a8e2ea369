"""A history in which everybody is honest, with every point of it kept: others begin where it might have been interrupted."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cache

import declared_stages
from account import Account, Act
from cast import NAMES, WAYS, Person
from release_run import ReleaseRun
from weighing import Answer
from world import World

from domain.approval.request import statement_of
from domain.approval.statement import Choice
from domain.ledger.fact import Fact, Kind
from domain.release.manifest import Release

APPROVERS = {
    "registry": (("grace", "code"),),
    "production": (("emil", "token"), ("ada", "ssh"), ("olga", "code")),
}
BY_TOKENS = {
    "registry": (("emil", "fresh token"),),
    "production": (("olga", "fresh token"), ("ada", "fresh token"), ("emil", "fresh token")),
}
ELSEWHERE = {
    "registry": (("ada", "code"),),
    "production": (("grace", "code"), ("ada", "ssh"), ("emil", "token"), ("olga", "token")),
}
"""Of the release before."""
MANY = 200


@dataclass(frozen=True)
class Point:
    """A moment in a history: what storage holds, and what really happened until then."""

    world: World
    account: Account

    def copy(self) -> "Point":
        """To go on from in another way."""
        return Point(self.world.copy(), self.account.copy())


def enrolled() -> Account:
    """An account that knows who is enrolled when a history begins."""
    account = Account()
    account.enrolled = {Person(name).credential(way).id: 0 for name in NAMES for way in WAYS}
    return account


def request(world: World, release: Release) -> None:
    """As `flows.promotion.earlier_releases.request`."""
    body = {"release": release.model_dump(mode="json"), "digest": release.digest, "changed_digest": "-"}
    world.facts.record(release, Kind.REQUESTED, world.now, body)


def answer(
    point: Point, asked: Fact, person: Person, way: str, choice: Choice = Choice.APPROVE, comment: str = ""
) -> Answer:
    """Somebody really decides: the account knows it, whatever becomes of it."""
    statement = statement_of(asked, choice, person.name, comment)
    point.account.acts.append(
        Act(
            person.name,
            person.credential(way).id,
            statement.model_dump(mode="json"),
            asked.model_dump(mode="json"),
            point.account.note(),
        )
    )
    return Answer(choice, person.name, person.proof(way, statement, point.world.now), comment)


def promote(point: Point, approvers: dict[str, tuple[tuple[str, str], ...]]) -> list[Point]:
    """Carry the requested release to its end; returns every point on the way, the last one when it has ended."""
    points = [point.copy()]
    run = ReleaseRun(point.world, lambda *_: None)
    awaited = {stage: list(people) for stage, people in approvers.items()}
    for _ in range(MANY):
        run.go_on()
        point.world.wait(20)
        if run.waiting is not None:
            name, way = awaited[str(run.waiting.stage)].pop(0)
            run.answer(answer(point, run.waiting, Person(name), way))
        points.append(point.copy())
        if run.over:
            break
    assert run.ended == "SUCCEEDED", run.died or run.ended or run.taken
    return points


@cache
def honest_points(circuits: int, by_tokens: bool = False) -> tuple[Point, ...]:
    """Of a release of so many circuits, after another one; without those where production has begun to switch.

    by_tokens: all approve by fresh tokens, which name no statement.
    """
    before = Point(World(now=declared_stages.START - timedelta(minutes=12)), enrolled())
    request(before.world, declared_stages.manifest("20251209.1", circuits, version=2))
    after = promote(before, ELSEWHERE)[-1]
    world = World(now=after.world.now, elsewhere=after.world.facts, used=after.world.used)
    request(world, declared_stages.manifest(circuits=circuits))
    points = promote(Point(world, enrolled()), BY_TOKENS if by_tokens else APPROVERS)
    assert len(points[-1].world.serving) == 2 * circuits, "an honest history switches test and production"
    return tuple(one for one in points if not any(name.startswith("production") for name in one.world.serving))
