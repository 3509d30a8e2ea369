"""A job's start as it is asked for: the words after `python`, and what the process is to have."""

import os
import stat
import zipimport
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class ColdError(Exception):
    """An interpreter of its own has to run this; the text says why."""


@dataclass(frozen=True)
class Request:
    """What to run, and how.

    python: the word that named the interpreter; executable: the file that it means. script: a path, module: a name; one
    of them is empty. words: `sys.argv`, as code will see it first. leader: the process with whose end the job is over.
    """

    python: str
    executable: str
    flags: tuple[str, ...]
    script: str
    module: str
    words: tuple[str, ...]
    variables: dict[str, str]
    standing: dict[str, str]
    umask: int
    ignored: tuple[int, ...]
    blocked: tuple[int, ...]
    leader: int

    @classmethod
    def of(cls, document: dict[str, Any]) -> "Request":
        """From what a starter sent; ColdError for words that the parent cannot run."""
        words = [os.fsdecode(word) for word in document["words"]]
        variables = {
            os.fsdecode(name): os.fsdecode(value)
            for name, _, value in (entry.partition(b"=") for entry in document["variables"])
        }
        flags = []
        while words and words[0] == "-u" and variables.get("PYTHONUNBUFFERED"):
            flags.append(words.pop(0))
        if not words:
            raise ColdError("there is no script")
        module, surroundings = "", dict(document["standing"])
        if words[0] == "-m":
            if len(words) < 2:
                raise ColdError("there is no module")
            module = words[1]
        elif words[0].startswith("-") or not words[0].endswith(".py"):
            raise ColdError(f"{words[0]} is no script")
        return cls(
            python=os.fsdecode(document["python"]),
            executable=os.fsdecode(document["executable"]),
            flags=tuple(flags),
            script="" if module else words[0],
            module=module,
            words=("-m", *words[2:]) if module else tuple(words),
            variables=variables,
            standing=surroundings,
            umask=int(surroundings.pop("Umask", "022"), 8),
            ignored=tuple(document["ignored"]),
            blocked=tuple(document["blocked"]),
            leader=int(document["leader"]),
        )

    @property
    def original(self) -> list[str]:
        """`sys.orig_argv`."""
        named = ["-m", self.module, *self.words[1:]] if self.module else list(self.words)
        return [self.python, *self.flags, *named]

    def folders(self, place: str) -> set[str]:
        """Where its code may be; ColdError when it is not a plain file. place: its working folder."""
        places = {place}
        if self.script:
            path = Path(place, self.script)
            try:
                status = path.stat()
                plain = stat.S_ISREG(status.st_mode) and os.access(path, os.R_OK)
            except (OSError, ValueError) as error:
                raise ColdError(f"{self.script}: {error}") from error
            if not plain:
                raise ColdError(f"{self.script} is no file that can be read")
            try:
                zipimport.zipimporter(str(path))
            except zipimport.ZipImportError:
                pass
            else:
                raise ColdError(f"{self.script} is an archive")
            places.add(os.path.dirname(os.path.realpath(path)))  # noqa: PTH120 (as the interpreter does)
        else:
            first = Path(place, self.module.partition(".")[0])
            if not first.is_dir() and not first.with_suffix(".py").is_file():
                raise ColdError(f"{self.module} is not in the working folder")
        if model := self.variables.get("AZUREML_MODEL_DIR"):
            places.add(model)
        return places
