"""The validation report of a circuit's data, as it was kept; checked against the digest that the release carries."""

import json

from blocks.ledger import Ledger
from domain.candidate.changed_circuits import ChangedCircuit
from domain.canonical_json import digest_of
from domain.errors import Terminal
from domain.text import cut
from tasks.ledger.facts import read_document
from tasks.ledger.kept_reports import data_report_path

LONGEST = 120
"""Characters of what was observed."""
Row = tuple[str, str, str]
"""Expectation, result, what was observed."""


def data_report(ledger: Ledger, workload: str, circuit: ChangedCircuit) -> tuple[Row, ...]:
    """A row an expectation; Terminal when the report is not kept, or is not the one that the release names."""
    version = circuit.data_asset.rpartition(":")[2]
    path = data_report_path(workload, circuit.unit, version, circuit.data_report_digest)
    text = read_document(ledger, f"{path}.json")
    if digest_of(text.encode()) != circuit.data_report_digest:
        raise Terminal(f"the data report of {circuit.unit} was changed after its data was registered")
    rows: list[Row] = []
    for outcome in json.loads(text)["results"]:
        column = outcome["kwargs"].get("column")
        observed = outcome["result"].get("observed_value", outcome["result"].get("unexpected_count", ""))
        counted = "unexpected rows: " if "observed_value" not in outcome["result"] and observed != "" else ""
        name = f"{outcome['type']}({column})" if column else str(outcome["type"])
        rows.append((name, "met" if outcome["success"] else "NOT MET", f"{counted}{_short(observed)}"))
    return tuple(rows)


def _short(value: object) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return cut(text, LONGEST)
