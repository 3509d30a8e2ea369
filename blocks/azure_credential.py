"""Who Signalbox is when it talks to Azure."""

from functools import lru_cache
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, SecretStr, model_validator

from blocks.described import Described

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

Kind = Literal["managed_identity", "client_secret", "azure_cli"]


class AzureCredential(Described):
    """An identity of azure-identity: managed identity on Azure, client secret in automation, Azure CLI for a person."""

    _block_type_name = "Signalbox Azure Credential"
    _block_type_slug = "signalbox-azure-credential"

    kind: Kind = Field(description="managed_identity, client_secret or azure_cli")
    tenant_id: str | None = Field(default=None, description="needed for client_secret")
    client_id: str | None = Field(default=None, description="needed for client_secret; picks a user-assigned identity")
    client_secret: SecretStr | None = Field(default=None, description="needed for client_secret; kept encrypted")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind == "client_secret":
            missing = [name for name in ("tenant_id", "client_id", "client_secret") if not getattr(self, name)]
            if missing:
                raise ValueError(f"a client_secret credential also needs {', '.join(missing)}")
        return self

    def get_client(self) -> "TokenCredential":
        """The azure-identity credential; one object for equal settings, so that its tokens are fetched once."""
        return _credential(self.kind, self.tenant_id, self.client_id, self.client_secret)


@lru_cache(maxsize=16)
def _credential(
    kind: Kind, tenant_id: str | None, client_id: str | None, client_secret: SecretStr | None
) -> "TokenCredential":
    from azure.identity import AzureCliCredential, ClientSecretCredential, ManagedIdentityCredential

    match kind:
        case "managed_identity":
            return ManagedIdentityCredential(client_id=client_id)
        case "azure_cli":
            return AzureCliCredential(tenant_id=tenant_id or "")
        case "client_secret":
            if not (tenant_id and client_id and client_secret):
                raise ValueError("a client_secret credential needs tenant_id, client_id and client_secret")
            return ClientSecretCredential(tenant_id, client_id, client_secret.get_secret_value())
