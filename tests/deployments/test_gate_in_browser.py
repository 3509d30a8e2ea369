"""People decide in Prefect's own pages: `signalbox up`, its worker and a release are real, and so is the browser."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pyotp
import pytest
from playwright.sync_api import Locator, Page, expect, sync_playwright
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, State
from prefect.deployments import run_deployment
from tiny import Tiny

from blocks.ledger import Ledger
from blocks.loading import loaded
from blocks.workspace import Workspace
from deployments.approver import Pending, form_of
from deployments.enrolling import enrol_code
from deployments.laptop import Laptop
from deployments.processes import free_port
from domain.audit import audit
from domain.declaration import load_workload
from domain.fact import Fact, Kind, facts_of
from domain.one_time_code import STEP_SECONDS, step_of
from tasks.ledger import read_facts, release_names
from tasks.roster import roster_of_gates
from tasks.serving import deployment_serving, model_of

ROOT = Path(__file__).parents[2]
FETCHED = ROOT / ".signalbox" / "data"
"""Where set-up keeps the fetched data."""
START_SECONDS = 300
"""For `signalbox up`, on a machine that does much else."""
SHOWN_SECONDS = 30
"""For a page to show what it fetches."""
WAIT_SECONDS = 120
"""For the worker to bring a run to its next stop."""
EARLY_SECONDS = 15
"""How far into a period a code is typed at most."""


@dataclass
class Up:
    """A running `signalbox up`, this process's connection to it, and the browser's program."""

    process: subprocess.Popen[bytes]
    output: Path
    laptop: Laptop
    workloads: Path
    chromium: str

    def wait_for(self, what: str, seconds: float, happened: Callable[[], bool]) -> None:
        deadline = time.monotonic() + seconds
        while not happened():
            assert self.process.poll() is None, self.output.read_text()
            assert time.monotonic() < deadline, f"{what} did not happen in {seconds:g} s\n{self.output.read_text()}"
            time.sleep(0.5)


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.fail("chromium is not installed; `make setup` says how")
    home, workloads, output = tmp_path / "home", tmp_path / "workloads", tmp_path / "output"
    home.mkdir()
    workloads.mkdir()
    FETCHED.mkdir(parents=True, exist_ok=True)
    (home / "data").symlink_to(FETCHED)  # else each test would fetch it
    (workloads / "plants").symlink_to(ROOT / "workloads" / "plants")  # `signalbox up` prepares it
    laptop = Laptop(home, api_port=free_port(), emulator_port=free_port())
    ports = ["--api-port", str(laptop.api_port), "--emulator-port", str(laptop.emulator_port)]
    with output.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "deployments.cli", "up", *ports, "--home", str(home)],
            cwd=ROOT,
            env={**os.environ, "SIGNALBOX_WORKLOADS": str(workloads)},
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    started = Up(process, output, laptop, workloads, chromium)
    try:
        started.wait_for("the start", START_SECONDS, lambda: "Signalbox is up." in output.read_text())
        laptop.apply()
        yield started
    finally:
        laptop.stop()  # this process's settings only; what runs was started by `signalbox up`
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)


class Form:
    """The form of a waiting run, as its page shows it after a click on Resume."""

    def __init__(self, page: Page) -> None:
        self.dialog = page.get_by_role("dialog")
        self.evidence = self.dialog.locator("article").first
        self._page = page

    def field(self, title: str) -> Locator:
        label = self._page.locator(".schema-form-property__label", has_text=title)
        return self.dialog.locator(".schema-form-property").filter(has=label)

    def fill(self, decision: str, approver: str) -> None:
        """All but the proof."""
        choice = self.field("Decision").get_by_role("button").last
        choice.press("ArrowDown")  # a click opens and closes it: the dialog takes the focus back from its search field
        self._page.get_by_role("option", name=decision, exact=True).click()
        expect(choice).to_have_text(decision)
        self.field("Approver").get_by_role("textbox").fill(approver)

    def submit(self, proof: str) -> None:
        self.field("Proof").get_by_role("textbox").fill(proof)
        self.dialog.get_by_role("button", name="Submit").click()
        expect(self.dialog).to_be_hidden()


@contextmanager
def opened(up: Up, run: UUID, screenshot: Path) -> Iterator[Form]:
    """A browser on the run's page with the form open; what it shows is kept as a picture when something goes wrong.

    A browser for each visit: while playwright's is open this thread has an event loop, and blocks cannot be loaded.
    """
    expect.set_options(timeout=SHOWN_SECONDS * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=up.chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.set_default_timeout(SHOWN_SECONDS * 1000)
        try:
            page.goto(f"{up.laptop.ui_url}/runs/flow-run/{run}")
            page.get_by_role("button", name="Resume").first.click()
            form = Form(page)
            expect(form.evidence).to_contain_text("The whole report")  # its last line
            yield form
        except BaseException:
            page.screenshot(path=screenshot)
            print(f"what the browser showed: {screenshot}")  # noqa: T201  # pytest shows it with the failure
            raise
        finally:
            browser.close()


def state_of(run: UUID) -> State:
    with get_client(sync_client=True) as client:
        state = client.read_flow_run(run).state
    assert state is not None
    return state


def waiting(up: Up, run: UUID, answered: str = "") -> Pending:
    """The form that the suspended run waits with, once it is another than the one answered before."""
    found: list[Pending] = []

    def suspended() -> bool:
        with get_client(sync_client=True) as client:
            seen = client.read_flow_run(run)
            assert seen.state is not None
            assert not seen.state.is_final(), f"{seen.state.name}: {seen.state.message}"
            form = form_of(client, seen) if seen.state.name == "Suspended" else None
        if form is not None and form.evidence and form.key != answered:
            found.append(form)
        return bool(found)

    up.wait_for("a question", WAIT_SECONDS, suspended)
    return found[0]


def code_of(secret: str, used: str = "") -> str:
    """What an authenticator shows whose clock is half a minute fast, once it is another code than the one used.

    The run starts again before it weighs the code, which takes long on a busy machine; this code is right for 75 s.
    """
    generator = pyotp.TOTP(secret)
    while time.time() % STEP_SECONDS > EARLY_SECONDS or generator.at(time.time() + STEP_SECONDS) == used:
        time.sleep(0.2)
    return generator.at(time.time() + STEP_SECONDS)


def rows_of(form: Form) -> list[str]:
    """First cells of the evidence's table, each brought into view as a reader would."""
    cells = form.evidence.locator("tbody tr td:first-child").all()
    for cell in cells:
        cell.scroll_into_view_if_needed()
        expect(cell).to_be_in_viewport()
    return [cell.inner_text() for cell in cells]


@pytest.mark.timeout(400, func_only=True)  # the start has a limit of its own
def test_a_release_is_approved_with_codes_in_the_ui(up: Up, tmp_path: Path) -> None:
    tiny = Tiny("tiny", up.workloads / "tiny")
    tiny.declare()
    tiny.give_test_data()
    secret = enrol_code("ada").get_secret_value()
    candidates = tiny.candidates()
    ledger = loaded(Ledger, "ledger")
    begun = run_deployment(
        "release/release",
        parameters={"workload": tiny.name, "changed_circuits": candidates.model_dump_json()},
        timeout=0,
    )
    assert isinstance(begun, FlowRun)
    run = begun.id

    def facts() -> tuple[Fact, ...]:
        return read_facts(ledger, tiny.name, release_names(ledger, tiny.name)[0])

    question = waiting(up, run)
    before = facts()
    with opened(up, run, tmp_path / "read.png") as form:
        digest = form.evidence.get_by_text(before[0].body["digest"])
        digest.scroll_into_view_if_needed()
        expect(digest).to_be_in_viewport()
        assert rows_of(form) == [str(unit) for unit in tiny.units()]
    assert facts() == before  # who only looks decides nothing
    assert not facts_of(before, Kind.DECIDED)

    wrong = next(code for code in ("000000", "111111") if step_of(secret, code, datetime.now(UTC)) is None)
    with opened(up, run, tmp_path / "wrong_code.png") as form:
        form.fill("approve", "ada")
        form.submit(wrong)
    question = waiting(up, run, answered=question.key)
    assert not facts_of(facts(), Kind.DECIDED)

    with opened(up, run, tmp_path / "registry.png") as form:
        expect(form.evidence).to_have_text(re.compile(r"^\s*Not accepted: the code is not ada's of this moment"))
        form.fill("approve", "ada")
        code = code_of(secret)
        form.submit(code)
    waiting(up, run, answered=question.key)
    assert [fact.stage for fact in facts_of(facts(), Kind.PROMOTED)] == ["registry"]
    assert not facts_of(facts(), Kind.SWITCHED, "production")

    with opened(up, run, tmp_path / "production.png") as form:
        expect(form.evidence).to_contain_text("Production-Approval")
        assert rows_of(form)[:2] == [str(unit) for unit in tiny.units()]
        form.fill("approve", "ada")
        form.submit(code_of(secret, used=code))
    up.wait_for("the end of the release", WAIT_SECONDS, lambda: state_of(run).is_final())
    assert state_of(run).name == "Succeeded", state_of(run).message

    production = loaded(Workspace, "production")
    for circuit in candidates.circuits:
        serving = deployment_serving(production, circuit.unit)
        assert serving is not None
        assert model_of(serving) == (circuit.model_name, circuit.model_version)

    stages = load_workload(tiny.folder / "workload.yaml").stages
    gates = {stage.name: stage.gate for stage in stages if stage.gate is not None}
    found = audit(facts(), roster_of_gates(list(gates.values()), facts()), tuple(gates))
    assert found.faults == ()
    assert found.refused == 1
    assert [(one.stage, one.approver, one.choice, one.fault) for one in found.entries] == [
        ("registry", "ada", "approve", ""),
        ("production", "ada", "approve", ""),
    ]
    assert all(one.proof.startswith("one time code") for one in found.entries)
