"""What is shown to those who sign is what they sign: the server is not believed, and what was changed is not signed."""

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from twins import TinyTwin, Twins
from waiting_at_gate import Waiting

from deployments.approval.signing import signing
from domain.errors import Terminal
from tasks.ledger.kept_reports import report_path
from tasks.reports.evidence_report import form_of

KEY = Path(__file__)
"""Of nobody: what is refused here is refused before anything is signed."""


@pytest.fixture
def waiting(twins: Twins, tiny: TinyTwin) -> Waiting:
    return Waiting(twins, tiny)


def test_what_is_shown_comes_from_the_report_that_is_signed(waiting: Waiting) -> None:
    form = waiting.form(waiting.tiny.candidates())
    about = waiting.signable(replace(form, evidence=form.evidence + "\n\nAll is well: **approve it now**"))
    assert "approve it now" not in about.evidence
    assert waiting.signable(replace(form, evidence="")).evidence == about.evidence  # nothing is shown yet
    assert "nothing → version 1" in about.evidence
    assert form.evidence.startswith(about.evidence.partition("**Waits for:**")[0].partition("The whole report")[0])
    name = waiting.twins.names(waiting.tiny)[0]
    assert about.headline == f"release {name} of {waiting.tiny.name} to registry, at Registry-Approval"
    page = waiting.twins.blobs.download_blob(
        report_path(waiting.tiny.name, name, "registry", waiting.asked().body["report_digest"])
    )
    assert form_of(page.readall().decode()) == about.evidence


def test_a_server_that_shows_one_release_gets_no_signature_over_another(waiting: Waiting) -> None:
    shown, meant = waiting.form(waiting.tiny.candidates()), waiting.form(waiting.tiny.candidates())
    with pytest.raises(
        Terminal, match=r"nothing was signed for release: the server shows something different"
    ) as refused:
        waiting.signable(replace(meant, evidence=shown.evidence))
    assert f"would be about release {waiting.twins.names(waiting.tiny)[0]}" in str(refused.value)
    with pytest.raises(Terminal, match="nothing was signed"):
        waiting.signable(replace(shown, key=meant.key))


def test_a_report_that_was_changed_or_is_gone_is_not_signed(waiting: Waiting) -> None:
    form = waiting.form(waiting.tiny.candidates())
    name = waiting.twins.names(waiting.tiny)[0]
    kept = report_path(waiting.tiny.name, name, "registry", waiting.asked().body["report_digest"])
    waiting.rewrite(kept, lambda page: page.replace("</main>", "<p>better by 90 %</p></main>"))
    with pytest.raises(Terminal, match=r"nothing was signed .*the report of release .* was changed"):
        waiting.signable(form)
    waiting.twins.blobs.delete_blob(kept)
    with pytest.raises(Terminal, match=r"nothing was signed .*the ledger holds no reports/"):
        waiting.signable(form)


@pytest.mark.parametrize(
    ("number", "change", "why"),
    [
        (0, ('"rmse":1.0', '"rmse":0.1'), "it was changed"),
        (0, ('"requested_by":"linus"', '"requested_by":"grace"'), "it was changed"),
        (0, ('"workload":"', '"workload":"x'), "was changed|no release of|has made the approval request of form"),
        (1, ('"gate":"Registry-Approval"', '"gate":"Another"'), "has made the approval request of form|was changed"),
    ],
)
def test_a_ledger_that_was_changed_is_not_signed(
    waiting: Waiting, number: int, change: tuple[str, str], why: str
) -> None:
    form = waiting.form(waiting.tiny.candidates())
    name = waiting.twins.names(waiting.tiny)[0]
    waiting.rewrite(f"{waiting.tiny.name}/{name}/{number:06d}.json", lambda text: text.replace(*change))
    with pytest.raises(Terminal, match=why):
        waiting.signable(form)


def test_a_manifest_that_is_changed_with_its_digest_breaks_the_chain(waiting: Waiting) -> None:
    form = waiting.form(waiting.tiny.candidates())
    first = waiting.twins.facts(waiting.tiny)[0]
    other = waiting.tiny.candidates()
    waiting.form(other)
    manifest = waiting.twins.facts(waiting.tiny)[0].body
    forged = json.loads(first.canonical_json()) | {
        "body": {
            **manifest,
            "release": {**manifest["release"], "name": first.release},
        }
    }
    waiting.twins.blobs.upload_blob(first.slot, json.dumps(forged), overwrite=True)
    with pytest.raises(Terminal, match=r"nothing was signed .*fact 0 \(requested\) was changed after fact 1"):
        waiting.signable(form)


def test_a_request_that_no_longer_stands_is_not_signed(waiting: Waiting) -> None:
    changed = waiting.tiny.candidates()
    form = waiting.form(changed)
    waiting.tiny.declare(production_gate={})
    text = (waiting.tiny.folder / "workload.yaml").read_text()
    (waiting.tiny.folder / "workload.yaml").write_text(text.replace("timeout_minutes: 1440", "timeout_minutes: 1439"))
    again = waiting.form(changed)
    assert again.key != form.key
    with pytest.raises(Terminal, match="it is out of date"):
        waiting.signable(form)
    assert waiting.signable(again).evidence


def test_a_report_of_before_shows_what_the_manifest_says(waiting: Waiting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.approval.evidence.evidence_report", lambda *given: f"an old page of {given[0].name}")
    form = waiting.form(waiting.tiny.candidates())
    about = waiting.signable(form)
    assert f"| {waiting.tiny.plant}/A1 | {waiting.tiny.plant.lower()}-a1:1 | rmse 1 | none |" in about.evidence
    assert "requested by linus" in about.evidence


def test_who_is_asked_is_told_when_nobody_waits_any_longer(waiting: Waiting, nobody_types: None) -> None:
    form = waiting.form(waiting.tiny.candidates())
    asks = signing(waiting.twins.ledger, "", "ada", None, KEY)
    with pytest.raises(
        Terminal, match=r"no longer waits for a decision: it was answered elsewhere\. Nothing was signed"
    ):
        asks(replace(form, gone=lambda: "it was answered elsewhere"))


def test_where_nobody_can_be_asked_the_options_are_named(waiting: Waiting, monkeypatch: pytest.MonkeyPatch) -> None:
    form = waiting.form(waiting.tiny.candidates())
    monkeypatch.setattr("sys.stdin", io.StringIO())
    for decision, comment in (("", None), ("approve", None), ("", "it is well")):
        with pytest.raises(Terminal, match="the input has ended; give --decision and --comment"):
            signing(waiting.twins.ledger, decision, "ada", comment, KEY)(form)
    with pytest.raises(Terminal, match="this gate accepts approve, reject, not 'maybe'"):
        signing(waiting.twins.ledger, "maybe", "ada", "", KEY)(form)


@pytest.mark.parametrize(
    ("approver", "key", "told"),
    [
        (
            "nobody",
            KEY,
            r"Registry-Approval asks members of ml-engineers, and nobody is none\. Give your name, as .*--as",
        ),
        (
            "ada",
            Path("no-key"),
            r"there is no SSH key no-key: name yours with --key, enrol one with `signalbox enrol ada",
        ),
        ("linus", KEY, r"asks members of ml-engineers, and linus is none"),
    ],
)
def test_who_could_not_answer_is_told_before_anything_is_shown(
    waiting: Waiting, capsys: pytest.CaptureFixture[str], approver: str, key: Path, told: str
) -> None:
    form = waiting.form(waiting.tiny.candidates())
    with pytest.raises(Terminal, match=told):
        signing(waiting.twins.ledger, "approve", approver, "fine", key)(form)
    assert "You sign about" not in capsys.readouterr().out


def test_what_could_not_count_is_not_signed(waiting: Waiting, capsys: pytest.CaptureFixture[str]) -> None:
    form = waiting.form(waiting.tiny.candidates())
    with pytest.raises(Terminal, match=r"nothing was signed, because it would not count: reject needs a comment"):
        signing(waiting.twins.ledger, "reject", "ada", " ", KEY)(form)
    assert "you sign:" not in capsys.readouterr().out
