"""Azure's public regions, and where a resource is to be."""

from emulator.arm.errors import bad_request
from emulator.behaviours import Document
from emulator.behaviours.workspaces import region_of

NAMES = (
    "australiacentral australiaeast australiasoutheast austriaeast belgiumcentral brazilsouth brazilsoutheast canadacentral "
    "canadaeast centralindia centralus chilecentral eastasia eastus eastus2 francecentral francesouth germanynorth "
    "germanywestcentral indonesiacentral israelcentral italynorth japaneast japanwest koreacentral koreasouth malaysiawest "
    "mexicocentral newzealandnorth northcentralus northeurope norwayeast norwaywest polandcentral qatarcentral "
    "southafricanorth southafricawest southcentralus southeastasia southindia spaincentral swedencentral swedensouth "
    "switzerlandnorth switzerlandwest uaecentral uaenorth uksouth ukwest westcentralus westeurope westindia westus westus2 "
    "westus3"
)
"""https://learn.microsoft.com/azure/reliability/regions-list. Not every one has every service; the emulator's have."""
REGIONS = frozenset(NAMES.split())


def chosen_region(type: str, place: Document) -> str:
    """Where a resource is; AzureError 400 where it is nowhere, or not in Azure. place: its document, or what is put."""
    if not place.get("location"):
        raise bad_request("The location property is required for this definition.", "LocationRequired")
    region = region_of(place)
    if region not in REGIONS:
        raise bad_request(
            f"The provided location '{region}' is not available for resource type '{type}'. List of available regions for the "
            f"resource type is '{','.join(sorted(REGIONS))}'.",
            "LocationNotAvailableForResourceType",
        )
    return region
