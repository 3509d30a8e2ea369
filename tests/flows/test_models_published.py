"""What is published to the registry is what was registered, byte for byte."""

import pytest
from tiny import Tiny

from domain.errors import Terminal
from tasks.azure_ml.datastore_files import container_of
from tasks.azure_ml.models import models_of, publish_model


def test_a_model_whose_files_changed_after_registration_is_not_published(site, tiny: Tiny) -> None:
    changed, other = tiny.candidates().circuits
    stored, wanted = container_of(site.dev), str(changed.unit).encode()
    for blob in [name for name in stored.list_blob_names() if name.endswith("model.txt")]:
        if stored.download_blob(blob).readall().startswith(wanted):
            stored.upload_blob(blob, b"something else", overwrite=True)
    with pytest.raises(Terminal, match="changed after it was registered"):
        publish_model.fn(site.dev, site.registry, changed, {})
    assert models_of(site.registry, changed.model_name) == ()
    publish_model.fn(site.dev, site.registry, other, {})
    assert [one.version for one in models_of(site.registry, other.model_name)] == [other.model_version]
