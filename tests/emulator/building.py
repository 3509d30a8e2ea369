"""Images built in an emulator's container registry, as clients build them."""

import io
import tarfile
import time
from typing import TYPE_CHECKING, Any

import requests
from azure.identity import ClientSecretCredential

if TYPE_CHECKING:
    from azure.mgmt.containerregistrytasks import ContainerRegistryTasksMgmtClient

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
GROUP = "rg"
BUILD_SECONDS = 120.0
SERVICES = "acrservices"
"""The registry of the images that container groups run."""


def pushed(credential: ClientSecretCredential, script: str, tag: str = "1") -> str:
    """The same in whatever emulator the environment points to."""
    from azure.mgmt.containerregistry import ContainerRegistryManagementClient
    from azure.mgmt.containerregistry.models import Registry, Sku
    from azure.mgmt.containerregistrytasks import ContainerRegistryTasksMgmtClient

    with ContainerRegistryManagementClient(credential, SUBSCRIPTION) as client:
        registry = Registry(location="westeurope", sku=Sku(name="Basic"), properties={"adminUserEnabled": True})
        client.registries.begin_create(GROUP, SERVICES, registry).result(30)
    dockerfile = (
        "FROM python:3.11-slim\nWORKDIR /app\nENV FROM_IMAGE=yes SETTING=image\nCOPY main.py .\nEXPOSE 8080\n"
        'ENTRYPOINT ["python"]\nCMD ["main.py"]\n'
    )
    with ContainerRegistryTasksMgmtClient(credential, SUBSCRIPTION) as tasks:
        name = scheduled(tasks, SERVICES, {"Dockerfile": dockerfile, "main.py": script}, f"app:{tag}")
        found, log = ended(tasks, SERVICES, name)
    assert found.status == "Succeeded", log
    return f"{SERVICES}.azurecr.io/app:{tag}"


def scheduled(
    tasks: "ContainerRegistryTasksMgmtClient", registry: str, files: dict[str, str | bytes], *names: str, **more: Any
) -> str:
    """Start a build of these files; its run id."""
    from azure.mgmt.containerregistrytasks.models import DockerBuildRequest, PlatformProperties

    upload = tasks.registries.get_build_source_upload_url(GROUP, registry)
    answer = requests.put(
        str(upload.upload_url), data=archive(files), headers={"x-ms-blob-type": "BlockBlob"}, timeout=30
    )
    assert answer.status_code == 201, answer.text
    asked = {"docker_file_path": "Dockerfile", "platform": PlatformProperties(os="Linux"), "is_push_enabled": True}
    asked |= {"source_location": upload.relative_path, "image_names": list(names), **more}
    return str(tasks.registries.schedule_run(GROUP, registry, DockerBuildRequest(**asked)).name)


def ended(tasks: "ContainerRegistryTasksMgmtClient", registry: str, name: str) -> tuple[Any, str]:
    """Wait for a build; its properties and its log."""
    until = time.monotonic() + BUILD_SECONDS
    while (found := tasks.runs.get(GROUP, registry, name)).properties.status in ("Queued", "Running"):
        assert time.monotonic() < until, f"the build {name} did not end"
        time.sleep(0.05)
    link = tasks.runs.get_log_sas_url(GROUP, registry, name).log_link
    return found.properties, requests.get(str(link), timeout=30).text


def archive(files: dict[str, str | bytes]) -> bytes:
    """A tar.gz of these files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as target:
        for name, text in files.items():
            content = text.encode() if isinstance(text, str) else text
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o644
            target.addfile(member, io.BytesIO(content))
    return buffer.getvalue()
