"""OpenTelemetry's own propagators read what we write and write what we read; its current span can be the parent."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import baggage, context, trace
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from chaukas_spec_lite.ids import uuid7
from chaukas_spec_lite.trace.opentelemetry import current_headers
from chaukas_spec_lite.trace.propagation import TracePosition, extract, inject
from chaukas_spec_lite.trace.w3c import SAMPLED, parse_traceparent, parse_tracestate
from tests.patience import HANG
from tests.profiles import searched
from tests.trace.recorders import recorder

OTHERS = CompositePropagator([TraceContextTextMapPropagator(), W3CBaggagePropagator()])


@pytest.fixture(autouse=True, scope="module")
def _quiet() -> Iterator[None]:
    """It warns of each malformed header, and these are many."""
    log = logging.getLogger("opentelemetry")
    before = log.level
    log.setLevel(logging.ERROR)
    yield
    log.setLevel(before)


def _there_and_back(headers: dict[str, str]) -> dict[str, str]:
    """Through a process that uses OpenTelemetry, which opens a span and calls the next one."""
    tracer = TracerProvider().get_tracer("between")
    came = OTHERS.extract(headers, context.Context())
    with tracer.start_as_current_span("between", context=came) as span:
        out: dict[str, str] = {}
        OTHERS.inject(out, trace.set_span_in_context(span, came))
    return out


def test_opentelemetry_reads_what_we_write() -> None:
    place = TracePosition(uuid7(), uuid7(), uuid7(), "triage agent", tracestate=(("rojo", "1"),))
    headers = inject(place, {"baggage": "user=u-17"})
    came = OTHERS.extract(headers, context.Context())
    theirs = trace.get_current_span(came).get_span_context()
    assert theirs.is_valid
    assert theirs.is_remote
    assert f"{theirs.trace_id:032x}" == place.trace_id.replace("-", "")
    assert f"{theirs.span_id:016x}" == place.span_id.replace("-", "")[16:]
    assert theirs.trace_flags.sampled
    assert theirs.trace_flags.random_trace_id
    assert theirs.trace_state.to_header() == headers["tracestate"]
    assert baggage.get_all(came) == {"chaukas.agent_id": "triage agent", "user": "u-17"}


@pytest.mark.parametrize("version", ["uuid7", "no uuid"])
def test_ids_come_back_from_a_process_of_opentelemetry_as_they_were(version: str) -> None:
    ids = [uuid7() for _ in range(3)] if version == "uuid7" else ["t 1", "s" * 200, "ö+ " + "-" * 90 + "é"]
    place = TracePosition(ids[0], ids[1], ids[2], "agent + 1", "Amélie", tracestate=(("rojo", "1"),))
    sent = inject(place, {"baggage": "user=u-17"})
    back = _there_and_back(sent)
    before, after = parse_traceparent([sent["traceparent"]]), parse_traceparent([back["traceparent"]])
    assert before is not None
    assert after is not None
    assert before.trace_id == after.trace_id
    assert before.parent_id != after.parent_id
    found = extract(back)
    assert found is not None
    assert found == TracePosition(
        *ids, "agent + 1", "Amélie", flags=found.flags, tracestate=(("rojo", "1"),), baggage=found.baggage
    )
    assert [member.text for member in found.baggage] == ["user=u-17"]


def test_we_read_what_opentelemetry_writes_and_it_gets_it_back() -> None:
    tracer = TracerProvider().get_tracer("first")
    came = baggage.set_baggage("user", "u 17", baggage.set_baggage("é", "x", context.Context()))
    with tracer.start_as_current_span("first", context=came) as span:
        first = span.get_span_context()
        sent: dict[str, str] = {}
        OTHERS.inject(sent, trace.set_span_in_context(span, came))
    found = extract(sent)
    assert found is not None
    assert (found.trace_id, found.span_id) == (f"{first.trace_id:032x}", f"{first.span_id:016x}")
    assert found.flags == int(first.trace_flags)

    mine = TracePosition(found.trace_id, uuid7(), uuid7(), "", "", found.flags, found.tracestate, found.baggage)
    came = OTHERS.extract(inject(mine, {}), context.Context())
    theirs = trace.get_current_span(came).get_span_context()
    assert (theirs.trace_id, theirs.trace_flags) == (first.trace_id, first.trace_flags)
    assert f"{theirs.span_id:016x}" == mine.span_id.replace("-", "")[16:]
    assert baggage.get_all(came) == {"é": "x", "user": "u 17"}


@pytest.mark.parametrize("flags", range(4))
def test_flags_agree(flags: int) -> None:
    place = TracePosition(str(uuid4()), str(uuid4()), flags=flags)
    theirs = trace.get_current_span(OTHERS.extract(inject(place, {}), context.Context())).get_span_context()
    assert int(theirs.trace_flags) == flags
    assert theirs.trace_flags.sampled == bool(flags & SAMPLED)


HEADERS = st.text(alphabet="0123456789abcdefABCDEF-=,;@*/ \t~\x7fé", max_size=70)


@searched(3_000)
@given(HEADERS, HEADERS)
def test_tracestate_and_traceparent_are_judged_alike(text: str, state: str) -> None:
    valid = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    for parent in (text, valid + text, valid[: len(text)] + text, text + valid, valid):
        headers = {"traceparent": parent, "tracestate": state}
        theirs = trace.get_current_span(OTHERS.extract(headers, context.Context())).get_span_context()
        ours = parse_traceparent([parent])
        assert (ours is not None) == theirs.is_valid, parent
        if ours is not None:
            assert (ours.trace_id, ours.parent_id) == (f"{theirs.trace_id:032x}", f"{theirs.span_id:016x}")
            members = parse_tracestate([state])
            keys = [key for key, _ in members]
            # OpenTelemetry has level 1; in level 2 keys may begin with a digit and hold an @. And where one comes
            # twice, which is not allowed, we keep the first, and OpenTelemetry nothing.
            of_level_1 = all(key[0].isalpha() and "@" not in key for key in keys) and state.count("=") == len(keys)
            if of_level_1:
                assert dict(theirs.trace_state) == dict(members)


def test_the_current_span_of_opentelemetry() -> None:
    assert current_headers() == {}
    tracer = TracerProvider().get_tracer("here")
    state = trace.TraceState([("rojo", "1")])
    remote = trace.SpanContext(uuid4().int, 7, True, trace.TraceFlags(1), state)
    with tracer.start_as_current_span("here", trace.set_span_in_context(trace.NonRecordingSpan(remote))) as span:
        token = context.attach(baggage.set_baggage("user", "u 17"))
        try:
            found = extract(current_headers())
        finally:
            context.detach(token)
        assert current_headers().keys() == {"traceparent", "tracestate"}
    here = span.get_span_context()
    assert found is not None
    assert (found.trace_id, found.span_id) == (f"{remote.trace_id:032x}", f"{here.span_id:016x}")
    assert found.tracestate == (("rojo", "1"),)
    assert [member.text for member in found.baggage] == ["user=u%2017"]
    assert current_headers() == {}


def test_opentelemetry_is_not_loaded_by_us() -> None:
    program = (
        "import sys\n"
        "from chaukas_spec_lite.trace.opentelemetry import current_headers\n"
        "assert current_headers() == {}\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')]\n"
        "import opentelemetry\n"
        "assert current_headers() == {}\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=HANG, check=False)
    assert done.returncode == 0, done.stderr


def test_the_current_span_of_opentelemetry_can_be_the_parent_of_what_is_recorded() -> None:
    here, kept = recorder()
    tracer = TracerProvider().get_tracer("here")
    with tracer.start_as_current_span("request") as span, here.continue_from(), here.session():
        pass
    context = span.get_span_context()
    start = kept.one("SESSION_START")
    assert (start.trace_id, start.parent_span_id) == (f"{context.trace_id:032x}", f"{context.span_id:016x}")
    with here.continue_from() as position:
        assert position is None
