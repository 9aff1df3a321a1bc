"""What tests of the page have: one browser for all, a collector with real events, and a tab for each test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from tests.page.serving import PageServer, page_serving, recorded
from tests.patience import HANG

# Without the extra `page` these files cannot even be read. Then `-m page` finds no test, which is an error.
collect_ignore_glob = [] if find_spec("playwright") else ["test_*.py"]

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Locator, Page


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium: Debian's, or one that playwright has fetched."""
    from playwright.sync_api import expect, sync_playwright

    # However busy the machine is: what an expectation waits for comes, or never does.
    expect.set_options(timeout=HANG * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def recording() -> Iterator[PageServer]:
    """A collector with real events, to which no test adds any."""
    with page_serving(recorded()) as server:
        yield server


def _is_told(said: ConsoleMessage) -> bool:
    if said.type not in ("error", "warning"):
        return False
    # A collector without this call answers 404, which every browser writes down, and the page shows nothing.
    return not (said.location["url"].endswith("/audit") and "404" in said.text)


@contextmanager
def opened_tab(browser: Browser, **context: Any) -> Iterator[Page]:
    """Open a tab without a past, which fails at its end if anything went wrong in it that a user would not see.

    Args:
        browser: The browser.
        context: What playwright's ``new_context`` takes, such as ``viewport`` and ``color_scheme``.
    """
    wrong: list[str] = []
    with browser.new_context(**context) as opened:
        tab = opened.new_page()
        tab.set_default_timeout(HANG * 1000)
        tab.on("console", lambda said: wrong.append(said.text) if _is_told(said) else None)
        tab.on("pageerror", lambda error: wrong.append(str(error)))
        tab.on("dialog", lambda dialog: (wrong.append(f"a dialog: {dialog.message}"), dialog.dismiss()))
        yield tab
    assert wrong == []


def wait_until(tab: Page, is_so: Callable[[], bool], meanwhile: Callable[[], None] = lambda: None) -> None:
    """Wait for what no element of the page shows, such as a request of it.

    Args:
        tab: The tab, whose events are taken meanwhile.
        is_so: Whether it has come.
        meanwhile: Is called before each look but the first, as to turn a clock on.
    """
    for _ in range(int(HANG * 100)):
        if is_so():
            return
        meanwhile()
        tab.wait_for_timeout(10)
    raise AssertionError("it did not come")


def kept_elements(rows: Locator, scroll: Callable[[], None]) -> tuple[int, int]:
    """How many of the elements of rows are still in the document after a scroll, and how many there were.

    Args:
        rows: The rows that are drawn.
        scroll: Scrolls, and waits until other rows are drawn.
    """
    before = rows.evaluate_all("rows => (window.drawnBefore = rows).length")
    scroll()
    return rows.page.evaluate("drawnBefore.filter((row) => row.isConnected).length"), before


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    """A tab of 1280 by 800 pixels; see ``opened_tab``."""
    with opened_tab(browser, viewport={"width": 1280, "height": 800}) as tab:
        yield tab
