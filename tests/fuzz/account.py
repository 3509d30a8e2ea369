"""The independent account: who really approved what, with which key, when. It knows nothing of judge and admit.

Written from the issue's words. It reads storage as JSON, and does its own arithmetic of hours, members and places.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import combinations
from typing import Any

from raw_ledger import chain_breaks, digest, ends, moment, rejected

from domain.declaration.gate import Gate, Rule
from domain.declaration.stage import Stage
from domain.release.manifest import Release

HAD_A_PART = {"requester": "rhea", "commit_author": "carl", "data_publisher": "petra"}
NIGHT_BEGINS, NIGHT_ENDS, DAY_BEGINS, DAY_ENDS = 22, 5, 6, 18

KINDS = {"SHA256": "ssh", "code": "one_time_code", "entra": "entra"}
"""How a credential's name begins → the kind of the proofs that it makes."""


@dataclass(frozen=True)
class Act:
    """Somebody proved a statement themselves. said: the statement. asked: the request as it was shown. tick: the order."""

    person: str
    credential: str
    said: Mapping[str, Any]
    asked: Mapping[str, Any]
    tick: int


@dataclass
class Account:
    """revoked: credential → ticks. enrolled: credential → tick. honest: nobody has touched the storage.

    guessed: authenticator → when wrong codes came for it.
    """

    acts: list[Act] = field(default_factory=list)
    revoked: dict[str, list[int]] = field(default_factory=dict)
    enrolled: dict[str, int] = field(default_factory=dict)
    guessed: dict[str, list[datetime]] = field(default_factory=dict)
    honest: bool = True
    tick: int = 0

    def copy(self) -> "Account":
        """The same, to go on from in another way."""
        return Account(
            list(self.acts),
            {name: list(ticks) for name, ticks in self.revoked.items()},
            dict(self.enrolled),
            {credential: list(moments) for credential, moments in self.guessed.items()},
            self.honest,
            self.tick,
        )

    def note(self) -> int:
        """Something happens: its number."""
        self.tick += 1
        return self.tick

    def against(
        self, stage: Stage, release: Release, texts: Sequence[str], members: Mapping[str, frozenset[str]], now: datetime
    ) -> list[str]:
        """Every reason why this release may not pass this stage now; none when people approved exactly that."""
        gate = stage.gate
        stored = [json.loads(text) for text in texts]
        reasons = [*chain_breaks(stored), *ends(stored)]
        if not stored or stored[0]["body"].get("digest") != digest(release.model_dump(mode="json")):
            reasons.append("another manifest was requested")
        if gate is None:
            return reasons
        if rejected(stored, stage.name):
            reasons.append("somebody rejected it")
        standing = [act for act in self.acts if self._stands(act, stage, gate, release, members, now)]
        if any(act.said["choice"] == "break-glass" for act in standing):
            return reasons
        people = frozenset(act.person for act in standing)
        if not _filled(gate.rules, people, members):
            reasons.append(f"only {', '.join(sorted(people)) or 'nobody'} approved")
        return [*reasons, *closed(gate, now)]

    def _stands(
        self,
        act: Act,
        stage: Stage,
        gate: Gate,
        release: Release,
        members: Mapping[str, frozenset[str]],
        now: datetime,
    ) -> bool:
        said = act.said
        manifest = release.model_dump(mode="json")
        about = (said["workload"], said["release"], said["release_digest"], said["stage"], said["policy_digest"])
        wanted = (
            manifest["workload"], manifest["name"], digest(manifest), stage.name, digest(stage.model_dump(mode="json"))
        )  # fmt: skip
        asked_at = moment(act.asked["at"])
        expires = asked_at + timedelta(minutes=gate.timeout_minutes + gate.valid_minutes)
        return (
            about == wanted
            and said["approver"] == act.person
            and now <= min(expires, moment(said["expires_at"]))
            and self.usable(act.credential, act.tick)
            and takes(gate, act.credential, said["choice"])
            and not self.may_not(act.person, said["choice"], said["comment"], gate, members)
        )

    def is_locked(self, credential: str, now: datetime) -> bool | None:
        """Whether five wrong codes came within a quarter of an hour, less than an hour ago; None: a minute decides it."""
        found: bool | None = False
        moments = self.guessed.get(credential, [])
        for number in range(len(moments) - 4):
            first, last = moments[number], moments[number + 4]
            long, ago = (last - first).total_seconds(), (now - last).total_seconds()
            if long <= 14 * 60 and ago < 59 * 60:
                return True
            if long <= 16 * 60 and ago < 61 * 60:
                found = None
        return found

    def usable(self, credential: str, tick: int) -> bool:
        """Whether a credential was enrolled then, and was never revoked since: what was void stays void."""
        enrolled, revoked = self.enrolled.get(credential), self.revoked.get(credential, [])
        return enrolled is not None and enrolled <= tick and not any(one > enrolled for one in revoked)

    def may_not(self, person: str, choice: str, comment: str, gate: Gate, members: Mapping[str, frozenset[str]]) -> str:
        """Why a person may not decide so; empty when they may."""
        groups = [rule.group for rule in gate.rules]
        if choice == "break-glass":
            groups = [gate.break_glass.group] if gate.break_glass else []
        if not any(person in members.get(group, ()) for group in groups):
            return "no member"
        if choice != "approve":
            return "" if comment.strip() else "no comment"
        had_a_part = [HAD_A_PART[role.value] for role in gate.not_by]
        return "had a part in it" if person in had_a_part else ""


def takes(gate: Gate, credential: str, choice: str) -> bool:
    """Whether the gate names this kind of proof, or none at all; to say no, any will do."""
    kind = KINDS[credential.partition(":")[0]]
    return choice == "reject" or gate.proofs is None or kind in {one.value for one in gate.proofs}


def closed(gate: Gate, now: datetime) -> list[str]:
    """Whether the stage may not change at this hour."""
    reasons = []
    if gate.freezes and (now.hour >= NIGHT_BEGINS or now.hour < NIGHT_ENDS):
        reasons.append("night")
    if gate.windows and not DAY_BEGINS <= now.hour < DAY_ENDS:
        reasons.append("not by day")
    return reasons


def _filled(rules: Sequence[Rule], people: frozenset[str], members: Mapping[str, frozenset[str]]) -> bool:
    """Whether every place of every rule can be taken by somebody of their own: all ways are tried."""
    if not rules:
        return True
    able = sorted(people & members.get(rules[0].group, frozenset()))
    return any(
        set(rules[0].required) <= set(some) and _filled(rules[1:], people - set(some), members)
        for some in combinations(able, rules[0].approvals)
    )
