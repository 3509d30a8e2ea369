"""Make the virtual environment with exactly what requirements/ lists: with uv in seconds, with pip where uv cannot be had.

Run by `make setup` and `make lock` with the system's Python, before anything is installed: standard library only.
"""

import argparse
import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
REQUIREMENTS = ROOT / "requirements"
"""A file for each purpose: the product, each extra of pyproject.toml, and development. An extra's has what it adds to the product's."""
UV_PIN = ROOT / "tools" / "uv.txt"
OLDEST_UV = (0, 8)  # knows dependency groups, and every variable that is set below

FROM_PIP = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "timeout": "UV_HTTP_TIMEOUT",
    "cert": "SSL_CERT_FILE",
    "client-cert": "SSL_CLIENT_CERT",
    "proxy": "ALL_PROXY",
}
"""What a setting of pip is called for uv, which reads neither pip's files nor its variables."""
SEPARATORS = {"UV_FIND_LINKS": ","}


class SetUpError(Exception):
    """The message says what happened and what to do."""


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def pip_settings(listed: str) -> dict[str, str]:
    """What `pip config list` printed, by the name of the option; a variable beats `install`, which beats `global`."""
    rank = {"global": 0, "install": 1, ":env:": 2}
    found: dict[str, tuple[int, str]] = {}
    for line in listed.splitlines():
        section, _, rest = line.partition(".")
        name, _, value = rest.partition("=")
        if section in rank and rank[section] >= found.get(name, (0, ""))[0]:
            found[name] = (rank[section], str(ast.literal_eval(value)))
    return {name: value for name, (_, value) in found.items()}


def uv_environment(settings: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """This process's variables, and pip's settings under uv's names; what is set for uv itself stays as it is."""
    handed_on = {
        FROM_PIP[name]: SEPARATORS.get(FROM_PIP[name], " ").join(value.split())
        for name, value in settings.items()
        if name in FROM_PIP
    }
    return {"UV_PYTHON_DOWNLOADS": "never"} | handed_on | dict(own)


def good_enough(uv: Path | str) -> bool:
    """Whether a program is a uv that runs, and not too old a one."""
    try:
        said = subprocess.run([uv, "--version"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return False
    version = re.match(r"uv (\d+)\.(\d+)", said)
    return version is not None and (int(version[1]), int(version[2])) >= OLDEST_UV


class Venv:
    """One virtual environment. The file `.ready` in it says that a set-up came to its end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.python = self.folder / "bin" / "python"
        self.ready = self.folder / ".ready"
        self.pip = [str(self.python), "-m", "pip", "--disable-pip-version-check"]

    def create(self) -> None:
        """Keeps what an earlier set-up finished; begins anew where one was interrupted."""
        whole = self.ready.exists()
        self.ready.unlink(missing_ok=True)
        if not whole:
            say(f"making {self.folder.name} with Python {sys.version.split()[0]} …")
            run([sys.executable, "-m", "venv", "--clear", str(self.folder)])

    def uv(self) -> str | None:
        """The machine's uv, or the pinned one, which pip fetches into the environment; None where it cannot be had."""
        kept = self.folder / "tools"
        for known in (shutil.which("uv"), kept / "bin" / "uv"):
            if known is not None and good_enough(known):
                return str(known)
        say("fetching uv, which installs the packages …")
        fetch = ["install", "--quiet", "--upgrade", "--target", str(kept), "--only-binary=:all:", "--require-hashes"]
        done = subprocess.run([*self.pip, *fetch, "-r", str(UV_PIN)], capture_output=True, text=True, check=False)
        if done.returncode == 0 and good_enough(kept / "bin" / "uv"):
            return str(kept / "bin" / "uv")
        said = [line for line in done.stderr.splitlines() if "ERROR" in line] or ["it does not run here"]
        say(f"uv cannot be had ({said[-1]})")
        return None

    def uv_variables(self) -> dict[str, str]:
        """What uv is started with."""
        listed = subprocess.run([*self.pip, "config", "list"], capture_output=True, text=True, check=False).stdout
        return uv_environment(pip_settings(listed), os.environ)

    def install(self, *files: Path) -> None:
        """Everything that is listed in these files, with its hashes."""
        uv = self.uv()
        if uv is not None:
            say(f"installing with {uv} …")
            sync = [uv, "pip", "sync", "--python", str(self.python), "--require-hashes", *map(str, files)]
            # as pip does: a package from whichever index has it, not from the first that knows its name; the hashes say which file is right
            if run([*sync, "--index-strategy", "unsafe-best-match"], self.uv_variables(), check=False):
                return
            say("uv could not install them")
        say("installing with pip, which takes some minutes …")
        listed = [word for file in files for word in ("-r", str(file))]
        # all is listed, so pip need not resolve: it stumbles over `sqlalchemy[asyncio]` where another package wants `sqlalchemy`
        run([*self.pip, "install", "--no-compile", "--no-deps", "--require-hashes", *listed])

    def link(self, project: Path) -> None:
        """The project itself, as it lies here."""
        run([*self.pip, "install", "--quiet", "--no-deps", "--no-build-isolation", "-e", str(project)])


def run(command: Sequence[str], variables: Mapping[str, str] | None = None, check: bool = True) -> bool:
    """Run a command that speaks for itself; returns whether it did its work. check: raise SetUpError when it did not."""
    done = subprocess.run(command, env=variables, check=False)
    if check and done.returncode != 0:
        raise SetUpError(f"`{' '.join(command)}` ended with code {done.returncode}; what it said stands above.")
    return done.returncode == 0


def install(venv: Venv) -> None:
    """`make setup`."""
    if sys.version_info < (3, 11):  # noqa: UP036  # whatever Python the system has runs this
        raise SetUpError("Signalbox needs Python 3.11 or newer; set PYTHON=python3.11")
    started = time.monotonic()
    venv.create()
    venv.install(*sorted(REQUIREMENTS.glob("*.txt")))
    venv.link(ROOT)
    venv.ready.touch()
    say(f"{venv.folder.name} is ready ({time.monotonic() - started:.0f} s)")


def pins(resolved: str) -> dict[str, list[str]]:
    """By name: the lines that pin it, each with its hashes; several where platforms get different versions."""
    found: dict[str, list[str]] = {}
    for name, rest in re.findall(r"^([\w.-]+)(.*\n(?: .*\n)*)", resolved, re.MULTILINE):
        found.setdefault(name, []).append(name + rest)
    return found


def lock(venv: Venv) -> None:
    """`make lock`: what pyproject.toml asks for, and uv itself, resolved anew; hashes, and no address of an index.

    All of it is resolved at once, so that every purpose gets the same version, and then told apart.
    """
    if not venv.python.exists():
        venv.create()
    uv = venv.uv()
    if uv is None:
        raise SetUpError("only uv resolves for every platform at once. Make it reachable for pip, or install it.")
    compile_all = [uv, "pip", "compile", "--quiet", "--universal", "--no-header", "--python-version", "3.11"]
    compile_all += ["--no-annotate", "--no-emit-index-url"]
    variables = venv.uv_variables()
    anew = [*compile_all, "--upgrade", "--generate-hashes", "--no-strip-extras"]
    project = str(ROOT / "pyproject.toml")
    with tempfile.TemporaryDirectory() as place:
        whole, part = Path(place, "whole.txt"), Path(place, "part.txt")
        run([*anew, "--all-extras", "--group", f"{project}:dev", project, "-o", str(whole)], variables)
        resolved = pins(whole.read_text())
        whole.write_text(re.sub(r"\[.*?\]", "", whole.read_text()))  # a constraint names no extras

        def needed(*options: str) -> set[str]:
            run([*compile_all, *options, "--constraint", str(whole), project, "-o", str(part)], variables)
            return set(pins(part.read_text()))

        product = needed()
        extras = {name: needed("--extra", name) - product for name in extras_of(project)}
    purposes = {"product": product, **extras}
    purposes["development"] = resolved.keys() - set().union(*purposes.values())
    write_requirements(resolved, purposes)
    say("resolved requirements/")
    UV_PIN.write_text("uv\n")
    run([*anew, str(UV_PIN), "-o", str(UV_PIN)], variables)
    say("resolved tools/uv.txt")


def extras_of(project: str) -> list[str]:
    """What pyproject.toml has under optional-dependencies."""
    return list(tomllib.loads(Path(project).read_text())["project"]["optional-dependencies"])


def write_requirements(resolved: Mapping[str, Sequence[str]], purposes: Mapping[str, set[str]]) -> None:
    """A file a purpose; one of a purpose that is no more goes."""
    REQUIREMENTS.mkdir(exist_ok=True)
    for file in REQUIREMENTS.glob("*.txt"):
        file.unlink()
    for purpose, names in purposes.items():
        lines = [line for name in sorted(names) for line in resolved[name]]
        (REQUIREMENTS / f"{purpose}.txt").write_text("".join(lines))


def main() -> int:
    parser = argparse.ArgumentParser(prog="tools/set_up.py", description=__doc__)
    parser.add_argument("what", choices=["install", "lock"])
    parser.add_argument("venv", type=Path, help="the environment's folder")
    asked = parser.parse_args()
    try:
        {"install": install, "lock": lock}[asked.what](Venv(asked.venv))
    except SetUpError as error:
        say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        say("\nstopped; run it again to go on")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
