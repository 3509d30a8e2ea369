"""No model class of the SDK is left to be made ready by two threads at once."""

from azure.ai.ml._restclient.arm_ml_service import models
from azure.ai.ml._restclient.arm_ml_service._utils.model_base import Model

from blocks.clients.sdk_models import prepare_models


def test_every_model_is_ready_before_the_first_request() -> None:
    prepare_models()
    classes = [one for one in vars(models).values() if isinstance(one, type) and issubclass(one, Model)]
    assert len(classes) > 400
    late = [one.__qualname__ for one in classes if f"{one.__module__}.{one.__qualname__}" not in Model._calculated]
    assert late == []
