"""Notices that really arrive: at an HTTP server and a mail server of this machine."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from prefect import flow
from prefect.blocks.notifications import CustomWebhookNotificationBlock, SlackWebhook
from prefect_email import EmailServerCredentials
from pydantic import SecretStr

from deployments.processes import free_port
from domain.notice import Notice, approval_wanted, break_glass_used
from tasks.notices import faults_of_channels, notify, run_link

pytestmark = pytest.mark.usefixtures("laptop")

DIGEST = "sha256:" + "a" * 64
LINK = "http://127.0.0.1:4200/runs/flow-run/1"
WANTED = approval_wanted("plants", "20260102.1", "production", "Production-Approval", datetime(2026, 1, 3, tzinfo=UTC), LINK, DIGEST)  # fmt: skip


@dataclass
class Hook:
    """A web hook that keeps what it is told. answers: status codes, the last one for all others."""

    url: str = ""
    told: list[dict[str, Any]] = field(default_factory=list)
    answers: list[int] = field(default_factory=lambda: [200])


@pytest.fixture
def hook() -> Iterator[Hook]:
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            hook.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(hook.answers.pop(0) if len(hook.answers) > 1 else hook.answers[0])
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        hook.url = f"http://127.0.0.1:{server.server_port}/secret-path"
        yield hook
        server.shutdown()
        thread.join()


@pytest.fixture
def channel(hook: Hook) -> str:
    """The hook as a saved block."""
    CustomWebhookNotificationBlock(
        name="hook",
        url=hook.url,
        json_data={"subject": "{{subject}}", "body": "{{body}}"},
        allow_private_urls=True,
    ).save("hook", overwrite=True)
    return "custom-webhook/hook"


@flow
def telling(channels: list[str], notice: Notice) -> dict[str, str]:
    return notify(channels, notice)


def test_a_web_hook_is_told_with_subject_and_link(hook: Hook, channel: str) -> None:
    assert telling([channel], WANTED) == {}
    assert [one["subject"] for one in hook.told] == [WANTED.subject]
    assert LINK in hook.told[0]["body"].splitlines()


def test_a_hook_that_fails_once_is_told_again(hook: Hook, channel: str) -> None:
    hook.answers = [503, 200]
    assert telling([channel], WANTED) == {}
    assert len(hook.told) == 2


def test_a_channel_that_cannot_be_told_is_named_without_its_secret_and_the_others_are_told(
    hook: Hook, channel: str, caplog: pytest.LogCaptureFixture
) -> None:
    dead = f"http://127.0.0.1:{free_port()}/services/T0/B0/very-secret"
    CustomWebhookNotificationBlock(name="dead", url=dead, allow_private_urls=True).save("dead", overwrite=True)
    missed = telling(["custom-webhook/dead", channel], WANTED)
    assert list(missed) == ["custom-webhook/dead"]
    assert "did not take the notice" in missed["custom-webhook/dead"]
    assert "very-secret" not in missed["custom-webhook/dead"] + caplog.text
    assert len(hook.told) == 1


def test_a_mail_arrives_and_no_text_becomes_a_header() -> None:
    mails: list[EmailMessage] = []

    class Keeper:
        async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802  # aiosmtpd's name
            mails.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
            return "250 OK"

    notice = break_glass_used(
        "plants", "20260102.1", "production", "Gate", "ada\nBcc: all@example.org", "fire\n<b>now</b>", LINK, DIGEST
    )
    controller = Controller(
        Keeper(),
        hostname="127.0.0.1",
        port=free_port(),
        authenticator=lambda *_: AuthResult(success=True),
        auth_require_tls=False,
    )
    controller.start()
    try:
        EmailServerCredentials(
            username="signalbox@example.org",
            password=SecretStr("x"),
            smtp_server="127.0.0.1",
            smtp_type="INSECURE",
            smtp_port=controller.port,
        ).save("mail", overwrite=True)
        missed = telling(["email-server-credentials/mail?to=grace@example.org,linus@example.org"], notice)
    finally:
        controller.stop()
    assert missed == {}
    assert [mail["To"] for mail in mails] == ["grace@example.org, linus@example.org"]
    assert mails[0]["Bcc"] is None
    assert "BREAK GLASS" in mails[0]["Subject"]
    page = mails[0].get_body(("html",))
    assert page is not None
    assert "&lt;b&gt;now&lt;/b&gt;" in page.get_content()


def test_channels_that_could_never_be_told_are_found_beforehand() -> None:
    SlackWebhook(url=SecretStr("https://hooks.slack.com/services/T0/B0/x")).save("team", overwrite=True)
    EmailServerCredentials(smtp_server="127.0.0.1").save("mail2", overwrite=True)
    found = faults_of_channels(
        [
            "slack-webhook/team",
            "slack-webhook/nobody",
            "carrier-pigeon/one",
            "email-server-credentials/mail2",
            "email-server-credentials/mail2?to=not-an-address",
            "signalbox-ledger/ledger",
        ]
    )
    assert len(found) == 5
    assert not any("slack-webhook/team" in fault for fault in found)


def test_the_link_leads_to_the_run_on_this_server(laptop: Any) -> None:
    assert run_link("abc") == f"{laptop.ui_url}/runs/flow-run/abc"
    assert "no page" in run_link("")
