"""Runs of a registry's builds: made by scheduleRun, read, cancelled, archived."""

from emulator.arm.call import Answer
from emulator.arm.errors import AzureError, bad_request, conflict, resource_not_found
from emulator.arm.resource_id import ResourceId
from emulator.behaviours import Behaviour, Document
from emulator.behaviours.run_filter import tests_of
from emulator.images.build_run import ENDED, LOGS, BuildRun
from emulator.images.builds import RUNS
from emulator.world import World

MOST = 100
"""Runs in one list, as on Azure."""


class ContainerRegistryRuns(Behaviour):
    """One build."""

    type = RUNS

    def prepare(self, world: World, id: ResourceId, body: Document, existing: Document | None) -> Document:
        """Only whether it is archived may be changed."""
        if existing is None:
            raise AzureError(405, "MethodNotAllowed", "A run is made by scheduleRun of its registry.")
        wanted = body.get("isArchiveEnabled", body["properties"].get("isArchiveEnabled"))
        return {**existing, "properties": {**existing["properties"], "isArchiveEnabled": bool(wanted)}}

    def listed(
        self, world: World, collection: ResourceId, documents: list[Document], query: dict[str, str]
    ) -> list[Document]:
        """Newest first; `$filter` and `$top` narrow them down."""
        tests = tests_of(query.get("$filter", ""))
        top = query.get("$top", str(MOST))
        if not top.isdecimal() or not 0 < int(top) <= MOST:
            raise bad_request(f"$top must be a number from 1 to {MOST}.", "InvalidParameter")
        chosen = [one for one in documents if all(test(one["properties"]) for test in tests)]
        return chosen[::-1][: int(top)]

    def before_delete(self, world: World, id: ResourceId, document: Document) -> None:
        """Azure keeps runs."""
        raise AzureError(405, "MethodNotAllowed", "A run cannot be deleted; it goes with its registry.")

    def action(self, world: World, id: ResourceId, name: str, body: Document) -> Answer:
        """listLogSasUrl and cancel."""
        document = world.store.get(id.path)
        if document is None:
            raise resource_not_found(id)
        run = BuildRun(world, world.images, id)
        if name.lower() == "listlogsasurl":
            sas = world.keys.container_sas(run.account, LOGS, "r", hours=1)
            run.open_log()
            address = f"https://{run.account}.blob.core.windows.net/{LOGS}/{run.log_name}?{sas}"
            return Answer(document={"logLink": address})
        if name.lower() == "cancel":
            if run.status in ENDED:
                raise conflict(f"The run {id.name} has ended: it is {run.status}.", "RunAlreadyEnded")
            world.builds.cancel(id)
            return Answer(200)
        return super().action(world, id, name, body)
