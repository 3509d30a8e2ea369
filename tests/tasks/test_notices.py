"""Notices that really arrive: at a web server, as Slack's and Teams' own hosts, and at a mail server of this machine."""

import json
import logging
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from prefect import flow
from prefect.blocks.abstract import NotificationError
from prefect.blocks.notifications import (
    CustomWebhookNotificationBlock,
    MicrosoftTeamsWebhook,
    SendgridEmail,
    SlackWebhook,
)
from prefect_email import EmailServerCredentials
from pydantic import SecretStr

from blocks.approvers import Approvers
from deployments.laptop.processes import free_port
from domain.approval.notice import Notice, approval_wanted, break_glass_used, one_line
from tasks import notices
from tasks.notices import faults_of_channels, notify, run_link
from tasks.retries import RETRIED

pytestmark = pytest.mark.usefixtures("laptop", "one_at_a_time")

DIGEST = "sha256:" + "a" * 64
LINK = "http://127.0.0.1:4200/runs/flow-run/1"
WANTED = approval_wanted("plants", "20260102.1", "production", "Approval", datetime(2026, 1, 3, tzinfo=UTC), LINK, DIGEST)  # fmt: skip
EVIL = "fire\nBcc: all@example.org\r\n<!channel> <at>x</at> @everyone [here](https://evil.example) <b>{{body}}</b>"
BROKEN = break_glass_used("plants", "20260102.1", "production", "Gate", "ada\nBcc: x@example.org", EVIL, LINK, DIGEST)
SECRET = "VERYSECRETVERYSECRETVERY"
SLACK = f"https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/{SECRET}"
TEAMS = f"https://prod-1.westeurope.logic.azure.com:443/workflows/{SECRET}/triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig={SECRET}"
TRIES = 1 + RETRIED["retries"]


@dataclass
class Hook:
    """A web hook that keeps what it is told. answers: status codes, the last one for all others."""

    url: str = ""
    told: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    answers: list[int] = field(default_factory=lambda: [200])


@pytest.fixture
def hook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    """At a port of its own; and, as the proxy for https, at every host."""
    hook, authority = Hook(), trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")

    class Handler(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            self.send_response(200)
            self.end_headers()
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert(self.path.partition(":")[0]).configure_cert(context)
            self.connection = self.request = context.wrap_socket(self.connection, server_side=True)
            self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", buffering=0)
            self.close_connection = False

        def do_POST(self) -> None:
            hook.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            hook.paths.append(self.path)
            self.send_response(hook.answers.pop(0) if len(hook.answers) > 1 else hook.answers[0])
            self.end_headers()
            self.wfile.write(b"ok")
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        hook.url = f"http://127.0.0.1:{server.server_port}/{SECRET}"
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
        yield hook
        server.shutdown()
        thread.join()


@pytest.fixture
def channel(hook: Hook) -> str:
    """The hook as a saved block."""
    return custom("hook", hook.url)


def custom(name: str, url: str) -> str:
    template = {"subject": "{{subject}}", "body": "{{body}}", "both": "{{subject}} {{body}}"}
    CustomWebhookNotificationBlock(name=name, url=url, json_data=template).save(name, overwrite=True)
    return f"custom-webhook/{name}"


@pytest.fixture
def chats() -> list[str]:
    """Slack and Teams, at their real addresses."""
    SlackWebhook(url=SecretStr(SLACK)).save("team", overwrite=True)
    MicrosoftTeamsWebhook(url=SecretStr(TEAMS)).save("team", overwrite=True)
    return ["slack-webhook/team", "ms-teams-webhook/team"]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The policy's retries without its pauses."""
    told_soon = notices.tell.with_options(retry_delay_seconds=0, retry_jitter_factor=0)
    assert told_soon.retry_condition_fn is RETRIED["retry_condition_fn"]
    monkeypatch.setattr(notices, "tell", told_soon)


@flow
def telling(channels: list[str], notice: Notice) -> dict[str, str]:
    return notify(channels, notice)


def test_a_web_hook_is_told_with_subject_and_link(hook: Hook, channel: str) -> None:
    assert telling([channel, channel], WANTED) == {}
    assert [one["subject"] for one in hook.told] == [WANTED.subject]
    assert LINK in hook.told[0]["body"].splitlines()


def test_slack_and_teams_are_told_with_subject_and_link(hook: Hook, chats: list[str]) -> None:
    assert telling(chats, WANTED) == {}
    assert len(hook.told) == len(chats)
    for one in hook.told:
        assert WANTED.subject in json.dumps(one)
        assert LINK in json.dumps(one)


@pytest.fixture
def sendgrid() -> str:
    """SendGrid, at its real address, with a key that it would know."""
    key = SecretStr(f"SG.{SECRET}")
    SendgridEmail(api_key=key, sender_email="signalbox@example.org", to_emails=["ada@example.org"]).save(
        "team", overwrite=True
    )
    return "sendgrid-email/team"


def test_sendgrid_sends_a_mail_with_subject_and_link(hook: Hook, sendgrid: str) -> None:
    hook.answers = [202]
    assert telling([sendgrid], WANTED) == {}
    [mail] = hook.told
    assert hook.paths == ["/v3/mail/send"]
    assert mail["personalizations"] == [{"to": [{"email": "ada@example.org"}]}]
    assert mail["from"]["email"] == "signalbox@example.org"
    assert WANTED.subject in json.dumps(mail)
    assert LINK in json.dumps(mail)


def test_a_key_that_sendgrid_refuses_is_said_and_not_shown(hook: Hook, sendgrid: str) -> None:
    hook.answers = [401]
    missed = telling([sendgrid], WANTED)
    assert "it answered 401" in missed[sendgrid]
    assert SECRET not in missed[sendgrid]
    assert len(hook.told) == 1
    hook.answers = [429, 202]
    assert telling([sendgrid], WANTED) == {}


def test_a_broken_glass_looks_louder_and_says_why(hook: Hook, chats: list[str]) -> None:
    assert not WANTED.loud
    assert BROKEN.loud
    telling(chats[:1], WANTED)
    telling(chats[:1], BROKEN)
    quiet, loud = (one["attachments"][0] for one in hook.told)
    assert quiet["color"] != loud["color"]
    assert "Reason given: fire" in loud["text"]


def test_no_text_from_people_is_markup_in_a_chat(hook: Hook, channel: str, chats: list[str]) -> None:
    assert telling([channel, *chats], BROKEN) == {}
    for one in hook.told:
        told = json.dumps(one, ensure_ascii=False)
        assert "evil.example" in told  # it is shown
        for markup in ("<!", "<at>", "@everyone", "](", "<b>", "{{", '"mention"'):
            assert markup not in told
    both = next(one["both"] for one in hook.told if "both" in one)
    assert both == f"{BROKEN.subject} {BROKEN.body}"


def test_a_line_is_one_line_and_short() -> None:
    assert one_line("a\r\n\u2028\x00b\u202e\ud800c") == "a b c"
    assert len(one_line("x" * 1_000_000)) == 160
    assert one_line("mail ada@example.org, not @here") == "mail ada@example.org, not @\u200bhere"


def test_channels_that_fail_for_a_while_are_told_again(hook: Hook, channel: str, chats: list[str]) -> None:
    hook.answers = [500, 429, 503, 200]
    assert telling([channel, *chats], WANTED) == {}
    assert len(hook.told) == 6


@pytest.mark.parametrize(("status", "tries"), [(503, TRIES), (404, 1)])
def test_tries_end_and_what_time_cannot_mend_is_tried_once(
    hook: Hook, channel: str, chats: list[str], status: int, tries: int
) -> None:
    hook.answers = [status]
    missed = telling([channel, *chats], WANTED)
    assert list(missed) == [channel, *chats]
    assert all(str(status) in reason for reason in missed.values())
    assert len(hook.told) == len(missed) * tries


def test_who_cannot_be_told_is_named_and_the_others_are_told(hook: Hook, channel: str, silent_port: int) -> None:
    dead = custom("dead", f"http://127.0.0.1:{silent_port}/{SECRET}")
    missed = telling([dead, "slack-webhook/nobody", channel], WANTED)
    assert list(missed) == [dead, "slack-webhook/nobody"]
    assert "ConnectError" in missed[dead]
    assert "Unable to find" in missed["slack-webhook/nobody"]
    assert len(hook.told) == 1


def test_no_address_is_in_a_log_or_a_reason_even_when_everything_is_logged(
    hook: Hook, channel: str, chats: list[str], silent_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    dead = custom("dead", f"http://127.0.0.1:{silent_port}/{SECRET}")
    wrong = f"https://wrong.example/{SECRET.lower()}"  # apprise itself hides words in capitals only
    SlackWebhook(url=SecretStr(wrong)).save("wrong", overwrite=True)
    caplog.clear()  # what the test's own saving logged
    every = [channel, *chats, dead, "slack-webhook/wrong", SLACK, hook.url]
    reasons = " ".join(faults_of_channels(every))
    assert telling([channel, *chats], WANTED) == {}
    assert all(SECRET in path for path in hook.paths)
    hook.answers = [500]
    missed = telling(every, WANTED)
    assert len(missed) == len(every)
    reasons += json.dumps(missed) + caplog.text
    assert "was not notified" in reasons
    assert SECRET.lower() not in reasons.lower()


def test_what_a_chat_s_block_keeps_of_a_failure_holds_no_address(
    hook: Hook, chats: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    assert faults_of_channels(chats) == []
    hook.answers = [500]
    for chat in (SlackWebhook.load("team"), MicrosoftTeamsWebhook.load("team")):
        with pytest.raises(NotificationError) as failed, chat.raise_on_failure():
            chat.notify("body", "subject")
        assert "error=500" in failed.value.log
        assert SECRET.lower() not in failed.value.log.lower()


def test_a_server_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices, "SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections, and never says a word
        mail_block("silent", silent.getsockname()[1], username=None, password="")
        name = "email-server-credentials/silent?to=ada@example.org&from=signalbox@example.org"
        assert "within 0.2 s" in telling([name], WANTED)[name]
        left = [thread for thread in threading.enumerate() if thread.name == notices.SENDER]
        assert left
        assert all(thread.daemon for thread in left)  # none of them keeps the process


@dataclass
class MailServer:
    """Keeps mails. answers: what the next recipients are answered; accepted where there is none."""

    mails: list[EmailMessage] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    tries: int = 0

    async def handle_RCPT(self, _server: object, _session: object, envelope: Any, address: str, *_: object) -> str:  # noqa: N802  # aiosmtpd's name
        self.tries += 1
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802  # aiosmtpd's name
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        return "250 OK"


def mail_block(name: str, port: int, username: str | None, password: str) -> None:
    EmailServerCredentials(
        username=username,
        password=SecretStr(password),
        smtp_server="127.0.0.1",
        smtp_type="INSECURE",
        smtp_port=port,
    ).save(name, overwrite=True)


@pytest.fixture
def post() -> Iterator[MailServer]:
    """Saved as `mail`, which signs in; as `relay`, which needs not; as `locked`, whose password is wrong."""
    server = MailServer()
    controller = Controller(
        server,
        hostname="127.0.0.1",
        port=free_port(),
        authenticator=lambda _server, _session, _envelope, _how, given: AuthResult(
            success=given.password == b"right",
            handled=False,  # aiosmtpd answers
        ),
        auth_require_tls=False,
    )
    controller.start()
    mail_block("mail", controller.port, "signalbox@example.org", "right")
    mail_block("relay", controller.port, None, "")
    mail_block("locked", controller.port, "signalbox@example.org", SECRET)
    yield server
    controller.stop()


TO_BOTH = "email-server-credentials/mail?to=grace@example.org,linus@example.org"


def test_a_mail_arrives_with_subject_and_link(post: MailServer) -> None:
    assert telling([TO_BOTH], WANTED) == {}
    (mail,) = post.mails
    assert mail["To"] == "grace@example.org, linus@example.org"
    assert mail["From"] == "signalbox@example.org"
    assert mail["Subject"] == WANTED.subject
    assert mail["Importance"] is None
    assert mail["Auto-Submitted"] == "auto-generated"
    assert LINK in mail.get_content().splitlines()


def test_a_relay_without_sign_in_sends_in_the_name_of_the_channel(post: MailServer) -> None:
    assert telling(["email-server-credentials/relay?to=ada+alerts@example.org&from=box@example.org"], WANTED) == {}
    assert (post.mails[0]["From"], post.mails[0]["To"]) == ("box@example.org", "ada+alerts@example.org")


def test_no_text_from_people_becomes_a_header_or_markup_of_a_mail(post: MailServer) -> None:
    crafted = Notice("one\r\nBcc: all@example.org", BROKEN.body)  # as if one_line() had been forgotten
    missed = telling([TO_BOTH], crafted)
    assert list(missed) == [TO_BOTH]
    assert post.mails == []
    assert telling([TO_BOTH], BROKEN) == {}
    (mail,) = post.mails
    assert mail["Bcc"] is None
    assert mail["Importance"] == "high"
    assert mail["Subject"] == BROKEN.subject
    assert mail.get_content_type() == "text/plain"


def test_a_mail_server_that_is_busy_is_asked_again_and_one_that_refuses_is_not(post: MailServer) -> None:
    to_one = "email-server-credentials/mail?to=grace@example.org"
    post.answers = ["451 busy"]
    assert telling([to_one], WANTED) == {}
    assert (post.tries, len(post.mails)) == (2, 1)
    post.answers = ["550 no such user"] * 5
    assert "550" in telling([to_one], WANTED)[to_one]
    assert (post.tries, len(post.mails)) == (3, 1)


def test_a_mail_that_is_sent_again_is_known_by_its_id(post: MailServer) -> None:
    for notice in (WANTED, WANTED, BROKEN):
        assert telling([TO_BOTH], notice) == {}
    first, again, other = (mail["Message-ID"] for mail in post.mails)
    assert first == again != other
    assert re.fullmatch(r"<[0-9a-f]{32}@example\.org>", first)


def test_a_mail_that_only_some_get_is_sent_once_and_the_others_are_named(post: MailServer) -> None:
    post.answers = ["250 OK", "550 no such user"]
    missed = telling([TO_BOTH], WANTED)[TO_BOTH]
    assert "linus@example.org" in missed
    assert "grace@example.org" not in missed
    assert len(post.mails) == 1


def test_a_wrong_password_is_tried_once_and_not_told(post: MailServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    name = "email-server-credentials/locked?to=ada@example.org"
    missed = telling([name], WANTED)
    assert "535" in missed[name]
    assert SECRET not in missed[name]
    assert SECRET not in "".join(one.getMessage() for one in caplog.records if not one.name.startswith("mail."))


def test_channels_that_could_never_be_told_are_found_beforehand(chats: list[str], post: MailServer) -> None:
    SlackWebhook(url=SecretStr(f"https://wrong.example/{SECRET}")).save("wrong", overwrite=True)
    Approvers(members=["somebody"]).save("told", overwrite=True)
    good = [*chats, TO_BOTH, "email-server-credentials/relay?to=ada@example.org&from=box@example.org"]
    assert faults_of_channels(good) == []
    bad = {
        "slack-webhook/nobody": "Unable to find",
        "carrier-pigeon/one": "Unable to find",
        "slack-webhook/wrong": "does not belong to that service",
        "slack-webhook/team?to=ada@example.org": "nothing after",
        "email-server-credentials/mail": "needs 1 to 20 addresses",
        "email-server-credentials/relay?to=ada@example.org": "add &from=",
        "email-server-credentials/mail?to=not-an-address": "'not-an-address' is not an address",
        "email-server-credentials/mail?to=a@b.org%0d%0aBcc:c@d.org": "not an address",
        "email-server-credentials/mail?to=a@b.org&cc=c@d.org": "unknown 'cc'",
        "email-server-credentials/mail?to=a@b.org&from=c@d.org,e@f.org": "takes only one from",
        "email-server-credentials/mail?to=" + ",".join(f"a{n}@b.org" for n in range(21)): "1 to 20",
        "signalbox-approvers/told": "neither a notification block of Prefect",
        SLACK: "BLOCK-TYPE/BLOCK-NAME",
        "": "BLOCK-TYPE/BLOCK-NAME",
    }
    found = faults_of_channels(list(bad))
    assert len(found) == len(bad)
    for place, (fault, expected) in enumerate(zip(found, bad.values(), strict=True), start=1):
        assert fault.startswith(f"channel {place} of {len(bad)}: ")
        assert expected in fault
        assert SECRET not in fault


def test_the_link_leads_to_the_run_on_this_server(laptop: Any) -> None:
    assert run_link("abc") == f"{laptop.ui_url}/runs/flow-run/abc"
    assert run_link("../x?y") == f"{laptop.ui_url}/runs/flow-run/..%2Fx%3Fy"
    assert "no page" in run_link("")
