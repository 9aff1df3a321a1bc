"""A search for events in which a secret survives, or anything else changes.

An event is drawn as a template: a function that puts what it is given in the places of the secrets. The event with the
secrets has to become the same event with the marks.
"""

from __future__ import annotations

import collections
import copy
import json
import types
from collections.abc import Callable
from typing import Any, Literal

from hypothesis import given
from hypothesis import strategies as st

from chaukas_spec_lite import (
    ErrorInfo,
    Event,
    LLMInvocation,
    MessageContent,
    PolicyDecision,
    Redactor,
    ToolCall,
    lenient,
)
from tests.profiles import searched
from tests.strategies import messages
from tests.trace.redaction.samples import CARDS, CREDENTIALS, EMAILS, IBANS, PHONES

Side = Literal["secret", "mark"]
Template = Callable[[Side], Any]

REDACTOR = Redactor()
REDACTORS = (REDACTOR, Redactor(method="hash", salt=b"0123456789abcdef", salt_id="1"), Redactor(method="remove"))

_SECRETS = [
    *((each, "CREDENTIAL") for each in CREDENTIALS.values()),
    *((each, "EMAIL") for each in EMAILS),
    *((each, "CARD") for each in CARDS.values()),
    *((each, "IBAN") for each in IBANS),
    *((each, "PHONE") for each in PHONES),
]
_words = st.text("ab é\n,;!()😀", max_size=8)
"""Text in which no secret can be, nor anything that makes a secret of another kind of what stands beside it."""
_between = st.sampled_from(["\n", "\t", " | ", "; ", '" ', "', '", ")", " ("])


def _written(text: str) -> Template:
    return lambda side: text


def _hidden(before: str, start: str, secret: tuple[str, str], end: str, after: str) -> Template:
    mark = f"[redacted {secret[1]}]"
    return lambda side: f"{before}{start}{secret[0] if side == 'secret' else mark}{end}{after}"


_in_text = st.builds(
    _hidden, _words, _between, st.sampled_from(_SECRETS), st.sampled_from(["\n", " | ", ";", '"']), _words
)
_texts = _words.map(_written) | _in_text


def _named(key: str, value: str) -> Template:
    return lambda side: {key: value if side == "secret" else "[redacted]"}


_named_secrets = st.builds(
    _named,
    st.sampled_from(["password", "API-Key", "dbSecret", "Set-Cookie", "x_auth_token"]),
    st.text("xyz 0é", min_size=1),
)
_leaves = (
    _texts | _named_secrets | st.sampled_from([None, True, 0, 1.5, "", "order 48213", 2**40]).map(lambda v: lambda _: v)
)


def _dict(entries: list[tuple[Template, Template]]) -> Template:
    # Keys of which several become one mark are numbered, which the tests of keys look at.
    def make(side: Side) -> Any:
        found = {f"{number} {key(side)}": value(side) for number, (key, value) in enumerate(entries)}
        return found

    return make


def _list(items: list[Template]) -> Template:
    return lambda side: [each(side) for each in items]


def _json(inner: Template) -> Template:
    return lambda side: json.dumps({"a": inner(side)}, ensure_ascii=False)


def _plain(inner: st.SearchStrategy[Template]) -> st.SearchStrategy[Template]:
    return (
        st.lists(st.tuples(_texts, inner), max_size=3).map(_dict)
        | st.lists(inner, max_size=3).map(_list)
        | _in_text.map(_json)
        | _named_secrets.map(_json)
    )


def _odd(inner: st.SearchStrategy[Template]) -> st.SearchStrategy[Template]:
    return (
        _plain(inner)
        | st.builds(lambda a: lambda side: (a(side), 1), inner)
        | st.builds(lambda a: lambda side: {a(side)}, _texts)
        | st.builds(lambda a: lambda side: a(side).encode(), _texts)
        | st.builds(lambda a: lambda side: ValueError(a(side)), _texts)
        | st.builds(lambda a: lambda side: types.SimpleNamespace(x=a(side)), inner)
        | st.builds(lambda a: lambda side: collections.deque([a(side)]), inner)
        | st.builds(lambda a: lambda side: collections.OrderedDict(a=a(side)), inner)
    )


def _event(text: Template, body: Template, tags: list[Template], place: int) -> Template:
    def make(side: Side) -> Event:
        held = {"body": body(side)}
        contents: list[dict[str, Any]] = [
            {"message": MessageContent(text=text(side), metadata=held)},
            {"error": ErrorInfo(error_message=text(side), stack_trace=text(side))},
            {"llm_invocation": LLMInvocation(request=held, response={"text": text(side)}, prompt_tokens=5)},
            {"tool_call": ToolCall(id="call_1", arguments=held)},
            {"policy": PolicyDecision(rationale=text(side))},
            {"state_update": held},
        ]
        return Event(event_id="e1", session_id="s1", tags=[tag(side) for tag in tags], metadata=held, **contents[place])

    return make


def _events(bodies: st.SearchStrategy[Template]) -> st.SearchStrategy[Template]:
    return st.builds(_event, _texts, bodies, st.lists(_texts, max_size=2), st.integers(0, 5))


@searched(2000)
@given(_events(st.recursive(_leaves, _plain, max_leaves=5)))
def test_of_plain_events_only_the_secrets_change(template: Template) -> None:
    event, expected = template("secret"), template("mark")
    before = copy.deepcopy(event)
    made = REDACTOR(event)
    assert event == before
    if made is not event:
        expected.redaction, expected.pii_categories = made.redaction, made.pii_categories
        assert made.redaction.fields
    assert made == expected
    assert REDACTOR(made) is made
    bytes(made)


@searched(1000)
@given(_events(st.recursive(_leaves, _odd, max_leaves=5)), st.sampled_from(REDACTORS))
def test_no_secret_survives_in_other_values(template: Template, redactor: Redactor) -> None:
    made = redactor(template("secret"))
    data = lenient.encode(made).data
    for secret, _ in _SECRETS:
        assert secret.encode() not in data
        assert secret.encode()[1:-1] not in data
    assert redactor(Event.parse(data)) == Event.parse(data)


@searched(1000)
@given(messages(Event), st.sampled_from(REDACTORS))
def test_any_event_at_all(event: Event, redactor: Redactor) -> None:
    """Whatever the wire can bring: unknown fields, values of no kind, nothing in most of them is a secret."""
    before = copy.deepcopy(event)
    made = redactor(event)
    assert event == before
    assert redactor(made) is made
    if made.redaction is event.redaction:
        assert made is event
