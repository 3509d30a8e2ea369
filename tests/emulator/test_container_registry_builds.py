"""Builds in a registry, through the unmodified SDK: sources uploaded, Dockerfiles carried out, logs read, images run."""

import base64
import hashlib
import io
import subprocess
import time
import zipfile
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
import requests
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from emulator.images.image import Image
from emulator.images.image_store import ImageStore
from emulator.server import Emulator

if TYPE_CHECKING:
    from azure.mgmt.containerregistrytasks import ContainerRegistryTasksMgmtClient

GROUP = "rg"
Files = dict[str, str | bytes]
Build = Callable[..., tuple[Any, str]]
PYTHON = "FROM python:3.11-slim\n"


def wheel(name: str, source: str) -> bytes:
    """A wheel of one module, made here: nothing is asked of an index."""
    info = f"{name}-1.0.dist-info"
    files = {
        f"{name}.py": source,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name}-say={name}:say\n",
    }
    lines = []
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        lines.append(f"{path},sha256={digest},{len(text)}")
    files[f"{info}/RECORD"] = "\n".join([*lines, f"{info}/RECORD,,"]) + "\n"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        for path, text in files.items():
            target.writestr(path, text)
    return buffer.getvalue()


def image_of(emulator: Emulator, reference: str) -> Image:
    """As whoever runs containers finds it."""
    found = ImageStore(emulator.state / "images").find(reference)
    assert found is not None
    return found


def said(image: Image, *more: str) -> str:
    """What the image's own command prints, run as the process runtime runs it."""
    assert image.root is not None
    command = [*image.entrypoint, *image.command, *more]
    folder = image.root / image.workdir.strip("/")
    done = subprocess.run(command, cwd=folder, env=dict(image.env), capture_output=True, text=True, check=True)
    return done.stdout


def test_an_image_is_built_pushed_and_runs(emulator: Emulator, build: Build, container_registry: str) -> None:
    dockerfile = f"""ARG BASE=python
{PYTHON.replace("python", "$BASE")}
ARG GREETING
ENV WHO="the world" APP_HOME=/app
WORKDIR /app
COPY *.whl .
RUN pip install --no-index --no-deps *.whl
COPY --chown=1000:1000 serve.py data ./
RUN echo "$GREETING" > greeting.txt && mkdir -p /app/made && cp /app/greeting.txt /app/made/
EXPOSE 8080 9090/udp
USER 1000
LABEL release="20261121.1"
HEALTHCHECK --interval=5s CMD curl localhost
ENTRYPOINT ["python"]
CMD ["serve.py"]
"""
    files: Files = {
        "Dockerfile": dockerfile,
        "serve.py": "import os, tiny, pathlib\n"
        "print(tiny.say(), os.environ['WHO'], pathlib.Path('greeting.txt').read_text().strip(), open('inner.txt').read())",
        "data/inner.txt": "deep",
        "tiny-1.0-py3-none-any.whl": wheel("tiny", "def say():\n    print('said'); return 'hello'"),
    }
    argument = {"name": "GREETING", "value": "a-secret-word", "isSecret": True}
    run, log = build(files, "team/app:1", "team/app:{{.Run.ID}}", arguments=[argument])
    assert run.status == "Succeeded", log
    assert log.splitlines()[0] == "unpacked tree, run by this machine's own processes: no isolation"
    assert "Step 7/15 : RUN pip install --no-index --no-deps *.whl" in log
    assert "Successfully installed tiny-1.0" in log
    assert "the user 1000 is ignored" in log
    assert "a-secret-word" not in log + str(run.as_dict())
    assert run.create_time <= run.start_time <= run.finish_time
    digests = {one.tag: one.digest for one in run.output_images}
    assert set(digests) == {"1", run.run_id}
    assert len(set(digests.values())) == 1
    image = image_of(emulator, f"{container_registry}.azurecr.io/team/app:1")
    assert (image.digest, image.runtime, image.workdir, image.ports) == (digests["1"], "process", "/app", (8080,))
    assert image.labels == {"release": "20261121.1"}
    assert image.env["APP_HOME"] == f"{image.root}/app"
    assert said(image) == "said\nhello the world a-secret-word deep\n"
    assert image.python is not None
    script = subprocess.run([image.python.with_name("tiny-say")], capture_output=True, text=True, check=False)
    assert script.stdout == "said\n"
    assert image_of(emulator, f"{container_registry}.azurecr.io/team/app@{image.digest}") == image


def test_stages_hand_files_on_and_know_their_new_place(
    emulator: Emulator, build: Build, container_registry: str
) -> None:
    dockerfile = f"""{PYTHON.strip()} AS build
WORKDIR /src
COPY . .
RUN python -m venv --without-pip /opt/venv && pip install --no-index --no-deps --prefix=/install *.whl
FROM python:3.11 AS extra
RUN echo never > /never.txt
FROM python:3.11
COPY --from=build /install /usr/local
COPY --from=0 /opt/venv /opt/venv
COPY --from=build /src/note.txt /notes/
WORKDIR /notes
CMD tiny-say && cat note.txt /notes/note.txt && /opt/venv/bin/python -c "import sys; print(sys.prefix)"
"""
    files: Files = {
        "Dockerfile": dockerfile,
        "note.txt": "note\n",
        "tiny-1.0-py3-none-any.whl": wheel("tiny", "say=lambda: print('said')"),
    }
    run, log = build(files, "staged:1")
    assert run.status == "Succeeded", log
    image = image_of(emulator, f"{container_registry}.azurecr.io/staged:1")
    assert said(image) == f"said\nnote\nnote\n{image.root}/opt/venv\n"
    run, log = build(files, "staged:extra", target="extra")
    assert run.status == "Succeeded", log
    extra = image_of(emulator, f"{container_registry}.azurecr.io/staged:extra")
    assert extra.root is not None
    assert (extra.root / "never.txt").read_text() == "never\n"


def test_an_image_is_made_from_one_of_the_registrys_own(
    emulator: Emulator, build: Build, container_registry: str
) -> None:
    host = f"{container_registry}.azurecr.io"
    base: Files = {"Dockerfile": f"{PYTHON}WORKDIR /app\nENV A=1\nRUN echo base > base.txt\nCMD cat base.txt"}
    assert build(base, "base:1")[0].status == "Succeeded"
    run, log = build({"Dockerfile": f"FROM {host}/base:1\nRUN echo more >> base.txt\nENV B=$A$A"}, "derived:1")
    assert run.status == "Succeeded", log
    derived = image_of(emulator, f"{host}/derived:1")
    assert (derived.env["B"], said(derived)) == ("11", "base\nmore\n")
    assert said(image_of(emulator, f"{host}/base:1")) == "base\n"


def test_equal_sources_make_equal_images(build: Build) -> None:
    files: Files = {
        "Dockerfile": f"{PYTHON}COPY . /app\nRUN pip install --no-index --no-deps /app/tiny-1.0-py3-none-any.whl",
        "tiny-1.0-py3-none-any.whl": wheel("tiny", "say=print"),
    }
    first, second = (build(files, f"equal:{tag}")[0].output_images[0].digest for tag in "ab")
    other = build({**files, "more.txt": "x"}, "equal:c")[0].output_images[0].digest
    assert first == second != other


@pytest.mark.parametrize(
    ("files", "reason", "step"),
    [
        ({"other": ""}, "there is no Dockerfile 'Dockerfile' in the source", ""),
        ({"Dockerfile": "FROM scratch\nRUUN x"}, "dockerfile parse error on line 2: unknown instruction: RUUN", ""),
        (
            {"Dockerfile": "FROM scratch\nCOPY absent /x"},
            "stat absent: file does not exist",
            "Step 2/2 : COPY absent /x",
        ),
        ({"Dockerfile": "FROM scratch\nCOPY ../x /x"}, "forbidden path outside the build context", "Step 2/2"),
        ({"Dockerfile": "FROM scratch\nADD https://host/x /x"}, "put the file into the context", "Step 2/2"),
        ({"Dockerfile": "FROM scratch\nRUN true"}, "there is no shell in scratch", "Step 2/2"),
        ({"Dockerfile": "FROM ubuntu:24.04"}, "the image ubuntu:24.04 cannot be had", "Step 1/1 : FROM ubuntu:24.04"),
        ({"Dockerfile": "FROM scratch\nCOPY --from=nobody /x /x"}, "the image nobody cannot be had", "Step 2/2"),
        ({"Dockerfile": "FROM scratch\nEXPOSE 99999"}, "invalid containerPort: 99999", "Step 2/2"),
        ({"Dockerfile": f"{PYTHON}RUN apt-get install curl"}, "apt-get would change this machine", "Step 2/2"),
        ({"Dockerfile": f"{PYTHON}RUN echo so && exit 7"}, "returned a non-zero code: 7", "\nso\n"),
    ],
)
def test_a_build_that_cannot_be_done_fails_and_its_log_says_why(
    build: Build, files: Files, reason: str, step: str
) -> None:
    run, log = build(files, "broken:1")
    assert run.status == "Failed"
    assert reason in run.run_error_message
    assert reason in log
    assert step in log
    assert not run.output_images


def test_a_build_that_takes_too_long_is_ended(build: Build) -> None:
    began = time.monotonic()
    run, log = build({"Dockerfile": f"{PYTHON}RUN sleep 60"}, "slow:1", timeout=8)
    assert (run.status, time.monotonic() - began < 50) == ("Timeout", True)
    assert "it took longer than its 8 seconds" in log


def test_a_build_is_cancelled(
    registry_tasks: "ContainerRegistryTasksMgmtClient",
    container_registry: str,
    schedule: Callable[..., str],
    docker_engine: None,
) -> None:
    name = schedule({"Dockerfile": f"{PYTHON}RUN sleep 60"}, "cancelled:1")
    place = (GROUP, container_registry, name)
    wait_until(lambda: "Step 2/2 : RUN sleep 60" in log_of(registry_tasks, *place))
    assert registry_tasks.runs.get(*place).properties.status == "Running"
    registry_tasks.runs.cancel(*place)
    wait_until(lambda: registry_tasks.runs.get(*place).properties.status == "Canceled")
    assert "the build was cancelled" in log_of(registry_tasks, *place)
    with pytest.raises(HttpResponseError, match=r"has ended: it is Canceled"):
        registry_tasks.runs.cancel(*place)
    assert name in [
        one.name for one in registry_tasks.runs.list(GROUP, container_registry, filter="status eq 'Canceled'")
    ]


def test_what_is_built_is_not_pushed_unless_asked(emulator: Emulator, build: Build, container_registry: str) -> None:
    run, log = build({"Dockerfile": "FROM scratch\nLABEL a=1"}, is_push_enabled=False)
    assert (run.status, run.output_images) == ("Succeeded", []), log
    assert "Successfully built sha256:" in log


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"image_names": []}, "'imageNames' must have at least one name"),
        ({"image_names": ["Upper:1"]}, "'Upper:1' is no image name"),
        ({"image_names": ["other.azurecr.io/app:1"]}, "must be repository:tag of the registry"),
        ({"source_location": "https://github.com/x/y.git"}, "no git here"),
        ({"source_location": "https://github.com/x/y.git#main:folder"}, "no git here"),
        ({"source_location": "https://host/x/y.git#main"}, "no git here"),
        ({"source_location": "https://github.com/x/y"}, "no git here"),
        ({"timeout": 28_801}, "'timeout' must be a number of seconds from 1 to 28800"),
        ({"platform": {"os": "Windows"}}, "builds for Linux only"),
        ({"platform": {"os": "Linux", "architecture": "s390x"}}, "this machine builds for"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(
    schedule: Callable[..., str], more: dict[str, Any], reason: str
) -> None:
    with pytest.raises(HttpResponseError, match=reason):
        schedule({"Dockerfile": "FROM scratch"}, "app:1", **more)


def test_a_source_that_was_never_uploaded_fails_the_run(build: Build) -> None:
    run, log = build({"Dockerfile": "FROM scratch"}, "app:1", source_location="source/absent.tar.gz")
    assert run.status == "Failed"
    assert "there is no blob 'source/absent.tar.gz'" in log


def test_runs_are_listed_newest_first(
    registry_tasks: "ContainerRegistryTasksMgmtClient", container_registry: str, build: Build
) -> None:
    names = [build({"Dockerfile": "FROM scratch\nLABEL a=1"}, "listed:1")[0].run_id for _ in range(2)]
    listed = [one.name for one in registry_tasks.runs.list(GROUP, container_registry, top=2)]
    assert listed == names[::-1]
    with pytest.raises(ResourceNotFoundError, match="runs/ca9999"):
        registry_tasks.runs.get(GROUP, container_registry, "ca9999")


def test_runs_are_chosen_by_a_filter(
    registry_tasks: "ContainerRegistryTasksMgmtClient", container_registry: str, build: Build
) -> None:
    good = build({"Dockerfile": "FROM scratch\nLABEL chosen=1"}, "chosen:1")[0]
    bad = build({"Dockerfile": "FROM scratch\nRUN true"}, "chosen:2")[0]

    def chosen(text: str) -> set[str]:
        found = {one.name for one in registry_tasks.runs.list(GROUP, container_registry, filter=text)}
        return found & {good.run_id, bad.run_id}

    digest = good.output_images[0].digest
    assert chosen(f"RunId eq '{good.run_id}'") == {good.run_id}
    assert chosen("Status eq 'Failed'") == {bad.run_id}
    assert chosen("Status ne 'Failed' and RunType eq 'QuickRun'") == {good.run_id}
    assert chosen(f"contains(OutputImageManifests, 'chosen@{digest}')") == {good.run_id}
    assert chosen("CreateTime ge 2020-01-01 and TaskName eq 'nightly'") == set()
    assert chosen("CreateTime ge 2020-01-01T00:00:00Z") == {good.run_id, bad.run_id}
    for wrong in ("Status eq 'Failed' or RunId eq 'x'", "Color eq 'red'", "CreateTime ge soon"):
        with pytest.raises(HttpResponseError, match="is not understood"):
            chosen(wrong)


@pytest.mark.parametrize(("line", "word"), [("LABEL done=1", "succeeded"), ("RUN true", "failed")])
def test_a_log_says_that_it_is_complete(
    registry_tasks: "ContainerRegistryTasksMgmtClient", container_registry: str, build: Build, line: str, word: str
) -> None:
    from azure.storage.blob import BlobClient

    run = build({"Dockerfile": f"FROM scratch\n{line}"}, "complete:1")[0]
    link = registry_tasks.runs.get_log_sas_url(GROUP, container_registry, run.run_id).log_link
    with BlobClient.from_blob_url(str(link)) as log:
        assert log.get_blob_properties().metadata == {"complete": word}


def log_of(tasks: "ContainerRegistryTasksMgmtClient", *place: str) -> str:
    return requests.get(str(tasks.runs.get_log_sas_url(*place).log_link), timeout=30).text


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.05)
