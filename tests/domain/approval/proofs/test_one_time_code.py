"""One-time codes (RFC 6238): only the right one of this moment, and a signature that ever after tells what it was for."""

from base64 import b32encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest

from domain.approval.proofs.one_time_code import (
    DIGITS,
    STEP_SECONDS,
    STEPS_AHEAD,
    STEPS_BEFORE,
    CodeGenerator,
    CodeProof,
    code_of,
    new_secret,
    provisioning_uri,
    signature_fault,
    signed,
    step_of,
    verification_key,
)
from domain.approval.statement import Statement

Make = Callable[..., Statement]
SECRET = b32encode(b"12345678901234567890").decode()  # RFC 6238, appendix B
NOON = datetime(2025, 12, 10, 12, 0, tzinfo=UTC)
STEP = int(NOON.timestamp()) // 30
SECOND = timedelta(seconds=1)
INSTANT = timedelta(microseconds=1)


def generator(secret: str = SECRET) -> CodeGenerator:
    return CodeGenerator(
        secret_block="code-ada", public_key=verification_key(secret), enrolled_at=NOON - timedelta(days=1)
    )


def code_at(moment: datetime, secret: str = SECRET) -> str:
    return pyotp.TOTP(secret).at(moment)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_vectors_of_rfc_6238(seconds: int, code: str) -> None:
    assert step_of(SECRET, code[-6:], datetime.fromtimestamp(seconds, UTC)) == seconds // 30


def test_the_numbers_that_authenticators_and_the_documents_rely_on() -> None:
    assert (STEP_SECONDS, STEPS_BEFORE, STEPS_AHEAD, DIGITS) == (30, 5, 1, 6)


@pytest.mark.parametrize("drift", [-5, -4, -1, 0, 1])
@pytest.mark.parametrize("within", [timedelta(), INSTANT, 15 * SECOND, 30 * SECOND - INSTANT])
def test_a_code_is_seen_up_to_five_steps_late_or_one_early(drift: int, within: timedelta) -> None:
    assert step_of(SECRET, code_at(NOON + drift * 30 * SECOND), NOON + within) == STEP + drift


@pytest.mark.parametrize("drift", [-2880, -7, -6, 2, 3, 2880])
@pytest.mark.parametrize("within", [timedelta(), 30 * SECOND - INSTANT])
def test_a_code_of_another_time_is_wrong(drift: int, within: timedelta) -> None:
    assert step_of(SECRET, code_at(NOON + drift * 30 * SECOND), NOON + within) is None


def test_another_persons_code_is_wrong() -> None:
    assert step_of(SECRET, code_at(NOON, b32encode(b"another 20 bytes now").decode()), NOON) is None


RIGHT = code_at(NOON)


@pytest.mark.parametrize(
    "code",
    [
        "",
        RIGHT[:5],
        RIGHT[1:],
        RIGHT + "0",
        "0" + RIGHT,
        f" {RIGHT}",
        f"{RIGHT}\n",
        "abcdef",
        f"{RIGHT[:5]}x",
        "-" + RIGHT[1:],
        RIGHT.translate({ord("0") + digit: 0x0660 + digit for digit in range(10)}),  # Arabic digits
        RIGHT.translate({ord("0") + digit: 0xFF10 + digit for digit in range(10)}),  # full-width digits
        "\ud800",
        "\0" * 6,
        RIGHT * 100_000,
        str(int(RIGHT) ^ 1).zfill(6),
    ],
    ids=lambda code: ascii(code)[:20],
)
def test_what_is_not_the_code_is_wrong(code: str) -> None:
    assert step_of(SECRET, code, NOON) is None


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        (RIGHT, RIGHT),
        (f" {RIGHT[:3]} {RIGHT[3:]}\n", RIGHT),
        (f"{RIGHT[:3]}-{RIGHT[3:]}", RIGHT),
        (RIGHT.translate({ord("0") + digit: 0x0660 + digit for digit in range(10)}), RIGHT),
        (RIGHT.translate({ord("0") + digit: 0xFF10 + digit for digit in range(10)}), RIGHT),
        ("000042", "000042"),
        (RIGHT[:5], None),
        (f"{RIGHT}0", None),
        (f"it is {RIGHT}", None),
        ("", None),
        ("²²²²²²", None),
    ],
    ids=ascii,
)
def test_a_code_is_read_as_people_type_it(typed: str, code: str | None) -> None:
    assert code_of(typed) == code


def test_a_code_with_leading_zeros_needs_them() -> None:
    moment = next(NOON + n * 30 * SECOND for n in range(1000) if code_at(NOON + n * 30 * SECOND).startswith("0"))
    code = code_at(moment)
    assert step_of(SECRET, code, moment) is not None
    assert step_of(SECRET, code.lstrip("0"), moment) is None


def test_secrets_are_160_random_bits() -> None:
    made = {new_secret() for _ in range(200)}
    assert len(made) == 200
    assert {len(secret) for secret in made} == {32}
    assert set("".join(made)) == set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
    assert all(len(pyotp.TOTP(secret).byte_secret()) == 20 for secret in made)


def test_an_authenticator_reads_the_same_secret_from_the_qr_code() -> None:
    uri = provisioning_uri(SECRET, "Ada & Co <ada@example.org>")
    there = pyotp.parse_uri(uri)
    assert isinstance(there, pyotp.TOTP)
    assert (there.secret, there.name, there.issuer) == (SECRET, "Ada & Co <ada@example.org>", "Signalbox")
    assert step_of(SECRET, there.at(NOON), NOON) == STEP
    assert set(parse_qs(urlsplit(uri).query)) == {"secret", "issuer"}


def test_a_signature_holds_for_its_statement_and_its_step(statement: Make) -> None:
    proof = signed(SECRET, statement(), STEP)
    assert (proof.credential, proof.step) == (generator().id, STEP)
    assert generator().id == "code:" + verification_key(SECRET)[:16]
    assert signature_fault(proof, statement(), generator(), NOON) == ""
    assert CodeProof.model_validate_json(proof.model_dump_json()) == proof


def test_a_kept_signature_tells_neither_the_secret_nor_the_code(statement: Make) -> None:
    kept = signed(SECRET, statement(), STEP).model_dump_json() + generator().model_dump_json()
    assert SECRET not in kept and RIGHT not in kept


def test_the_signature_of_a_secret_stays_the_same(statement: Make) -> None:
    assert verification_key(SECRET) == verification_key(SECRET) != verification_key(SECRET[::-1])
    assert signed(SECRET, statement(), STEP) == signed(SECRET, statement(), STEP)
