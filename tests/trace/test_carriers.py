"""The three headers are found in, and put into, whatever people keep headers in."""

from __future__ import annotations

import email.message
import wsgiref.headers
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import multidict
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaukas_spec_lite.trace.carriers import NAMES, read, write
from tests.extras import needed

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
NEW = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01"
PAIRS = [("TraceParent", PARENT), ("tracestate", "a=1"), ("accept", "*/*"), ("TRACESTATE", "b=2"), ("baggage", "c=3")]
FOUND = {"traceparent": [PARENT], "tracestate": ["a=1", "b=2"], "baggage": ["c=3"]}


def _message(pairs: list[tuple[str, str]]) -> email.message.Message:
    message = email.message.Message()
    for name, value in pairs:
        message[name] = value
    return message


def _made_by(module: str, name: str) -> Any:
    """A class of headers of another package; what it makes is tested where that package is installed."""

    def make(pairs: list[tuple[str, str]]) -> Any:
        return getattr(needed(module), name)(pairs)

    return make


def _starlette(pairs: list[tuple[str, str]]) -> Any:
    return needed("starlette.datastructures").MutableHeaders(
        raw=[(name.lower().encode(), value.encode()) for name, value in pairs]
    )


CHANGEABLE = {
    "list": list,
    "list of lists": lambda pairs: [[*pair] for pair in pairs],
    "http.client": _message,
    "wsgiref": wsgiref.headers.Headers,
    "multidict": multidict.CIMultiDict,
    "httpx": _made_by("httpx", "Headers"),
    "werkzeug": _made_by("werkzeug.datastructures", "Headers"),
    "starlette": _starlette,
}


@pytest.mark.parametrize("make", CHANGEABLE.values(), ids=CHANGEABLE)
def test_headers_that_can_be_changed(make: Any) -> None:
    headers = make([*PAIRS])
    assert read(headers) == FOUND
    assert write(headers, {"traceparent": NEW, "tracestate": "d=4", "baggage": ""}) is headers
    assert read(headers) == {"traceparent": [NEW], "tracestate": ["d=4"], "baggage": []}
    pairs = headers.items() if hasattr(headers, "items") else headers
    assert sorted(tuple(pair) for pair in pairs) == sorted(
        [("accept", "*/*"), ("traceparent", NEW), ("tracestate", "d=4")]
    )


def test_a_dict_in_which_a_name_stands_in_two_ways() -> None:
    headers: dict[str, str] = dict(PAIRS)
    assert read(headers) == FOUND
    write(headers, {"traceparent": NEW, "tracestate": "d=4", "baggage": "e=5"})
    assert headers == {"accept": "*/*", "traceparent": NEW, "tracestate": "d=4", "baggage": "e=5"}


def test_the_headers_of_requests() -> None:
    headers = needed("requests").structures.CaseInsensitiveDict(
        {"TraceParent": PARENT, "tracestate": "a=1", "Baggage": "c=3"}
    )
    assert read(headers) == FOUND | {"tracestate": ["a=1"]}
    assert write(headers, {"traceparent": NEW, "baggage": ""}) is headers
    assert dict(headers) == {"traceparent": NEW, "tracestate": "a=1"}


def test_pairs_of_bytes_stay_bytes() -> None:
    """As ASGI has them, and Kafka."""
    scope = [(name.lower().encode(), value.encode()) for name, value in PAIRS]
    assert read(scope) == FOUND
    headers: list[tuple[bytes, bytes]] = list(scope)
    assert write(headers, {"traceparent": NEW, "tracestate": "", "baggage": ""}) is headers
    assert headers == [(b"accept", b"*/*"), (b"traceparent", NEW.encode())]
    kafka: list[tuple[str, bytes]] = [("traceparent", PARENT.encode())]
    assert read(kafka)["traceparent"] == [PARENT]


def test_what_cannot_be_changed_is_made_anew() -> None:
    pairs = (("Baggage", "c=3"), ("accept", "*/*"))
    assert write(pairs, {"traceparent": NEW, "baggage": ""}) == (("accept", "*/*"), ("traceparent", NEW))
    proxy: Mapping[str, str] = MappingProxyType(dict(pairs))
    assert write(proxy, {"traceparent": NEW, "baggage": ""}) == {"accept": "*/*", "traceparent": NEW}
    assert write(None, {"traceparent": NEW, "baggage": ""}) == {"traceparent": NEW}


def test_a_value_may_be_a_list() -> None:
    assert read({"tracestate": ["a=1", b"b=2"], "traceparent": (PARENT,), "baggage": [3]}) == {
        "traceparent": [PARENT],
        "tracestate": ["a=1", "b=2"],
        "baggage": [""],
    }


def test_the_environ_of_wsgi_has_variables_of_the_process_too_which_are_not_the_requests() -> None:
    environ = {
        "REQUEST_METHOD": "GET",
        "TRACEPARENT": "of the process",
        "HTTP_TRACEPARENT": PARENT,
        "HTTP_BAGGAGE": "c=3",
    }
    assert read(environ) == {"traceparent": [PARENT], "tracestate": [], "baggage": ["c=3"]}
    del environ["HTTP_TRACEPARENT"]
    assert read(environ)["traceparent"] == []
    assert read({"HTTP_TRACEPARENT": PARENT, "TRACESTATE": "x=1"}) == {name: [] for name in NAMES} | {
        "traceparent": [PARENT]
    }
    # Such a name means nothing among headers.
    assert read({"http_tracestate": "a=1", "traceparent": PARENT})["tracestate"] == []


def test_the_variables_of_a_process() -> None:
    assert read({"PATH": "/bin", "TRACEPARENT": PARENT, "TRACESTATE": "a=1", "BAGGAGE": "c=3"}) == FOUND | {
        "tracestate": ["a=1"]
    }


ANYTHING = st.recursive(
    st.none() | st.text(max_size=3) | st.binary(max_size=3) | st.integers() | st.sampled_from(NAMES),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.sampled_from([*NAMES, b"baggage", 7, None]), inner)
    ),
)


@given(ANYTHING)
def test_nothing_that_is_no_headers_raises(headers: object) -> None:
    assert list(read(headers)) == list(NAMES)
