"""Blocks by their names, as workload.yaml uses them."""

from typing import TypeVar, cast

from prefect.blocks.core import Block

from domain.errors import Terminal

Kind = TypeVar("Kind", bound=Block)


def loaded(kind: type[Kind], name: str) -> Kind:
    """The block; Terminal, with what to do, when it is not registered or no longer fits its type."""
    try:
        return cast(Kind, kind.load(name))
    except ValueError as error:
        raise Terminal(
            f"block {kind.get_block_type_slug()}/{name} cannot be used ({str(error).splitlines()[0]}); register it with "
            "`python -m deployments.bootstrap ENVIRONMENT`"
        ) from error
