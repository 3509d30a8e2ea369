"""Who may decide at a gate."""

from prefect.blocks.core import Block
from pydantic import Field


class Approvers(Block):
    """A named group of people; a gate names the group, the environment names its members."""

    _block_type_name = "Signalbox Approvers"
    _block_type_slug = "signalbox-approvers"

    members: list[str] = Field(min_length=1, description="one name a person, as typed into the approval form")

    def get_members(self) -> frozenset[str]:
        """The members' names; a name outside them is refused at the gate."""
        return frozenset(self.members)
