"""The commands that look and act, as a user types them, against a running laptop."""

import json
import os
from pathlib import Path

import pytest
from prefect import flow
from tiny import APPROVE, Tiny, answering
from typer.testing import CliRunner, Result

from deployments.cli import app
from domain.ledger.fact import Fact, Kind
from domain.naming import deployment_name
from flows.release import release
from tasks.azure_ml.datastore_files import container_of
from tasks.ledger.facts import open_ledger, read_facts, record, release_names
from tasks.ledger.trust import KEY, TRUST

pytestmark = pytest.mark.usefixtures("site")


def run(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, list(arguments))


@pytest.fixture
def released(site, tiny: Tiny) -> str:
    """The name of a release of the tiny workload, in production."""
    return tiny.serve()


def test_what_serves_is_found_by_tags_in_status_and_healthy(tiny: Tiny, released: str) -> None:
    found = run("models", "--release", released)
    assert found.exit_code == 0
    assert f"{tiny.plant}-a1".lower() in found.output
    shown = run("status", "--workload", tiny.name)
    assert deployment_name(released) in shown.output
    assert "SUCCEEDED" in shown.output
    healthy = run("doctor", "--workload", tiny.name)
    assert healthy.exit_code == 0, healthy.output
    assert "0 of them need somebody" in healthy.output


def test_what_only_looks_prints_one_json_document_and_nothing_else(site, tiny: Tiny, tmp_path: Path) -> None:
    approver, _ = answering(APPROVE)
    with approver:
        assert release(tiny.name, tiny.candidates().build_id, "linus", return_state=True).name == "Succeeded"
    released = release_names(site.ledger, tiny.name)[0]
    of = ("--workload", tiny.name)
    page = str(tmp_path / "page.html")
    for words in (
        ("status", *of),
        ("doctor", *of),
        ("audit", released, *of, "--export", str(tmp_path / "kept.json")),
        ("audit", "--from", str(tmp_path / "kept.json")),
        ("models", "--release", released),
        ("report", released, "production", *of, "--output", page),
        ("why", released, "production", *of),
        ("enrol", "ada"),
    ):
        told = run(*words, "--json")
        assert isinstance(json.loads(told.stdout), dict), words
        assert told.exit_code == (words[0] == "why"), told.output
    refused = run("why", "20010101.1", "production", *of, "--json")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "the ledger holds no release 20010101.1" in refused.stderr


def test_an_audit_says_who_wrote_the_facts_and_needs_nothing_but_their_public_keys(
    site, tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    approver, _ = answering(APPROVE)
    with approver:
        assert release(tiny.name, tiny.candidates().build_id, "linus", return_state=True).name == "Succeeded"
    [released], kept, of = release_names(site.ledger, tiny.name), tmp_path / "kept.json", ("--workload", tiny.name)
    told = run("audit", released, *of, "--export", str(kept), "--json")
    facts = json.loads(told.stdout)["facts"]
    assert json.loads(told.stdout)["writers"] == [{"name": "laptop", "facts": facts}]
    trust = os.environ[TRUST]
    for name in (TRUST, KEY):
        monkeypatch.delenv(name)
    blind = run("audit", "--from", str(kept))
    assert blind.exit_code == 0
    assert "the facts' own signatures were not verified" in blind.stderr
    seen = run("audit", "--from", str(kept), "--trust", trust)
    assert (seen.exit_code, f"facts by writer: laptop {facts}" in seen.output) == (0, True)
    forged = json.loads(kept.read_text())
    del forged["facts"][-1]["signature"]
    kept.write_text(json.dumps(forged))
    caught = run("audit", "--from", str(kept), "--trust", trust)
    assert caught.exit_code == 1
    assert f"FAULT fact {facts - 1} ({forged['facts'][-1]['kind']}) does not count: nobody signed it" in caught.output


def test_what_nobody_signed_is_named_and_taken_over_by_an_owner(
    site, tiny: Tiny, released: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = ("--workload", tiny.name)
    last = read_facts(site.ledger, tiny.name, released)[-1]
    body = {"stage": "production", "by": "somebody"}
    unsigned = Fact.after(last, workload=tiny.name, release=released, kind=Kind.UNHELD, at=last.at, body=body)
    open_ledger(site.ledger).upload_blob(unsigned.slot, unsigned.stored())
    why = f"fact {unsigned.sequence} (unheld) does not count: nobody signed it"
    assert why in run("doctor", *of).output
    assert f"FAULT {why}" in run("audit", released, *of).output
    taken = run("take-over", *of)
    assert (taken.exit_code, f"{tiny.name}/{released}" in taken.output) == (0, True)
    audited = run("audit", released, *of)
    assert "nobody (not signed) 1" in audited.output
    assert why not in audited.output
    again = run("take-over", *of)
    assert again.exit_code == 1
    assert f"no release of {tiny.name} was taken over: all of them count" in again.stderr


def test_a_release_that_does_not_wait_cannot_be_approved(tiny: Tiny, released: str) -> None:
    refused = run("approve", released, "--workload", tiny.name)
    assert refused.exit_code == 1
    assert f"{released} does not wait for a decision: in" in refused.stderr
    assert f"{tiny.name} it is SUCCEEDED since" in refused.stderr


def test_no_secret_is_shown_to_a_program() -> None:
    refused = run("enrol", "ada", "--code", "--json")
    assert (refused.exit_code, refused.stdout) == (2, "")


def test_no_model_with_a_tag_is_said_and_no_error() -> None:
    found = run("models", "--release", "20010101.1")
    assert (found.exit_code, "no model in shared carries these tags" in found.output) == (0, True)


def test_the_doctor_names_what_is_missing_and_what_to_do(site, tiny: Tiny, released: str) -> None:
    stored = container_of(site.test)
    for blob in list(stored.list_blob_names(name_starts_with=f"test-data/{tiny.plant}/A1")):
        stored.delete_blob(blob)
    deployments = site.production.get_client().batch_endpoints
    endpoint = deployments.get(f"be-{tiny.plant}-a1".lower())
    deployments.begin_delete(endpoint.name).result()
    ill = run("doctor", "--workload", tiny.name)
    assert ill.exit_code == 1
    assert "upload test_input.csv to" in ill.output
    assert "run the release again" in ill.output
    assert "2 of them need somebody" in ill.output


def test_a_rollback_shows_its_refusal_and_changes_nothing(tiny: Tiny, released: str) -> None:
    refused = run("rollback", "--workload", tiny.name, "--yes")
    assert refused.exit_code == 1
    assert "nothing came before it" in refused.output


def test_a_hold_is_ended_by_a_person_who_says_why(site, tiny: Tiny, released: str) -> None:
    body = {"stage": "production", "reason": "odd"}
    in_a_flow(lambda: record(site.ledger, tiny.name, released, Kind.HELD, body))
    ended = run("unhold", released, "--as", "ada", "--reason", "mended", "--workload", tiny.name)
    assert ended.exit_code == 0, ended.output
    assert f"release {released} is no longer held" in ended.output
    again = run("unhold", released, "--as", "ada", "--reason", "mended", "--workload", tiny.name)
    assert again.exit_code == 1
    assert "is not held; nothing was written" in again.output


def in_a_flow(function) -> None:
    flow(function)()


def test_a_release_that_is_not_there_is_refused_with_those_that_are(tiny: Tiny, released: str) -> None:
    refused = run("doctor", "--workload", tiny.name, "--release", "20010101.1")
    assert refused.exit_code == 1
    assert f"has no release 20010101.1; it has {released}" in refused.output
