"""Faults of a declaration are in our words: no wrong value anywhere shows what pydantic says to developers."""

import json
import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel, ValidationError
from pydantic_core import InitErrorDetails
from pydantic_core._pydantic_core import list_all_errors  # the only place that has an example of each kind

from domain.declaration.gate import Gate
from domain.declaration.service import Service
from domain.declaration.stage import Stage
from domain.declaration.target import BatchEndpointTarget, ContainerInstanceTarget, KubernetesManifestTarget
from domain.declaration.wave import Wave
from domain.declaration.window import Window
from domain.declaration.workload import Compute, Workload
from domain.parsing.field_errors import OTHERWISE, dotted, worded
from domain.verification.confirmation import Confirmation
from domain.verification.golden_answers import Golden
from domain.verification.http_smoke import HttpSmokeTest
from domain.verification.replay import Replay


def declared(annotation: Any) -> Iterator[type[BaseModel]]:
    """Every model that a declaration is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from declared(field.annotation)
    for inner in get_args(annotation):
        yield from declared(inner)


MODELS = tuple(dict.fromkeys(declared(Workload)))
FIELDS = [
    pytest.param(model, field.alias or name, id=f"{model.__name__}.{name}")
    for model in MODELS
    for name, field in model.model_fields.items()
    if not field.exclude
]
CLASSES = "|".join(model.__name__ for model in MODELS)
FOREIGN = re.compile(
    rf"Input|String|Tuple|List|Dict|Value error|Assertion|\bshould\b|\bvalid\b|after validation|function-|literal\[|\b({CLASSES})\b"
)
"""What pydantic says, and names that only developers know."""

SCALARS: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    7,
    10**12,
    0.5,
    -0.5,
    1e300,
    float("nan"),
    float("inf"),
    "",
    "x" * 5000,
    "monday",
    "2026-13-45",
    "2026-01-05",
    "2026-01-05T08:00:00",
    "2026-01-05T08:00:00Z",
    "2026-01-05T25:00:00",
    "batch_endpoint",
    "ä\0",
)
WRONG: tuple[Any, ...] = (
    *SCALARS,
    [],
    {},
    *([one] for one in SCALARS),
    *({"x": one} for one in SCALARS),
    *([{"x": one}] for one in SCALARS),
    ["x"] * 100,
    [[]],
    [{}] * 100,
    {"kind": "batch_endpoit"},
    {"kind": 5},
    {"path": "v1"},
    {"data": 5, "columns": []},
)


def faults(model: type[BaseModel], values: dict[str, Any]) -> list[str]:
    """What is said of values that are read as a declaration is."""
    try:
        model.model_validate_json(json.dumps(values), strict=True)
    except ValidationError as error:
        return [f"{dotted(at)}: {what}" for at, what in worded(error, model)]
    return []


@pytest.mark.parametrize(("model", "field"), FIELDS)
def test_no_wrong_value_of_any_field_is_told_in_pydantics_words(model: type[BaseModel], field: str) -> None:
    for wrong in WRONG:
        for fault in faults(model, {field: wrong}):
            assert not FOREIGN.search(fault), fault
            assert OTHERWISE not in fault, fault
            assert len(fault) < 500, fault


@pytest.mark.parametrize("kind", list_all_errors(), ids=lambda kind: kind["type"])
def test_no_kind_of_fault_that_pydantic_knows_is_told_in_its_words(kind: Any) -> None:
    context = dict(kind["example_context"] or {})
    for given in (None, 5, "x", [1], {"a": 1}):
        fault = InitErrorDetails(type=kind["type"], loc=("name",), input=given, ctx=context)
        error = ValidationError.from_exception_data("Workload", [fault])
        for at, what in worded(error, Workload):
            assert at == ("name",)
            own = what.replace(str(context.get("error")), "")
            assert not FOREIGN.search(own), what


@pytest.mark.parametrize(
    ("model", "values", "told"),
    [
        (Compute, {"name": None}, "name: is empty; it must be text"),
        (Compute, {"name": False}, "name: must be text, but is read as false; put it in quotes"),
        (Compute, {"name": []}, "name: must be text; it is []"),
        (Compute, {"size": ""}, "size: is empty; write some text"),
        (Compute, {"max_instances": 0}, "max_instances: must be at least 1; it is 0"),
        (Compute, {"max_instances": 1001}, "max_instances: must be at most 1000; it is 1001"),
        (Compute, {"max_instances": True}, "max_instances: must be a whole number; it is true"),
        (Compute, {"max_instances": None}, "max_instances: is empty; it must be a whole number"),
        (ContainerInstanceTarget, {"cpu": 0.0}, "cpu: must be more than 0; it is 0.0"),
        (ContainerInstanceTarget, {"notify": ["x"] * 21}, "notify: has 21 items; at most 20 are possible"),
        (
            KubernetesManifestTarget,
            {"kubernetes": "1"},
            "kubernetes: '1' is refused: a version of Kubernetes is its first two numbers, such as 1.31",
        ),
        (
            KubernetesManifestTarget,
            {"kubernetes": 1.31},
            "kubernetes: must be text, but is read as 1.31; put it in quotes",
        ),
        (
            Service,
            {"health": "health"},
            "health: 'health' is refused: a path on the service starts with /, such as /health, then has letters, "
            "digits and ._~/-; at most 201",
        ),
        (Gate, {"name": "x" * 101}, "name: has 101 characters; at most 100 are possible"),
        (Gate, {"rules": []}, "rules: is empty; at least one is needed"),
        (Gate, {"rules": [{"group": "ops"}] * 12}, "rules: has 12 items; at most 10 are possible"),
        (
            Gate,
            {"not_by": ["requestor"]},
            "not_by[0]: is 'requestor' (did you mean requester?); allowed: requester, commit_author, data_publisher",
        ),
        (
            BatchEndpointTarget,
            {"failed_deployments": "kept"},
            "failed_deployments: is 'kept' (did you mean keep?); allowed: keep, delete",
        ),
        (
            Window,
            {"starts": "monday"},
            "starts: must be a time by the wall clock, such as 2026-01-05T08:00; it is 'monday'",
        ),
        (
            Window,
            {"starts": "2026-01-05T08:00Z"},
            "starts: must be a time by the wall clock, such as 2026-01-05T08:00; its zone is `timezone`; "
            "it is '2026-01-05T08:00Z'",
        ),
        (Replay, {"columns": ["power"]}, "columns: has 1 item; at least 2 are needed"),
        (Replay, {"columns": []}, "columns: is empty; at least 2 are needed"),
        (
            Golden,
            {"tolerance": {"R80711": 1}},
            "tolerance.R80711: 'R80711' is not a circuit; write PLANT/CIRCUIT with ",
        ),
        (Stage, {"target": {"kind": "batch_endpoit"}}, "target: unknown kind 'batch_endpoit' (did you mean batch_end"),
        (Stage, {"target": {"registry": "shared"}}, "target: needs kind; allowed: model_registry, "),
        (
            Stage,
            {"target": {"kind": "model_registry", "registry": "shared", "workspace": "test"}},
            "target.workspace: unknown key; allowed: kind, registry",
        ),
    ],
)
def test_a_fault_says_what_is_wanted_and_what_is_there(
    model: type[BaseModel], values: dict[str, Any], told: str
) -> None:
    place = told.split(": ")[0]
    found = [fault for fault in faults(model, values) if fault.startswith(f"{place}: ")]
    assert len(found) == 1, found
    assert found[0].startswith(told), found


def test_a_list_of_faulty_items_is_not_called_too_short_as_well() -> None:
    found = faults(Replay, {"columns": [5, "power"]})
    assert [fault for fault in found if fault.startswith("columns")] == [
        "columns[0]: must be text, but is read as 5; put it in quotes"
    ]


FILES = {"data": "azureml://datastores/store/paths/{plant}/", "columns": ["power"]}
HTTP = {"path": "/v1/estimates", "question": "question.json", "answers": ["estimates"], "version": "model.version"}


@pytest.mark.parametrize("place", ["verification", "confirmation.smoke"])
@pytest.mark.parametrize(
    ("test", "told"),
    [
        (FILES | {"columns": []}, ".columns: is empty; at least one is needed"),
        (
            FILES | {"column": []},
            ".column: unknown key (did you mean columns?); allowed: data, timeout_minutes, columns",
        ),
        (FILES | {"data": 5}, ".data: must be text, but is read as 5; put it in quotes"),
        (HTTP | {"path": "v1/estimates"}, ".path: 'v1/estimates' is refused: a path on the service starts with /"),
        (HTTP | {"answers": []}, ".answers: is empty; at least one is needed"),
        (
            HTTP | {"within": 5},
            ".within: unknown key (did you mean within_ms?); allowed: path, question, answers, version",
        ),
        ({key: HTTP[key] for key in ("path", "answers", "version")}, ".question: missing; it is required"),
        ({key: HTTP[key] for key in ("question", "answers", "version")}, ".path: missing; it is required"),
        ("v1/estimates", ": must be a mapping of keys; it is 'v1/estimates'"),
    ],
)
def test_one_fault_of_a_smoke_test_is_one_line(place: str, test: Any, told: str) -> None:
    stage = {
        "name": "test",
        "target": {"kind": "batch_endpoint", "workspace": "test", "compute": "batch", "vm_size": "small"},
    }
    given = {"verification": test} if place == "verification" else {"confirmation": {"smoke": test}}
    found = faults(Stage, stage | given)
    assert len(found) == 1, found
    assert found[0].startswith(place + told)


@pytest.mark.parametrize("test", [FILES, HTTP])
def test_a_smoke_test_is_read_again_as_it_was_written(test: dict[str, Any]) -> None:
    read = Confirmation.model_validate({"smoke": test})
    assert Confirmation.model_validate(read.model_dump(mode="json")) == read
    assert Confirmation(smoke=read.smoke) == read
    assert isinstance(read.smoke, HttpSmokeTest) == ("path" in test)


@pytest.mark.parametrize(
    ("circuits", "told"),
    [
        ("R80711", "circuits: must be a list of PLANT/CIRCUIT names, or rest; it is 'R80711'"),
        ("REST", "circuits: must be a list of PLANT/CIRCUIT names, or rest; it is 'REST'"),
        (None, "circuits: must be a list of PLANT/CIRCUIT names, or rest; it is empty"),
        ({"P/C": 1}, "circuits: must be a list of PLANT/CIRCUIT names, or rest; it is {'P/C': 1}"),
        ([], "circuits: is empty; at least one is needed"),
        (["P/C", 5], "circuits[1]: must be text, but is read as 5; put it in quotes"),
        (
            ["R80711"],
            "circuits[0]: 'R80711' is not a circuit; write PLANT/CIRCUIT with letters, digits and hyphens, such as "
            "PLANT001/CIRCUIT01",
        ),
    ],
)
def test_one_fault_of_a_waves_circuits_is_one_line(circuits: Any, told: str) -> None:
    assert faults(Wave, {"circuits": circuits}) == [told]


@pytest.mark.parametrize("circuits", ["rest", ("P/C", "P/D")])
def test_a_wave_is_read_again_as_it_was_written(circuits: Any) -> None:
    wave = Wave(circuits=circuits)
    assert wave.circuits == circuits
    assert Wave.model_validate(wave.model_dump(mode="json")) == wave
