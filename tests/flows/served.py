"""A workload of one circuit that is served over HTTP: its image is a small web service with the model's text in it."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import requests
import yaml
from requests.adapters import HTTPAdapter
from tiny import PLANTS, Tiny
from urllib3 import Retry

from blocks.container_instances import ContainerInstances
from blocks.container_registry import ContainerRegistry
from blocks.loading import loaded
from blocks.workspace import Workspace
from domain.declaration.stage import Stage
from domain.declaration.target import ContainerRegistryTarget
from domain.naming import image_repository
from domain.release.manifest import Release
from tasks.platforms import platform_of
from tasks.targets.container_instance.groups import ContainerGroup, find_group
from tasks.targets.container_instance.target import ContainerGroups
from tasks.targets.images.build import begin_build, finish_build
from tasks.workloads import declared_workload

APP = """
import http.server, json, os, pathlib

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.say(200, {"status": "ready"})

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        model = pathlib.Path("model/model.txt").read_text()
        self.say(200, {"text": model, "version": os.environ["MODEL_VERSION"], "pid": os.getpid()})

    def say(self, status, answer):
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

http.server.ThreadingHTTPServer((os.environ.get("HOST", "0.0.0.0"), int(os.environ.get("PORT", "8080"))), Page).serve_forever()
"""
SICK = APP.replace('self.say(200, {"status": "ready"})', 'self.say(503, {"status": "the model does not fit"})')
DOCKERFILE = 'FROM python:3.11-slim\nWORKDIR /app\nCOPY . .\nEXPOSE 8080\nCMD ["python", "app.py"]\n'
SMOKE = {"path": "/ask", "question": "question.json", "answers": ["text"], "version": "version"}
ASKED = 60
"""Times, at most a second apart."""


class Served(Tiny):
    """`declare` writes another kind of workload; all else is as with `Tiny`."""

    def declare(  # type: ignore[override]  # other things are told apart here
        self,
        app: str = APP,
        dockerfile: str | None = DOCKERFILE,
        hours: float | None = 24,
        notify: tuple[str, ...] = (),
        ready_minutes: float = 2,
        **workload: Any,
    ) -> None:
        document = yaml.safe_load((PLANTS / "workload.yaml").read_text())
        document |= {"name": self.name, "units": [{"plant": self.plant, "circuits": list(self.circuits)}]}
        del document["scoring"]
        document["code"], document["service"] = "service", {"folder": "service"}
        document["stages"] = [
            {"name": "registry", "target": {"kind": "model_registry", "registry": "shared"}},
            {"name": "images", "target": {"kind": "container_registry", "registry": "images"}},
            *self.declared_stages(hours, notify, ready_minutes),
        ]
        document |= workload
        folder = self.folder / "service"
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("prepare.yaml", "train.yaml"):
            (self.folder / "pipelines").mkdir(exist_ok=True)
            (self.folder / "pipelines" / name).write_text((PLANTS / "pipelines" / name).read_text())
        (folder / "app.py").write_text(app)
        (folder / "Dockerfile").unlink(missing_ok=True)
        if dockerfile is not None:
            (folder / "Dockerfile").write_text(dockerfile)
        (self.folder / "question.json").write_text("{}")
        (self.folder / "workload.yaml").write_text(yaml.safe_dump(document, sort_keys=False))

    def declared_stages(
        self, hours: float | None, notify: tuple[str, ...], ready_minutes: float
    ) -> list[Mapping[str, Any]]:
        """Where it serves."""
        return [self._stage("dev", hours, notify, ready_minutes), self._stage("qa", None, (), ready_minutes)]

    def _stage(
        self, name: str, hours: float | None, notify: tuple[str, ...], ready_minutes: float
    ) -> Mapping[str, Any]:
        target = {"kind": "container_instance", "instances": name, "cpu": 0.5, "memory_gb": 0.5, "hours_to_live": hours}
        smoke = {**deepcopy(SMOKE), "ready_minutes": ready_minutes}
        return {"name": name, "target": {**target, "notify": list(notify)}, "confirmation": {"smoke": smoke}}

    def _publish(self, made: Release, stage: Stage) -> Mapping[str, Any]:
        if not isinstance(stage.target, ContainerRegistryTarget):
            return super()._publish(made, stage)
        registry, declared = loaded(ContainerRegistry, stage.target.registry), declared_workload(self.name)
        assert declared.service is not None
        images: dict[str, str] = {}
        for circuit in made.units:
            repository = image_repository(self.name, circuit.unit)
            where = (loaded(Workspace, "dev"), registry, declared.service, declared.folder)
            run = begin_build.fn(*where, circuit, f"{repository}:{made.name}", 5)
            images[str(circuit.unit)] = finish_build.fn(registry, repository, made.name, run, 5).pinned
        return {"images": images}

    def platform(self, stage: str) -> ContainerGroups:
        """Where a stage serves."""
        declared = declared_workload(self.name)
        found = platform_of(declared, declared.stage(stage).target)  # type: ignore[arg-type]  # it serves
        assert isinstance(found, ContainerGroups)
        return found

    def group(self, stage: str) -> ContainerGroup | None:
        """The container group of its one circuit."""
        return find_group(loaded(ContainerInstances, stage), self.platform(stage).endpoint(self.units()[0]))

    def ask(self, stage: str) -> dict[str, Any]:
        """What it answers at a stage, as soon as it does: one that was just put back may still be starting."""
        group = self.group(stage)
        assert group is not None
        with requests.Session() as session:
            again = Retry(
                total=None, connect=ASKED, read=ASKED, backoff_factor=0.2, backoff_max=1, allowed_methods=None
            )
            session.mount("http://", HTTPAdapter(max_retries=again))
            found: dict[str, Any] = session.post(f"http://{group.address}/ask", data="{}", timeout=10).json()
        return found
