"""Answers through Prefect's own forms, and who gives them by which credential; what is refused, and why: test_answer_rules.py."""

import html
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import requests
from prefect.client.orchestration import get_client
from prefect.states import Cancelled, Completed, State
from tiny import APPROVE, Tiny, answering

from blocks.approvers import Approvers
from blocks.ledger import Ledger
from blocks.loading import loaded
from deployments.approval.enrolment import enrol, enrolled, revoke
from deployments.approval.entra_sign_in import id_token
from deployments.approval.form_client import Approver, FormAnswer, Pending
from deployments.laptop.laptop import Laptop
from domain.approval.proofs.entra_token import EntraAccount
from domain.approval.statement import Choice
from domain.errors import Terminal
from domain.ledger.fact import Kind, facts_of
from emulator.control_client import Control
from emulator.identity.access import CLIENT_ID, TENANT_ID
from flows.approval.pending import pending_request
from flows.release import release
from tasks.ledger.facts import read_facts, release_names
from tasks.workloads import known_workloads

pytestmark = pytest.mark.usefixtures("site")

GROUP = "aaaaaaaa-0000-0000-0000-000000000001"
END = {"decision": "reject", "approver": "ada", "comment": "the end of this test"}


def asked(
    tiny: Tiny, *answers: FormAnswer | Callable[[Pending], FormAnswer], by: str = "linus"
) -> tuple["State[str]", list[str]]:
    """Release with these answers and then a rejection; the state, and how each form after the first began."""
    approver, seen = answering(*answers, END)
    with approver:
        state = release(tiny.name, tiny.candidates().build_id, by, return_state=True)
    return state, [form.evidence.partition("\n")[0] for form in seen[1:]]


def test_a_credential_that_is_revoked_counts_in_no_group(site, tiny: Tiny, own_person: str) -> None:
    known = enrolled(own_person)
    other = f"{tiny.name}-operations"
    Approvers(members=[own_person], enrolments=[known]).save(other)
    said = re.escape(f"has no credential 'no-such-one'; enrolled: {known.credentials[0].id}")
    with pytest.raises(Terminal, match=said):
        revoke(own_person, "no-such-one")
    revoke(own_person, known.credentials[0].id)
    for group in (tiny.approvers, other):
        [credential] = loaded(Approvers, group).get_enrolment(own_person).credentials
        assert credential.revoked_at is not None
    _, told = asked(tiny, {**APPROVE, "approver": own_person})
    assert "was revoked at" in told[0]


@pytest.fixture
def by_token(laptop: Laptop, own_person: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[Pending], FormAnswer]:
    """An answer, proven with a token of the tenant; the browser is a client that follows the sign-in page."""
    control = Control(laptop.emulator_url.removesuffix("/_emulator"))
    person = control.add_user("grace@people.example", "Grace", [GROUP], "a-password")

    def browse(url: str) -> None:
        page = requests.get(f"{url}&login_hint=grace@people.example", timeout=20).text
        fields = re.findall(r'<input[^>]*name="(\w+)"[^>]*value="([^"]*)"', page)
        action = re.findall(r'action="([^"]+)"', page)[0]
        requests.post(html.unescape(action), {name: html.unescape(value) for name, value in fields}, timeout=20)

    monkeypatch.setattr(
        "webbrowser.open", lambda url, *_, **__: threading.Thread(target=browse, args=[url]).start() or True
    )
    account = EntraAccount(
        tenant_id=TENANT_ID, object_id=person["oid"], audience=CLIENT_ID, group_id=GROUP, enrolled_at=datetime.now(UTC)
    )
    enrol(own_person, account)

    def answer(pending: Pending) -> FormAnswer:
        request = pending_request(loaded(Ledger, "ledger"), known_workloads(), pending.key)
        token = id_token(account, request.statement(Choice.APPROVE, own_person, ""))
        return {"decision": "approve", "approver": own_person, "comment": "", "proof": token}

    return answer


def test_a_sign_in_at_the_tenant_proves_one_statement(site, tiny: Tiny, by_token) -> None:
    used: list[FormAnswer] = []

    def first(pending: Pending) -> FormAnswer:
        used.append(by_token(pending))
        return used[-1]

    approver, seen = answering(first, lambda _: used[0], END)
    with approver:
        state = release(tiny.name, tiny.candidates().build_id, "linus", return_state=True)
    assert state.message == "ada rejected it at Production-Approval: the end of this test", seen[-1].evidence
    assert "came with an answer before" in seen[2].evidence or "is not about this statement" in seen[2].evidence
    facts = read_facts(site.ledger, tiny.name, release_names(site.ledger, tiny.name)[0])
    assert facts_of(facts, Kind.DECIDED, "registry")[0].body["proof"]["kind"] == "entra"


KILLED = """
import sys
from tasks import workloads
from pathlib import Path
workloads.WORKLOADS = Path(sys.argv[1])
from flows.release import release
release(sys.argv[2], sys.argv[3], "linus", return_state=True)
"""


def test_a_release_killed_while_it_waits_goes_on_where_it_was(site, tiny: Tiny) -> None:
    changed = tiny.candidates().build_id
    command = [sys.executable, "-c", KILLED, str(tiny.folder.parent), tiny.name, changed]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        for _ in range(300):
            names = release_names(site.ledger, tiny.name)
            if names and facts_of(read_facts(site.ledger, tiny.name, names[0]), Kind.NOTIFIED):
                break
            time.sleep(0.2)
        process.kill()
    asked = facts_of(read_facts(site.ledger, tiny.name, names[0]), Kind.ASKED)
    approver, _ = answering(END)
    with approver:
        state = release(tiny.name, changed, "linus", return_state=True)
    assert state.name == "Rejected"
    facts = read_facts(site.ledger, tiny.name, names[0])
    assert facts_of(facts, Kind.ASKED) == asked  # the same request, with the same time to answer it
    assert release_names(site.ledger, tiny.name) == names


@pytest.mark.parametrize("state", [Cancelled, Completed])
def test_a_run_whose_state_somebody_sets_while_it_waits_ends_and_says_so(
    site, tiny: Tiny, state: Callable[[], "State[None]"]
) -> None:
    def set_state(pending: Pending) -> None:
        with get_client(sync_client=True) as client:
            client.set_flow_run_state(pending.run_id, state(), force=True)

    changed, seen = tiny.candidates(), list[Pending]()

    def leaves_it(pending: Pending) -> None:
        if tiny.name in pending.run_name.lower():
            seen.append(pending)
            set_state(pending)

    began = time.monotonic()
    with (
        Approver(leaves_it, poll_seconds=0.2),
        pytest.raises(Terminal, match=f"this run was set to {state().name} while"),
    ):
        release(tiny.name, changed.build_id, "linus")
    assert len(seen) == 1
    assert time.monotonic() - began < 120  # not the day that the gate gives
    approver, _ = answering(END)
    with approver:
        assert release(tiny.name, changed.build_id, "linus", return_state=True).name == "Rejected"
    (name,) = release_names(site.ledger, tiny.name)
    assert len(facts_of(read_facts(site.ledger, tiny.name, name), Kind.ASKED)) == 1
