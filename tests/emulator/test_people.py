"""The tenant's people and the token key, through the control plane."""

from pathlib import Path

import jwt
import pytest
import requests

from emulator.control_client import Control, ControlError
from emulator.identity import access, token_keys
from emulator.server import Emulator

GROUP = "AAAAAAAA-0000-0000-0000-000000000001"
OID = "bbbbbbbb-0000-0000-0000-000000000001"


def test_people_are_added_and_changed_and_no_answer_tells_a_password(control: Control) -> None:
    ada = control.add_user("ada@people.example", "Ada", [GROUP], "secret-of-ada")
    assert ada["groups"] == [GROUP.lower()]
    changed = control.add_user("Ada@People.Example", "Ada L.", password="other-secret")
    assert changed == {"username": "Ada@People.Example", "name": "Ada L.", "oid": ada["oid"], "groups": []}
    assert [one for one in control.users() if one["oid"] == ada["oid"]] == [changed]
    assert "secret" not in repr(control.users())


def test_two_people_are_never_one_account(control: Control) -> None:
    assert control.add_user("one@people.example", "One", oid=OID)["oid"] == OID
    with pytest.raises(ControlError, match=f"400 .*{OID} is the object id of one@people.example"):
        control.add_user("two@people.example", "Two", oid=OID)
    assert "two@people.example" not in [one["username"] for one in control.users()]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ('{"username": "ada", "name": "Ada"}', "username: String should match"),
        ('{"username": "a@b", "name": ""}', "name: String should have at least 1"),
        ('{"username": "a@b", "name": "A", "groups": ["staff"]}', "groups.0: Input should be a valid UUID"),
        ('{"username": "a@b", "name": "A", "password": 1}', "password: Input should be a valid string"),
        ('{"username": "a@b", "name": "A", "admin": true}', "admin: Extra inputs are not permitted"),
    ],
)
def test_a_person_who_cannot_be_is_refused_with_the_reason(emulator: Emulator, body: str, says: str) -> None:
    answer = requests.post(f"{emulator.url}/_emulator/users", data=body, timeout=10)
    assert (answer.status_code, says in answer.json()["error"]["message"]) == (400, True)


def test_a_rotated_key_signs_and_the_one_before_is_published_after_a_restart_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Emulator(tmp_path) as emulator:
        old = access.issue_token(access.ARM_AUDIENCE)
        kid = emulator.control.rotate_token_key()
        new = access.issue_token(access.ARM_AUDIENCE)
        assert jwt.get_unverified_header(new)["kid"] == kid != jwt.get_unverified_header(old)["kid"]
    assert sorted(file.stat().st_mode & 0o777 for file in tmp_path.glob("token-key*.pem")) == [0o600, 0o600]
    assert sum(b"PRIVATE" in file.read_bytes() for file in tmp_path.glob("token-key*.pem")) == 1
    monkeypatch.setattr(token_keys, "_private", {})  # as in a new process
    monkeypatch.setattr(token_keys, "_public", {})
    with Emulator(tmp_path) as emulator:
        keys = jwt.PyJWKSet.from_dict(token_keys.published("https://issuer.example"))
        for token in (old, new):
            key = keys[jwt.get_unverified_header(token)["kid"]]
            assert jwt.decode(token, key, ["RS256"], audience=access.ARM_AUDIENCE)
            access.check_token({"authorization": f"Bearer {token}"}, access.ARM_AUDIENCE)
