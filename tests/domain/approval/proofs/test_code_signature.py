"""The signature of a one-time code: over one statement, one step and by one secret, and decided while the code was good."""

from base64 import b32encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from domain.approval.proofs.one_time_code import (
    MAX_STEP,
    CodeGenerator,
    CodeProof,
    signature_fault,
    signed,
    verification_key,
)
from domain.approval.statement import Statement

Make = Callable[..., Statement]
SECRET = b32encode(b"12345678901234567890").decode()
OTHER_SECRET = b32encode(b"09876543210987654321").decode()
PUBLIC = "b33f053c365464aa620fdb020ceae613c08cd54075081a315f434c9a660917c5"
NOON = datetime(2025, 12, 10, 12, 0, tzinfo=UTC)
STEP = int(NOON.timestamp()) // 30
INSTANT = timedelta(microseconds=1)
CHANGED = "it signs something else: the statement or the code's time was changed"


def generator(secret: str = SECRET) -> CodeGenerator:
    return CodeGenerator(
        secret_block="code-ada", public_key=verification_key(secret), enrolled_at=NOON - timedelta(days=1)
    )


OTHER: dict[str, Any] = {
    "workload": "mills",
    "release": "20251210.2",
    "release_digest": "sha256:" + "e" * 64,
    "stage": "registry",
    "gate": "Registry-Approval",
    "policy_digest": "sha256:" + "e" * 64,
    "report_digest": "sha256:" + "e" * 64,
    "asked": "sha256:" + "e" * 64,
    "choice": "reject",
    "approver": "bob",
    "comment": "",
    "expires_at": NOON + timedelta(days=2),
}


@pytest.mark.parametrize("field", OTHER)
def test_a_signature_over_another_statement_does_not_hold(statement: Make, field: str) -> None:
    proof = signed(SECRET, statement(**{field: OTHER[field]}), STEP)
    assert signature_fault(proof, statement(), generator(), NOON) == CHANGED


@pytest.mark.parametrize("step", [0, STEP - 1, STEP + 1, MAX_STEP])
def test_a_signature_does_not_hold_for_another_step(statement: Make, step: int) -> None:
    moved = signed(SECRET, statement(), STEP).model_copy(update={"step": step})
    assert signature_fault(moved, statement(), generator(), NOON) == CHANGED


def test_a_signature_by_another_secret_does_not_hold(statement: Make) -> None:
    theirs = signed(OTHER_SECRET, statement(), STEP)
    assert signature_fault(theirs, statement(), generator(), NOON) == CHANGED
    renamed = theirs.model_copy(update={"credential": generator().id})
    assert signature_fault(renamed, statement(), generator(), NOON) == CHANGED


@pytest.mark.parametrize("digit", [0, 1, 63, 64, 127])
def test_a_signature_with_one_digit_changed_does_not_hold(statement: Make, digit: int) -> None:
    proof = signed(SECRET, statement(), STEP)
    other = f"{int(proof.seal[digit], 16) ^ 1:x}"
    changed = proof.model_copy(update={"seal": proof.seal[:digit] + other + proof.seal[digit + 1 :]})
    assert signature_fault(changed, statement(), generator(), NOON) == CHANGED


@pytest.mark.parametrize(
    ("after_its_beginning", "holds"),
    [
        (timedelta(seconds=-30) - INSTANT, False),
        (timedelta(seconds=-30), True),
        (timedelta(), True),
        (timedelta(seconds=180) - INSTANT, True),
        (timedelta(seconds=180), False),
        (timedelta(days=1), False),
        (timedelta(days=-1), False),
    ],
)
def test_it_was_decided_while_the_code_was_good(statement: Make, after_its_beginning: timedelta, holds: bool) -> None:
    fault = signature_fault(signed(SECRET, statement(), STEP), statement(), generator(), NOON + after_its_beginning)
    assert (fault == "") is holds
    if not holds:
        assert fault.startswith("its code is for 2025-12-10 12:00:00 UTC, but it was seen at 2025-12-")


def test_every_step_that_is_kept_has_a_date(statement: Make) -> None:
    for step, year in ((0, "1970"), (MAX_STEP, "6053")):
        fault = signature_fault(signed(SECRET, statement(), step), statement(), generator(), NOON)
        assert fault.startswith(f"its code is for {year}-")
    assert MAX_STEP == 2**32


KEPT = {"credential": "code:0123456789abcdef", "step": STEP, "seal": "a" * 128}


@pytest.mark.parametrize(
    "wrong",
    [
        {"step": -1},
        {"step": MAX_STEP + 1},
        {"step": 10**30},
        {"step": 1.5},
        {"step": None},
        {"seal": "a" * 127},
        {"seal": "a" * 129},
        {"seal": "A" * 128},
        {"seal": "g" * 128},
        {"seal": "a" * 128 + "\n"},
        {"seal": ""},
        {"credential": None},
        {"kind": "ssh"},
        {"code": "123456"},
    ],
    ids=str,
)
def test_a_kept_proof_has_one_shape(wrong: dict[str, Any]) -> None:
    CodeProof.model_validate(KEPT)
    with pytest.raises(ValidationError):
        CodeProof.model_validate(KEPT | wrong)


@pytest.mark.parametrize("key", ["a" * 63, "a" * 65, "A" * 64, "x" * 64, "a" * 64 + "\n", ""])
def test_a_generators_public_key_has_one_spelling(key: str) -> None:
    with pytest.raises(ValidationError, match="public_key"):
        CodeGenerator.model_validate(generator().model_dump() | {"public_key": key})


def test_what_is_kept_cannot_be_changed(statement: Make) -> None:
    with pytest.raises(ValidationError):
        signed(SECRET, statement(), STEP).step = 1  # type: ignore[misc]  # this is what must fail
    with pytest.raises(ValidationError):
        generator().revoked_at = None  # type: ignore[misc]  # this is what must fail
    with pytest.raises(ValidationError):
        CodeGenerator.model_validate(generator().model_dump() | {"secret": SECRET})
    assert generator().revoked_at is None


def test_the_key_of_a_secret_never_changes_or_old_signatures_would_be_void() -> None:
    assert verification_key(SECRET) == PUBLIC
