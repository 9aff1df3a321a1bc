"""The modules of the page that show nothing themselves, called in a real browser: texts, amounts, conditions, lists."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chaukas_spec_lite import EventStatus, EventType, Severity
from chaukas_spec_lite.cli.terminal import costs
from chaukas_spec_lite.collector.doors.openapi_api import FILTER
from chaukas_spec_lite.collector.doors.platform_json import bare_names
from chaukas_spec_lite.printable import duration
from tests.page.serving import PageServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.page

NOW = 1_796_000_000_000


@pytest.fixture(scope="module")
def modules(browser: Browser, recording: PageServer) -> Any:
    """Calls a function of a module with arguments, or returns what else has the name."""
    context = browser.new_context(timezone_id="Europe/Berlin")
    tab: Page = context.new_page()
    tab.goto(recording.url + "/charts")

    def call(module: str, function: str, *arguments: Any) -> Any:
        script = """async ([module, name, given]) => {
            const found = (await import(`/page/app/${module}.js`))[name];
            return typeof found === "function" ? found(...given) : found;
        }"""
        return tab.evaluate(script, [module, function, arguments])

    call.tab = tab  # type: ignore[attr-defined]  # for what a single call does not do
    yield call
    context.close()


@pytest.mark.parametrize(
    ("ms", "written"),
    [
        (0, "0.00 ms"),
        (0.694, "0.69 ms"),
        (999.6, "1.00 s"),
        (4260, "4.26 s"),
        (59_949, "59.9 s"),
        (59_950, "1 m 00 s"),
        (185_000, "3 m 05 s"),
        (7_620_000, "2 h 07 m"),
        (443_000_000, "5 d 03 h"),
        (-1500, "-1.50 s"),
    ],
)
def test_durations_are_as_commands_write_them(modules: Any, ms: float, written: str) -> None:
    assert modules("format", "duration", ms) == written == duration(timedelta(milliseconds=ms))


@pytest.mark.parametrize(
    "amounts", [{"USD": 0.0014, "EUR": 2.5}, {"USD": 1234.5}, {"USD": 0.00001}, {"": 3.0}, {"USD": -2.0}, {}]
)
def test_costs_are_as_commands_write_them(modules: Any, amounts: dict[str, float]) -> None:
    assert modules("format", "costs", amounts) == costs(amounts)


def test_no_format_is_made_for_a_single_number(modules: Any) -> None:
    """Making one takes thirty times as long as using it, and a list that is scrolled writes thousands of numbers."""
    asked: list[list[Any]] = [["count", 1234], ["money", 0.25, "USD"], ["money", 1234.5, "EUR"], ["money", 0.0, "USD"]]
    written = modules.tab.evaluate(
        """async (asked) => {
            const format = await import("/page/app/format.js");
            const usual = Number.prototype.toLocaleString;
            Number.prototype.toLocaleString = () => "made one";
            try {
                return asked.map(([name, ...given]) => format[name](...given));
            } finally {
                Number.prototype.toLocaleString = usual;
            }
        }""",
        asked,
    )
    assert written == ["1,234", "$0.2500", "1,234.50 EUR", "$0"]


def test_times_are_those_of_the_viewers_zone(modules: Any) -> None:
    at = NOW - 3_600_000
    written = [modules("format", "localTime", each, NOW) for each in (at, at - 5 * 86_400_000, at - 400 * 86_400_000)]
    assert written == ["00:53:20", "Nov 25 00:53:20", "2025-10-26 01:53:20"]  # in summer time
    told = [modules("format", "ago", NOW - each * 1000, NOW) for each in (0, 12, 300, 7200, 200_000, -300)]
    assert told == ["now", "12 s ago", "5 m ago", "2 h ago", "2 d ago", "in 5 m"]


def test_durations_have_the_nanoseconds_that_dates_lack(modules: Any) -> None:
    first, last = "2026-11-29T12:00:00.000000100Z", "2026-11-29T12:00:00.001500600Z"
    assert modules("format", "between", first, last) == pytest.approx(1.5005)
    assert modules("format", "between", first, None) is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("  two\n lines ", "two lines"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("a\u2066b\u2069\u200f", "a\\u2066b\\u2069\\u200f"),
        ("\x1b[31m\x00", "\\x1b[31m\\x00"),
        ("Schriftsteller \u270d\ufe0f", "Schriftsteller \u270d\ufe0f"),
        ("e" + "\u0301" * 50, "e" + "\u0301" * 4),
        ("x" * 400, "x" * 299 + "…"),
        ("é" * 400, "é" * 300 + "…"),
    ],
)
def test_what_would_change_the_text_around_it_is_visible(modules: Any, text: str, shown: str) -> None:
    assert modules("printable", "oneLine", text) == shown
    assert "\u202e" not in modules("printable", "lines", f"{text}\n\u202e")


def test_conditions_stand_in_the_address_and_become_questions(modules: Any) -> None:
    conditions = {"types": ["ERROR", "RETRY"], "text_query": "a&b", "since": "2h"}
    assert modules("query", "write", conditions) == "?since=2h&text_query=a%26b&types=ERROR&types=RETRY"
    asked = modules("query", "asked", conditions, NOW)
    assert asked == {"types": ["ERROR", "RETRY"], "text_query": "a&b", "start": "2026-11-29T22:53:20.000Z"}
    assert modules("query", "changed", {"since": "2h"}, "start", "2026-01-01T00:00:00Z") == {
        "start": "2026-01-01T00:00:00Z"
    }
    assert modules("query", "changed", {"types": ["ERROR"]}, "types", []) == {}
    assert modules("query", "fromField", "2026-07-01T12:00:00") == "2026-07-01T10:00:00.000Z"
    assert modules("query", "toField", "2026-07-01T10:00:00.000Z") == "2026-07-01T12:00:00"
    assert [modules("query", "milliseconds", each) for each in ("90s", "1w", "2x", "")] == [
        90_000,
        604_800_000,
        None,
        None,
    ]


def test_the_page_knows_every_condition_and_value_that_the_collector_has(modules: Any) -> None:
    fields = {each["name"]: each for each in modules("query", "FIELDS")}
    assert sorted(fields) == sorted(each.name for each in FILTER)
    for name, enum in (("types", EventType), ("statuses", EventStatus), ("severities", Severity)):
        assert fields[name]["choices"] == [each for each in bare_names(enum) if each != "UNSPECIFIED"]


def test_sorting_keeps_what_is_not_known_last(modules: Any) -> None:
    def session(name: str, **more: Any) -> dict[str, Any]:
        return {"session_id": name, "events": 1, "errors": 0, "first": None, "last": None, **more}

    def figures(tokens: int) -> dict[str, Any]:
        return {"figures": {"name": "", "agents": [], "tokens": tokens, "cost": {}}}

    sessions = [session("a"), session("b", **figures(5)), session("c", **figures(7))]
    for order, names in (("tokens", "bca"), ("-tokens", "cba"), ("-session", "cba"), ("nonsense", "abc")):
        assert "".join(each["session_id"] for each in modules("session_list", "sorted", sessions, order)) == names
    # Whoever makes up an address names no column, nor what every object of JavaScript has.
    for order in ("nothing", "__proto__", "-constructor", "valueOf"):
        assert modules("session_list", "sorted", sessions, order) == sessions


def test_what_arrives_while_it_is_paused_waits_and_has_bounds(modules: Any) -> None:
    nothing: dict[str, Any] = {"events": [], "waiting": [], "missed": 0}
    paused = modules("views/live", "received", nothing, [1, 2], True)
    assert paused == {"events": [], "waiting": [1, 2], "missed": 0}
    shown = modules("views/live", "received", {**paused, "waiting": []}, paused["waiting"], False)
    assert shown == {"events": [2, 1], "waiting": [], "missed": 0}
    many = modules("views/live", "received", shown, list(range(600)), False)
    assert (len(many["events"]), many["events"][0], many["missed"]) == (500, 599, 102)
