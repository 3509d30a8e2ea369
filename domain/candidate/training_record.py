"""What Azure keeps of how a circuit's candidate was made, against what was handed over to be released."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.candidate.changed_circuits import ChangedCircuit


@dataclass(frozen=True)
class TrainingRecord:
    """metrics, champion_metrics: as the training job wrote them. data_publisher, data_report_digest, cutoff_date: of the data asset.

    The others are of the model's registration.
    """

    model_digest: str
    data_asset: str
    training_job: str
    champion_version: str | None
    metrics: Mapping[str, float]
    champion_metrics: Mapping[str, float] | None
    data_publisher: str
    data_report_digest: str
    cutoff_date: str


def differences(circuit: ChangedCircuit, record: TrainingRecord) -> tuple[str, ...]:
    """What was handed over otherwise than Azure has it, in words; nothing where all is as it was recorded."""
    pairs: tuple[tuple[str, object, object], ...] = (
        ("model digest", circuit.model_digest, record.model_digest),
        ("data asset", circuit.data_asset, record.data_asset),
        ("training job", circuit.training_job, record.training_job),
        ("champion", circuit.champion_version, record.champion_version),
        ("metrics", dict(circuit.metrics), dict(record.metrics)),
        ("champion's metrics", dict(circuit.champion_metrics or {}), dict(record.champion_metrics or {})),
        ("data publisher", circuit.data_publisher, record.data_publisher),
        ("cutoff date", circuit.cutoff_date.isoformat(), record.cutoff_date),
        ("data report", circuit.data_report_digest, record.data_report_digest),
    )
    return tuple(f"{what} {given!r}, but Azure has {found!r}" for what, given, found in pairs if given != found)
