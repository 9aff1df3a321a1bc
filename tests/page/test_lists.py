"""Sessions, search and live tail in a real browser, with real events, by mouse and by keyboard alone."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from chaukas_spec_lite import CostDetails, Event, EventStatus, EventType, LLMInvocation, MessageContent
from tests.page.conftest import opened_tab, wait_until
from tests.page.runs import EVIL
from tests.page.serving import PageServer, page_serving
from tests.patience import HANG

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Route

pytestmark = pytest.mark.page

BEGAN = datetime(2026, 11, 29, 12, tzinfo=timezone.utc)


def event(number: int, session: str, **more: Any) -> bytes:
    at = BEGAN + timedelta(seconds=number)
    return bytes(Event(event_id=f"{session}-{number}", session_id=session, span_id="span", timestamp=at, **more))


def answered(number: int, session: str, agent: str, tokens: int, cost: float) -> bytes:
    llm = LLMInvocation(model="gpt-4o", total_tokens=tokens)
    paid = CostDetails(total_cost=cost, currency="USD")
    return event(
        number,
        session,
        type=EventType.MODEL_INVOCATION_END,
        agent_name=agent,
        agent_id=agent,
        llm_invocation=llm,
        cost=paid,
    )


def three_sessions() -> list[bytes]:
    return [
        event(0, "first", type=EventType.SESSION_START, metadata={"name": "nightly run"}),
        answered(90, "first", "triage", 1500, 0.25),
        answered(100, "second", "writer", 20, 2.5),
        event(101, "second", type=EventType.ERROR, status=EventStatus.FAILED, agent_id="writer"),
        event(
            200, "third", type=EventType.INPUT_RECEIVED, message=MessageContent(role="user", text="Where is my order?")
        ),
    ]


@pytest.fixture(scope="module")
def three() -> Iterator[PageServer]:
    with page_serving(three_sessions()) as server:
        yield server


def cells(tab: Page, column: str) -> list[str]:
    return [" ".join(each.split()) for each in tab.locator(f"table.sessions tbody .{column}").all_inner_texts()]


def query_of(tab: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(tab.url).query)


def test_sessions_say_what_they_came_to(three: PageServer, tab: Page) -> None:
    tab.goto(three.url + "/")
    tab.locator("td.cost", has_text="$2.50").wait_for()
    assert cells(tab, "session") == ["Where is my order? third", "writer second", "nightly run first"]
    assert cells(tab, "duration") == ["", "1.00 s", "1 m 30 s"]
    assert cells(tab, "agents") == ["", "writer", "triage"]
    assert cells(tab, "events") == ["1", "2", "2"]
    assert cells(tab, "errors") == ["", "1", ""]
    assert cells(tab, "tokens") == ["", "20", "1,500"]
    assert cells(tab, "cost") == ["", "$2.50", "$0.2500"]
    assert tab.locator("td.start time").first.get_attribute("title") == "2026-11-29 12:03:20 UTC"


@pytest.mark.parametrize("width", [400, 1280])
def test_what_was_said_to_a_session_stands_beside_its_id_as_text(browser: Browser, width: int) -> None:
    ids = [f"01a22a44-6205-741c-9ba8-bd1ced4f6e2{number}" for number in (1, 2)]
    said = MessageContent(role="user", text=EVIL + "long " * 1000)
    events = [
        event(0, ids[0], type=EventType.INPUT_RECEIVED, message=said),
        event(1, ids[1], type=EventType.SESSION_START, metadata={"name": "support bot " + "of a long name " * 10}),
        event(2, ids[1], type=EventType.INPUT_RECEIVED, message=said),
    ]
    with page_serving(events) as server, opened_tab(browser, viewport={"width": width, "height": 800}) as tab:
        tab.goto(server.url + "/")
        rows = tab.locator("table.sessions tbody tr")
        shown = "<img src=x onerror=alert(1)>\\u202edesrever<script>"
        expect(rows.nth(1).locator(".name")).to_contain_text(shown)
        expect(rows.nth(0).locator(".name")).to_contain_text("support bot")
        expect(rows.nth(0).locator(".first-input")).to_contain_text(shown)
        assert len(rows.nth(1).locator(".name").inner_text()) <= 130
        assert tab.locator("main img, main script").count() == 0
        # However long the one is, the others have room to be told from others, on the same line.
        boxes = [each.bounding_box() for each in rows.locator(".session bdi").all()]
        assert len(boxes) == 5
        for box in boxes:
            assert box is not None
            assert (box["width"] >= 60, box["height"] < 24) == (True, True), box
        assert tab.evaluate("document.querySelector('.scrolled').scrollWidth") <= width
        assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_sessions_are_sorted_by_the_address(three: PageServer, tab: Page) -> None:
    tab.goto(three.url + "/sessions")
    tab.locator("td.tokens", has_text="1,500").wait_for()
    tab.get_by_role("button", name="Tokens").click()
    assert cells(tab, "tokens") == ["1,500", "20", ""]
    assert query_of(tab) == {"sort": ["-tokens"]}
    assert tab.locator("th.tokens").get_attribute("aria-sort") == "descending"
    tab.get_by_role("button", name="Tokens").click()
    tab.locator("th.tokens[aria-sort=ascending]").wait_for()
    tab.reload()
    tab.locator("td.tokens", has_text="1,500").wait_for()
    assert cells(tab, "tokens") == ["", "20", "1,500"]


def test_sessions_are_filtered_and_filters_taken_back(three: PageServer, tab: Page) -> None:
    tab.goto(three.url + "/sessions")
    tab.get_by_label("with errors").check()
    expect(tab.locator("table.sessions tbody .session")).to_have_text(["writer second"])
    tab.get_by_label("Agent").fill("nobody")
    tab.keyboard.press("Enter")
    tab.get_by_text("No session meets these conditions.").wait_for()
    assert query_of(tab) == {"agent_id": ["nobody"], "errors": ["true"]}
    tab.get_by_role("button", name="Take the filter away: Agent: nobody").click()
    tab.locator("table.sessions tbody tr").wait_for()
    tab.go_back()
    tab.get_by_role("button", name="Clear all filters").click()
    tab.locator("table.sessions tbody tr").nth(2).wait_for()
    assert query_of(tab) == {}


def test_what_is_typed_stays_while_sessions_come(browser: Browser) -> None:
    with page_serving(three_sessions()) as server, opened_tab(browser) as tab:
        tab.goto(server.url + "/sessions")
        tab.locator("td.cost", has_text="$2.50").wait_for()
        agent = tab.get_by_role("combobox", name="Agent")
        agent.press_sequentially("wri")
        server.add([answered(300, "fourth", "late", 77, 0.5)])
        tab.locator("td.tokens", has_text="77").wait_for()
        expect(agent).to_have_value("wri")
        agent.press_sequentially("ter")
        tab.keyboard.press("Enter")
        expect(tab.locator("table.sessions tbody .session")).to_have_text(["writer second"])
        agent.press_sequentially("x")
        tab.keyboard.press("Backspace")
        tab.get_by_role("button", name="Take the filter away: Agent: writer").click()
        expect(agent).to_have_value("")


def test_new_sessions_appear_as_they_come(browser: Browser) -> None:
    with page_serving(three_sessions()) as server, opened_tab(browser) as tab:
        tab.goto(server.url + "/")
        tab.locator("td.cost", has_text="$2.50").wait_for()
        server.add([answered(300, "fourth", "late", 77, 0.5)])
        tab.locator("td.tokens", has_text="77").wait_for()
        assert cells(tab, "session")[0] == "late fourth"
        server.add([answered(400, "second", "writer", 1000, 0.5)])
        tab.locator("td.tokens", has_text="1,020").wait_for()
        assert cells(tab, "session")[:2] == ["writer second", "late fourth"]


@pytest.mark.parametrize("name", ["third", "second", "first"])
def test_the_focus_stays_on_its_row_when_rows_move(browser: Browser, name: str) -> None:
    with page_serving(three_sessions()) as server, opened_tab(browser) as tab:
        # As in browsers that cannot move an element without taking it out, and the focus from it.
        tab.add_init_script(
            "for (const each of [Element, Document, DocumentFragment]) delete each.prototype.moveBefore;"
        )
        tab.goto(server.url + "/")
        tab.locator("td.cost", has_text="$2.50").wait_for()
        focused = tab.locator("table.sessions a:focus")
        tab.locator(f"table.sessions a[href$={name}]").focus()
        for number, other in enumerate(("first", "second")):
            server.add([answered(400 + number, other, "triage", 1_000_000 + number, 0.5)])
            tab.locator("tr:first-child td.tokens", has_text="1,0").wait_for()
            expect(tab.locator("table.sessions tbody .session").first).to_contain_text(other)
            assert focused.get_attribute("href") == f"/sessions/{name}"
        tab.keyboard.press("Home")
        expect(focused).to_have_attribute("href", "/sessions/second")


def test_agents_that_are_known_are_offered(browser: Browser) -> None:
    with page_serving(three_sessions()) as server, opened_tab(browser) as tab:
        offered = "[...document.querySelector('[name=agent_id]').list.options].map((each) => [each.value, each.label])"
        server.add([event(500, "fourth", type=EventType.AGENT_START, agent_id="a-1", agent_name=EVIL)])
        tab.goto(server.url + "/")
        tab.locator("td.cost", has_text="$2.50").wait_for()
        known = [
            ["a-1", "<img src=x onerror=alert(1)>\\u202edesrever<script>alert(2)</scrip…"],
            ["triage", "triage"],
            ["writer", "writer"],
        ]
        assert tab.evaluate(offered) == known
        tab.locator("nav a", has_text="Charts").click()
        tab.locator("figure.chart canvas").first.wait_for()
        assert tab.evaluate(offered) == known
        # Charts and a search come across them themselves.
        tab.goto(server.url + "/charts")
        tab.locator("figure.chart canvas").first.wait_for()
        assert tab.evaluate(offered) == known
        tab.goto(server.url + "/search")
        tab.get_by_role("button", name="More filters").click()
        expect(tab.locator("#agents option")).to_have_count(3)


def test_sessions_whose_ids_are_directions_are_opened(browser: Browser) -> None:
    ids = [".", "..", "~."]
    events = [event(nr, each, type=EventType.AGENT_START, agent_name=f"agent {each}") for nr, each in enumerate(ids)]
    with page_serving(events) as server, opened_tab(browser) as tab:
        for session in ids:
            tab.goto(server.url + "/")
            tab.locator("table.sessions .dim", has_text=session).get_by_text(session, exact=True).click()
            row = tab.locator(".waterfall .row .name")
            expect(row).to_have_text(f"agent {session}")
            row.click()
            expect(tab.get_by_role("heading", level=2)).to_contain_text(f"agent {session}")
            tab.reload()
            expect(tab.get_by_role("heading", level=2)).to_contain_text(f"agent {session}")
        tab.get_by_label("Compare with").fill("..")
        tab.keyboard.press("Enter")
        expect(tab.locator(".sums-table code")).to_have_text(["..", "~."])


def test_older_sessions_come_page_by_page(browser: Browser) -> None:
    with page_serving([event(number, f"s{number:03}") for number in range(150)]) as server, opened_tab(browser) as tab:
        tab.goto(server.url + "/")
        tab.get_by_role("button", name="List older ones").click()
        tab.locator("table.sessions tbody tr").nth(149).wait_for()
        assert cells(tab, "session") == [f"s{number:03}" for number in reversed(range(150))]
        assert tab.get_by_role("button", name="List older ones").count() == 0


def test_lists_need_no_mouse(three: PageServer, tab: Page) -> None:
    tab.goto(three.url + "/")
    tab.locator("td.tokens", has_text="1,500").wait_for()
    focused = "document.activeElement.innerText.split(/\\s+/).join(' ')"
    for key, name in (
        ("j", "Where is my order? third"),
        ("j", "writer second"),
        ("ArrowDown", "nightly run first"),
        ("k", "writer second"),
        ("Home", "Where is my order? third"),
    ):
        tab.keyboard.press(key)
        assert tab.evaluate(focused) == name
    tab.keyboard.press("End")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/sessions/first")
    tab.keyboard.press("g")
    tab.keyboard.press("f")
    tab.wait_for_url("**/search")
    tab.locator("table.events").wait_for()
    tab.keyboard.press("/")
    tab.keyboard.type("order")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/search?text_query=order")
    tab.get_by_text("1 event. 5 events looked into, as no index answers").wait_for()
    tab.get_by_text("a search for text; chaukas-lite serve --index-text makes one.").wait_for()
    tab.keyboard.press("Escape")
    tab.keyboard.press("j")
    assert tab.evaluate("document.activeElement.innerText") == "INPUT_RECEIVED"
    assert query_of(tab) == {"text_query": ["order"]}, "Escape leaves the field, and not the search"
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/sessions/third/spans/span")


def test_search_has_every_condition_of_a_query(three: PageServer, tab: Page) -> None:
    tab.goto(three.url + "/search")
    tab.get_by_text("5 events in 3 sessions.").wait_for()
    tab.locator("summary", has_text="Types").click()
    tab.get_by_label("ERROR", exact=True).first.check()
    tab.get_by_text("1 event in 1 session.").wait_for()
    assert query_of(tab) == {"types": ["ERROR"]}
    tab.get_by_role("button", name="More filters").click()
    for name in ("Agent", "Session", "Span", "Trace", "Tags", "Tenant", "Project", "From", "To"):
        assert tab.get_by_label(name, exact=True).is_visible(), name
    tab.get_by_label("Tags").fill("env:prod")
    tab.keyboard.press("Enter")
    tab.get_by_text("No event meets these conditions.").wait_for()
    assert query_of(tab) == {"types": ["ERROR"], "tags": ["env:prod"]}
    tab.get_by_role("button", name="Clear all filters").click()
    tab.get_by_text("5 events in 3 sessions.").wait_for()
    tab.get_by_role("button", name="Newest first").click()
    tab.locator("table.events tbody tr:first-child td.session", has_text="first").wait_for()
    assert query_of(tab) == {"order_by_time": ["ASC"]}


def test_a_time_is_that_of_the_viewer_and_a_link_says_it_in_utc(three: PageServer, browser: Browser) -> None:
    with opened_tab(browser, timezone_id="Asia/Tokyo") as tab:
        tab.goto(three.url + "/search")
        tab.get_by_role("button", name="More filters").click()
        tab.get_by_label("From", exact=True).fill("2026-11-29T21:03:20")
        tab.get_by_text("1 event in 1 session.").wait_for()
        tab.get_by_label("From", exact=True).blur()
        assert query_of(tab) == {"start": ["2026-11-29T12:03:20.000Z"]}


def test_a_raw_event_is_shown_as_text(three: PageServer, tab: Page) -> None:
    tab.goto(three.url + "/search?text_query=order")
    tab.get_by_role("button", name="Raw event").click()
    assert '"text": "Where is my order?"' in tab.locator("tr.opened pre").inner_text()


def test_live_shows_what_arrives_and_pauses(browser: Browser) -> None:
    with page_serving(three_sessions()) as server, opened_tab(browser) as tab:
        tab.goto(server.url + "/live?types=INPUT_RECEIVED")
        tab.get_by_text("Nothing has arrived since this view was opened.").wait_for()

        def said(number: int, text: str) -> bytes:
            return event(number, "live", type=EventType.INPUT_RECEIVED, message=MessageContent(role="user", text=text))

        server.add([event(1, "live", type=EventType.ERROR), said(2, "one")])
        tab.locator("td.what", has_text="one").wait_for()
        assert tab.locator("td.what").all_inner_texts() == ["one"]
        tab.keyboard.press("Space")
        tab.get_by_text("Paused.").wait_for()
        server.add([said(3, "two"), said(4, "three")])
        tab.get_by_role("button", name="Go on (2 new)").wait_for()
        assert tab.locator("td.what").all_inner_texts() == ["one"]
        tab.keyboard.press("Space")
        tab.locator("td.what", has_text="three").wait_for()
        assert tab.locator("td.what").all_inner_texts() == ["three", "two", "one"]


def test_live_has_what_it_had_when_somebody_comes_back(browser: Browser) -> None:
    with page_serving(three_sessions()) as server, opened_tab(browser) as tab:
        tab.goto(server.url + "/live?agent_id=a")
        tab.get_by_text("Nothing has arrived since this view was opened.").wait_for()
        whats = tab.locator("td.what")

        def said(number: int, text: str, agent: str = "a") -> bytes:
            message = MessageContent(role="user", text=text)
            return event(number, "live", type=EventType.INPUT_RECEIVED, agent_id=agent, message=message)

        def elsewhere_and_back() -> Iterator[None]:
            tab.locator("td.type a").first.click()
            tab.locator(".waterfall .row").first.wait_for()
            yield
            tab.go_back()

        server.add([said(1, "one")])
        expect(whats).to_have_text(["one"])
        for _ in elsewhere_and_back():
            server.add([said(2, "two"), said(3, "of another", "b")])
        expect(whats).to_have_text(["two", "one"])
        server.add([said(4, "three")])
        expect(whats).to_have_text(["three", "two", "one"])
        tab.keyboard.press("Space")
        for _ in elsewhere_and_back():
            server.add([said(5, "four")])
        tab.get_by_role("button", name="Go on (1 new)").click()
        expect(whats).to_have_text(["four", "three", "two", "one"])
        for _ in elsewhere_and_back():
            server.add([said(number, f"many {number}") for number in range(10, 1010)])
        tab.get_by_text("Too many arrived while you were elsewhere").wait_for()
        server.add([said(2000, "after")])
        expect(whats.first).to_have_text("after")
        assert whats.count() == 500
        tab.get_by_role("button", name="Take the filter away: Agent: a").click()
        tab.get_by_text("Nothing has arrived since this view was opened.").wait_for()


def test_a_collector_that_is_gone_is_asked_again(browser: Browser) -> None:
    # Not ``opened_tab``: the browser writes down each request that nobody answers.
    with page_serving(three_sessions()) as server, browser.new_context() as context:
        tab = context.new_page()
        tab.set_default_timeout(HANG * 1000)
        tab.clock.install()
        tab.goto(server.url + "/")
        tab.locator("td.cost", has_text="$2.50").wait_for()
        tab.evaluate("() => import('/page/app/views/search.js').then(() => null)")
        context.set_offline(True)
        tab.locator("nav a", has_text="Search").click()
        tab.get_by_text("The collector does not answer").first.wait_for()
        context.set_offline(False)
        tab.clock.fast_forward(10_000)
        tab.get_by_text("5 events in 3 sessions.").wait_for()
        assert tab.get_by_role("alert").count() == 0


def test_what_was_asked_before_is_not_added_to_what_is_asked_now(browser: Browser) -> None:
    many = [event(number, f"s{number:03}", type=EventType.SYSTEM) for number in range(150)]
    with page_serving([*many, *three_sessions()]) as server, opened_tab(browser) as tab:
        held: list[Route] = []

        def hold(route: Route) -> None:
            held.append(route)

        tab.route("**/api/*page_token=*", hold)
        for path, more, found in (
            ("/sessions", "List older ones", "table.sessions tbody tr"),
            ("/search", "Show more", "table.events tbody tr"),
        ):
            tab.goto(server.url + path)
            tab.get_by_role("button", name=more).click()
            if path == "/search":
                tab.get_by_role("button", name="More filters").click()
            tab.get_by_label("Agent", exact=True).fill("writer")
            tab.keyboard.press("Enter")
            rows = tab.locator(found)
            expect(rows.first).to_contain_text("writer")
            before = rows.count()
            wait_until(tab, lambda: bool(held))
            with tab.expect_response("**/api/*page_token=*") as answered_:
                held.pop().continue_()
            answered_.value.finished()
            # Whatever comes of it has come once something else has been asked and answered.
            tab.evaluate("fetch('/healthz').then((answer) => answer.text())")
            assert (rows.count(), tab.get_by_role("button", name=more).count()) == (before, 0), path


def test_who_drags_over_a_chart_is_not_interrupted_by_what_arrives(browser: Browser) -> None:
    with page_serving(three_sessions()) as server, opened_tab(browser) as tab:
        tab.clock.install()
        read: list[str] = []
        tab.on("requestfinished", lambda request: read.append(request.url) if "/api/series" in request.url else None)
        tab.goto(server.url + "/charts")
        foot = tab.locator("main .foot")
        expect(foot).to_contain_text("5 events")
        wait_until(tab, lambda: len(read) == 2)  # Once, and again once following has begun.
        box = tab.locator("figure.chart .u-over").first.bounding_box()
        assert box is not None
        tab.mouse.move(box["x"] + 20, box["y"] + 50)
        tab.mouse.down()
        tab.mouse.move(box["x"] + 100, box["y"] + 50, steps=4)
        server.add([answered(300, "fourth", "late", 77, 0.5)])
        wait_until(tab, lambda: len(read) == 3, lambda: tab.clock.run_for(1000))
        tab.clock.run_for(1000)
        tab.mouse.move(box["x"] + 200, box["y"] + 50, steps=4)
        dragged = tab.locator("figure.chart .u-select").first.bounding_box()
        assert dragged is not None
        assert dragged["width"] == 180
        expect(foot).to_contain_text("5 events")
        tab.mouse.up()
        tab.clock.run_for(1000)
        tab.wait_for_url("**/charts?*start=*")


def test_charts_use_a_wide_screen(three: PageServer, browser: Browser) -> None:
    with opened_tab(browser, viewport={"width": 2500, "height": 1000}) as tab:
        tab.goto(three.url + "/charts")
        plot = tab.locator("figure.chart canvas").first
        plot.wait_for()
        box = plot.bounding_box()
        assert box is not None
        assert (box["width"] >= 700, box["height"] >= 300) == (True, True), box


def test_charts_by_model_say_that_they_are_about_a_part(three: PageServer, tab: Page) -> None:
    tab.goto(three.url + "/charts")
    expect(tab.locator("main .foot")).to_contain_text("5 events")
    expect(tab.locator("main .foot")).to_contain_text("1 error.")
    tab.locator('select[name="by"]').select_option("model")
    expect(tab.locator("main .foot")).to_contain_text("Of events that name their model: 2 events")
    errors = tab.locator("figure.chart", has_text="Errors")
    expect(errors).to_contain_text("None in this time, of events that name their model.")
