"""What a person wants to know in numbers: what an agent cost with all that is inside of it, and how long it took."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from chaukas_spec_lite import CostDetails, EventType, LLMInvocation
from tests.page.conftest import opened_tab
from tests.page.runs import DEMO, demo, event, talk
from tests.page.serving import PageServer, page_serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.page


@pytest.fixture(scope="module")
def runs() -> Iterator[PageServer]:
    with page_serving([*demo(), *talk()]) as server:
        yield server


def test_what_an_agent_cost_stands_in_its_row_and_beside_the_list(runs: PageServer, tab: Page) -> None:
    tab.goto(f"{runs.url}/sessions/{DEMO}")
    rows = tab.get_by_role("treegrid").locator(".row")
    # The sums of the session are those of its head, and a call of a model has its own.
    expect(rows.nth(0).locator(".cell-tokens .dim")).to_have_text("inside of it 9,617")
    expect(rows.nth(0).locator(".cell-cost .dim")).to_have_text("inside of it $0.0260")
    triage = rows.filter(has=tab.locator(".name", has_text="triage")).first
    expect(triage.locator(".cell-tokens .dim")).to_have_text("inside of it 1,542")
    call = rows.filter(has=tab.locator(".name", has_text="gpt-4o-mini")).first
    expect(call.locator(".cell-tokens")).to_have_text("659")
    expect(call.locator(".dim")).to_have_count(0)
    triage.click()
    detail = tab.get_by_label("Span", exact=True)
    expect(detail.locator(".places")).to_contain_text("In all of it 6 spans · 1,542 tokens · $0.0003")
    rows.filter(has=tab.locator(".name", has_text="issue_refund")).click()
    expect(detail.locator(".places")).to_contain_text("3 spans · 1 error")


def test_how_long_a_span_took_beside_what_is_inside_of_it(runs: PageServer, tab: Page) -> None:
    tab.goto(f"{runs.url}/sessions/talk/spans/agent")
    facts = tab.locator(".detail .facts").first
    # Ten seconds, in three of which a model or a tool ran.
    expect(facts).to_contain_text("10.0 s · of its own 7.00 s")
    tab.goto(f"{runs.url}/sessions/talk/spans/weather")
    expect(facts).to_contain_text("1.00 s")
    expect(facts).not_to_contain_text("of its own")


def test_columns_of_a_charts_table_stand_apart(browser: Browser) -> None:
    spent = {"llm_invocation": LLMInvocation(prompt_tokens=5), "cost": CostDetails(total_cost=1.0, currency="USD")}
    names = [f"an agent of {'a long ' * 9}name {number}" for number in range(9)]
    ends = [
        event("s", str(number), EventType.MODEL_INVOCATION_END, str(number), number, agent_name=name, **spent)
        for number, name in enumerate(names)
    ]
    with page_serving(ends) as server, opened_tab(browser, viewport={"width": 400, "height": 800}) as tab:
        tab.goto(f"{server.url}/charts?by=agent")
        chart = tab.locator("figure.chart").first
        chart.locator("summary").click()
        chart.locator("td").first.wait_for()
        boxes = (
            "cells => cells.map((cell) => { const box = cell.getBoundingClientRect(); return [box.left, box.right]; })"
        )
        texts = chart.locator("thead th bdi").evaluate_all(boxes)
        assert len(texts) == 9
        assert all(after[0] - before[1] >= 8 for before, after in pairwise(texts))
        # What is wider than the chart is scrolled within it.
        assert tab.evaluate("document.documentElement.scrollWidth") <= 400


WRITTEN = """
const fillText = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, x, y, ...rest) {
  const { width } = this.measureText(text);
  const left = x - ({ center: width / 2, right: width }[this.textAlign] ?? 0);
  const [from, to] = [left, left + width].map((each) => this.getTransform().transformPoint({ x: each, y }).x);
  (window.written ??= []).push([text, from, this.canvas.width - to]);
  return fillText.call(this, text, x, y, ...rest);
};
"""


@pytest.mark.parametrize("width", [400, 1100])
def test_no_text_of_a_charts_axis_is_cut(browser: Browser, width: int) -> None:
    # Of these times there is a mark of the axis at its very end.
    size = {"width": width, "height": 700}
    with page_serving(demo()) as server, opened_tab(browser, viewport=size) as tab:
        tab.add_init_script(WRITTEN)
        tab.goto(f"{server.url}/charts")
        tab.locator("figure.chart canvas").last.wait_for()
        tab.wait_for_function("window.written?.length > 10")
        written = tab.evaluate("window.written")
        assert [each for each in written if min(each[1:]) < 0] == []


def test_what_leads_nowhere_is_dark_where_everything_is(runs: PageServer, browser: Browser) -> None:
    with browser.new_context(color_scheme="dark") as context:
        tab = context.new_page()
        tab.goto(f"{runs.url}/nothing")
        expect(tab.get_by_role("heading")).to_have_text("There is nothing at this address")
        red, green, blue = tab.evaluate(
            "getComputedStyle(document.querySelector('h1')).color.match(/[0-9]+/g).map(Number)"
        )
        assert min(red, green, blue) > 200, "the text is light, as what is behind it is dark"


def test_sessions_that_are_not_there_are_both_named(runs: PageServer, tab: Page) -> None:
    tab.goto(f"{runs.url}/compare/one/two")
    expect(tab.locator("main")).to_contain_text("There is no event of the session one or of the session two, or none")
