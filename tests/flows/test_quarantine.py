"""A release among whose facts something else lies is named by `signalbox doctor` and `signalbox status`."""

from tiny import Tiny
from typer.testing import CliRunner

from deployments.cli import app
from tasks.doctor import examine
from tasks.ledger.facts import open_ledger


def test_a_release_in_quarantine_is_named_with_what_to_do(site, tiny: Tiny) -> None:
    spoilt = f"{tiny.name}/20200101.1/000000.json"
    open_ledger(site.ledger).upload_blob(spoilt, b"{}")
    [named] = [one for one in examine(tiny.name, None) if one.seen == "in quarantine"]
    assert named.what == "release 20200101.1"
    assert f"{spoilt} in the ledger is not a fact" in named.advice
    assert "other releases are not affected" in named.advice
    shown = CliRunner().invoke(app, ["status", "--workload", tiny.name])
    assert shown.exit_code == 0, shown.output
    assert "in quarantine" in shown.output
