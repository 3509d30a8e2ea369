"""One circuit's way from raw data to a registered data asset."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from prefect import get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact

from blocks.ledger import Ledger
from blocks.workspace import Workspace
from domain.errors import Terminal
from domain.naming import artifact_key, data_asset_name, model_name
from domain.unit import Unit
from domain.workload import Workload
from tasks.content import content_digest
from tasks.datasets import find_data, register_data
from tasks.ledger import keep_document
from tasks.pipelines import JobInput, PublishedPipeline, download_output, run_pipeline
from tasks.retries import RETRIED
from tasks.run import short_run_id
from tasks.validation import ValidationReport, validate


@dataclass(frozen=True)
class PreparedUnit:
    """A circuit whose data is valid and registered. asset: `NAME:version`; report_digest: of the validation report."""

    unit: Unit
    asset: str
    report_digest: str
    rows: str


@task(name="prepare", **RETRIED)
def prepare_unit(
    workspace: Workspace,
    ledger: Ledger,
    workload: Workload,
    unit: Unit,
    cutoff: date,
    published: PublishedPipeline,
    compute: str,
) -> PreparedUnit:
    """Run the prepare pipeline, validate what it made, register it. Registered already: nothing is run again."""
    name, version = data_asset_name(unit), cutoff.isoformat()
    found = find_data(workspace, name, version)
    if found is not None:
        return _prepared(unit, found.name, found.version, found.tags)

    folder = f"azureml://datastores/workspaceblobstore/paths/prepared/{unit}/{version}/{short_run_id()}/"
    job = run_pipeline.fn(
        workspace,
        published,
        job_name=f"prepare-{model_name(unit)}-{version}-{short_run_id()}",
        experiment=f"{workload.name}-prepare",
        compute=compute,
        inputs={
            "raw": JobInput("uri_folder", workload.data.raw_for(unit)),
            "plant": unit.plant,
            "circuit": unit.circuit,
            "cutoff_date": version,
        },
        outputs={"prepared": folder},
        tags={"workload": workload.name, "plant_id": unit.plant, "circuit_id": unit.circuit},
    ).must_have_completed(f"preparing {unit}")

    with tempfile.TemporaryDirectory() as place:
        files = download_output.fn(workspace, job.name, "prepared", Path(place))
        report = _validated(workload, unit, version, files, Path(place) / "docs")
        kept = _keep(ledger, workload, unit, version, report)
        if not report.valid:
            failures = "; ".join(failure.explanation for failure in report.failed)
            raise Terminal(
                f"{len(report.failed)} expectations failed, nothing was registered: {failures} (report: {kept})"
            )
        tags = {
            "content_digest": content_digest(files),
            "report_digest": report.digest,
            "cutoff_date": version,
            "plant_id": unit.plant,
            "circuit_id": unit.circuit,
            "rows": str(report.rows),
            "job": job.name,
        }
    asset = register_data.fn(workspace, name, version, folder, tags)
    get_run_logger().info("%s: %s rows valid, registered as %s:%s", unit, tags["rows"], asset.name, asset.version)
    return _prepared(unit, asset.name, asset.version, asset.tags)


def _prepared(unit: Unit, name: str, version: str, tags: Mapping[str, str]) -> PreparedUnit:
    return PreparedUnit(unit, f"{name}:{version}", tags.get("report_digest", ""), tags.get("rows", ""))


def _validated(workload: Workload, unit: Unit, version: str, files: Path, docs: Path) -> ValidationReport:
    import pandas as pd

    frame = pd.read_parquet(files / "data.parquet")
    docs.mkdir()
    return validate(frame, workload.data.expectations, suite_name=f"{workload.name} {unit} {version}", docs_dir=docs)


def _keep(ledger: Ledger, workload: Workload, unit: Unit, version: str, report: ValidationReport) -> str:
    stem = f"reports/{workload.name}/{unit}/{version}/{report.digest.removeprefix('sha256:')[:16]}"
    keep_document.fn(ledger, f"{stem}.json", report.results_json.decode())
    path = keep_document.fn(ledger, f"{stem}.html", report.html.read_text())
    create_markdown_artifact(
        report.markdown,
        key=artifact_key("data", model_name(unit)),
        description=f"Data validation of {unit} up to {version}",
    )
    return path


def report_preparation(
    workload: str, cutoff: date, prepared: Sequence[PreparedUnit], faults: Mapping[str, str]
) -> None:
    """A table artifact: what became of each circuit."""
    rows = [
        {"circuit": str(item.unit), "outcome": "registered", "data": item.asset, "rows": item.rows} for item in prepared
    ]
    rows += [{"circuit": unit, "outcome": "stopped", "data": fault, "rows": ""} for unit, fault in faults.items()]
    create_table_artifact(
        rows, key=artifact_key(workload, "prepared"), description=f"Data of {workload} up to {cutoff.isoformat()}"
    )
