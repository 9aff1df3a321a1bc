"""A place in a trace goes into headers and comes out of them as it was, whatever its ids look like."""

from __future__ import annotations

import hashlib
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaukas_spec_lite.ids import uuid7
from chaukas_spec_lite.trace.propagation import (
    TracePosition,
    environment,
    extract,
    inject,
    w3c_span_id,
    w3c_trace_id,
)
from chaukas_spec_lite.trace.w3c import RANDOM, SAMPLED, parse_baggage, parse_traceparent, parse_tracestate
from tests.profiles import searched

TRACE = "01a226fe-4811-77aa-9ac3-37cda8851403"
SPAN = "01a226fe-4811-77aa-9ac3-37cdd0eaa707"
SESSION = "01a226fe-4811-77aa-9ac3-37ce76b96dce"
NO_DIGITS = "01a226fe-4811-77aa-0000-000000000000"
FOREIGN = "4bf92f3577b34da6a3ce929d0e0e4736"
FOREIGN_SPAN = "00f067aa0ba902b7"


def test_uuids_are_the_digits_of_w3c_and_stand_in_tracestate_as_they_are() -> None:
    assert inject(TracePosition(TRACE, SPAN, SESSION), {"accept": "*/*"}) == {
        "accept": "*/*",
        "traceparent": "00-01a226fe481177aa9ac337cda8851403-9ac337cdd0eaa707-03",
        "tracestate": f"chaukas=p:{SPAN};t:{TRACE};s:{SESSION}",
    }


def test_an_entry_of_three_uuids_is_never_among_the_first_to_be_left_out() -> None:
    headers = inject(TracePosition(TRACE, SPAN, SESSION), {})
    assert len(headers["tracestate"]) == 124
    others = tuple((f"k{number}", "v" * 90) for number in range(30))
    state = inject(TracePosition(TRACE, SPAN, SESSION, tracestate=others), {})["tracestate"]
    assert state.startswith(headers["tracestate"] + ",k0=")
    assert len(state) <= 512


def test_other_ids_become_the_beginning_of_their_hash() -> None:
    headers = inject(TracePosition("t-1", "span 7", "s-1"), {})
    assert headers == {
        "traceparent": f"00-{hashlib.sha256(b't-1').hexdigest()[:32]}-{hashlib.sha256(b'span 7').hexdigest()[:16]}-01",
        "tracestate": "chaukas=p:span%207;t:t-1;s:s-1",
    }
    assert extract(headers) == TracePosition("t-1", "span 7", "s-1", flags=SAMPLED)


def test_what_has_no_room_in_tracestate_stands_in_baggage() -> None:
    place = TracePosition("t" * 100, "s" * 100, "session", agent_id="a 1", agent_name="Amélie + co")
    headers = inject(place, {})
    assert headers["tracestate"] == f"chaukas=p:{'s' * 100};s:session"
    assert headers["baggage"] == (
        f"chaukas.trace_id={'t' * 100},chaukas.agent_id=a%201,chaukas.agent_name=Am%C3%A9lie%20%2B%20co"
    )
    assert extract(headers) == TracePosition(
        place.trace_id, place.span_id, "session", place.agent_id, place.agent_name, SAMPLED
    )


@pytest.mark.parametrize(
    ("trace_id", "digits"),
    [
        (TRACE, "01a226fe481177aa9ac337cda8851403"),
        (TRACE.upper(), "01a226fe481177aa9ac337cda8851403"),
        (FOREIGN, FOREIGN),
        (FOREIGN.upper(), FOREIGN),
        ("0" * 32, hashlib.sha256(b"0" * 32).hexdigest()[:32]),
        (str(UUID(int=0)), hashlib.sha256(str(UUID(int=0)).encode()).hexdigest()[:32]),
        (FOREIGN_SPAN, hashlib.sha256(FOREIGN_SPAN.encode()).hexdigest()[:32]),
        ("", hashlib.sha256(b"").hexdigest()[:32]),
    ],
)
def test_trace_ids_of_w3c(trace_id: str, digits: str) -> None:
    assert w3c_trace_id(trace_id) == digits
    found = extract(inject(TracePosition(trace_id or "x", SPAN), {}))
    assert found is not None
    assert found.trace_id == (trace_id or "x")


@pytest.mark.parametrize(
    ("span_id", "digits"),
    [
        (SPAN, "9ac337cdd0eaa707"),
        (SPAN.upper(), "9ac337cdd0eaa707"),
        (FOREIGN, "a3ce929d0e0e4736"),
        (FOREIGN_SPAN, FOREIGN_SPAN),
        (FOREIGN_SPAN.upper(), FOREIGN_SPAN),
        ("0" * 16, hashlib.sha256(b"0" * 16).hexdigest()[:16]),
        (NO_DIGITS, hashlib.sha256(NO_DIGITS.encode()).hexdigest()[:16]),
        ("7", hashlib.sha256(b"7").hexdigest()[:16]),
    ],
)  # fmt: skip
def test_span_ids_of_w3c(span_id: str, digits: str) -> None:
    assert w3c_span_id(span_id) == digits
    found = extract(inject(TracePosition(TRACE, span_id), {}))
    assert found is not None
    assert found.span_id == span_id


def test_ids_of_others_stay_as_they_came_also_one_process_later() -> None:
    text = f"00-{FOREIGN}-{FOREIGN_SPAN}-01"
    found = extract({"traceparent": text, "tracestate": "rojo=1,congo=2", "baggage": "user = u-17;p=1, x=%C3%A9"})
    assert found is not None
    assert (found.trace_id, found.span_id, found.session_id, found.flags) == (FOREIGN, FOREIGN_SPAN, "", SAMPLED)
    assert [member.text for member in found.baggage] == ["user = u-17;p=1", "x=%C3%A9"]

    mine = TracePosition(found.trace_id, SPAN, SESSION, flags=0, tracestate=found.tracestate, baggage=found.baggage)
    headers = inject(mine, {})
    assert headers == {
        "traceparent": f"00-{FOREIGN}-9ac337cdd0eaa707-00",
        "tracestate": f"chaukas=p:{SPAN};t:{FOREIGN};s:{SESSION},rojo=1,congo=2",
        "baggage": "user = u-17;p=1,x=%C3%A9",
    }
    assert extract(headers) == mine


def test_where_another_system_came_between_the_last_recorded_span_is_the_parent() -> None:
    headers = inject(TracePosition(TRACE, SPAN, SESSION), {})
    headers["traceparent"] = f"00-{w3c_trace_id(TRACE)}-{FOREIGN_SPAN}-00"
    headers["tracestate"] = f"rojo=1,{headers['tracestate']}"
    found = extract(headers)
    assert found == TracePosition(TRACE, SPAN, SESSION, flags=0, tracestate=(("rojo", "1"),))


@pytest.mark.parametrize(
    "headers",
    [
        {"tracestate": f"chaukas=p:{SPAN};t:{TRACE};s:{SESSION}"},
        {"tracestate": f"chaukas=p:{SPAN};s:{SESSION}"},
        {"tracestate": "chaukas=s:session"},
        {"tracestate": "chaukas=t:;;x:y;p"},
        {"baggage": f"chaukas.trace_id={TRACE},chaukas.session_id=s,chaukas.agent_id=a"},
        {"baggage": "chaukas.agent_id=a,chaukas.tenant_id=x"},
    ],
)
def test_entries_that_are_left_over_from_another_trace_do_not_count(headers: dict[str, str]) -> None:
    found = extract({"traceparent": f"00-{FOREIGN}-{FOREIGN_SPAN}-03", **headers})
    assert found == TracePosition(FOREIGN, FOREIGN_SPAN, flags=SAMPLED | RANDOM)


def test_without_a_valid_traceparent_the_rest_is_not_looked_at() -> None:
    good = inject(TracePosition(TRACE, SPAN, SESSION), {})
    for traceparent in ("", "00", good["traceparent"].upper(), good["traceparent"] + "-"):
        assert extract(good | {"traceparent": traceparent}) is None
    assert extract(None) is None
    assert extract({}) is None
    assert extract(7) is None
    assert extract("traceparent") is None


def test_flags_are_passed_on_and_a_trace_that_begins_here_says_whether_its_id_is_random() -> None:
    def flags(trace_id: str, flags: int | None = None) -> int:
        found = parse_traceparent([inject(TracePosition(trace_id, SPAN, flags=flags), {})["traceparent"]])
        assert found is not None
        return found.flags

    assert flags(uuid7()) == flags(str(uuid4())) == flags(uuid4().hex) == SAMPLED | RANDOM
    assert flags("t-1") == flags("c232ab00-9414-11ec-b3c8-9f6bdeced846") == SAMPLED  # the second is of version 1
    assert [flags(uuid7(), given) for given in range(4)] == [0, 1, 2, 3]


def test_headers_that_hold_something_already() -> None:
    place = TracePosition(
        TRACE, SPAN, SESSION, "agent", tracestate=(("b", "old"), ("c", "3")), baggage=parse_baggage(["u=1"])
    )
    # Of the same trace, as another system in this process may have written it.
    headers = inject(
        place,
        {
            "TraceParent": f"00-{w3c_trace_id(TRACE)}-{FOREIGN_SPAN}-01",
            "TraceState": "a=1,chaukas=p:old,b=2",
            "Baggage": "x=1,chaukas.agent_id=old,u=1,u=1",
        },
    )
    assert headers == {
        "traceparent": f"00-{w3c_trace_id(TRACE)}-{w3c_span_id(SPAN)}-03",
        "tracestate": f"chaukas=p:{SPAN};t:{TRACE};s:{SESSION},a=1,b=2,c=3",
        "baggage": "chaukas.agent_id=agent,x=1,u=1",
    }
    # Once more, from another span.
    again = inject(TracePosition(TRACE, TRACE, SESSION), dict(headers))
    assert again["tracestate"] == f"chaukas=p:{TRACE};t:{TRACE};s:{SESSION},a=1,b=2,c=3"
    # Of another trace.
    other = inject(TracePosition("t-1", "s-1"), dict(headers))
    assert other["tracestate"] == "chaukas=p:s-1;t:t-1"
    assert other["baggage"] == "x=1,u=1"


def test_the_environment_of_a_process() -> None:
    place = TracePosition(TRACE, SPAN, SESSION, "agent")
    given = {"PATH": "/bin", "traceparent": "old", "TRACESTATE": "old", "BAGGAGE": "x=1"}
    variables = environment(place, given)
    assert variables == {
        "PATH": "/bin",
        "TRACEPARENT": "00-01a226fe481177aa9ac337cda8851403-9ac337cdd0eaa707-03",
        "TRACESTATE": f"chaukas=p:{SPAN};t:{TRACE};s:{SESSION}",
        "BAGGAGE": "chaukas.agent_id=agent,x=1",
    }
    found = extract(variables)
    assert found is not None
    assert (found.trace_id, found.span_id, found.agent_id) == (TRACE, SPAN, "agent")
    assert environment(None, given) == given


IDS = st.one_of(
    st.uuids().map(str),
    st.uuids().map(lambda each: each.hex.upper()),
    st.integers(0, 2**64 - 1).map(lambda number: f"{number:016x}"),
    st.text(min_size=1, max_size=60).filter(lambda text: text.isprintable()),
    st.text(min_size=1, max_size=300, alphabet="a;:,=%+ é\u2028"),
)


@searched(2_000)
@given(IDS, IDS, IDS | st.just(""), IDS | st.just(""), st.integers(0, 3))
def test_any_place_comes_out_as_it_went_in(
    trace_id: str, span_id: str, session_id: str, agent: str, flags: int
) -> None:
    place = TracePosition(trace_id, span_id, session_id, agent, agent, flags)
    headers = inject(place, {})
    assert parse_traceparent([headers["traceparent"]]) == place.traceparent
    assert len(headers["tracestate"]) <= 128
    assert dict(parse_tracestate([headers["tracestate"]])).keys() == {"chaukas"}
    assert extract(headers) == place
    assert extract(environment(place, {})) == place


@searched(2_000)
@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=80))
def test_no_header_raises(traceparent: str, tracestate: str, baggage: str) -> None:
    assert extract({"traceparent": traceparent, "tracestate": tracestate, "baggage": baggage}) is None
    valid = f"00-{FOREIGN}-{FOREIGN_SPAN}-01"
    found = extract({"traceparent": valid, "tracestate": f"chaukas={tracestate}", "baggage": f"chaukas.{baggage}"})
    assert found is not None
    assert (found.trace_id, found.span_id) == (FOREIGN, FOREIGN_SPAN)
    assert extract(inject(found, {})) == found


@given(st.text(max_size=5), st.text(max_size=5))
def test_ids_that_are_no_utf_8_do_not_raise(trace_id: str, span_id: str) -> None:
    found = extract(inject(TracePosition(f"\ud800{trace_id}", f"\udfff{span_id}"), {}))
    assert found is not None
    assert found.traceparent.flags == SAMPLED
