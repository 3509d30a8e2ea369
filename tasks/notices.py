"""Notices through Prefect's notification blocks and, by e-mail, through prefect-email."""

import asyncio
import html
from collections.abc import Awaitable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooSlow
from inspect import isawaitable
from urllib.parse import parse_qs

from prefect import get_run_logger, task
from prefect.blocks.abstract import NotificationBlock
from prefect.blocks.core import Block
from prefect.settings import PREFECT_API_URL, PREFECT_UI_URL

from domain.errors import Terminal, Transient
from domain.notice import Notice

SECONDS = 30
EMAIL = "email-server-credentials"
MANY = 20


def run_link(run: str) -> str:
    """The page of a flow run in the Prefect UI; says so where no server is set and so no page is."""
    base = PREFECT_UI_URL.value() or (PREFECT_API_URL.value() or "").removesuffix("/").removesuffix("/api")
    return f"{base.rstrip('/')}/runs/flow-run/{run}" if base and run else "(this run has no page: no server is set)"


def notify(channels: Sequence[str], notice: Notice) -> dict[str, str]:
    """Tell every channel; channel → why it could not be told. Never stops a release: who was missed is written down.

    channels: `slack-webhook/NAME`, or any other notification block; `email-server-credentials/NAME?to=a@b.org,c@b.org`.
    """
    futures = {channel: tell.submit(channel, notice) for channel in channels}
    missed: dict[str, str] = {}
    for channel, future in futures.items():
        fault = future.result(raise_on_failure=False)
        if isinstance(fault, BaseException):
            missed[channel] = str(fault)
            get_run_logger().error("%s was not told %r: %s", channel, notice.subject, fault)
    return missed


def faults_of_channels(channels: Sequence[str]) -> list[str]:
    """What keeps a channel from ever being told, before anything is touched."""
    faults: list[str] = []
    for channel in channels:
        try:
            _loaded(channel)
        except Terminal as error:
            faults.append(str(error))
    return faults


@task(name="tell {channel}", task_run_name="tell {channel}", retries=2, retry_delay_seconds=[1, 3])
def tell(channel: str, notice: Notice) -> None:
    """Send one notice. Errors never hold the block's address: it is a secret."""
    block, recipients = _loaded(channel)
    with ThreadPoolExecutor(1) as pool:  # neither apprise nor smtplib can be trusted to give up
        sending = pool.submit(_mail, block, recipients, notice) if recipients else pool.submit(_post, block, notice)
        try:
            sending.result(timeout=SECONDS)
        except TooSlow:
            pool.shutdown(wait=False)
            raise Transient(f"{channel} did not take the notice within {SECONDS} s") from None
        except Exception as error:  # noqa: BLE001  # of a dozen services; whatever it says may hold the secret address
            raise Transient(f"{channel} did not take the notice ({_kind(error)})") from None


def _kind(error: Exception) -> str:
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None)
    return f"status {status}" if status is not None else type(error).__name__


def _loaded(channel: str) -> tuple[Block, tuple[str, ...]]:
    """The block, and who gets the mail; Terminal when it cannot be used."""
    name, _, query = channel.partition("?")
    try:
        block = Block.load(name)
    except ValueError as error:
        raise Terminal(f"channel {name} cannot be used: {str(error).splitlines()[0]}") from None
    if not isinstance(block, Block):
        raise Terminal(f"channel {name} is no block")
    if name.startswith(f"{EMAIL}/"):
        return block, _recipients(name, query)
    if not isinstance(block, NotificationBlock):
        raise Terminal(f"channel {name} is no notification block of Prefect, and no {EMAIL}")
    return block, ()


def _recipients(name: str, query: str) -> tuple[str, ...]:
    named = [one.strip() for text in parse_qs(query).get("to", []) for one in text.split(",") if one.strip()]
    wrong = [one for one in named if one.count("@") != 1 or any(char.isspace() for char in one)]
    if not named or wrong or len(named) > MANY:
        raise Terminal(
            f"channel {name} needs up to {MANY} addresses as ?to=a@example.org,b@example.org"
            + (f"; these are none: {', '.join(wrong)}" if wrong else "")
        )
    return tuple(named)


def _post(block: Block, notice: Notice) -> None:
    if not isinstance(block, NotificationBlock):
        raise TypeError("a notification block is needed")
    with block.raise_on_failure():
        sent: object = block.notify(notice.body, notice.subject)
        if isawaitable(sent):  # some blocks are asynchronous only
            asyncio.run(_awaited(sent))


async def _awaited(sent: Awaitable[object]) -> None:
    await sent


def _mail(block: Block, recipients: tuple[str, ...], notice: Notice) -> None:
    from prefect_email import email_send_message  # takes a second to import, and few use it

    page = "<br>".join(html.escape(line) for line in notice.body.splitlines())
    asyncio.run(
        email_send_message.fn(
            subject=notice.subject,
            msg=page,
            msg_plain=notice.body,
            email_server_credentials=block,
            email_to=list(recipients),
        )
    )
