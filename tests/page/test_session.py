"""A session in a real browser: its spans as a list, one of them beside it, by mouse and by keyboard alone."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from chaukas_spec_lite import Event, EventType, ToolCall
from chaukas_spec_lite.audit.proofs import InclusionProof
from chaukas_spec_lite.collector.audit_log import LogSigning
from chaukas_spec_lite.collector.checkpointing import Checkpointer, CheckpointPace
from tests.collector.log_keys import KEYS, NAME, SIGNER, read
from tests.page.conftest import kept_elements, opened_tab, wait_until
from tests.page.runs import BEGAN, DEMO, EVIL, LONG, event, every_run, talk
from tests.page.serving import PageServer, page_serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator, Page, Route

pytestmark = pytest.mark.page

SHOWN_EVIL = EVIL.replace("\u202e", "\\u202e")


@pytest.fixture(scope="module")
def runs() -> Iterator[PageServer]:
    with page_serving(every_run()) as server:
        yield server


def opened(tab: Page, runs: PageServer, path: str) -> Locator:
    """Open a session, and return its list."""
    tab.goto(f"{runs.url}/sessions/{path}")
    found = tab.get_by_role("treegrid")
    found.locator(".row").first.wait_for()
    return found


def current(tab: Page) -> Locator:
    """The row that keys go by."""
    return tab.locator(".row.current .name")


def query(tab: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(tab.url).query)


def test_the_demonstration_is_a_tree_with_its_sums(runs: PageServer, tab: Page) -> None:
    rows = opened(tab, runs, DEMO).locator(".row")
    expect(rows).to_have_count(29)
    expect(rows.nth(0)).to_contain_text("support-bot")
    assert [rows.nth(each).get_attribute("aria-level") for each in (0, 1, 2, 3)] == ["1", "2", "2", "3"]
    expect(tab.locator(".sums")).to_contain_text("9,617 tokens")
    expect(tab.locator(".sums")).to_contain_text("$0.0260")
    expect(tab.locator(".sums")).to_contain_text("4 agents: triage, billing, refund-policy, writer")
    failed = rows.filter(has_text="503 Service Unavailable")
    expect(failed).to_have_class("row-grid row kind-tool failed")
    # Its bar begins where that of what it is inside of does, and is shorter.
    bars = [each.locator(".bar").bounding_box() for each in (rows.filter(has_text="issue_refund"), failed)]
    assert bars[0] is not None
    assert bars[1] is not None
    assert abs(bars[0]["x"] - bars[1]["x"]) <= 2
    assert bars[1]["width"] < bars[0]["width"]


def test_all_of_it_by_keyboard_alone(runs: PageServer, tab: Page) -> None:
    rows = opened(tab, runs, DEMO).locator(".row")
    press = tab.keyboard.press
    for key, name in (("j", "Order 48213"), ("ArrowDown", "triage"), ("k", "Order 48213"), ("End", "I am sorry")):
        press(key)
        expect(current(tab)).to_contain_text(name)
    press("Home")
    press("ArrowDown")
    press("ArrowDown")
    press("ArrowLeft")
    expect(rows).to_have_count(23)
    expect(tab.locator(".row.current")).to_have_attribute("aria-expanded", "false")
    press("ArrowRight")
    expect(rows).to_have_count(29)
    press("ArrowRight")
    expect(current(tab)).to_have_text("gpt-4o-mini")
    press("ArrowLeft")
    expect(current(tab)).to_have_text("triage")
    for key, name in (
        ("e", "payments tools/call"),
        ("e", "send_mail"),
        ("e", "payments tools/call"),
        ("E", "send_mail"),
    ):
        press(key)
        expect(current(tab)).to_have_text(name)
    press("Enter")
    detail = tab.get_by_label("Span", exact=True)
    expect(detail.get_by_role("heading", level=2)).to_contain_text("send_mail")
    expect(detail).to_contain_text("mail server closed the connection")
    assert "/spans/" in tab.url
    press("z")
    tab.wait_for_url("**/*t=*")
    # What was done last is undone first.
    press("Escape")
    tab.wait_for_url(lambda url: "t=" not in url)
    press("Escape")
    expect(detail).to_have_count(0)
    assert tab.url.endswith(DEMO)
    press("x")
    expect(rows).to_have_count(6)
    press("x")
    expect(rows).to_have_count(29)


def test_a_filter_keeps_what_is_above_of_what_it_finds(runs: PageServer, tab: Page) -> None:
    rows = opened(tab, runs, DEMO).locator(".row")
    tab.keyboard.press("/")
    tab.keyboard.type("is:error tools/call")
    expect(rows.locator(".name")).to_have_text(["support-bot", "billing", "issue_refund", "payments tools/call"])
    expect(tab.locator(".session-tools")).to_contain_text("1 span")
    tab.wait_for_url("**/*q=*")
    assert query(tab) == {"q": ["is:error tools/call"]}
    tab.keyboard.press("Enter")
    expect(current(tab)).to_have_text("payments tools/call")
    tab.keyboard.press("Escape")
    expect(rows).to_have_count(29)


def test_a_link_that_is_followed_right_after_typing_has_what_was_typed(runs: PageServer, tab: Page) -> None:
    tab.clock.install()
    rows = opened(tab, runs, "talk").locator(".row")
    tab.clock.pause_at(BEGAN + timedelta(days=3650))
    tab.keyboard.press("/")
    tab.keyboard.type("weather")
    rows.filter(has_text="weather").click()
    tab.wait_for_url("**/spans/weather*")
    tab.clock.run_for(1000)
    tab.wait_for_url("**/spans/weather?q=weather")


def test_dragging_zooms_and_a_double_click_takes_it_back(runs: PageServer, tab: Page) -> None:
    rows = opened(tab, runs, DEMO).locator(".row")
    bar = rows.filter(has_text="billing").filter(has_text="7.55 s").locator(".bar")
    before = bar.bounding_box()
    axis = tab.locator(".axis").bounding_box()
    assert before is not None
    assert axis is not None
    tab.mouse.move(axis["x"] + axis["width"] * 0.2, axis["y"] + 200)
    tab.mouse.down()
    tab.mouse.move(axis["x"] + axis["width"] * 0.7, axis["y"] + 210, steps=4)
    expect(tab.locator(".dragged")).to_be_visible()
    tab.mouse.up()
    tab.wait_for_url("**/*t=*")
    assert "/spans/" not in tab.url, "a drag is no click"
    # The address changes before what is drawn by it.
    everything = tab.get_by_role("button", name="All", exact=True)
    expect(everything).to_be_enabled()
    after = bar.bounding_box()
    assert after is not None
    assert after["width"] > 1.7 * before["width"]
    tab.mouse.dblclick(axis["x"] + axis["width"] * 0.5, axis["y"] + 10)
    tab.wait_for_url(lambda url: "t=" not in url)
    expect(everything).to_be_disabled()
    assert bar.bounding_box() == before


def test_no_mark_of_the_axis_is_cut(runs: PageServer, tab: Page) -> None:
    opened(tab, runs, DEMO + "?t=0-3050")
    expect(tab.locator(".tick").last).to_have_text("")
    cut = """() => [...document.querySelectorAll(".tick")].filter((tick) =>
        tick.textContent && tick.getBoundingClientRect().right > tick.parentElement.getBoundingClientRect().right
    ).map((tick) => tick.textContent)"""
    assert tab.evaluate(cut) == []
    expect(tab.locator(".tick").nth(1)).not_to_have_text("")


def test_a_link_shows_all_that_it_names(runs: PageServer, tab: Page) -> None:
    opened(tab, runs, "talk/spans/weather?tab=raw&t=2000-5000&q=guide")
    expect(tab.get_by_role("tab", name="Raw events")).to_have_attribute("aria-selected", "true")
    expect(tab.locator("pre").first).to_contain_text('"event_id": "t4"')
    expect(tab.get_by_placeholder("Filter")).to_have_value("guide")
    expect(tab.locator(".tick").first).to_have_text("2 s")
    opened(tab, runs, "talk/spans/t7")
    expect(tab.get_by_role("heading", level=2)).to_contain_text("mail")


def test_a_call_of_a_model_is_the_chat_that_it_was(runs: PageServer, tab: Page) -> None:
    opened(tab, runs, "talk").locator(".row").filter(has_text="gpt-4o").click()
    said = tab.locator(".said")
    expect(said.locator("h3")).to_have_text(["system", "user", "assistant answer"])
    expect(said.nth(0)).to_contain_text("Be brief.")
    expect(tab.locator(".offered summary")).to_contain_text("1 tool offered")
    expect(tab.locator(".offered summary")).to_contain_text("temperature 0.5")
    calls = said.nth(2).locator(".call")
    expect(calls.nth(0)).to_contain_text('city: "Rome"')
    # What came of it is told by the span of the tool.
    expect(calls.nth(0).locator(".outcome")).to_contain_text('sky: "clear"')
    expect(calls.nth(1).locator(".outcome.failed")).to_contain_text("mailbox full")
    expect(tab.locator(".chat")).to_contain_text("The model stopped: tool_calls")
    facts = tab.locator(".facts").first
    expect(facts).to_contain_text("42 = 30 prompt + 12 answer")
    expect(facts).to_contain_text("0.75 USD · input 0.25 · output 0.5")
    calls.nth(1).get_by_role("button", name="to its span").click()
    expect(tab.get_by_role("heading", level=2)).to_contain_text("mail")


def test_links_lead_through_the_tree_and_to_the_other_end(runs: PageServer, tab: Page) -> None:
    opened(tab, runs, "talk/spans/weather")
    heading = tab.get_by_role("heading", level=2)
    tab.locator(".places a").first.click()
    expect(heading).to_contain_text("guide")
    assert tab.url.endswith("/spans/agent")
    expect(tab.locator(".places a")).to_have_text(["model gpt-4o", "tool weather", "tool mail ✗"])
    tab.locator(".places a").nth(1).click()
    expect(heading).to_contain_text("weather")
    tab.get_by_role("button", name="↓ TOOL_CALL_END").click()
    expect(tab.locator("#event-t5")).to_be_in_viewport()
    tab.get_by_role("button", name="Close the span").click()
    expect(heading).to_have_count(0)
    tab.go_back()
    expect(heading).to_contain_text("weather")


def test_what_is_copied_is_the_payload(runs: PageServer, browser: Browser) -> None:
    with opened_tab(browser, permissions=["clipboard-read", "clipboard-write"]) as tab:
        tab.clock.install(time=BEGAN)
        opened(tab, runs, "talk/spans/weather?tab=payload")
        # It says so for two seconds; the clock of the page stands still meanwhile.
        tab.clock.pause_at(BEGAN + timedelta(days=1))
        tab.get_by_role("button", name="Copy TOOL_CALL_START").click()
        expect(tab.get_by_role("status").filter(has_text="Copied")).to_have_count(1)
        copied = tab.evaluate("navigator.clipboard.readText()")
        assert copied.startswith('{\n  "content": {\n    "kind": "tool_call"')
        tab.clock.run_for(2100)
        expect(tab.get_by_role("status").filter(has_text="Copied")).to_have_count(0)


def test_markup_and_marks_of_direction_are_text(runs: PageServer, tab: Page) -> None:
    rows = opened(tab, runs, "hostile").locator(".row")
    expect(rows.locator(".name").first).to_have_text(SHOWN_EVIL)
    for place in range(4):
        rows.nth(place).click()
        expect(tab.locator(".detail h2")).to_contain_text(SHOWN_EVIL)
        for each in tab.get_by_role("tab").all():
            each.click()
            expect(tab.locator("[role=tabpanel] .dim[role=status]")).to_have_count(0)
            # ``opened_tab`` fails at a dialog, or at anything that the browser has refused.
            assert tab.locator("img, main script").count() == 0
            assert "\u202e" not in tab.locator("main").inner_text()


def test_what_was_taken_out_is_marked(runs: PageServer, tab: Page) -> None:
    opened(tab, runs, "hostile/spans/h-system")
    payload = tab.locator(".payload")
    expect(payload.locator(".taken")).to_contain_text("redacted by mask")
    marked = payload.locator(".entry", has=tab.locator("> .mark.redacted"))
    expect(marked.locator("> .name")).to_have_text(["secret", "note"])


def test_long_lists_and_texts_are_shown_in_steps(runs: PageServer, tab: Page) -> None:
    opened(tab, runs, "hostile/spans/h-model")
    text = tab.locator(".by-user .long")
    more = tab.locator(".by-user .more")
    expect(more).to_have_text(f"show more (1,000 of {len(LONG):,} characters)")
    more.click()
    expect(more).to_have_text(f"show more (10,000 of {len(LONG):,} characters)")
    assert len(text.inner_text()) == 10_001
    opened(tab, runs, "hostile/spans/h-system")
    many = tab.locator(".entry").filter(has=tab.locator("> .twist .name", has_text="many")).last
    many.locator("> .twist").click()
    expect(many.locator(".entry")).to_have_count(100)
    many.get_by_role("button", name="100 more of 1,000").click()
    expect(many.locator(".entry")).to_have_count(200)


def test_of_a_long_session_only_what_is_seen_is_in_the_page(runs: PageServer, tab: Page) -> None:
    found = opened(tab, runs, "long")
    rows = found.locator(".row")
    expect(found).to_have_attribute("aria-rowcount", "1501")
    assert rows.count() < 80
    tab.keyboard.press("End")
    expect(rows.last.locator(".name")).to_have_text("step 1499")
    expect(current(tab)).to_be_in_viewport()
    assert rows.count() < 80
    tab.keyboard.press("e")
    expect(current(tab)).to_have_text("step 100")
    expect(current(tab)).to_be_in_viewport()
    found.evaluate("list => { list.scrollTop = 24 * 700; }")
    expect(rows.filter(has_text="step 705")).to_be_in_viewport()
    box, where = rows.filter(has_text="step 705").bounding_box(), found.bounding_box()
    assert box is not None
    assert where is not None
    assert abs(box["y"] - where["y"] - 29 - 24 * 5) <= 1, "rows stand where the scroll bar says"


def test_rows_that_come_into_sight_are_drawn_in_the_elements_of_others(runs: PageServer, tab: Page) -> None:
    found = opened(tab, runs, "long")
    rows = found.locator(".row")
    tab.keyboard.press("PageDown")
    found.evaluate("list => { list.scrollTop = 24 * 400; }")
    expect(rows.filter(has_text="step 405")).to_be_in_viewport()
    # By a few rows, and to where none of them is; a large part of a frame is to make an element.
    for row in (420, 900, 20):

        def scroll(to: int = row) -> None:
            found.evaluate("(list, to) => { list.scrollTop = 24 * to; }", to)
            expect(rows.filter(has_text=f"step {to + 5}").first).to_be_in_viewport()

        kept, before = kept_elements(rows, scroll)
        assert kept == before > 40
        names = rows.locator(".name").all_inner_texts()
        first = int(names[0].removeprefix("step "))
        assert names == [f"step {first + nth}" for nth in range(len(names))], "in the order of the list"


@pytest.mark.parametrize("width", [400, 2500])
def test_narrow_and_wide(runs: PageServer, browser: Browser, width: int) -> None:
    with opened_tab(browser, viewport={"width": width, "height": 800}) as tab:
        found = opened(tab, runs, DEMO)
        found.locator(".row").nth(3).click()
        detail = tab.locator(".detail")
        detail.wait_for()
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        expect(found.locator(".row").nth(3).locator(".cell-cost")).to_be_visible(visible=width > 400)
        tab.keyboard.press("Escape")
        expect(detail).to_have_count(0)


def test_what_arrives_is_added_and_all_else_stays_as_it_is(browser: Browser) -> None:
    with page_serving(talk()) as server, opened_tab(browser) as tab:
        found = opened(tab, server, "talk/spans/weather")
        expect(current(tab)).to_have_text("weather")
        inside: dict[str, Any] = {"parent_span_id": "agent"}
        # Before the row that keys go by.
        early = event("talk", "new", EventType.TOOL_CALL_START, "new", 0.5, tool_call=ToolCall(name="early"), **inside)
        server.add([early])
        expect(found.locator(".row .name")).to_have_text(["guide", "early", "gpt-4o", "weather", "mail"])
        expect(found.locator(".row").nth(1)).to_contain_text("no end")
        expect(current(tab)).to_have_text("weather")
        expect(tab.get_by_role("heading", level=2)).to_contain_text("weather")


def test_what_somebody_reads_stays_as_it_is_while_events_arrive(browser: Browser) -> None:
    long = {"text": "long " * 3000, "deep": {"deeper": [1]}}
    begun = [
        event("talk", "a", EventType.AGENT_START, "agent", 0, agent_name="guide"),
        event("talk", "s", EventType.TOOL_CALL_START, "tool", 2, tool_call=ToolCall(name="ask", arguments=long)),
    ]
    with page_serving(begun) as server, opened_tab(browser) as tab:
        found = opened(tab, server, "talk/spans/tool")
        detail = tab.get_by_label("Span", exact=True)
        for _ in range(2):
            detail.get_by_role("button", name="show more").click()
        deep = detail.locator(".entry").filter(has=tab.locator("> .twist .name", has_text="deep")).last
        was_open = deep.get_attribute("aria-expanded")
        deep.locator("> .twist").click()
        detail.evaluate("box => { box.scrollTop = 300; }")
        # Before its row, and then its own end.
        server.add([event("talk", "new", EventType.TOOL_CALL_START, "new", 1, tool_call=ToolCall(name="early"))])
        expect(found.locator(".row")).to_have_count(3)
        assert detail.evaluate("box => box.scrollTop") == 300
        server.add([event("talk", "e", EventType.TOOL_CALL_END, "tool", 3)])
        expect(detail.locator("#event-e")).to_be_attached()
        assert detail.evaluate("box => box.scrollTop") == 300
        expect(detail.get_by_role("button", name="show more")).to_have_count(0)
        assert deep.get_attribute("aria-expanded") != was_open


def test_a_call_that_goes_on_gets_its_answer_and_its_tools(browser: Browser) -> None:
    before, after = [*talk()][:2], [*talk()][2:5]
    with page_serving(before) as server, opened_tab(browser) as tab:
        opened(tab, server, "talk/spans/model")
        said = tab.locator(".said")
        expect(said.locator("h3")).to_have_text(["system", "user"])
        tab.locator(".offered summary").click()
        server.add(after)
        expect(said.locator("h3")).to_have_text(["system", "user", "assistant answer"])
        expect(said.nth(2).locator(".outcome")).to_contain_text('sky: "clear"')
        expect(tab.locator(".offered")).to_have_attribute("open", "")
        # Another tool before it moves its row; the link still leads there.
        call = ToolCall(name="early")
        server.add(
            [event("talk", "new", EventType.TOOL_CALL_START, "new", 0.5, tool_call=call, parent_span_id="agent")]
        )
        expect(tab.locator(".waterfall .row")).to_have_count(4)
        said.nth(2).get_by_role("button", name="to its span").click()
        expect(tab.get_by_role("heading", level=2)).to_contain_text("weather")


def test_a_reading_that_takes_long_is_not_begun_anew_by_what_arrives(browser: Browser) -> None:
    with page_serving(talk()) as server, opened_tab(browser) as tab:
        held: list[Route] = []
        given_up: list[str] = []
        tab.on("requestfailed", lambda request: given_up.append(request.url) if "/spans" in request.url else None)
        tab.clock.install()
        found = opened(tab, server, "talk")

        def hold(route: Route) -> None:
            held.append(route)

        tab.route("**/spans*", hold)

        def arrives(name: str, after: float) -> None:
            call = ToolCall(name=name)
            server.add([event("talk", name, EventType.TOOL_CALL_START, name, after, tool_call=call)])

        arrives("one", 0.5)
        wait_until(tab, lambda: len(held) == 1, lambda: tab.clock.run_for(1000))
        arrives("two", 0.6)
        # As long as the answer is not there, nothing else is asked for, however long that is.
        for _ in range(20):
            tab.clock.run_for(5000)
            tab.wait_for_timeout(10)
        assert (len(held), given_up) == (1, [])
        held[0].continue_()
        expect(found.locator(".row .name").filter(has_text="one")).to_be_visible()
        # It took 100 seconds: the next one waits for the longest pause there is.
        tab.clock.run_for(55_000)
        assert len(held) == 1
        wait_until(tab, lambda: len(held) == 2, lambda: tab.clock.run_for(1000))
        held[1].continue_()
        expect(found.locator(".row .name").filter(has_text="two")).to_be_visible()


def test_broken_seals_are_told_with_the_events(runs: PageServer, tab: Page) -> None:
    fault = {"kind": "altered", "event_id": "t7", "detail": EVIL}
    answer = {"state": "broken", "faults": [fault], "faults_unnamed": 3}
    tab.route("**/api/sessions/talk/audit", lambda route: route.fulfill(json=answer))
    opened(tab, runs, "talk")
    told = tab.locator(".audit")
    expect(told).to_contain_text("seal broken")
    told.locator("summary").click()
    expect(told.locator("ul")).to_contain_text(SHOWN_EVIL)
    expect(told.locator("ul")).to_contain_text("and 3 more")
    told.get_by_role("link", name="altered").click()
    expect(tab.get_by_role("heading", level=2)).to_contain_text("mail")


@pytest.mark.parametrize(
    ("state", "text"),
    [("verified", "✓ sealed"), ("open", "sealed so far"), ("unsealed", "not sealed"), ("unfinished", "seals in part")],
)
def test_the_state_of_seals_is_a_word(runs: PageServer, tab: Page, state: str, text: str) -> None:
    tab.route("**/api/sessions/talk/audit", lambda route: route.fulfill(json={"state": state, "faults": []}))
    opened(tab, runs, "talk")
    expect(tab.locator(".sums").get_by_text(text, exact=True)).to_be_visible()


def signed(server: PageServer) -> None:
    assert server.served.store.log is not None
    looking = Checkpointer(server.served.store.log, SIGNER, CheckpointPace(None, 60.0)).look(everything=True)
    server.run(looking)


def test_a_session_in_the_audit_log_is_told_with_the_proofs_of_its_events(browser: Browser) -> None:
    signing = LogSigning(SIGNER)
    with page_serving(talk(), signing=signing) as server, opened_tab(browser) as tab:
        opened(tab, server, "talk/spans/weather")
        told = tab.locator(".audit", has_text="in the log")
        expect(told.locator("summary")).to_contain_text("0 of")
        told.locator("summary").click()
        expect(told).to_contain_text("has no checkpoint yet")
        signed(server)
        opened(tab, server, "talk/spans/weather")
        expect(told.locator("summary")).to_have_text("\u2713 in the log")
        told.locator("summary").click()
        expect(told).to_contain_text(
            "stands in the audit log as it came, under a checkpoint that the log's key has signed"
        )
        expect(told).to_contain_text(f"of the log {NAME}/tenant/")
        note = told.get_by_role("link", name="checkpoint of").get_attribute("href")
        proof = tab.locator(".detail").get_by_role("link", name="proof").first.get_attribute("href")
        assert note is not None
        assert proof is not None
        read(tab.request.get(f"{server.url}{note}").text(), "")
        event_id = parse_qs(urlsplit(proof).query)["event_id"][0]
        (data,) = [each for each in talk() if Event.parse(each).event_id == event_id]
        InclusionProof.parse(tab.request.get(f"{server.url}{proof}").text()).verify(data, f"{NAME}/tenant/", KEYS)
        signing.refusals.refuse("", "it has 2 entries, and a checkpoint is of 9")
        opened(tab, server, "talk")
        told = tab.locator(".audit", has_text="log contradicts itself")
        told.locator("summary").click()
        expect(told).to_contain_text("it has 2 entries, and a checkpoint is of 9")
        expect(told).to_contain_text("The collector does not sign it any more")


def test_what_is_not_as_it_was_logged_is_told_with_the_events(runs: PageServer, tab: Page) -> None:
    fault = {"kind": "altered", "event_id": "t7", "detail": EVIL}
    log = {"state": "contradicted", "logs": [], "faults": [fault], "faults_unnamed": 3, "whole": False}
    answer = {"state": "verified", "faults": [], "log": log}
    tab.route("**/api/sessions/talk/audit", lambda route: route.fulfill(json=answer))
    opened(tab, runs, "talk")
    told = tab.locator(".audit")
    expect(told).to_contain_text("not as logged")
    told.locator("summary").click()
    for text in (SHOWN_EVIL, "and 3 more", "too large to be looked at as a whole"):
        expect(told.locator("ul")).to_contain_text(text)
    told.get_by_role("link", name="altered").click()
    expect(tab.get_by_role("heading", level=2)).to_contain_text("mail")


def test_without_an_audit_log_that_is_said(runs: PageServer, tab: Page) -> None:
    opened(tab, runs, "talk")
    expect(tab.locator(".sums").get_by_text("no audit log", exact=True)).to_be_visible()


def test_what_is_not_there_is_said(runs: PageServer, tab: Page) -> None:
    tab.goto(f"{runs.url}/sessions/nobody")
    expect(tab.locator("main")).to_contain_text("There is no event of a session of this id")
    opened(tab, runs, "talk/spans/nobody")
    expect(tab.locator("main")).to_contain_text("no span of the id that the address names")
