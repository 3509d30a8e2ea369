"""What a token says: for this account and group, in time to the second, and about this statement or just signed in."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest

from domain.approval.proofs.entra_token import RECENT, SKEW, EntraAccount, EntraProof, fault_of_token
from domain.approval.statement import Statement

Judge = Callable[..., str]
NOON = datetime(2025, 12, 10, 12, 0, tzinfo=UTC)
SECONDS = int(NOON.timestamp())
INSTANT = timedelta(microseconds=1)
SECOND = timedelta(seconds=1)
OTHER = "bbbbbbbb-9999-4999-8999-999999999999"
NO_TIMES = "the token does not say when it was issued and when it expires"
NO_GROUP = "the token does not name group aaaaaaaa-4444-4444-8444-444444444444; ask for group claims in the token, or to be added to the group"
NOT_ABOUT = "the token is not about this statement: its nonce must be "
LARGE = [
    10**11,
    253402300799,
    10**12,
    10**17,
    10**30,
    1e300,
    -62135596800,
    -(10**12),
    -1e300,
    float("nan"),
    float("inf"),
]


@pytest.fixture
def fault(
    account: EntraAccount,
    published: dict[str, Any],
    statement: Callable[..., Statement],
    token: Callable[..., EntraProof],
    claims: Callable[..., dict[str, Any]],
) -> Judge:
    """Why a token of ada's with these claims does not hold; None leaves a claim out."""

    def judge(*, at: datetime = NOON, of: EntraAccount = account, **given: Any) -> str:
        return fault_of_token(token(claims(**given)), statement(), of, {account.tenant_id: {"k1": published}}, at)

    return judge


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"aud": OTHER}, "Audience doesn't match"),
        ({"aud": None}, 'Token is missing the "aud" claim'),
        ({"aud": [OTHER]}, "Audience doesn't match"),
        ({"aud": []}, 'Token is missing the "aud" claim'),
        ({"aud": "33333333-3333-4333-8333-33333333333"}, "Audience doesn't match"),
        ({"iss": f"https://login.microsoftonline.com/{OTHER}/v2.0"}, "Invalid issuer"),
        ({"iss": "https://login.microsoftonline.com/aaaaaaaa-1111-4111-8111-111111111111/v2.0/"}, "Invalid issuer"),
        ({"iss": "https://sts.windows.net/aaaaaaaa-1111-4111-8111-111111111111/"}, "Invalid issuer"),
        ({"iss": None}, 'Token is missing the "iss" claim'),
        ({"iat": None}, 'Token is missing the "iat" claim'),
        ({"exp": None}, 'Token is missing the "exp" claim'),
    ],
    ids=str,
)
def test_a_token_for_or_from_somebody_else_is_refused(fault: Judge, given: dict[str, Any], why: str) -> None:
    assert fault(**given).startswith("the token is not valid: ")
    assert why in fault(**given)


@pytest.mark.parametrize("claim", ["oid", "tid"])
@pytest.mark.parametrize("value", [OTHER, None, "", 7, ["x"]], ids=str)
def test_a_token_of_another_account_is_refused(fault: Judge, claim: str, value: Any) -> None:
    assert fault(**{claim: value}) == "the token is for a different account from the one ada enrolled"


def test_both_account_and_tenant_must_fit(fault: Judge) -> None:
    assert fault(oid=OTHER, tid=OTHER) == "the token is for a different account from the one ada enrolled"


@pytest.mark.parametrize(
    "groups",
    [None, [], [OTHER], "aaaaaaaa-4444-4444-8444-444444444444", {"aaaaaaaa-4444-4444-8444-444444444444": 1}, 7, [[]]],
    ids=str,
)
def test_a_token_that_does_not_name_the_group_is_refused(fault: Judge, groups: Any) -> None:
    assert fault(groups=groups) == NO_GROUP


def test_a_token_with_too_many_groups_says_what_to_do(fault: Judge, account: EntraAccount) -> None:
    elsewhere = {"groups": "src1"}
    assert fault(groups=None, _claim_names=elsewhere) == (
        "the token names no groups because there are too many; assign the groups to the application instead"
    )
    assert fault(groups=[account.group_id], _claim_names=elsewhere) == ""
    assert fault(groups=[OTHER], _claim_names=elsewhere) == NO_GROUP


@pytest.mark.parametrize(
    ("at", "holds"),
    [
        (NOON + timedelta(hours=1) - INSTANT, True),
        (NOON + timedelta(hours=1), False),
        (NOON + timedelta(hours=1) + INSTANT, False),
    ],
)
def test_a_token_expires_at_the_second(fault: Judge, at: datetime, holds: bool) -> None:
    assert fault(at=at) == ("" if holds else "the token expired at 2025-12-10 13:00:00 UTC")


@pytest.mark.parametrize(("ahead", "holds"), [(0, True), (59, True), (60, True), (61, False), (3000, False)])
def test_a_tenants_clock_may_be_one_minute_ahead(fault: Judge, ahead: int, holds: bool) -> None:
    assert timedelta(minutes=1) == SKEW
    assert (fault(iat=SECONDS + ahead) == "") is holds
    if not holds:
        issued = NOON + timedelta(seconds=ahead)
        assert (
            fault(iat=SECONDS + ahead)
            == f"the token was issued at {issued:%Y-%m-%d %H:%M:%S} UTC, after the decision was made"
        )


def test_the_skew_is_held_to_the_instant(fault: Judge) -> None:
    assert fault(iat=SECONDS + 60, at=NOON) == ""
    assert fault(iat=SECONDS + 60, at=NOON - INSTANT).endswith("after the decision was made")


@pytest.mark.parametrize("name", ["iat", "exp"])
@pytest.mark.parametrize("value", [True, False, "1765368000", [], {}, 10**17, 10**30, 1e300, float("nan")], ids=repr)
def test_a_token_that_does_not_tell_its_times_is_refused(fault: Judge, name: str, value: Any) -> None:
    assert fault(**{name: value}) == NO_TIMES


def test_times_may_have_fractions(fault: Judge) -> None:
    assert fault(exp=SECONDS + 0.5) == ""
    assert fault(exp=SECONDS - 0.5) == "the token expired at 2025-12-10 11:59:59 UTC"


@pytest.mark.parametrize(
    ("enrolled", "holds"),
    [(0, True), (0.999999, True), (1, False), (3600, False)],
)
def test_a_token_from_before_the_enrolment_is_refused(
    fault: Judge, account: EntraAccount, enrolled: float, holds: bool
) -> None:
    anew = account.model_copy(update={"enrolled_at": NOON + timedelta(seconds=enrolled)})
    found = fault(of=anew, iat=SECONDS)
    assert (
        found == ""
        if holds
        else found.startswith("the token was issued at 2025-12-10 12:00:00 UTC, before the account")
    )


@pytest.mark.parametrize(
    ("signed_in", "holds"),
    [(-3600, False), (-31, False), (-30, True), (0, True), (60, True), (61, False), (10**9, False)],
)
def test_a_sign_in_since_the_enrolment_makes_up_for_an_older_token(
    fault: Judge, account: EntraAccount, signed_in: int, holds: bool
) -> None:
    anew = account.model_copy(update={"enrolled_at": NOON - timedelta(seconds=30)})
    found = fault(of=anew, iat=SECONDS - 3600, auth_time=SECONDS + signed_in)
    assert found == "" if holds else "before the account was enrolled at 2025-12-10 11:59:30 UTC" in found


def test_a_token_is_judged_by_the_moment_of_the_decision_and_no_other_clock(fault: Judge) -> None:
    later = datetime(2190, 1, 1, tzinfo=UTC)
    issued = int(later.timestamp())
    assert fault(at=later, iat=issued, nbf=issued, exp=issued + 60) == ""


@pytest.mark.parametrize("nonce", [None, "", "0" * 32, 7, True, [], {}, ["nonce"]], ids=repr)
def test_a_token_about_something_else_is_refused(fault: Judge, statement: Callable[..., Statement], nonce: Any) -> None:
    assert fault(nonce=nonce) == (
        f"{NOT_ABOUT}{statement().nonce}, or the sign-in (auth_time) no more than 10 minutes ago"
    )


@pytest.mark.parametrize("field", ["choice", "comment", "approver", "stage", "release"])
def test_the_nonce_of_another_statement_is_refused(
    fault: Judge, statement: Callable[..., Statement], field: str
) -> None:
    other = statement(**{field: "reject"})
    for nonce in (other.nonce, sha256(other.nonce.encode()).hexdigest()):
        assert fault(nonce=nonce).startswith(NOT_ABOUT)


def test_the_nonce_or_its_hash_is_enough(fault: Judge, statement: Callable[..., Statement]) -> None:
    nonce = statement().nonce
    assert fault(nonce=nonce, auth_time=SECONDS - 86400) == ""
    assert fault(nonce=sha256(nonce.encode()).hexdigest()) == ""
    for near in (nonce.upper(), nonce[:-1], nonce + "0", statement().digest, sha256(nonce.encode()).hexdigest()[:32]):
        assert fault(nonce=near).startswith(NOT_ABOUT)


@pytest.mark.parametrize(
    ("before", "holds"),
    [
        (timedelta(), True),
        (RECENT - INSTANT, True),
        (RECENT, True),
        (RECENT + INSTANT, False),
        (timedelta(hours=2), False),
        (-SKEW, True),
        (-SKEW - INSTANT, False),
    ],
    ids=str,
)
def test_a_sign_in_counts_for_ten_minutes(fault: Judge, before: timedelta, holds: bool) -> None:
    assert timedelta(minutes=10) == RECENT
    found = fault(nonce=None, auth_time=SECONDS, iat=SECONDS - 60, at=NOON + before, exp=SECONDS + 86400)
    assert found == "" if holds else found.startswith(NOT_ABOUT)


@pytest.mark.parametrize("value", [True, False, str(SECONDS), [SECONDS], {}, *LARGE], ids=repr)
def test_a_sign_in_at_no_time_does_not_count(fault: Judge, value: Any) -> None:
    assert fault(nonce=None, auth_time=value).startswith(NOT_ABOUT)
