"""Two sessions compared in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from chaukas_spec_lite import EventType
from tests.page.conftest import kept_elements, opened_tab
from tests.page.runs import another_talk, event, long_run, talk
from tests.page.serving import PageServer, page_serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.page


@pytest.fixture(scope="module")
def talks() -> Iterator[PageServer]:
    with page_serving([*talk(), *another_talk()]) as server:
        yield server


def test_what_differs_is_shown_and_leads_to_the_span(talks: PageServer, tab: Page) -> None:
    tab.goto(f"{talks.url}/compare/talk/talk%202")
    names = tab.locator(".row .name")
    expect(names).to_have_text(["guide", "weather", "mail"])
    ways = tab.locator(".row .said-ways")
    expect(ways.nth(1)).to_contain_text("slower answered differently")
    expect(ways.nth(1)).to_contain_text('{"sky": "clear"}')
    expect(ways.nth(2)).to_have_text("gone")
    expect(tab.locator(".sums-table")).to_contain_text("−25%")
    tab.get_by_label("What is the same, too").check()
    expect(names).to_have_text(["guide", "gpt-4o", "weather", "mail"])
    tab.get_by_label("What is the same, too").uncheck()
    tab.get_by_role("button", name="1 gone").click()
    expect(names).to_have_text(["guide", "mail"])
    assert tab.url.endswith("?way=gone")
    tab.get_by_role("treegrid").focus()
    tab.keyboard.press("j")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/sessions/talk/spans/mail")


@pytest.mark.parametrize("width", [400, 1280])
def test_sessions_are_swapped_and_begun_from_one(talks: PageServer, tab: Page, width: int) -> None:
    tab.set_viewport_size({"width": width, "height": 800})
    tab.goto(f"{talks.url}/sessions/talk%202")
    tab.get_by_label("Compare with").fill("talk")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/compare/talk/talk%202")
    tab.get_by_role("button", name="Swap them").click()
    tab.wait_for_url("**/compare/talk%202/talk")
    expect(tab.locator(".row .said-ways").nth(1)).to_contain_text("faster")


def test_keys_go_by_the_list_as_soon_as_it_is_there(talks: PageServer, tab: Page) -> None:
    tab.goto(f"{talks.url}/compare/talk/talk%202?all=1")
    expect(tab.get_by_role("treegrid")).to_be_focused()
    tab.keyboard.press("End")
    expect(tab.locator(".row.current .name")).to_have_text("mail")
    # Nobody who has gone to something else is taken from it by what is drawn anew.
    box = tab.get_by_label("What is the same, too")
    box.focus()
    tab.keyboard.press("Space")
    expect(tab.locator(".row .name")).to_have_count(3)
    expect(box).to_be_focused()


def test_a_session_that_is_not_there_is_named(talks: PageServer, tab: Page) -> None:
    tab.goto(f"{talks.url}/compare/talk/nobody")
    expect(tab.locator("main")).to_contain_text("There is no event of the session nobody")


def test_rows_that_come_into_sight_are_drawn_in_the_elements_of_others(browser: Browser) -> None:
    with page_serving(long_run(500)) as server, opened_tab(browser) as tab:
        tab.goto(f"{server.url}/compare/long/long?all=1")
        rows = tab.locator(".row")
        found = tab.get_by_role("treegrid")
        found.evaluate("list => { list.scrollTop = 24 * 100; }")
        expect(rows.filter(has_text="step 105")).to_be_in_viewport()

        def scroll() -> None:
            found.evaluate("list => { list.scrollTop = 24 * 300; }")
            expect(rows.filter(has_text="step 305")).to_be_in_viewport()

        kept, before = kept_elements(rows, scroll)
        assert kept == before > 40


def test_on_a_telephone_ids_leave_room_for_how_long_it_took(browser: Browser) -> None:
    ids = [f"01a22a44-6205-741c-9ba8-bd1ced4f6e2{number}" for number in (1, 2)]
    spans = [event(each, each, EventType.AGENT_START, "agent", 1) for each in ids]
    with page_serving(spans) as server, opened_tab(browser, viewport={"width": 400, "height": 800}) as tab:
        tab.goto(f"{server.url}/compare/{ids[0]}/{ids[1]}")
        column = tab.get_by_role("columnheader", name="Duration", exact=True)
        expect(column).to_be_visible()
        box = column.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 400
