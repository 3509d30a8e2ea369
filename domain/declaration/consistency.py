"""What a declaration's parts say of one another and of the files they name.

Works on the values as they were written, so that it answers also where other parts are faulty.
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from domain.declaration.expectation import faults_of_expectation
from domain.declaration.gate import VALID_MINUTES
from domain.declaration.wave import Wave, faults_of_waves
from domain.naming import Naming, faults_of_name, model_name
from domain.parsing.field_errors import Location
from domain.text import did_you_mean
from domain.unit import Unit

Found = Iterator[tuple[Location, str]]
LONGEST_PATH = 200
PUBLISHES = {"model_registry", "container_registry"}
"""Kinds of target."""
NEEDED_BEFORE = {
    "container_registry": ("model_registry",),
    "batch_endpoint": ("model_registry",),
    "container_instance": ("container_registry",),
    "helm_release": ("container_registry",),
    "kubernetes_manifest": ("container_registry",),
}
SERVED_BY = {
    "batch_endpoint": "scoring",
    "container_registry": "service",
    "container_instance": "service",
    "helm_release": "service",
    "kubernetes_manifest": "service",
}
"""What the workload has to declare."""
KINDS = PUBLISHES | SERVED_BY.keys()
HOME = {
    "batch_endpoint": "workspace",
    "container_instance": "instances",
    "helm_release": "cluster",
    "kubernetes_manifest": "cluster",
}
"""What no two stages may have together: names there are of circuits alone."""


def inconsistencies(values: dict[str, Any], folder: Path) -> Found:
    """Every fault that no single part shows by itself: where, and what."""
    if "folder" in values:
        yield ("folder",), "unknown key; the folder is the one that this file is in"
    yield from _units(values)
    yield from _expectations(values)
    yield from _files(values, folder)
    yield from _stages(values)
    yield from _waves(values)
    yield from _golden_circuits(values)


def _at(values: object, *path: str | int) -> Any:
    """What stands at a place; None when nothing does."""
    for part in path:
        if isinstance(part, str) and isinstance(values, dict):
            values = values.get(part)
        elif isinstance(part, int) and isinstance(values, list) and part < len(values):
            values = values[part]
        else:
            return None
    return values


def _items(values: object, *path: str | int) -> Iterator[tuple[Location, Any]]:
    found = _at(values, *path)
    if isinstance(found, list):
        yield from (((*path, position), item) for position, item in enumerate(found))


def _units(values: dict[str, Any]) -> Found:
    """Circuits that are repeated, share a name in Azure, or have one that it refuses."""
    models: dict[str, Unit] = {}
    given = _at(values, "prefix")
    prefix = given if isinstance(given, str) else ""
    for place, plant in _items(values, "units"):
        for at, circuit in _items(values, *place, "circuits"):
            try:
                unit = Unit(plant=_at(plant, "plant"), circuit=circuit)
            except ValidationError:
                continue  # said of the plant or the circuit by itself
            first = models.setdefault(model_name(unit, ""), unit)
            if first is unit:
                yield from ((at, fault) for fault in faults_of_name(unit, Naming(prefix)))
            elif first == unit:
                yield at, f"{unit} is listed a second time"
            else:
                yield at, f"{unit} would share model and endpoint with {first}; rename one"


def _expectations(values: dict[str, Any]) -> Found:
    for at, expectation in _items(values, "data", "expectations"):
        if not isinstance(expectation, dict):
            continue  # said by itself
        yield from (((*at, *where), what) for where, what in faults_of_expectation(expectation))


def _files(values: dict[str, Any], folder: Path) -> Found:
    code = _at(values, "scoring", "code")
    script = _at(values, "scoring", "script")
    service = _at(values, "service", "folder")
    for at, named, is_folder in (
        (("code",), _at(values, "code"), True),
        (("data", "pipeline"), _at(values, "data", "pipeline"), False),
        (("training", "pipeline"), _at(values, "training", "pipeline"), False),
        (("scoring", "code"), code, True),
        (("scoring", "environment", "conda"), _at(values, "scoring", "environment", "conda"), False),
        (("service", "folder"), service, True),
    ):
        yield from _file(at, named, folder, is_folder)
    if isinstance(code, str) and isinstance(script, str) and not list(_file((), code, folder, True)):
        yield from _file(("scoring", "script"), script, folder / code, False)
    if isinstance(service, str) and not list(_file((), service, folder, True)):
        dockerfile = _at(values, "service", "dockerfile") or "Dockerfile"
        yield from _file(("service", "dockerfile"), dockerfile, folder / service, False)
    for place, stage in _items(values, "stages"):
        yield from _chart(place, _at(stage, "target", "chart"), folder)
        yield from _file((*place, "target", "values"), _at(stage, "target", "values"), folder, False)
        if _at(stage, "target", "kind") == "kubernetes_manifest":
            manifest = _at(stage, "target", "manifest") or "deployment.yaml"
            yield from _file((*place, "target", "manifest"), manifest, folder, False)


def _chart(at: Location, chart: object, folder: Path) -> Found:
    place: Location = (*at, "target", "chart")
    faults = list(_file(place, chart, folder, True))
    yield from faults
    if isinstance(chart, str) and not faults:
        yield from _file(place, "Chart.yaml", folder / chart, False)


def _file(at: Location, named: object, folder: Path, is_folder: bool) -> Found:
    if not isinstance(named, str):
        return
    kind = "folder" if is_folder else "file"
    if "\0" in named or len(named) > LONGEST_PATH:
        yield at, f"{named[:60]!r} is not a path"
        return
    place = (folder / named).resolve()
    if not place.is_relative_to(folder.resolve()):
        yield at, f"{named!r} is outside {folder.name}/; name a {kind} in it"
    elif not (place.is_dir() if is_folder else place.is_file()):
        yield at, f"there is no {kind} {named!r} in {folder.name}/"


def _stages(values: dict[str, Any]) -> Found:
    """Stages that are repeated, deploy what no stage published, or would switch one another's endpoints."""
    names: set[str] = set()
    homes: dict[tuple[str, str], str] = {}
    published: set[str] = set()
    unknown = False
    for at, stage in _items(values, "stages"):
        name, kind = _at(stage, "name"), _at(stage, "target", "kind")
        if isinstance(name, str):
            if name in names:
                yield (*at, "name"), f"a stage {name!r} is declared a second time"
            names.add(name)
        if "place" in stage:
            yield (*at, "place"), "is found out when a release begins, not declared; leave it out"
        if not isinstance(kind, str) or kind not in KINDS:
            unknown = True  # said by itself; and what such a stage was to publish, nobody knows
            continue
        for needed in NEEDED_BEFORE.get(kind, ()):
            if needed not in published and not unknown:
                yield (*at, "target"), f"deploys what no stage published; put a {needed} stage before it"
        declared = SERVED_BY.get(kind)
        if declared is not None and _at(values, declared) is None:
            yield (*at, "target"), f"{kind} runs what `{declared}` declares, but there is no `{declared}`"
        if kind in PUBLISHES:
            published.add(kind)
            if _at(stage, "verification") is not None:
                yield (*at, "verification"), f"a {kind} scores nothing, so there is nothing to verify"
        key = HOME.get(kind, "")
        home = _at(stage, "target", key)
        if isinstance(home, str):
            first = homes.setdefault((key, home), str(name))
            if first != str(name):
                yield (*at, "target", key), f"is the same as {first}'s, so each would switch the other's endpoints"


def _waves(values: dict[str, Any]) -> Found:
    """Waves that miss a circuit, repeat one, or name one that is not there."""
    circuits = _circuits(values)
    for at, stage in _items(values, "stages"):
        waves = _at(stage, "waves")
        if not isinstance(waves, list) or not waves:
            continue
        try:
            read = [Wave.model_validate(wave) for wave in waves]
        except ValidationError:
            continue  # said of the wave by itself
        yield from (((*at, "waves"), fault) for fault in faults_of_waves(read, circuits))
        valid = _at(stage, "gate", "valid_minutes") or VALID_MINUTES
        soaks = math.ceil(sum(wave.soak_minutes for wave in read))
        if isinstance(_at(stage, "gate"), dict) and isinstance(valid, int) and soaks > valid:
            yield (
                (*at, "waves"),
                f"they soak for {soaks} minutes in all, and an approval opens the stage for {valid}: the last waves could never "
                f"switch; set the gate's valid_minutes to {soaks} or more, or let the waves soak for less",
            )


def _golden_circuits(values: dict[str, Any]) -> Found:
    """Golden answers of circuits that are not there."""
    circuits = _circuits(values)
    for at, stage in _items(values, "stages"):
        for path in (("replay",), ("confirmation", "replay")):
            tolerance = _at(stage, *path, "golden", "tolerance")
            for name in tolerance if isinstance(tolerance, dict) else ():
                if name not in circuits:
                    fault = f"{name} is not one of the workload's circuits{did_you_mean(str(name), circuits)}"
                    yield (*at, *path, "golden", "tolerance", name), fault


def _circuits(values: dict[str, Any]) -> list[str]:
    """PLANT/CIRCUIT names, in the declared order."""
    return [
        f"{_at(plant, 'plant')}/{circuit}"
        for place, plant in _items(values, "units")
        for _, circuit in _items(values, *place, "circuits")
    ]
