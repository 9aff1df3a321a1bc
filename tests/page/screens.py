"""Every screen of the page, for tests that go through all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from playwright.sync_api import Page

Screen = Callable[["Page", str, str], None]
"""Goes there, and waits until it is. Given: the tab, the collector's address, and the id of a session."""


def _at(path: str, shown: str) -> Screen:
    def go(tab: Page, url: str, session: str) -> None:
        tab.goto(url + path.format(session=quote(session, safe="")))
        tab.locator(shown).first.wait_for()

    return go


def _help(tab: Page, url: str, session: str) -> None:
    _at("/sessions", "table.sessions tbody tr")(tab, url, session)
    tab.keyboard.press("?")
    tab.locator("dialog[open]").wait_for()


def _filters(tab: Page, url: str, session: str) -> None:
    _at("/search?statuses=COMPLETED&tags=none", ".empty")(tab, url, session)
    tab.get_by_role("button", name="More filters").click()
    tab.locator("summary", has_text="Severities").click()


def _raw(tab: Page, url: str, session: str) -> None:
    _at("/search?order_by_time=ASC", "table.events tbody tr")(tab, url, session)
    tab.get_by_role("button", name="Raw event").first.click()
    tab.locator("tr.opened pre").wait_for()


def _table(tab: Page, url: str, session: str) -> None:
    _at("/charts?by=agent", "figure.chart canvas")(tab, url, session)
    tab.locator("figure.chart summary").first.click()
    tab.locator("figure.chart td").first.wait_for()


def _span(tab_name: str) -> Screen:
    def go(tab: Page, url: str, session: str) -> None:
        _at(f"/sessions/{{session}}?tab={tab_name}&t=0-100&q=kind:model", ".waterfall .row")(tab, url, session)
        tab.keyboard.press("End")
        tab.keyboard.press("Enter")
        tab.locator(
            {"chat": ".chat .said", "payload": ".json .entry", "raw": ".payload pre"}[tab_name]
        ).first.wait_for()

    return go


SCREENS: Mapping[str, Screen] = {
    "sessions": _at("/sessions?sort=-events", "table.sessions tbody tr"),
    "help": _help,
    "search": _at("/search", "table.events tbody tr"),
    "filters": _filters,
    "raw": _raw,
    "live": _at("/live", ".empty"),
    "charts": _table,
    "session": _at("/sessions/{session}", ".waterfall .row"),
    "chat": _span("chat"),
    "payload": _span("payload"),
    "raw events": _span("raw"),
    "compare": _at("/compare/{session}/{session}?all=1", ".pairs .row"),
    "login": _at("/login", "main form"),
}
