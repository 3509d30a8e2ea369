"""A flow run's page in the Prefect UI, as somebody uses it who was sent its link."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from playwright.sync_api import Locator, Page, Request, TimeoutError, sync_playwright

MILLISECONDS = 90_000
"""How long anything may take to appear: the machine may be busy."""
CLICKS, LOOKS, LOOK = 3, 20, 500
"""How often an answer is sent that was not taken; how often the page is looked at before; milliseconds between two looks."""
RELOADS, ASKED_WITHIN = 6, 30_000
"""How often the front page is opened that does not ask for the password; milliseconds in which it does."""
DECIDES = re.compile(r"/(resume|set_state)$")
"""Requests to the server that change a run."""


class RunPage:
    """sent: how many requests it sent to change a run; decided: those that the server took; refused: what it said to others."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.sent = 0
        self.decided: list[str] = []
        self.refused: list[str] = []
        page.on("request", self._count)
        page.on("requestfinished", self._note)
        page.on("requestfailed", self._note)

    def _count(self, request: Request) -> None:
        self.sent += bool(DECIDES.search(request.url))

    def _note(self, request: Request) -> None:
        if DECIDES.search(request.url):
            if request.failure is None and (answer := request.response()) and answer.ok:
                self.decided.append(request.url)
            else:
                self.refused.append(request.failure or f"{answer and answer.status}")

    def open(self, link: str) -> None:
        """Follow a link, and wait until the run can be answered."""
        self.page.goto(link)
        self._resume.wait_for()

    def sign_in(self, front: str, password: str) -> None:
        """Open the front page in a browser that does not know the password, and paste it where the page asks.

        A run's page of Prefect 3.8 does not ask; it says that signing in failed.
        """
        asked = self.page.locator("input[type=password]")
        for _ in range(
            RELOADS
        ):  # a page whose first question to a busy server is not answered in time asks no more by itself
            self.page.goto(front)
            with suppress(TimeoutError):
                asked.wait_for(timeout=ASKED_WITHIN)
                break
        asked.fill(password)
        asked.press("Enter")
        asked.wait_for(state="hidden")

    def ask(self) -> None:
        """Open the form."""
        self._resume.click()
        self._fields.first.wait_for()

    def close(self) -> None:
        """Leave the form without an answer."""
        self._form.get_by_role("button", name="Close").click()
        self._form.wait_for(state="hidden")

    def fill(self, **answers: str) -> None:
        """Type or choose, a field by its name."""
        for name, answer in answers.items():
            label = self.page.locator(".schema-form-property__label", has_text=re.compile(rf"^{name}\b", re.IGNORECASE))
            field = self._fields.filter(has=label)
            if field.locator("textarea, input").count():
                field.locator("textarea, input").fill(answer)
            else:
                field.locator(".p-select-button__icon").click()  # elsewhere the form takes the focus back and shuts it
                self.page.get_by_role("option", name=answer, exact=True).click()

    def submit(self) -> None:
        """Send the answer, again where a busy page or server did not take it; the form closes when the server has it."""
        taken, refused = len(self.decided), len(self.refused)
        for _ in range(CLICKS):
            self._form.get_by_role("button", name="Submit").click()
            for look in range(MILLISECONDS // LOOK):
                if len(self.decided) > taken:
                    self._form.wait_for(state="hidden")
                    return
                waits = self.sent > len(self.decided) + len(self.refused)
                if len(self.refused) > refused or (look >= LOOKS and not waits):
                    break
                self.page.wait_for_timeout(LOOK)
            refused = len(self.refused)
        raise AssertionError(f"the server took no answer of {CLICKS} clicks; it said {self.refused}")

    @property
    def evidence(self) -> str:
        """What the form says above its fields."""
        return self._evidence.inner_text()

    def table(self, number: int) -> list[list[str]]:
        """A table of the evidence, scrolled to: its rows without the header."""
        found = self._evidence.get_by_role("table").nth(number)
        found.scroll_into_view_if_needed()
        rows = found.locator("tbody tr").all()
        return [row.locator("td").all_inner_texts() for row in rows]

    @property
    def _resume(self) -> Locator:
        return self.page.get_by_role("button", name="Resume")

    @property
    def _form(self) -> Locator:
        return self.page.get_by_role("dialog")

    @property
    def _fields(self) -> Locator:
        return self._form.locator(".schema-form-property")

    @property
    def _evidence(self) -> Locator:
        return self._form.locator("article.markdown-renderer").first


@contextmanager
def browser(pictures: Path) -> Iterator[RunPage]:
    """A page of a real Chromium. pictures: where a picture is left of what it showed when something went wrong.

    Nothing of Prefect that is asynchronous may be called meanwhile: Playwright runs this thread's event loop.
    """
    program = shutil.which("chromium")
    assert program is not None, "chromium is not installed; `make setup` says how"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = chromium.new_page(viewport={"width": 1280, "height": 1000})
        page.set_default_timeout(MILLISECONDS)
        try:
            yield RunPage(page)
        except BaseException:
            pictures.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=pictures / f"{len(list(pictures.iterdir()))}.png")
            raise
        finally:
            chromium.close()
