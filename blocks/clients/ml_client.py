"""How every client of azure-ai-ml is made."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


def new_ml_client(credential: object, **place: str) -> "MLClient":
    """Of a workspace or a registry: safe for threads, limited in all that it sends, and quiet. place: as MLClient takes it."""
    from azure.ai.ml import MLClient  # takes 3 s to import

    from blocks.clients.sdk_imports import remember_what_is_missing
    from blocks.clients.sdk_models import prepare_models
    from blocks.clients.sdk_noise import quiet_azure_ml
    from blocks.clients.sdk_storage import limit_storage
    from blocks.clients.throttling import for_ml_client

    remember_what_is_missing()
    prepare_models()
    limit_storage()
    quiet_azure_ml()
    options: dict[str, Any] = for_ml_client()
    return MLClient(credential, **place, show_progress=False, **options)
