"""Makes the pictures of the page in ``docs/pictures``:  python -m tests.page.pictures

The page shows the recording that ``chaukas-lite demo`` replays. Look at the pictures before you commit them.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from chaukas_spec_lite.files import read_events
from tests.page.serving import page_serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "pictures"
RECORDING = ROOT / "chaukas_spec_lite" / "cli" / "data" / "session.delim"


@dataclass(frozen=True)
class Picture:
    """A screen, and how it comes to look as it shall."""

    name: str
    path: str
    ready: str
    """What is there once the screen has drawn itself."""
    act: Callable[[Page], None] = lambda tab: None
    theme: str = "light"
    width: int = 1100
    height: int = 560


def _open_model_call(tab: Page) -> None:
    tab.locator("[data-place]", has_text="model").first.click()
    tab.locator(".chat, .json").first.wait_for()


def pictures(session: str) -> list[Picture]:
    """What there is to see.

    Args:
        session: The id of a session that has a model call.
    """
    one = f"/sessions/{quote(session, safe='')}"
    return [
        Picture("sessions", "/sessions", "table tbody tr", height=230),
        Picture("session", one, "[data-place]", _open_model_call),
        Picture("session-dark", one, "[data-place]", _open_model_call, "dark"),
        Picture("charts", "/charts", "canvas", height=700),
    ]


def main() -> None:
    """Make all of them."""
    from playwright.sync_api import sync_playwright

    events = [recorded.event for recorded in read_events(RECORDING)]
    PICTURES.mkdir(exist_ok=True)
    with page_serving(map(bytes, events)) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        for each in pictures(events[0].session_id):
            taken(browser, server.url, each)
        browser.close()


def taken(browser: Browser, url: str, picture: Picture) -> None:
    """Take one."""
    size = {"width": picture.width, "height": picture.height}
    scheme = "dark" if picture.theme == "dark" else "light"
    with browser.new_context(viewport=size, color_scheme=scheme, timezone_id="UTC", locale="en-GB") as context:  # type: ignore[arg-type]  # a size is one
        tab = context.new_page()
        tab.goto(url + picture.path)
        tab.locator(picture.ready).first.wait_for()
        picture.act(tab)
        tab.wait_for_load_state("load")
        tab.wait_for_timeout(500)  # for what is drawn after the rest, such as figures
        tab.screenshot(path=PICTURES / f"{picture.name}.png")


if __name__ == "__main__":
    main()
