"""What stands around the views, in a real browser: themes, help, widths, the first steps, and the login."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from chaukas_spec_lite.collector.callers import Caller
from chaukas_spec_lite.collector.stores.asking import EVERYBODY
from chaukas_spec_lite.errors import UnauthenticatedError
from tests.cli.serving import environment, serving
from tests.page.conftest import opened_tab
from tests.page.screens import SCREENS
from tests.page.serving import PageServer, page_serving
from tests.patience import HANG

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.page

BACK = "getComputedStyle(document.body).backgroundColor"


def test_the_theme_is_chosen_and_kept(recording: PageServer, tab: Page) -> None:
    tab.goto(recording.url + "/charts")
    tab.locator("figure.chart canvas").first.wait_for()
    light = tab.evaluate(BACK)
    tab.get_by_label("Theme: system").click()
    tab.keyboard.press("t")
    expect(tab.get_by_label("Theme: dark")).to_be_visible()
    dark = tab.evaluate(BACK)
    assert dark != light
    tab.reload()
    assert tab.evaluate(BACK) == dark
    tab.get_by_label("Theme: dark").click()
    assert tab.evaluate(BACK) == light


def test_help_opens_and_closes_by_keys(recording: PageServer, tab: Page) -> None:
    tab.goto(recording.url + "/live")
    tab.locator(".empty").wait_for()
    tab.keyboard.press("?")
    dialog = tab.get_by_role("dialog", name="Keys")
    expect(dialog).to_contain_text("pause and go on")
    tab.keyboard.press("g")  # Which leads nowhere while it is open.
    tab.keyboard.press("s")
    tab.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert tab.url == recording.url + "/live"


@pytest.mark.parametrize("width", [400, 2500])
def test_nothing_is_wider_than_the_screen(recording: PageServer, browser: Browser, width: int) -> None:
    session = recording.run(recording.served.stored())[-1].session_id
    with opened_tab(browser, viewport={"width": width, "height": 800}) as tab:
        for name, go in SCREENS.items():
            go(tab, recording.url, session)
            wide = "[document.documentElement.scrollWidth, document.querySelector('main').scrollWidth]"
            assert max(tab.evaluate(wide)) <= width, name


def test_the_first_steps_lead_to_a_session(browser: Browser, tmp_path: Path) -> None:
    doors = ("--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0")
    with serving(tmp_path, "--store", "memory:", *doors) as served, opened_tab(browser) as tab:
        tab.goto(served.clients["CHAUKAS_ENDPOINT"])
        lines = tab.locator(".empty pre").first
        expect(lines).to_contain_text("CHAUKAS_GRPC_ENDPOINT=")
        variables = dict(re.findall(r"^export (CHAUKAS_\w+)=(\S+)$", lines.inner_text(), re.MULTILINE))
        assert variables == served.clients
        program = tab.locator(".empty pre").nth(1).inner_text()
        assert program.count("\n") == 2
        environ = environment(tmp_path, **variables)
        subprocess.run([sys.executable, "-c", program], env=environ, check=True, timeout=HANG)
        expect(tab.locator("table.sessions .name")).to_have_text("first steps")


def test_a_key_is_taken_once_and_given_back(browser: Browser) -> None:
    async def authenticate(authorization: str | None, *_: object) -> Caller:
        if authorization != "Bearer open sesame":
            raise UnauthenticatedError("no such key")
        return Caller("reader", EVERYBODY)

    # Not ``opened_tab``: the browser writes down each request that is refused.
    with page_serving(authenticate=authenticate) as server, browser.new_context() as context:
        tab = context.new_page()
        tab.set_default_timeout(HANG * 1000)
        tab.goto(server.url + "/search?types=ERROR")
        key = tab.get_by_label("Key")
        expect(key).to_be_focused()
        key.fill("wrong")
        tab.keyboard.press("Enter")
        tab.get_by_role("alert").get_by_text("No such key").wait_for()
        key.fill("open sesame")
        tab.keyboard.press("Enter")
        tab.get_by_text("No event meets these conditions.").wait_for()
        assert tab.url == server.url + "/search?types=ERROR"
        assert "sesame" not in tab.evaluate("document.cookie + JSON.stringify(localStorage)")
        tab.get_by_role("button", name="Log out").click()
        key.wait_for()
        tab.goto(server.url + "/sessions")
        key.wait_for()
