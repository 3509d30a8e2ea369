"""Which SSH keys can be enrolled, and how a signature is found in what people paste."""

import subprocess
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import ValidationError

from domain.approval.proofs.ssh_signature import SshKey, SshProof, armored

NOON = datetime(2025, 12, 10, 12, 0, tzinfo=UTC)
POINT = Ed25519PrivateKey.from_private_bytes(bytes(range(32))).public_key()
LINE = POINT.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
BEGIN, END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
NOT_CHECKED = "not a type of key that is accepted here; give the line of a .pub file with ssh-ed25519 or ssh-rsa"


def enrolled(line: str) -> SshKey:
    return SshKey(public_key=line, enrolled_at=NOON)


def rsa_line(bits: int) -> str:
    numbers = RSAPublicNumbers(65537, (1 << bits) - 1)  # a modulus of just so many bits; nobody signs with it
    return numbers.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


@pytest.mark.parametrize(
    "line", [LINE, f"{LINE} ada@laptop", f"  {LINE}  ada and more\n", LINE.replace(" ", "\t")], ids=range(4)
)
def test_the_line_of_a_pub_file_is_kept_without_its_comment(line: str) -> None:
    assert enrolled(line).public_key == LINE
    assert enrolled(line).revoked_at is None


def test_the_id_is_the_fingerprint_that_ssh_keygen_prints(tmp_path: Path) -> None:
    file = tmp_path / "key.pub"
    file.write_text(LINE)
    command = ["ssh-keygen", "-l", "-f", str(file)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert printed.split()[1] == enrolled(LINE).id
    assert len(enrolled(LINE).id) == len("SHA256:") + 43


@pytest.mark.parametrize(("bits", "fits"), [(1024, False), (2040, False), (2047, False), (2048, True), (4096, True)])
def test_an_rsa_key_has_2048_bits_or_more(bits: int, fits: bool) -> None:
    if fits:
        assert enrolled(rsa_line(bits)).public_key == rsa_line(bits)
    else:
        with pytest.raises(ValidationError, match="an RSA key needs 2048 bits or more"):
            enrolled(rsa_line(bits))


@pytest.mark.parametrize("kind", [("-t", "ecdsa"), ("-t", "ecdsa", "-b", "521"), ("-t", "dsa")], ids=" ".join)
def test_other_kinds_of_keys_are_refused(tmp_path: Path, kind: tuple[str, ...]) -> None:
    command = ["ssh-keygen", "-q", "-N", "", *kind, "-f", str(tmp_path / "key")]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode != 0:  # OpenSSH 10 no longer makes DSA keys
        (tmp_path / "key.pub").write_text("ssh-dss AAAAB3NzaC1kc3M=")
    with pytest.raises(ValidationError, match=NOT_CHECKED):
        enrolled((tmp_path / "key.pub").read_text())


@pytest.mark.parametrize(
    "line",
    [
        "",
        "ssh-ed25519",
        LINE.split()[1],
        f'command="true" {LINE}',
        f"ada {LINE}",
        LINE.upper(),
        LINE.replace("ssh-ed25519", "sk-ssh-ed25519@openssh.com"),
        LINE.replace("ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com"),
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA",
    ],
    ids=lambda line: line[:30],
)
def test_what_is_no_line_of_a_pub_file_is_refused(line: str) -> None:
    with pytest.raises(ValidationError, match=NOT_CHECKED):
        enrolled(line)


@pytest.mark.parametrize(
    "line",
    [
        LINE[:-4],
        LINE.replace("ssh-ed25519 ", "ssh-rsa "),
        "ssh-ed25519 " + rsa_line(2048).split()[1],
        "ssh-ed25519 !!!!",
        "ssh-ed25519 " + b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0\x10" + bytes(16)).decode(),
    ],
    ids=range(5),
)
def test_a_key_that_cannot_be_read_is_refused(line: str) -> None:
    with pytest.raises(ValidationError, match="the key cannot be read: "):
        enrolled(line)


def test_what_is_kept_has_one_shape() -> None:
    with pytest.raises(ValidationError, match="at most 2000 characters"):
        enrolled(f"{LINE} {'x' * 2000}")
    with pytest.raises(ValidationError, match="at most 8000 characters"):
        SshProof(signature="x" * 8001)
    assert len(SshProof(signature="x" * 8000).signature) == 8000
    with pytest.raises(ValidationError):
        SshKey.model_validate(enrolled(LINE).model_dump() | {"comment": "ada"})
    with pytest.raises(ValidationError):
        SshProof.model_validate({"signature": "x", "namespace": "git"})
    with pytest.raises(ValidationError):
        enrolled(LINE).public_key = LINE  # type: ignore[misc]  # this is what must fail
    with pytest.raises(ValidationError):
        SshProof(signature="x").signature = "y"  # type: ignore[misc]  # this is what must fail


BODY = "".join(chr(ord("A") + place % 26) for place in range(188)) + "+/=="
WHOLE = f"{BEGIN}\n{BODY[:70]}\n{BODY[70:140]}\n{BODY[140:]}\n{END}\n"


@pytest.mark.parametrize(
    "pasted",
    [
        WHOLE,
        WHOLE.strip(),
        WHOLE.replace("\n", " "),
        WHOLE.replace("\n", ""),
        WHOLE.replace("\n", "\r\n"),
        WHOLE.replace("\n", "\n\n   \t"),
        f"{BEGIN}\n{BODY}\n{END}",
        f"here it is:\n{WHOLE}\nregards, ada",
        f"{WHOLE}{BEGIN}\nAAAA\n{END}\n",
    ],
    ids=range(9),
)
def test_a_signature_is_found_however_its_lines_were_broken(pasted: str) -> None:
    assert armored(pasted) == WHOLE


@pytest.mark.parametrize("length", [1, 69, 70, 71, 139, 140, 141])
def test_a_line_of_armor_has_70_characters_at_most(length: int) -> None:
    found = armored(f"{BEGIN}{'A' * length}{END}")
    assert found is not None
    first, *lines, last, after = found.split("\n")
    assert (first, last, after) == (BEGIN, END, "")
    assert "".join(lines) == "A" * length
    assert all(len(line) == 70 for line in lines[:-1]) and 1 <= len(lines[-1]) <= 70


@pytest.mark.parametrize(
    "pasted",
    [
        "",
        "123456",
        BODY,
        WHOLE.replace(END, ""),
        WHOLE.replace(BEGIN, ""),
        f"{END}\n{BODY}\n{BEGIN}",
        f"{BEGIN}{END}",
        WHOLE.replace("A", "ä"),
        WHOLE.replace("A", "-"),
        WHOLE.replace("SSH", "PGP"),
        WHOLE.lower(),
    ],
    ids=range(11),
)
def test_there_is_no_signature_in_anything_else(pasted: str) -> None:
    assert armored(pasted) is None


def test_a_megabyte_is_looked_through_at_once() -> None:
    assert armored(f"{BEGIN}{' ' * 1_000_000}") is None
    assert armored(BEGIN * 30_000) is None
