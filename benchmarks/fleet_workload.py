"""A fleet of any size whose models are text files: the plants' stages, and at them nothing but their targets."""

import json
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import yaml

from benchmarks.pretended_training import CUTOFF, DATA_ASSET, JOB, METRICS, REPORT, pretend_training
from blocks.ledger import Ledger
from blocks.loading import loaded
from blocks.workspace import Workspace
from domain.candidate.changed_circuits import ChangedCircuit, ChangedCircuits, changed_path
from tasks.azure_ml.models import register_model
from tasks.ledger.facts import keep_document

KEPT = ("name", "target")
"""Of a stage: no gate, which would time people, and nothing that scores, which in the emulator is real processes here."""
PLANTS = Path(__file__).parents[1] / "workloads" / "plants"
SCORE = """
def init():
    pass


def run(files):
    return [f"{file}.5" for file in files]
"""


def declare(workloads: Path, name: str, circuits: int) -> None:
    """Write the workload's folder."""
    document = yaml.safe_load((PLANTS / "workload.yaml").read_text())
    document |= {"name": name, "units": [{"plant": name.upper(), "circuits": circuit_names(circuits)}]}
    document["scoring"] |= {"code": "scoring", "script": "score.py"}
    document["scoring"]["environment"]["conda"] = "scoring/conda.yaml"
    document["stages"] = [{key: stage[key] for key in KEPT} for stage in document["stages"]]
    folder = workloads / name
    (folder / "scoring").mkdir(parents=True)
    shutil.copytree(PLANTS / "pipelines", folder / "pipelines")
    (folder / "workload.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    (folder / "scoring" / "score.py").write_text(SCORE)
    (folder / "scoring" / "conda.yaml").write_text("dependencies: [python=3.11]\n")


def circuit_names(circuits: int) -> list[str]:
    """C0001, C0002, …"""
    return [f"C{number:04}" for number in range(1, circuits + 1)]


def candidates(workloads: Path, name: str, circuits: Sequence[str], threads: int) -> ChangedCircuits:
    """Register a model for each circuit, as training would, and hand them over."""
    dev, stamp = loaded(Workspace, "dev"), datetime.now(UTC).isoformat()
    publisher = pretend_training(dev)

    def register(circuit: str) -> ChangedCircuit:
        model = workloads / name / "models" / circuit
        model.mkdir(parents=True)
        (model / "model.txt").write_text(f"{name}/{circuit} {stamp}")
        model_name = f"{name}-{circuit}".lower()
        tags = {"data_asset": DATA_ASSET, "training_job": JOB, "metrics": json.dumps(METRICS)}
        registered = register_model(dev, model_name, model, tags)
        return ChangedCircuit(
            plant_id=name.upper(),
            circuit_id=circuit,
            model_name=model_name,
            model_version=registered.version,
            model_digest=registered.digest,
            data_asset=DATA_ASSET,
            cutoff_date=CUTOFF,
            data_report_digest=REPORT,
            data_publisher=publisher,
            training_job=JOB,
            metrics=METRICS,
        )

    with ThreadPoolExecutor(threads) as pool:
        made = tuple(pool.map(register, circuits))
    changed = ChangedCircuits(workload=name, build_id=f"bench-{name}", code_commit="c" * 40, circuits=made)
    keep_document(loaded(Ledger, "ledger"), changed_path(name, changed.build_id), changed.to_json())
    return changed
