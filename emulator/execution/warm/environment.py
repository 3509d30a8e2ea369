"""Which environment variables were read before user code began, and so can no longer be changed for it."""

import os
from collections.abc import Iterable, Iterator, Mapping

PREFIXES = (
    "PYTHON",  # the interpreter, as it starts
    "LD_",  # the loader
    "LC_",  # the interpreter: its encodings
    "LANG",  # the same, and LANGUAGE
    "MALLOC_",  # glibc, as it starts
    "GLIBC_TUNABLES",
    "OMP_",  # OpenMP, as it is loaded; the next three, too
    "GOMP_",
    "KMP_",
    "LIBOMP_",
    "OPENBLAS_",  # numpy's and scipy's linear algebra, as it is loaded; the next four, too
    "GOTO_",
    "MKL_",
    "BLIS_",
    "VECLIB_",
    "NUMEXPR_",
    "NPY_",
    "NUMPY_",
    "SCIPY_",
    "SKLEARN_",
    "PANDAS_",
    "JOBLIB_",
    "LOKY_",
    "ARROW_",
    "JE_ARROW_",  # Arrow's allocator
    "MIMALLOC_",  # the same
    "OPENSSL_",
    "COVERAGE_",  # a .pth file of a tool that watches
    "TZ",  # the C library, as it starts
    "HOME",  # where packages of the user are
    "TMPDIR",  # what tempfile decides once
    "TEMP",
    "TMP",
)
AT_LOAD = (
    *("OMP_", "GOMP_", "KMP_", "OPENBLAS_", "GOTO_", "MKL_", "BLIS_", "NUMEXPR_", "NPY_", "NUMPY_", "ARROW_"),
    *("SKLEARN_", "JOBLIB_", "LOKY_"),
)
"""Of these, what code sets for itself before it imports a library."""


def fixed(variables: Mapping[str, str], names: Iterable[str] = ()) -> dict[str, str]:
    """Of these variables, those which must be equal in the parent and in a job. names: more of them."""
    more = frozenset(names)
    return {name: value for name, value in variables.items() if name.startswith(PREFIXES) or name in more}


class Reads:
    """While it is open it notes which variables are asked for by name."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def __enter__(self) -> "Reads":
        names, plain = self.names, type(os.environ)

        class Noted(plain):  # type: ignore[valid-type, misc]  # the class of os.environ has no public name
            def __getitem__(self, key: str) -> str:
                names.add(key)
                return str(super().__getitem__(key))

            def __iter__(self) -> Iterator[str]:
                return iter(super().__iter__())

        self._plain = plain
        os.environ.__class__ = Noted
        return self

    def __exit__(self, *_: object) -> None:
        os.environ.__class__ = self._plain
