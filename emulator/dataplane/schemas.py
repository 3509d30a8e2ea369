"""The host of Azure ML's file schemas: the SDK fetches one there, anonymously, before it registers an MLTable."""

from emulator.arm.call import Answer, Call
from emulator.arm.errors import AzureError
from emulator.dataplane import service
from emulator.world import World

SCHEMA_HOST = r"azuremlschemas(prod)?\.azureedge\.net"
MLTABLE = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "title": "MLTable",
    "type": "object",
    "properties": {"paths": {"type": "array"}, "transformations": {"type": "array"}},
}
"""The part of the published schema that every MLTable obeys; what is finer is left to those who read the table."""


@service(SCHEMA_HOST, r"/", audience=None)
def schemas(world: World, call: Call) -> Answer:
    """The MLTable's schema, of any release; no other."""
    if call.method in {"GET", "HEAD"} and call.path.endswith("/MLTable.schema.json"):
        return Answer(document=MLTABLE)
    raise AzureError(404, "NotFound", f"The emulator has no schema at {call.method} {call.path}.")
