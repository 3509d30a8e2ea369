"""{region}.api.azureml.ms/discovery: where a workspace's other services are. Anonymous, as on Azure."""

from emulator.arm.call import Answer, Call
from emulator.arm.errors import AzureError
from emulator.dataplane import service
from emulator.world import World

API_HOST = r"[a-z0-9-]+\.api\.azureml\.ms"


@service(API_HOST, r"/discovery(/|$)", audience=None)
def discovery(world: World, call: Call) -> Answer:
    """The addresses of one region."""
    if call.method != "GET":
        raise AzureError(405, "MethodNotAllowed", f"The method {call.method} is not allowed here.")
    region = call.host.partition(".")[0]
    experiments, api = f"https://{region}.experiments.azureml.net", f"https://{region}.api.azureml.ms"
    return Answer(
        document={
            "api": api,
            "catalog": api,
            "experimentation": experiments,
            "history": experiments,
            "hyperdrive": experiments,
            "labeling": experiments,
            "modelmanagement": experiments,
            "rundata": experiments,
            "studio": "https://ml.azure.com",
        }
    )
