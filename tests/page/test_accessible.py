"""Every screen, dark and light, held against the rules of axe, which are those of WCAG and of good practice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.page.conftest import opened_tab
from tests.page.screens import SCREENS
from tests.page.serving import PageServer, page_serving
from tests.page.vendor import File, Package, fetched

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.page

AXE = Package(
    "axe-core",
    "4.14.1",
    "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
    (File("axe.min.js", "axe.js"),),
)
"""Fetched for the tests, and not shipped."""

FOUND = """async (options) => (await axe.run(document, {resultTypes: ["violations"], ...options})).violations.flatMap(
    (rule) => rule.nodes.map((node) => `${rule.impact} ${rule.id}: ${node.target} ${node.html.slice(0, 150)}`))"""


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The script, which makes ``axe``."""
    return fetched(AXE, tmp_path_factory.mktemp("axe"))["axe.min.js"].decode()


@pytest.mark.parametrize("screen", SCREENS)
def test_axe_finds_nothing(recording: PageServer, browser: Browser, axe: str, screen: str) -> None:
    session = recording.run(recording.served.stored())[-1].session_id
    with opened_tab(browser, color_scheme="light", viewport={"width": 1280, "height": 800}) as tab:
        SCREENS[screen](tab, recording.url, session)
        tab.evaluate(axe)
        assert tab.evaluate(FOUND, {}) == []
        tab.emulate_media(color_scheme="dark")
        # Another theme has other colours, and nothing else.
        assert tab.evaluate(FOUND, {"runOnly": ["color-contrast"]}) == []


@pytest.mark.parametrize("path", ["/", "/search", "/live", "/charts"])
def test_axe_finds_nothing_where_there_is_nothing_on_a_narrow_screen(browser: Browser, axe: str, path: str) -> None:
    with page_serving() as server, opened_tab(browser, viewport={"width": 400, "height": 800}) as tab:
        tab.goto(server.url + path)
        tab.locator(".empty").wait_for()
        tab.evaluate(axe)
        assert tab.evaluate(FOUND, {}) == []


def test_axe_finds_nothing_while_the_first_steps_wait_for_their_lines(browser: Browser, axe: str) -> None:
    with page_serving() as server, opened_tab(browser) as tab:
        tab.route("**/page/clients", lambda _: None)  # never answered
        tab.goto(server.url + "/")
        tab.locator(".empty").wait_for()
        tab.evaluate(axe)
        assert tab.evaluate(FOUND, {}) == []
