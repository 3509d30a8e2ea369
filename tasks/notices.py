"""Notices through Prefect's notification blocks and, by e-mail, through prefect-email."""

import logging
import re
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooSlow
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, localtime
from hashlib import sha256
from smtplib import SMTPRecipientsRefused, SMTPResponseException
from urllib.parse import quote

from httpx import HTTPError, HTTPStatusError
from prefect import get_run_logger, task
from prefect.blocks.abstract import NotificationBlock, NotificationError
from prefect.blocks.core import Block
from prefect.blocks.notifications import AbstractAppriseNotificationBlock
from prefect.settings import PREFECT_API_URL, PREFECT_UI_URL

from domain.approval.notice import MAIL, Channel, Notice
from domain.errors import SignalboxError, Terminal, Transient
from tasks.retries import RETRIED

SECONDS = 30.0
"""After which a service that has not taken a notice is given up; the retry policy tries again."""
SENDER = "signalbox-notice"
"""Name of the threads that send."""
WORTH_ANOTHER_TRY = (408, 425, 429)
"""Below 500; what HTTP says of time, not of the request."""


def run_link(run: str) -> str:
    """The page of a flow run in the Prefect UI; says so where no server is set and so no page is."""
    base = PREFECT_UI_URL.value() or (PREFECT_API_URL.value() or "").removesuffix("/").removesuffix("/api")
    if not base or not run:
        return "(this run has no page: no server is set)"
    return f"{base.rstrip('/')}/runs/flow-run/{quote(run, safe='')}"


def notify(channels: Sequence[str], notice: Notice) -> dict[str, str]:
    """Tell every channel; channel → why it could not be told. Never stops a release: who was missed is written down.

    channels: see domain.approval.notice.Channel. What is no channel is named by its place only: it may be a secret address.
    """
    missed: dict[str, str] = {}
    futures = {}
    for place, channel in enumerate(dict.fromkeys(channels), start=1):
        try:
            Channel.parse(channel)
            futures[channel] = tell.submit(channel, notice)
        except Terminal as error:
            missed[f"channel {place}"] = str(error)
    for channel, future in futures.items():
        fault = future.result(raise_on_failure=False)
        if isinstance(fault, BaseException):
            missed[channel] = str(fault) if isinstance(fault, SignalboxError) else type(fault).__name__
    for channel, reason in missed.items():
        get_run_logger().error("%s was not notified of %r: %s", channel, notice.subject, reason)
    return missed


def faults_of_channels(channels: Sequence[str]) -> list[str]:
    """What keeps a channel from ever being told, before anything is touched."""
    faults: list[str] = []
    for place, channel in enumerate(channels, start=1):
        try:
            _loaded(Channel.parse(channel))
        except Terminal as error:
            faults.append(f"channel {place} of {len(channels)}: {error}")
    return faults


@task(name="tell {channel}", task_run_name="tell {channel}", **RETRIED)
def tell(channel: str, notice: Notice) -> None:
    """Send one notice. Errors never hold the block's address: it is a secret."""
    parsed = Channel.parse(channel)
    block = _loaded(parsed)
    sent: Future[None] = Future()

    def send() -> None:
        try:
            if isinstance(block, NotificationBlock):
                _post(block, notice)
            else:
                _mail(block, parsed, notice)
            sent.set_result(None)
        except Exception as error:  # noqa: BLE001  # of a dozen services; handed on to the task
            sent.set_exception(error)

    # Neither apprise nor smtplib can be trusted to give up. A daemon thread, unlike a pool's, can be left behind:
    # neither this task nor the end of the process waits for it.
    threading.Thread(target=send, name=SENDER, daemon=True).start()
    try:
        sent.result(timeout=SECONDS)
    except TooSlow:
        raise Transient(f"{parsed.block} did not accept the notice within {SECONDS:g} s") from None
    except Terminal:
        raise
    except Exception as error:  # noqa: BLE001  # whatever it says may hold the secret address
        raise _worded(parsed.block, error) from None


def _loaded(channel: Channel) -> Block:
    """The saved block; Terminal when it cannot be used."""
    _keep_addresses_out_of_logs()
    try:
        block: Block = Block.load(channel.block)  # type: ignore[assignment]  # load is synchronous here
    except HTTPError as error:
        raise Transient(f"channel {channel.block} could not be read from the server ({type(error).__name__})") from None
    except Exception as error:  # noqa: BLE001  # of any block's own checks; it may hold the secret address
        told = str(error) if str(error).startswith("Unable to find block") else f"its settings: {type(error).__name__}"
        raise Terminal(f"channel {channel.block} cannot be used: {told}; save it in the UI, under Blocks") from None
    if channel.is_mail:
        if "@" not in str(channel.sender or getattr(block, "username", None)):
            raise Terminal(f"channel {channel.block}: its user name is not an address; add &from=signalbox@example.org")
    elif not isinstance(block, NotificationBlock):
        raise Terminal(f"channel {channel.block} is neither a notification block of Prefect nor {MAIL}")
    elif isinstance(block, AbstractAppriseNotificationBlock) and not len(block._apprise_client):
        raise Terminal(
            f"channel {channel.block} cannot be used: its address does not belong to that service; fix the block"
        )
    return block


def _post(block: NotificationBlock, notice: Notice) -> None:
    if notice.loud and isinstance(block, AbstractAppriseNotificationBlock):
        block.notify_type = "warning"
    with block.raise_on_failure():
        block.notify(notice.body, notice.subject)  # type: ignore[unused-coroutine]  # synchronous in this thread


def _mail(block: Block, channel: Channel, notice: Notice) -> None:
    """Plain text only, so that there is no markup to inject.

    The same notice has the same id: a server that took it too late to say so gets it again, and mailboxes can show it once.
    """
    sender = channel.sender or str(getattr(block, "username", ""))
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = sender, ", ".join(channel.recipients), notice.subject
    content = "\n".join([sender, *channel.recipients, notice.subject, notice.body])
    digest = sha256(content.encode()).hexdigest()[:32]
    mail["Date"], mail["Message-ID"] = format_datetime(localtime()), f"<{digest}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"  # no out-of-office answers (RFC 3834)
    if notice.loud:
        mail["Importance"] = "high"
    mail.set_content(notice.body)
    with block.get_server() as server:  # type: ignore[attr-defined]  # prefect-email ships no types
        refused = server.send_message(mail)
    if refused:  # not tried again: the others have it already
        raise Terminal(
            f"{channel.block} did not accept the notice for {', '.join(sorted(refused))}; the others have it"
        )


def _worded(block: str, error: Exception) -> SignalboxError:
    """What happened, without the words of the service or its client: they may hold the address."""
    status = _status(error)
    if isinstance(error, SMTPResponseException | SMTPRecipientsRefused):
        passing = status is not None and status < 500
    elif status is not None:
        passing = status >= 500 or status in WORTH_ANOTHER_TRY
    else:
        passing = isinstance(error, OSError | HTTPError | NotificationError)
    said = f"it answered {status}" if status is not None else type(error).__name__
    if passing:
        return Transient(f"{block} did not accept the notice ({said})")
    return Terminal(f"{block} does not accept notices ({said}); fix the block, then check that it reaches you")


def _status(error: Exception) -> int | None:
    if isinstance(error, HTTPStatusError):
        return error.response.status_code
    if isinstance(error, SMTPResponseException):
        return int(error.smtp_code)
    if isinstance(error, SMTPRecipientsRefused):
        return min(code for code, _ in error.recipients.values())
    if isinstance(error, NotificationError):
        found = re.findall(r"(?m)^\[WARNING\]: .*\berror=(\d{3})\.", error.log)
        return int(found[-1]) if found else None
    return None


def _keep_addresses_out_of_logs() -> None:
    """Addresses of web hooks are secrets, and these loggers write them down, at levels up to ERROR."""
    apprise = logging.getLogger("apprise")
    apprise.propagate = False  # Prefect's block still reads why a notice failed
    apprise.setLevel(logging.WARNING)  # below it apprise writes whole addresses, and the block keeps what it reads
    for name in ("httpx", "urllib3.connectionpool", "urllib3.util.retry"):
        logger = logging.getLogger(name)
        if _not_of_a_sender not in logger.filters:
            logger.addFilter(_not_of_a_sender)


def _not_of_a_sender(record: logging.LogRecord) -> bool:
    return record.threadName != SENDER
