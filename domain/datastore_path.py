"""A folder in a workspace's datastore, declared once for all circuits: `azureml://…/{plant}/{circuit}/`."""

import re
from typing import Annotated

from pydantic import AfterValidator

from domain.unit import Unit

_FORM = re.compile(r"azureml://datastores/[A-Za-z0-9_]+/paths/[^\s]+")
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")


def _checked(path: str) -> str:
    if not _FORM.fullmatch(path):
        raise ValueError(
            f"{path[:80]!r} is refused: a folder is azureml://datastores/NAME/paths/FOLDER/, without spaces"
        )
    rest = path.replace("{plant}", "").replace("{circuit}", "")
    if "{" in rest or "}" in rest:
        found = ", ".join(_PLACEHOLDER.findall(rest)) or "a single brace"
        raise ValueError(f"{path[:80]!r} is refused: only {{plant}} and {{circuit}} may stand in braces; found {found}")
    return path


DatastorePath = Annotated[str, AfterValidator(_checked)]


def folder_for(path: str, unit: Unit) -> str:
    """The folder of one circuit."""
    return path.replace("{plant}", unit.plant).replace("{circuit}", unit.circuit)
