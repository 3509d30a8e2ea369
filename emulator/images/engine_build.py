"""A Dockerfile built by the Docker engine, with `docker build`."""

import json
import subprocess
import uuid

from emulator.images.build_failure import BuildFailedError
from emulator.images.build_order import BuildOrder, Built
from emulator.images.engine import Engine
from emulator.images.image_config import ImageConfig, documents

SECONDS = 60.0
"""For questions to the engine."""


def build_with_engine(engine: Engine, order: BuildOrder) -> Built:
    """The image, which the engine keeps; its log is docker's. The build's errors when it fails."""
    order.dockerfile_text()
    name = f"signalbox-build:{uuid.uuid4().hex}"
    command = [engine.client, "build", "--network=host", "--tag", name, "--file", str(order.context / order.dockerfile)]
    command += ["--target", order.target] if order.target else []
    for argument in order.arguments:  # docker reads the values from its environment: they are in no process list
        command += ["--build-arg", argument]
    variables = {**order.arguments, "DOCKER_HOST": engine.address, "BUILDKIT_PROGRESS": "plain"}
    code = order.run([*command, str(order.context)], order.context, variables)
    if code != 0:
        raise BuildFailedError(f"docker build ended with code {code}; the log above says why")
    (found,) = json.loads(ask(engine, "image", "inspect", name))
    layers = tuple((str(digest), 0) for digest in found["RootFS"].get("Layers", ()))  # none where nothing was copied
    built = documents(ImageConfig.parse(found), ((layers[0][0], int(found["Size"])), *layers[1:]) if layers else ())
    return Built(built, "docker", None, name)


def name_in_engine(engine: Engine, build: str, reference: str, tag: str, digest: str) -> None:
    """Tag an image in the engine: under its tag, and under its digest, by which it is run."""
    for name in (tag, digest.removeprefix("sha256:")):
        ask(engine, "tag", build, f"{reference}:{name}")


def forget_build(engine: Engine, build: str) -> None:
    """Take the build's own tag away; the image stays as long as it has another."""
    ask(engine, "rmi", build)


def ask(engine: Engine, *arguments: str, seconds: float = SECONDS) -> str:
    """What a docker command prints; BuildFailedError with its words when it fails."""
    done = subprocess.run(
        [engine.client, "--host", engine.address, *arguments],
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    if done.returncode != 0:
        raise BuildFailedError(f"docker {' '.join(arguments[:2])}: {done.stderr.strip()}")
    return done.stdout
