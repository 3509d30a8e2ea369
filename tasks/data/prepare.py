"""One circuit's way from raw data to a registered data asset."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect import get_run_logger, task

from blocks.ledger import Ledger
from blocks.workspace import Workspace
from domain.declaration.workload import Workload
from domain.errors import Terminal
from domain.naming import artifact_key
from domain.tags import WORKLOAD
from domain.unit import Unit
from tasks.artifacts import show_page, show_table
from tasks.azure_ml.datasets import DataAsset, newest_data, register_data, some_data
from tasks.azure_ml.pipelines import JobInput, PublishedPipeline, download_output, run_pipeline
from tasks.content_digest import content_digest
from tasks.data.deliveries import delivery_digest, difference, left_out
from tasks.data.validation import ValidationReport, validate
from tasks.flow_run import short_run_id
from tasks.ledger.facts import keep_document
from tasks.ledger.kept_reports import data_report_path
from tasks.retries import RETRIED
from tasks.targets.ownership import must_be_ours

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class PreparedUnit:
    """A circuit whose data is valid and registered. asset: `NAME:version`; report_digest: of the validation report.

    note: what people should know of it: that nothing was read, what was left out, what a new delivery changed.
    """

    unit: Unit
    asset: str
    report_digest: str
    rows: str
    note: str = ""


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
    """Run the prepare pipeline, validate what it made, register it.

    Registered already, and nothing delivered since: nothing is read again. What was delivered again is a version of its own.
    """
    name = workload.data_asset_name(unit)
    delivery = delivery_digest(workspace, workload.data.raw_for(unit))
    before, version = newest_data(workspace, name, cutoff)
    there = before or some_data(workspace, name)
    if there is not None:
        must_be_ours(workspace, workload, there, there.tags.get("job", ""))
    if before is not None and before.tags.get("delivery", delivery) == delivery:
        note = "was already there, so nothing was read"
        get_run_logger().info("%s: %s:%s %s", unit, before.name, before.version, note)
        return _prepared(unit, before, note)

    folder = f"azureml://datastores/workspaceblobstore/paths/prepared/{unit}/{version}/{short_run_id()}/"
    job = run_pipeline(
        workspace,
        published,
        job_name=f"prepare-{workload.model_name(unit)}-{version}-{short_run_id()}",
        experiment=f"{workload.name}-prepare",
        compute=compute,
        inputs={
            "raw": JobInput("uri_folder", workload.data.raw_for(unit)),
            "plant": unit.plant,
            "circuit": unit.circuit,
            "cutoff_date": cutoff.isoformat(),
        },
        outputs={"prepared": folder},
        tags={WORKLOAD: workload.name, "plant_id": unit.plant, "circuit_id": unit.circuit},
        afresh=True,
    ).must_have_completed(f"preparing {unit}")

    with tempfile.TemporaryDirectory() as place:
        files = download_output(workspace, job.name, "prepared", Path(place))
        digest = content_digest(files)
        if before is not None and before.tags.get("content_digest") == digest:
            note = "was already there: later deliveries change none of its rows"
            get_run_logger().info("%s: %s:%s %s", unit, before.name, before.version, note)
            return _prepared(unit, before, note)
        report = _validated(workload, unit, cutoff, version, files, Path(place) / "docs")
        kept = _keep(ledger, workload, unit, version, report)
        if not report.valid:
            failures = "; ".join(failure.explanation for failure in report.failed)
            raise Terminal(
                f"{len(report.failed)} expectations failed, nothing was registered: {failures} (report: {kept})"
            )
        notes = [f"left out: {one}" for one in left_out(files)]
        if before is not None:
            notes.append(_changed_since(workspace, workload, before, files, Path(place) / "before"))
        tags = {
            WORKLOAD: workload.name,
            "content_digest": digest,
            "delivery": delivery,
            "report_digest": report.digest,
            "cutoff_date": cutoff.isoformat(),
            "plant_id": unit.plant,
            "circuit_id": unit.circuit,
            "rows": str(report.rows),
            "job": job.name,
        }
    asset = register_data(workspace, name, version, folder, tags)
    note = "; ".join(notes)
    get_run_logger().info(
        "%s: %s rows valid, registered as %s:%s%s", unit, tags["rows"], asset.name, asset.version, note and f" ({note})"
    )
    return _prepared(unit, asset, note)


def _prepared(unit: Unit, asset: DataAsset, note: str) -> PreparedUnit:
    tags = asset.tags
    named = f"{asset.name}:{asset.version}"
    return PreparedUnit(unit, named, tags.get("report_digest", ""), tags.get("rows", ""), note)


def _changed_since(workspace: Workspace, workload: Workload, before: DataAsset, files: Path, place: Path) -> str:
    import pandas as pd

    since = f"delivered again since {before.name}:{before.version}"
    try:
        old = download_output(workspace, before.tags["job"], "prepared", place)
    except (KeyError, Terminal):  # nobody keeps jobs for ever
        return f"{since}, whose rows can no longer be compared"
    rows, now = (pd.read_parquet(folder / "data.parquet") for folder in (old, files))
    return f"{since}: {difference(rows, now, workload.data.timestamp)}"


def _validated(workload: Workload, unit: Unit, cutoff: date, version: str, files: Path, docs: Path) -> ValidationReport:
    import pandas as pd

    frame = pd.read_parquet(files / "data.parquet")
    docs.mkdir()
    expectations = (*workload.data.expectations, *_within_the_days(frame, workload, cutoff))
    return validate(frame, expectations, suite_name=f"{workload.name} {unit} {version}", docs_dir=docs)


def _within_the_days(frame: "pd.DataFrame", workload: Workload, cutoff: date) -> list[dict[str, Any]]:
    """No row lies before the data's declared first day or after the cutoff: a logger that lost its clock, a leak of the future."""
    column = workload.data.timestamp
    if column not in frame or frame[column].dtype.kind != "M":
        return []
    days = {"min_value": workload.data.starts.isoformat(), "max_value": cutoff.isoformat()}
    return [{"type": "expect_column_values_to_be_between", "column": column, **days}]


def _keep(ledger: Ledger, workload: Workload, unit: Unit, version: str, report: ValidationReport) -> str:
    stem = data_report_path(workload.name, unit, version, report.digest)
    keep_document.fn(ledger, f"{stem}.json", report.results_json.decode())
    path = keep_document.fn(ledger, f"{stem}.html", report.html.read_text())
    show_page(
        report.markdown,
        key=artifact_key("data", workload.model_name(unit)),
        description=f"Data validation of {unit} up to {version}",
    )
    return path


def report_preparation(
    workload: str, cutoff: date, prepared: Sequence[PreparedUnit], faults: Mapping[str, str]
) -> None:
    """A table artifact: what became of each circuit."""
    rows = [
        {"circuit": str(item.unit), "outcome": "registered", "data": item.asset, "rows": item.rows, "note": item.note}
        for item in prepared
    ]
    rows += [
        {"circuit": unit, "outcome": "stopped", "data": fault, "rows": "", "note": ""} for unit, fault in faults.items()
    ]
    show_table(
        rows, key=artifact_key(workload, "prepared"), description=f"Data of {workload} up to {cutoff.isoformat()}"
    )
