"""A pipeline: its steps in the order of what they need, side by side where they can."""

from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

from emulator.arm.errors import AzureError, bad_request
from emulator.execution.bindings import EXPRESSION, parts, whole_expression
from emulator.execution.command_run import Command, input_of
from emulator.execution.records import JobRecord
from emulator.state import State

RunStep = Callable[[JobRecord, Command, str], str]
"""(record, command, compute) → the status with which the step ended."""


class PipelineRun:
    """One run of a pipeline job."""

    def __init__(self, state: State, record: JobRecord, run_step: RunStep) -> None:
        self._state, self._record, self._run_step = state, record, run_step
        self._properties = _opened(state, record)
        self._steps: dict[str, dict[str, Any]] = self._properties.get("jobs") or {}
        if not self._steps:
            raise bad_request("The pipeline has no steps.", "UserError")
        self._specs = {name: self._spec(step) for name, step in self._steps.items()}
        self._given = {
            name: value
            for name, rest in (self._properties.get("inputs") or {}).items()
            if (value := input_of(rest)) is not None
        }
        self._outputs: dict[str, dict[str, tuple[str, str]]] = {name: self._outputs_of(name) for name in self._steps}
        self._records = {
            name: record.add_child(f"{record.id.name}-{name}".replace("_", "-"), self._child_properties(name))
            for name in self._steps
        }

    def _spec(self, step: Mapping[str, Any]) -> dict[str, Any]:
        address = str(step.get("componentId", "")).removeprefix("azureml:")
        document = self._state.store.get(address)
        if document is None:
            raise AzureError(404, "UserError", f"The component {address} of a pipeline step was not found.")
        spec = document["properties"]["componentSpec"]
        assert isinstance(spec, dict)  # noqa: S101 - component versions are stored with it
        if str(spec.get("type", "command")).lower() != "command":
            raise bad_request(
                f"The emulator runs pipelines of command steps; {spec.get('name')} is of type {spec['type']}.",
                "UserError",
            )
        return spec

    def _outputs_of(self, step: str) -> dict[str, tuple[str, str]]:
        places: dict[str, tuple[str, str]] = {}
        for name, declared in (self._specs[step].get("outputs") or {}).items():
            bound = (self._steps[step].get("outputs") or {}).get(name) or {}
            target = whole_expression(bound.get("value"))
            address = str(
                bound.get("uri")
                or f"azureml://datastores/workspaceblobstore/paths/azureml/{self._record.id.name}-{step}/{name}/"
            )
            if target is not None and parts(target)[:2] == ("parent", "outputs"):
                outer = (self._properties.get("outputs") or {}).get(parts(target)[2]) or {}
                address = str(
                    outer.get("uri")
                    or f"azureml://datastores/workspaceblobstore/paths/azureml/{self._record.id.name}/{parts(target)[2]}/"
                )
            places[name] = (str(declared.get("type", "uri_folder")), address)
        return places

    def _child_properties(self, step: str) -> dict[str, Any]:
        outputs = {
            name: {"jobOutputType": kind, "uri": address} for name, (kind, address) in self._outputs[step].items()
        }
        name = self._specs[step].get("display_name") or step
        return {"jobType": "Command", "displayName": step, "description": name, "outputs": outputs, "tags": {}}

    def _needs(self, step: str) -> set[str]:
        found: set[str] = set()
        for rest in (self._steps[step].get("inputs") or {}).values():
            for path in EXPRESSION.findall(str(rest.get("value") or rest.get("uri") or "")):
                if parts(path)[:2] == ("parent", "jobs"):
                    found.add(parts(path)[2])
        unknown = found - set(self._steps)
        if unknown:
            raise bad_request(f"Step {step} needs {', '.join(sorted(unknown))}, which the pipeline does not have.")
        return found

    def _value(self, rest: Mapping[str, Any], kind: str) -> tuple[str, str] | None:
        path = whole_expression(rest.get("value") or rest.get("uri"))
        if path is None:
            return input_of(rest)
        match parts(path):
            case ("parent", "inputs", name):
                return self._given.get(name)  # an optional input that was not given stays bound to nothing
            case ("parent", "jobs", step, "outputs", name):
                return kind, self._outputs[step][name][1]
        raise bad_request(f"The binding ${{{{{path}}}}} is not one that a pipeline has.")

    def _command(self, step: str) -> Command:
        spec, node = self._specs[step], self._steps[step]
        inputs: dict[str, tuple[str, str]] = {}
        for name, declared in (spec.get("inputs") or {}).items():
            rest = (node.get("inputs") or {}).get(name)
            kind = str(declared.get("type", "string"))
            value = self._value(rest, kind) if rest is not None else None
            if value is None and declared.get("default") is not None:
                value = ("literal", str(declared["default"]))
            if value is not None:
                inputs[name] = value
            elif not declared.get("optional"):
                raise bad_request(f"Step {step} needs the input {name}, which was not given.")
        limits = node.get("limits") or {}
        timeout = limits.get("timeout") if isinstance(limits.get("timeout"), int | float) else None
        variables = {
            name: str(value)
            for name, value in {
                **(spec.get("environment_variables") or {}),
                **(node.get("environment_variables") or {}),
            }.items()
        }
        return Command(str(spec["command"]), spec.get("code"), inputs, self._outputs[step], variables, timeout)

    def run(self) -> str:
        """Run every step that can; the status of the whole."""
        needs = {step: self._needs(step) for step in self._steps}
        status: dict[str, str] = {}
        running: dict[Future[str], str] = {}
        with ThreadPoolExecutor(max_workers=max(1, len(self._steps))) as pool:
            while len(status) < len(self._steps):
                for step in self._steps:
                    if step in status or step in running.values():
                        continue
                    if any(status.get(need) not in {None, "Completed"} for need in needs[step]):
                        status[step] = "Canceled"
                        self._records[step].end("Canceled", "A step that it needs did not complete.")
                    elif all(status.get(need) == "Completed" for need in needs[step]):
                        running[pool.submit(self._one, step)] = step
                if not running:
                    if len(status) < len(self._steps) and not any(
                        self._ready(step, needs, status) for step in self._steps
                    ):
                        raise bad_request("The pipeline's steps need each other in a circle.")
                    continue
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    status[running.pop(future)] = future.result()
        if "Failed" in status.values():
            return "Failed"
        return "Canceled" if "Canceled" in status.values() else "Completed"

    def _ready(self, step: str, needs: Mapping[str, set[str]], status: Mapping[str, str]) -> bool:
        return step not in status and all(need in status for need in needs[step])

    def _one(self, step: str) -> str:
        record, settings = self._records[step], self._properties.get("settings") or {}
        compute = str(
            self._steps[step].get("computeId")
            or self._properties.get("computeId")
            or settings.get("default_compute")
            or ""
        )
        try:
            return self._run_step(record, self._command(step), compute)
        except AzureError as error:
            record.write_log(f"{error.code}: {error.message}")
            record.end("Failed", error.message)
            return "Failed"


def _opened(state: State, record: JobRecord) -> dict[str, Any]:
    """The job's properties, with what the pipeline component that it runs declares: steps, defaults, outputs."""
    properties = record.properties
    address = properties.get("componentId")
    if not address:
        return properties
    document = state.store.get(str(address).removeprefix("azureml:"))
    if document is None:
        raise AzureError(404, "UserError", f"The pipeline component {address} was not found.")
    spec = document["properties"]["componentSpec"]
    given = properties.get("inputs") or {}
    defaults = {
        name: {"jobInputType": "literal", "value": str(declared["default"])}
        for name, declared in (spec.get("inputs") or {}).items()
        if declared.get("default") is not None
    }
    missing = [
        name
        for name, declared in (spec.get("inputs") or {}).items()
        if not declared.get("optional") and name not in {**defaults, **given}
    ]
    if missing:
        raise bad_request(f"The pipeline needs the inputs {', '.join(missing)}, which were not given.", "UserError")
    outputs = {
        name: {
            "jobOutputType": str(declared.get("type", "uri_folder")),
            "uri": f"azureml://datastores/workspaceblobstore/paths/azureml/{record.id.name}/{name}/",
        }
        for name, declared in (spec.get("outputs") or {}).items()
    } | (properties.get("outputs") or {})
    record.update(outputs=outputs)
    return {**properties, "jobs": spec.get("jobs") or {}, "inputs": {**defaults, **given}, "outputs": outputs}
