"""Chains that were tampered with: every event altered, removed, doubled, moved, put in, forked, cut off."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from copy import deepcopy
from random import Random
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaukas_spec_lite import Event, EventStatus, EventType
from chaukas_spec_lite.audit import chain as chain_module
from chaukas_spec_lite.audit import verification as verification_module
from chaukas_spec_lite.audit.canonical import canonical_bytes, content_hash
from chaukas_spec_lite.audit.chain import Chains, Genesis
from chaukas_spec_lite.audit.sealed import Sealed
from chaukas_spec_lite.audit.sealing import seal
from chaukas_spec_lite.audit.verification import FaultKind, Verification, Verifier, verify
from chaukas_spec_lite.ids import uuid7
from tests import realdata


def session(chains: Chains, session_id: str, length: int = 6, *, closed: bool = True) -> list[Event]:
    types = [EventType.SESSION_START, *[EventType.SYSTEM] * (length - 2), EventType.SESSION_END]
    events = [
        Event(event_id=f"{session_id}-{number}", session_id=session_id, type=each, metadata={"b": number, "a": [None]})
        for number, each in enumerate(types if closed else types[:-1])
    ]
    for event in events:
        seal(event, chains)
    return events


@pytest.fixture
def events() -> list[Event]:
    """Two sessions of one writer, their events taking turns."""
    chains = Chains(uuid7())
    mixed = [session(chains, "one"), session(chains, "two")]
    return [event for pair in zip(*mixed, strict=True) for event in pair]


def kinds(verification: Verification) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for fault in verification.faults:
        found.setdefault(fault.event_id, set()).add(fault.kind.value)
    return found


def test_what_nobody_touched_is_complete_in_any_order(events: list[Event]) -> None:
    for seed in range(5):
        Random(seed).shuffle(events)
        verification = verify(events)
        assert verification.complete
        assert [chain.events for chain in verification.chains] == [6, 6]
        assert {chain.session_id for chain in verification.chains} == {"one", "two"}
        assert verify(map(bytes, events)) == verification


def test_real_sessions_sealed_by_one_writer() -> None:
    chains = Chains(uuid7())
    sealed = [Event.parse(data) for data in realdata.events()]
    for event in sealed:
        seal(event, chains)
    verification = verify(sealed)
    assert verification.sound
    assert verification.events == len(sealed) == sum(chain.events for chain in verification.chains)


def each(events: list[Event], change: Callable[[list[Event], int], None]) -> list[dict[str, set[str]]]:
    """What is found when each event in turn has been tampered with."""
    found: list[dict[str, set[str]]] = []
    for place in range(len(events)):
        copied = deepcopy(events)
        change(copied, place)
        verification = verify(copied)
        assert not verification.complete
        found.append(kinds(verification))
    return found


def test_each_altered_event_is_named(events: list[Event]) -> None:
    def alter(events: list[Event], place: int) -> None:
        events[place].status = EventStatus.FAILED

    assert each(events, alter) == [{event.event_id: {"altered"}} for event in events]


def test_each_removed_event_is_missed_by_the_next(events: list[Event]) -> None:
    def remove(events: list[Event], place: int) -> None:
        del events[place]

    expected: list[dict[str, set[str]]] = []
    for place, event in enumerate(events):
        following = events[place + 2].event_id if place + 2 < len(events) else ""
        before = events[place - 2].event_id if place >= 2 else ""
        gap = {following: {"missing"}} if following else {}
        cut = {before: {"cut off"}} if before else {}
        expected.append(gap | cut)
        assert event.session_id
    assert each(events, remove) == expected


def test_each_doubled_event_is_named(events: list[Event]) -> None:
    found = each(events, lambda events, place: events.append(deepcopy(events[place])))
    assert [set(names) for names in found] == [{event.event_id} for event in events]
    assert all("doubled" in names[event.event_id] for names, event in zip(found, events, strict=True))


def test_each_event_put_behind_another_is_named(events: list[Event]) -> None:
    """Two neighbours of a chain change places: what each follows, and nothing else."""

    def swap(events: list[Event], place: int) -> None:
        one, two = sorted((place, (place + 2) % len(events)))
        events[one].hash_prev, events[two].hash_prev = events[two].hash_prev, events[one].hash_prev

    for place, found in enumerate(each(events, swap)):
        swapped = {events[place].event_id, events[(place + 2) % len(events)].event_id}
        assert {name for name, faults in found.items() if "reordered" in faults} == swapped


def test_an_event_that_was_put_in_is_named(events: list[Event]) -> None:
    for place in range(len(events)):
        forged = Event(event_id="forged", session_id=events[place].session_id, hash_prev=events[place].content_hash)
        forged.content_hash = content_hash(forged)
        found = kinds(verify([*events, forged]))
        last = events[place].type == EventType.SESSION_END
        assert ("inserted" if last else "forked") in found["forged"]


def test_an_event_of_another_session_is_named(events: list[Event]) -> None:
    first, second = (
        [event for event in events if event.session_id == name and event.type != EventType.SESSION_END]
        for name in ("one", "two")
    )
    moved = deepcopy(second[-1])
    moved.hash_prev = first[-1].content_hash
    moved.content_hash = content_hash(moved)
    assert kinds(verify([*first, moved]))["two-4"] >= {"inserted"}


def test_another_event_with_the_same_id_is_named(events: list[Event]) -> None:
    other = deepcopy(events[3])
    other.metadata = {"forged": True}
    other.content_hash = content_hash(other)
    assert "same id" in kinds(verify([*events, other]))[other.event_id]


def test_tenants_may_have_the_same_ids() -> None:
    chains = Chains(uuid7())
    events = [Event(event_id="1", tenant_id=tenant, session_id=tenant) for tenant in ("a", "b")]
    for event in events:
        seal(event, chains)
    assert verify(events).sound


def test_two_beginnings_of_a_chain_are_named(events: list[Event]) -> None:
    other = Event(event_id="other", session_id="one", hash_prev=events[0].hash_prev)
    other.content_hash = content_hash(other)
    assert "forked" in kinds(verify([*events, other]))["other"]


def test_a_session_that_goes_on_is_sound_and_not_complete() -> None:
    verification = verify(session(Chains(uuid7()), "s", closed=False))
    assert verification.sound
    assert not verification.complete
    assert [fault.kind for fault in verification.faults] == [FaultKind.CUT_OFF]


def test_what_comes_after_the_end_begins_another_chain() -> None:
    chains = Chains("w")
    events = [*session(chains, "s"), *session(chains, "s:t")]
    late = Event(event_id="late", session_id="s", type=EventType.SYSTEM)
    seal(late, chains)
    assert Genesis.of(late.hash_prev) == Genesis("w", 3, "s")
    assert [chain.genesis for chain in verify([*events, late]).chains] == [
        Genesis("w", 1, "s"),
        Genesis("w", 2, "s:t"),
        Genesis("w", 3, "s"),
    ]


def test_of_too_many_open_chains_the_oldest_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain_module, "MAX_OPEN", 2)
    chains = Chains(uuid7())
    events = [Event(event_id=str(number), session_id=f"s{number % 3}") for number in range(6)]
    for event in events:
        seal(event, chains)
    assert verify(events).sound
    assert len(verify(events).chains) == 6


def test_events_without_seal_are_counted() -> None:
    verification = verify([Event(event_id="1")])
    assert (verification.unsealed, verification.sound, verification.complete) == (1, True, False)


def test_a_hash_of_another_encoding_is_none_of_the_event() -> None:
    """Only the canonical form counts: otherwise implementations would come to different verdicts."""
    event = Event(event_id="e", session_id="s", hash_prev="genesis:w:1:s", metadata={"b": 1, "a": 2})
    raw = bytes(event)
    assert raw != canonical_bytes(event)
    event.content_hash = chain_module.hash_of(raw)
    for given_as in (event, bytes(event), raw + bytes(Event(content_hash=event.content_hash))):
        assert kinds(verify([given_as]))["e"] >= {"altered"}
    event.content_hash = content_hash(event)
    assert verify([event]).sound


def test_what_is_no_event_is_named() -> None:
    verification = verify([b"\xff"])
    assert [str(fault) for fault in verification.faults] == [
        "unreadable at event (without id), number 0: Event: the input ends inside a varint (at byte 0)"
    ]
    assert not verification.sound


def test_an_event_that_was_encoded_again_in_another_order_is_genuine(events: list[Event]) -> None:
    again = [deepcopy(event) for event in events]
    for event in again:
        event.metadata = dict(reversed((event.metadata or {}).items()))
    assert bytes(again[0]) != bytes(events[0])
    assert verify(again).complete


@settings(deadline=None)
@given(st.data())
def test_no_byte_can_be_changed_unseen(data: st.DataObject) -> None:
    encoded = [bytes(event) for event in session(Chains("0190f7d2-0000-7000-8000-000000000000"), "s", 4)]
    place = data.draw(st.integers(0, len(encoded) - 1))
    byte = data.draw(st.integers(0, len(encoded[place]) - 1))
    changed = bytearray(encoded[place])
    changed[byte] ^= data.draw(st.integers(1, 255))
    same = [*encoded[:place], bytes(changed), *encoded[place + 1 :]]
    try:
        is_same_event = Event.parse(bytes(changed)) == Event.parse(encoded[place])
    except ValueError:
        is_same_event = False
    assert verify(same).complete == is_same_event


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abcd"), st.booleans()), max_size=8))
def test_nothing_that_is_forged_makes_it_raise_or_run_for_ever(links: list[tuple[str, str, bool]]) -> None:
    events = [
        Event(event_id=f"{number}", session_id="s", hash_prev=before, content_hash=own, type=EventType(2 * end))
        for number, (own, before, end) in enumerate(links)
    ]
    verification = verify(events)
    assert sum(chain.events for chain in verification.chains) == len(events)
    assert verification.sound == (not events)


def test_a_large_altered_event_is_not_hashed_for_every_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session with one of them would keep whoever looks at it busy for minutes."""
    events = session(Chains(uuid7()), "one", 800)
    events[3].metadata = {"a": "x" * 100_000}
    hashed = 0

    def fits_behind(data: bytes, hash_prev: str) -> bool:
        nonlocal hashed
        hashed += len(data)
        return False

    monkeypatch.setattr(verification_module, "fits_behind", fits_behind)
    assert kinds(verify(events))["one-3"] == {"altered"}
    assert 40_000_000 < hashed <= 50_000_000


def forged(hash_prev: str, content_hash: str) -> Event:
    return Event(event_id=uuid7(), session_id="s", hash_prev=hash_prev, content_hash=content_hash)


def lines_run(events: list[Event]) -> int:
    """How many lines are run to follow the chains of events."""
    count = 0

    def trace(frame: FrameType, kind: str, _: object) -> Any:
        nonlocal count
        if frame.f_code is not verification_module._follow.__code__:
            return None
        count += kind == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        verify(events)
    finally:
        sys.settrace(before)
    return count


def test_many_that_follow_an_event_that_is_there_often_are_not_gone_through_for_each_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(verification_module, "MAX_ALTERED", 0)  # to find out where they belong takes its time

    def of(size: int) -> list[Event]:
        return [*[forged("before", "often")] * size, *(forged("often", f"{number}") for number in range(size))]

    few, many = lines_run(of(20)), lines_run(of(200))
    assert many < 12 * few


def test_many_that_follow_one_event_take_time_in_proportion() -> None:
    """8 times as many took 50 times as long and more. By processor time, as a ratio."""

    def seconds(size: int) -> float:
        verifier = Verifier()
        for number in range(size):
            seal = Sealed("", ("", ""), "s", "before", f"{number}", False, True)
            verifier._links.append(verification_module._Link(number, seal))
        start = time.process_time()
        verifier.result()
        return time.process_time() - start

    assert min(seconds(24_000) for _ in range(2)) < 20 * min(seconds(3_000) for _ in range(4))
