"""What a training job and its data leave behind, made once in a workspace: candidates that nobody trained are said to come from it."""

import tempfile
from datetime import date
from pathlib import Path
from typing import Any

from blocks.workspace import Workspace
from tasks.azure_ml.datasets import find_data, register_data
from tasks.azure_ml.pipelines import wait_for_job

JOB = "pretended-training"
DATA, VERSION = "pretended-data", "1"
DATA_ASSET = f"{DATA}:{VERSION}"
CUTOFF = date(2014, 6, 30)
METRICS = {"rmse": 1.0}
REPORT = "sha256:" + "0" * 64
"""Of a data report that is not kept."""
WRITES = 'echo \'{"candidate": {"rmse": 1.0}}\' > ${{outputs.evaluation}}/evaluation.json'


def pretend_training(dev: Workspace) -> str:
    """Make job and data asset unless they are there; who published the data, as Azure says."""
    from azure.ai.ml import Output, command
    from azure.ai.ml.entities import Environment
    from azure.core.exceptions import ResourceNotFoundError

    client = dev.get_client()
    try:
        client.jobs.get(JOB)
    except ResourceNotFoundError:
        image = Environment(image="mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest")
        job: Any = command(
            command=WRITES,
            environment=image,
            outputs={"evaluation": Output(type="uri_folder")},
        )
        job.name = JOB
        client.jobs.create_or_update(job)
    wait_for_job(dev, JOB).must_have_completed("pretending to train")
    data = find_data(dev, DATA, VERSION)
    if data is None:
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "MLTable").write_text("paths:\n  - file: ./rows.csv\ntransformations: []\n")
            Path(folder, "rows.csv").write_text("value\n1\n")
            tags = {"content_digest": REPORT, "report_digest": REPORT, "cutoff_date": CUTOFF.isoformat()}
            data = register_data(dev, DATA, VERSION, folder, tags)
    return data.publisher
