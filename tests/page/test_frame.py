"""The frame of the page in a real browser: every address leads to its view, and nothing is refused on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.page.serving import PageServer

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.page


@pytest.mark.parametrize("path", ["/", "/sessions", "/search", "/live", "/charts"])
def test_every_address_shows_its_view(recording: PageServer, tab: Page, path: str) -> None:
    tab.goto(recording.url + path)
    tab.locator("main h1").wait_for()
    expected = {"/": "Sessions"}.get(path, path[1:].capitalize())
    assert tab.locator('nav a[aria-current="page"]').inner_text() == expected


def test_links_change_the_view_without_loading_the_page(recording: PageServer, tab: Page) -> None:
    tab.goto(recording.url + "/sessions")
    tab.evaluate("window.kept = true")
    tab.click("nav a[href='/charts']")
    tab.locator('nav a[aria-current="page"][href="/charts"]').wait_for()
    assert tab.url == recording.url + "/charts"
    assert tab.evaluate("window.kept") is True
    tab.go_back()
    tab.locator('nav a[aria-current="page"][href="/sessions"]').wait_for()
