"""An authenticator's secret is on the worker's machine and not on the server; one from before is still read, and named."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from prefect.blocks.system import Secret
from prefect.client.orchestration import get_client
from pydantic import SecretStr

from blocks.approvers import Approvers, code_secret
from deployments.answers.credentials import credentials_answer
from deployments.approval.enrolment import enrol, enrol_code, enrolled
from deployments.laptop.laptop import Laptop
from domain.approval.proofs.enrolment import Enrolment
from domain.approval.proofs.one_time_code import CodeGenerator, new_secret, verification_key
from domain.declaration.gate import Gate, Rule
from domain.errors import Terminal
from tasks.doctor import to_enrol_anew


@pytest.fixture
def person(environment: str, unique: str) -> str:
    """Of a group of their own."""
    Approvers(members=[f"Ada {unique}"]).save(f"coders-{unique}")
    return f"Ada {unique}"


def all_that_the_api_tells(limit: int = 200) -> str:
    """Of blocks, with their secrets."""
    with get_client(sync_client=True) as client:
        told, offset = "", 0
        while page := client.request(
            "POST", "/block_documents/filter", json={"include_secrets": True, "limit": limit, "offset": offset}
        ).text:
            if page == "[]":
                return told
            told, offset = told + page, offset + limit
    return told


def from_before(person: str) -> CodeGenerator:
    """As `signalbox enrol NAME --code` did."""
    secret = new_secret()
    block = f"approver-{verification_key(secret)[:20]}"
    Secret(value=SecretStr(secret)).save(block)
    made = CodeGenerator(secret_block=block, public_key=verification_key(secret), enrolled_at=datetime.now(UTC))
    enrol(person, made)
    return made


def test_the_secret_is_in_a_file_of_this_machine_and_nowhere_on_the_server(laptop: Laptop, person: str) -> None:
    secret = enrol_code(person).get_secret_value()
    (generator,) = enrolled(person).credentials
    assert isinstance(generator, CodeGenerator)
    assert code_secret(generator).get_secret_value() == secret
    assert (laptop.home / "code-secrets" / generator.secret_file).read_text() == secret
    told = all_that_the_api_tells()
    assert generator.public_key in told
    assert secret not in told


def test_one_from_before_is_read_and_named_by_enrol_and_doctor(person: str, unique: str) -> None:
    old = from_before(person)
    enrol_code(person)
    assert verification_key(code_secret(old).get_secret_value()) == old.public_key
    assert code_secret(old).get_secret_value() in all_that_the_api_tells()
    answer = credentials_answer(enrolled(person))
    assert answer.document["readable_on_server"] == (old.id,)
    [advice] = [one for one in answer.shown if isinstance(one, str) and "on the Prefect server" in one]
    assert f"`signalbox enrol '{person}' --code`" in advice
    assert f"`signalbox enrol '{person}' --revoke {old.id}`" in advice
    [found] = to_enrol_anew(Gate(name="G", instructions="Look.", rules=(Rule(group=f"coders-{unique}", approvals=1),)))
    assert found.what == f"{person}'s authenticator {old.id}"
    assert not found.healthy


def test_a_block_that_is_gone_is_said(environment: str) -> None:
    gone = CodeGenerator(secret_block="gone", public_key="a" * 64, enrolled_at=datetime.now(UTC))
    with pytest.raises(Terminal, match=f"{gone.id} is no longer on the Prefect server"):
        code_secret(gone)


def test_where_no_folder_is_named_nobody_is_enrolled(person: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIGNALBOX_CODE_SECRETS")
    with pytest.raises(Terminal, match="SIGNALBOX_CODE_SECRETS names none here"):
        enrol_code(person)
    assert enrolled(person) == Enrolment(name=person)


def test_a_folder_that_others_may_enter_enrols_nobody(
    person: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tmp_path.chmod(0o755)
    monkeypatch.setenv("SIGNALBOX_CODE_SECRETS", str(tmp_path))
    with pytest.raises(Terminal, match="others on this machine may use"):
        enrol_code(person)
    assert enrolled(person) == Enrolment(name=person)
