"""What agents and users wrote may be anything: on no screen does it do anything but stand there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from chaukas_spec_lite import (
    AgentHandoff,
    CostDetails,
    DataAccess,
    ErrorInfo,
    Event,
    EventStatus,
    EventType,
    LLMInvocation,
    MCPCall,
    MessageContent,
    PolicyDecision,
    ToolCall,
    ToolResponse,
)
from chaukas_spec_lite.message.message import Message
from chaukas_spec_lite.wire.fields import fields_of
from tests.page.conftest import opened_tab
from tests.page.screens import SCREENS
from tests.page.serving import PageServer, page_serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.page

MARKUP = (
    "<img src=x onerror=window.owned=1><script>window.owned=1</script>"
    "\"'><svg/onload=window.owned=1><a href=javascript:window.owned=1>${owned}{{owned}}</a>"
    "</textarea></title>--><iframe srcdoc=x>"
)
BIDI = "\u202eevil\u202d\u2066\u2067\u2068\u2069\u200f\u061c\x1b[2J\x00\x07\U0001f600" + "e" + "\u0301" * 100
BEGAN = datetime(2026, 11, 29, 12, tzinfo=timezone.utc)
HUGE = 10_000_000

CONTENTS: dict[str, type[Message]] = {
    "message": MessageContent,
    "tool_call": ToolCall,
    "tool_response": ToolResponse,
    "llm_invocation": LLMInvocation,
    "mcp_call": MCPCall,
    "agent_handoff": AgentHandoff,
    "policy": PolicyDecision,
    "data_access": DataAccess,
    "error": ErrorInfo,
}
TYPES = [each for each in EventType if each]


def full(cls: type[Any], text: str) -> Any:
    """A message whose texts are all this one, in lists and structures, too."""
    nested = {text: [text, {text: text}], "name": text, "messages": [{"role": text, "content": text}]}
    given: dict[str, Any] = {}
    for each in fields_of(cls):
        if each.kind == "string":
            given[each.name] = [text, text + "2"] if each.label == "repeated" else text
        elif each.kind == "google.protobuf.Struct" and each.name != "state_update":  # a content, of which there is one
            given[each.name] = nested
    return cls(**given)


def every(text: str, session: str) -> Iterator[bytes]:
    """Events of all types with all contents, all of whose texts are this one."""
    contents = list(CONTENTS)
    for number, type_ in enumerate(TYPES):
        event: Event = full(Event, text)
        event.event_id = f"{text}{number}"
        event.session_id, event.type = session, type_
        # START and END of the same one, with the hand-off, which is alone, between them.
        span = (number + (number >= 4)) // 2
        event.span_id, event.parent_span_id = f"{text}{span}", f"{text}0" if span else ""
        event.tags = [text, *(f"{text}{tag}" for tag in range(10_000 if number == 3 else 2))]
        event.timestamp = BEGAN + timedelta(milliseconds=number)
        event.status = EventStatus.FAILED if number % 3 == 0 else EventStatus.COMPLETED
        event.cost = CostDetails(total_cost=1.0, currency=text)
        name = "llm_invocation" if "MODEL" in type_.name else contents[number % len(contents)]
        setattr(event, name, full(CONTENTS[name], text))
        if event.llm_invocation is not None:
            event.llm_invocation.total_tokens = 5
        yield bytes(event)


OF_ONE_SESSION = ("session", "chat", "payload", "raw events", "compare")
SESSIONS = {"markup": f"{MARKUP}/../?a#b%2F\n", "bidi": BIDI}


@pytest.fixture(scope="module")
def hostile() -> Iterator[PageServer]:
    with page_serving([*every(MARKUP, SESSIONS["markup"]), *every(BIDI, SESSIONS["bidi"])]) as server:
        yield server


def assert_harmless(tab: Page) -> None:
    """Nothing of it was taken for more than text, and the page still does what it is asked for."""
    assert tab.evaluate("window.owned") is None
    assert tab.locator("img, iframe, main script, [onerror], [onload], a[href^='javascript:']").count() == 0
    shown = tab.evaluate("document.body.innerText")
    assert not set(shown) & set("\u202e\u202d\u2066\u2067\u200f\x1b\x07"), "a mark stands for each of these"
    for dialog in tab.locator("dialog[open]").all():
        dialog.get_by_role("button", name="Close").click()
    tab.keyboard.press("Escape")
    tab.locator("main").focus()
    tab.keyboard.press("?")
    expect(tab.get_by_role("dialog", name="Keys")).to_be_visible()


@pytest.mark.parametrize("screen", SCREENS)
def test_text_stays_text(hostile: PageServer, browser: Browser, screen: str) -> None:
    with opened_tab(browser) as tab:
        for session in SESSIONS.values():
            SCREENS[screen](tab, hostile.url, session)
            assert_harmless(tab)
            if screen not in OF_ONE_SESSION:
                break  # It shows the events of both.


@pytest.mark.parametrize("field", ["session_id", "agent_name", "metadata", "message", "error"])
def test_ten_megabytes_in_one_field_leave_the_page_usable(browser: Browser, field: str) -> None:
    text = MARKUP + "x" * HUGE
    values: dict[str, Any] = {
        "metadata": {"name": text, "message": text[:1000]},
        "message": MessageContent(text=text),
        "error": ErrorInfo(error_message=text),
    }
    event = Event(event_id="huge", type=EventType.AGENT_END, session_id="s", span_id="a", timestamp=BEGAN, agent_id="a")
    event.status = EventStatus.FAILED  # So that there is something to draw.
    setattr(event, field, values.get(field, text))
    with page_serving([bytes(event)]) as server, opened_tab(browser) as tab:
        # Of an agent with such a name there are charts; a session with such an id has no address.
        for screen in ("sessions", "raw", {"agent_name": "charts", "session_id": "search"}.get(field, "session")):
            SCREENS[screen](tab, server.url, "s")
            assert_harmless(tab)
        assert tab.evaluate("document.body.innerText.length") < 100_000
