"""A Dockerfile carried out without a Docker engine: an unpacked tree, and this machine's own processes.

WORKDIR, COPY and ADD work in the tree. RUN is `/bin/sh -c` in the tree's working folder, with the image's variables;
absolute paths in it are the tree's (see tree_paths). Nothing is isolated, and nothing is cached.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from emulator.images.build_failure import BuildFailedError
from emulator.images.build_order import BuildOrder, Built
from emulator.images.dockerfile import Instruction, parse_dockerfile
from emulator.images.image import Image
from emulator.images.image_config import ImageConfig, documents
from emulator.images.python_base import NAME, here, python_tree
from emulator.images.stage import Stage
from emulator.images.stage_copy import copy
from emulator.images.stage_settings import SETTINGS
from emulator.images.substitution import substituted
from emulator.images.tree import copy_tree, digest_of_tree, new_tree
from emulator.images.tree_paths import located, refuse_changes_of_this_machine, translated

Find = Callable[[str], tuple[Image, ImageConfig] | None]
"""An image of the registry's own, by reference; None when there is none."""

QUIET = {"PYTHONPATH": "", "VIRTUAL_ENV": "", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONDONTWRITEBYTECODE": ""}
"""So that neither the emulator's own environment nor a question to the network gets into a build."""


class TreeBuild:
    """One build. trees: the folder of all trees."""

    def __init__(self, order: BuildOrder, trees: Path, find: Find) -> None:
        self._order, self._trees, self._find = order, trees, find
        self._stages: list[Stage] = []
        self._first_arguments: dict[str, str] = {}
        self._used: set[str] = set()

    def build(self) -> Built:
        """The image; BuildFailedError with the step in it, BuildCanceledError or BuildTimeoutError. Other trees are gone then."""
        kept: Path | None = None
        try:
            steps = parse_dockerfile(self._order.dockerfile_text())
            if any(" " in str(self._trees) or sign in str(self._trees) for sign in "'\"$`\\"):
                raise BuildFailedError(f"the emulator's folder {self._trees} has blanks or quotes in its name; move it")
            steps = _until(steps, self._order.target)
            for number, one in enumerate(steps, 1):
                self._step(f"Step {number}/{len(steps)} : {one.text}", one)
            for name in sorted(self._order.arguments.keys() - self._used):
                self._order.write(f"[Warning] One or more build-args [{name}] were not consumed")
            last = self._stages[-1]
            built = documents(last.config, (digest_of_tree(last.root),))
            kept = last.root
            self._order.write(f"Successfully built {built.digest}")
            return Built(built, "process", kept)
        finally:
            for stage in self._stages:
                if stage.root != kept:
                    shutil.rmtree(stage.root, ignore_errors=True)

    def _step(self, title: str, one: Instruction) -> None:
        self._order.check()
        self._order.write(title)
        try:
            self._carry_out(one)
        except BuildFailedError as error:
            raise BuildFailedError(f"{title}: {error}") from error
        except OSError as error:
            raise BuildFailedError(f"{title}: {error}") from error

    def _carry_out(self, one: Instruction) -> None:
        if one.word == "FROM":
            self._from(one)
        elif one.word == "ARG":
            self._argument(one)
        elif one.word == "RUN":
            self._run(self._stages[-1], one)
        elif one.word in {"COPY", "ADD"}:
            origin = one.flag("from")
            if origin is None:
                copy(self._stages[-1], one, self._order.context)
            else:
                copy(self._stages[-1], one, self._origin(origin), f"'{origin}'")
        elif note := SETTINGS[one.word](self._stages[-1], one):
            self._order.write(f" ---> {note}")

    def _from(self, one: Instruction) -> None:
        parts = substituted(one.rest, self._first_arguments).split()
        if len(parts) not in {1, 3} or (len(parts) == 3 and parts[1].upper() != "AS"):
            raise BuildFailedError("FROM requires either one or three arguments: an image, or an image AS a name")
        names = (str(len(self._stages)), *(name.lower() for name in parts[2:]))
        root, config = self._base(parts[0])
        self._stages.append(Stage(root, config, names))

    def _base(self, name: str) -> tuple[Path, ImageConfig]:
        earlier = self._earlier(name)
        if earlier is not None:
            return copy_tree(earlier.root, self._trees), earlier.config
        if name == "scratch":
            return new_tree(self._trees), ImageConfig()
        if python := NAME.fullmatch(name):
            note = "" if here().startswith(python["version"] or "3") else f", in place of {python['version']}"
            self._order.write(f" ---> this machine's Python {here()}{note}, in a venv of the image's own")
            environ = {**QUIET, "PATH": os.environ.get("PATH", "")}
            return python_tree(self._trees, lambda command, folder: self._order.run(command, folder, environ))
        image, config = self._known(name)
        return copy_tree(image, self._trees), config

    def _known(self, name: str) -> tuple[Path, ImageConfig]:
        found = self._find(name)
        if found is None:
            raise BuildFailedError(
                f"the image {name} cannot be had: without a Docker engine, an image is made from python:3.x (this machine's "
                "Python), from scratch, or from one that this registry built"
            )
        image, config = found
        if image.root is None:
            raise BuildFailedError(f"the image {name} is the Docker engine's, which does not answer now; start it")
        return image.root, config

    def _earlier(self, name: str) -> Stage | None:
        return next((one for one in reversed(self._stages) if name.lower() in one.names[1:]), None)

    def _origin(self, name: str) -> Path:
        stage = next((one for one in reversed(self._stages[:-1]) if name.lower() in one.names), None)
        return stage.root if stage is not None else self._known(name)[0]

    def _argument(self, one: Instruction) -> None:
        variables = self._stages[-1].variables if self._stages else self._first_arguments
        name, sign, default = one.rest.partition("=")
        self._used.add(name)
        known = self._order.arguments.get(name)
        if known is None and sign:
            known = substituted(default, variables)
        elif known is None and self._stages:
            known = self._first_arguments.get(name)
        if known is not None:
            (self._stages[-1].arguments if self._stages else self._first_arguments)[name] = known

    def _run(self, stage: Stage, one: Instruction) -> None:
        if any(name != "mount" or "type=cache" not in value for name, value in one.flags):
            raise BuildFailedError("RUN's flags are not understood here, but for --mount=type=cache, which is ignored")
        if not (stage.root / "usr").exists():
            raise BuildFailedError(
                'exec: "/bin/sh": stat /bin/sh: no such file or directory: there is no shell in scratch'
            )
        refuse_changes_of_this_machine(one.rest)
        listed = one.listed()
        command: str | list[str] = (
            translated(stage.root, one.rest) if listed is None else [translated(stage.root, part) for part in listed]
        )
        variables = {name: located(stage.root, value) for name, value in stage.variables.items()}
        code = self._order.run(command, stage.folder, {**QUIET, **variables})
        if code != 0:
            form = f"/bin/sh -c {one.rest}" if listed is None else " ".join(listed)
            raise BuildFailedError(f"The command '{form}' returned a non-zero code: {code}")


def _until(steps: tuple[Instruction, ...], target: str) -> tuple[Instruction, ...]:
    """Those up to the end of a stage; all when no stage is asked for."""
    if not target:
        return steps
    begins = [number for number, one in enumerate(steps) if one.word == "FROM"]
    for place, number in enumerate(begins):
        words = steps[number].rest.split()
        if str(place) == target or (len(words) == 3 and words[2].lower() == target.lower()):
            return steps[: begins[place + 1]] if place + 1 < len(begins) else steps
    raise BuildFailedError(f"failed to reach build target {target} in Dockerfile")
