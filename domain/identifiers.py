"""Identifiers that people write in declarations, each with its rule in words."""

import re
from typing import Annotated

from pydantic import AfterValidator


def _worded(pattern: str, rule: str) -> AfterValidator:
    """A check whose message is the rule, not a regular expression."""
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if not compiled.fullmatch(text):
            raise ValueError(f"{text[:80]!r} is refused: {rule}")
        return text

    return AfterValidator(check)


WorkloadName = Annotated[
    str, _worded(r"[a-z][a-z0-9_]{0,39}", "a letter first, then lower-case letters, digits and underscores; at most 40")
]
NamePrefix = Annotated[
    str,
    _worded(
        r"([a-z][a-z0-9]{0,11}-)?", "a prefix has lower-case letters and digits, at most 12, and ends with a hyphen"
    ),
]
BlockName = Annotated[
    str, _worded(r"[a-z0-9][a-z0-9-]*", "the name of a block has lower-case letters, digits and hyphens")
]
StageName = Annotated[
    str, _worded(r"[a-z0-9][a-z0-9-]{0,39}", "a stage's name has lower-case letters, digits and hyphens; at most 40")
]
GroupName = Annotated[
    str, _worded(r"[a-z0-9][a-z0-9-]*", "the name of a group has lower-case letters, digits and hyphens")
]
PlantId = Annotated[
    str,
    _worded(
        r"[A-Za-z0-9][A-Za-z0-9-]*",
        "a plant or circuit has letters, digits and hyphens, and does not start with a hyphen",
    ),
]
ComputeName = Annotated[
    str,
    _worded(
        r"[A-Za-z](?!.*--)[A-Za-z0-9-]{0,22}[A-Za-z0-9]",
        "a compute has 2 to 24 letters, digits and single hyphens, a letter first and no hyphen at the end",
    ),
]
Sha256 = Annotated[str, _worded(r"sha256:[0-9a-f]{64}", "a digest is `sha256:` and 64 lower-case hexadecimal digits")]

UrlPath = Annotated[
    str,
    _worded(
        r"/[A-Za-z0-9._~/-]{0,200}",
        "a path on the service starts with /, such as /health, then has letters, digits and ._~/-; at most 201",
    ),
]
"""A path on a service's own host."""
KubernetesVersion = Annotated[
    str, _worded(r"1\.[0-9]{1,3}", "a version of Kubernetes is its first two numbers, such as 1.31")
]
