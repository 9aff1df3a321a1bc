"""The decisions: what to send now, what a failure means. No clock, no queue, no network."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chaukas_spec_lite.export.batching import (
    NEAR,
    PATIENCE,
    STRIKES,
    STUCK,
    After,
    Batching,
    Send,
    Server,
    Wait,
    Waiting,
)
from chaukas_spec_lite.export.sender import Verdict
from chaukas_spec_lite.export.settings import ExportSettings
from chaukas_spec_lite.retry import RetryPolicy

SETTINGS = ExportSettings(
    batch_size=20,
    max_batch_events=100,
    max_batch_bytes=10_000,
    flush_interval=5.0,
    retry=RetryPolicy(initial=1.0, maximum=8.0),
)


def waiting(events: int, size: int = 10, since: float = 0.0, urgent: bool = False, first: int = 0) -> Waiting:
    return Waiting(events, events * size, since, urgent, first)


def batching(server: Server | None = None) -> Batching:
    return Batching(SETTINGS, lambda: 1.0, server or Server())


ONE = Send(0, 1, 10_000)


def test_nothing_waits() -> None:
    assert batching().next(0.0, waiting(0)) == Wait(None, 1)


def test_a_few_events_wait_for_more_until_the_oldest_is_due() -> None:
    decide = batching()
    assert decide.next(1.0, waiting(19)) == Wait(5.0, 20)
    assert decide.next(4.99, waiting(1)) == Wait(5.0, 20)
    assert decide.next(5.0, waiting(1)) == Send(0, 100, 10_000)


def test_a_full_batch_goes_at_once() -> None:
    assert batching().next(0.0, waiting(20)) == Send(0, 100, 10_000)
    assert batching().next(0.0, waiting(2, size=5000)) == Send(0, 100, 10_000)


def test_a_flush_waits_for_nothing() -> None:
    assert batching().next(0.0, waiting(1, urgent=True)) == Send(0, 100, 10_000)


def test_waits_between_attempts_double_up_to_the_maximum() -> None:
    decide, now, waits = batching(), 0.0, []
    for _ in range(6):
        decide.failed(now, Send(0, 100, 10_000), 50, Verdict.LATER, None)
        decision = decide.next(now, waiting(50))
        assert isinstance(decision, Wait)
        assert decision.until is not None
        assert decision.events is None, "no number of events shortens it"
        waits.append(decision.until - now)
        now = decision.until
    assert waits == [1.0, 2.0, 4.0, 8.0, 8.0, 8.0]
    assert decide.next(now, waiting(1, since=now)) == Send(0, 100, 10_000), (
        "what failed is due without waiting for more"
    )


def test_the_server_may_say_how_long_to_wait() -> None:
    decide = batching()
    decide.failed(0.0, Send(0, 100, 10_000), 50, Verdict.LATER, 3.5)
    assert decide.next(0.0, waiting(50)) == Wait(3.5, None)


def test_a_flush_ends_a_wait_once() -> None:
    decide = batching()
    decide.failed(0.0, Send(0, 100, 10_000), 50, Verdict.LATER, None)
    decide.hurry()
    assert isinstance(decide.next(0.0, waiting(50)), Send)


def test_exhaustion_that_goes_on_makes_batches_smaller_and_nothing_else() -> None:
    """It may be a limit of size in unknown words, or a quota: then smaller batches are all that comes of it."""
    decide, now, sizes = batching(), 0.0, []
    for _ in range(200):
        decision = decide.next(now, waiting(80, urgent=True))
        if isinstance(decision, Wait):
            assert decision.until is not None
            now = decision.until
            continue
        assert decision.skip == 0
        sizes.append(min(decision.events, 80))
        assert decide.failed(now, decision, sizes[-1], Verdict.EXHAUSTED, None) is After.KEEP
    assert sizes[:9] == [80, 80, 80, 40, 20, 10, 5, 2, 1]
    assert set(sizes[9:]) == {1}
    assert decide.next(now + 8.0, waiting(80)) == Send(0, 1, 10_000)
    decide.succeeded(0.0, Send(0, 1, 10_000))
    decide.failed(now, Send(0, 2, 10_000), 2, Verdict.EXHAUSTED, None)
    decide.failed(now, Send(0, 2, 10_000), 2, Verdict.LATER, None)
    for _ in range(2):
        decide.failed(now, Send(0, 2, 10_000), 2, Verdict.EXHAUSTED, None)
    assert decide.next(now + 99.0, waiting(80)) == Send(0, 2, 10_000), "in a row, that is"


def test_success_forgets_failures() -> None:
    decide = batching()
    for _ in range(5):
        decide.failed(0.0, Send(0, 100, 10_000), 50, Verdict.LATER, None)
    decide.succeeded(0.0, Send(0, 100, 10_000))
    decide.failed(0.0, Send(0, 100, 10_000), 50, Verdict.LATER, None)
    assert decide.next(0.0, waiting(50)) == Wait(1.0, None)


def deliver(bad: set[int], events: int, verdict: Verdict, limit: int = 2000) -> tuple[list[int], list[int], int]:
    """Play a server that fails on batches with a bad event; return what it took, dropped, and needed."""
    decide, queue, taken, dropped, now = batching(), list(range(events)), [], [], 0.0
    for attempt in range(1, limit):
        decision = decide.next(now, waiting(len(queue), urgent=True, first=queue[0] if queue else 0))
        if isinstance(decision, Wait):
            if decision.until is None:
                return taken, dropped, attempt
            now = decision.until
            continue
        batch = queue[decision.skip : decision.skip + decision.events]
        if bad & set(batch):
            after = decide.failed(now, decision, len(batch), verdict, None)
            gone = batch if after is After.DROP else []
        else:
            taken += batch
            queue = [event for event in queue if event not in batch]
            gone = queue[:1] if decide.succeeded(now, decision) is After.DROP_FIRST else []
        dropped += gone
        queue = [event for event in queue if event not in gone]
    raise AssertionError(f"no end after {limit} attempts: {queue} wait")


@given(st.sets(st.integers(0, 149), max_size=20))
def test_refused_events_are_found_and_take_no_other_along(bad: set[int]) -> None:
    taken, dropped, attempts = deliver(bad, 150, Verdict.INVALID)
    assert dropped == sorted(bad)
    assert taken == [event for event in range(150) if event not in bad], "all others, in order"
    assert attempts <= 10 + 16 * (len(bad) + 1)


@given(st.sets(st.integers(0, 59), max_size=4))
def test_events_at_which_the_server_fails_are_found_too(bad: set[int]) -> None:
    """By others that go through: without enough of them, it could be the server that fails at everything."""
    events = 60 + 4 * STRIKES
    taken, dropped, _ = deliver(bad, events, Verdict.UNCLEAR)
    assert sorted(dropped) == sorted(bad)
    assert sorted(taken) == [event for event in range(events) if event not in bad]


def test_a_server_that_fails_at_everything_costs_no_event() -> None:
    decide, now = batching(), 0.0
    for _ in range(500):
        decision = decide.next(now, waiting(50))
        if isinstance(decision, Wait):
            assert decision.until is not None
            now = decision.until
            continue
        events = min(decision.events, 50 - decision.skip)
        assert decide.failed(now, decision, events, Verdict.UNCLEAR, None) is After.KEEP
    decide.succeeded(0.0, Send(0, 1, 10_000))


def test_one_recovery_of_the_server_convicts_nobody() -> None:
    """The first event failed, the next went through because the server is back: the first goes through as well."""
    decide = batching()
    for attempt in range(PATIENCE):
        decision = decide.next(9.0 * attempt, waiting(2, urgent=True))
        assert isinstance(decision, Send)
        assert decision.skip == 0, "it has its turn"
        decide.failed(9.0 * attempt, Send(0, 1, 10_000), 1, Verdict.UNCLEAR, None)
    assert decide.next(9.0 * PATIENCE, waiting(2)) == Send(1, 1, 10_000)
    assert decide.succeeded(0.0, Send(1, 1, 10_000)) is After.KEEP
    assert decide.next(1.0, waiting(1)) == Send(0, 1, 10_000)
    assert decide.succeeded(0.0, Send(0, 1, 10_000)) is After.KEEP


def fail_alone(decide: Batching, now: float) -> After:
    assert decide.next(now, waiting(1, urgent=True)) == Send(0, 1, 10_000)
    return decide.failed(now, Send(0, 1, 10_000), 1, Verdict.UNCLEAR, None)


def test_an_event_that_is_alone_is_convicted_by_what_other_queues_sent() -> None:
    server = Server()
    decide, other, now, verdicts = batching(server), batching(server), 0.0, []
    decide._limit = 1
    for _ in range(PATIENCE + STRIKES):
        now += 9.0
        other.succeeded(now - NEAR, ONE)
        verdicts.append(fail_alone(decide, now))
    assert verdicts == [After.KEEP] * (PATIENCE + STRIKES - 1) + [After.DROP]


@pytest.mark.parametrize("why", ["nothing was sent", "long ago", "once", "the server went down"])
def test_an_event_that_is_alone_is_not_convicted_without_such_evidence(why: str) -> None:
    server = Server()
    decide, other, now = batching(server), batching(server), 0.0
    decide._limit = 1
    for attempt in range(5 * PATIENCE):
        now += 9.0
        if why == "long ago":
            other.succeeded(now - NEAR - 0.1, ONE)
        elif why == "once" and attempt == 2 * PATIENCE:
            other.succeeded(now, ONE)
        elif why == "the server went down":
            other.succeeded(now, ONE)
            other.failed(now, ONE, 1, Verdict.LATER, None)
        assert fail_alone(decide, now) is After.KEEP


@pytest.mark.parametrize("verdict", Verdict)
def test_a_queue_is_stuck_only_while_the_server_can_be_reached(verdict: Verdict) -> None:
    decide = batching()
    for _ in range(STUCK):
        assert not decide.stuck
        decide.next(99.0, waiting(50, urgent=True))
        decide.failed(0.0, Send(0, 50, 10_000), 50, verdict, None)
    assert decide.stuck == (verdict in (Verdict.UNCLEAR, Verdict.EXHAUSTED))
    decide.succeeded(0.0, Send(0, 1, 10_000))
    assert not decide.stuck


@pytest.mark.parametrize("verdict", Verdict)
def test_only_unclear_failures_let_others_overtake(verdict: Verdict) -> None:
    decide, now, overtaken = batching(), 0.0, 0
    for _ in range(10 * PATIENCE):
        now += 9.0
        decision = decide.next(now, waiting(50, urgent=True))
        assert isinstance(decision, Send)
        overtaken += decision.skip > 0
        if decide.failed(now, decision, min(decision.events, 50), verdict, None) is After.DROP:
            break
    assert (overtaken > 0) == (verdict is Verdict.UNCLEAR)


def test_the_failures_of_one_event_are_not_held_against_the_next() -> None:
    """Memory may be full, and the policy to drop the oldest: nobody tells the decisions of that."""
    decide = batching()
    for number in range(5 * PATIENCE):
        decision = decide.next(9.0 * number, waiting(5, urgent=True, first=number // (PATIENCE - 1)))
        assert isinstance(decision, Send)
        assert decision.skip == 0
        assert decide.failed(9.0 * number, decision, 1, Verdict.UNCLEAR, None) is After.KEEP


class AnyServer(RuleBasedStateMachine):
    """Any history of events and answers: batches keep their bounds, waits theirs, and no event is lost or skipped."""

    def __init__(self) -> None:
        super().__init__()
        server = Server()
        self.decide, self.other = (Batching(SETTINGS, lambda: 0.5, server) for _ in range(2))
        self.now = 0.0
        self.queue: list[int] = []
        self.emitted = 0
        self.settled: list[int] = []
        self.failed_alone: Counter[int] = Counter()
        self.others = PATIENCE

    @rule(events=st.integers(1, 60))
    def emit(self, events: int) -> None:
        self.queue += range(self.emitted, self.emitted + events)
        self.emitted += events

    @rule(seconds=st.floats(0, 10))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def another_queue_succeeds(self) -> None:
        self.others += 1
        self.other.succeeded(self.now, ONE)

    @rule()
    def flush(self) -> None:
        self.decide.hurry()

    @precondition(lambda self: self.queue)
    @rule()
    def overflow(self) -> None:
        """The policy for a full memory drops the first one, of which nobody tells the decisions."""
        self.settle(self.queue[:1])

    @precondition(lambda self: self.queue)
    @rule(times=st.integers(1, 15))
    def fail_for_a_while(self, times: int) -> None:
        for _ in range(times):
            self.now += 9
            self.attempt(Verdict.UNCLEAR, True, None)

    @precondition(lambda self: self.queue)
    @rule(answer=st.sampled_from([None, *Verdict]), urgent=st.booleans(), pushback=st.none() | st.floats(-1, 9))
    def attempt(self, answer: Verdict | None, urgent: bool, pushback: float | None) -> None:
        decision = self.decide.next(self.now, waiting(len(self.queue), urgent=urgent, first=self.queue[0]))
        if isinstance(decision, Wait):
            assert decision.until is None or self.now < decision.until <= self.now + 9
            return
        assert 0 <= decision.skip < len(self.queue)
        assert 1 <= decision.events <= SETTINGS.max_batch_events
        batch = self.queue[decision.skip : decision.skip + decision.events]
        if decision.skip:
            assert len(batch) == 1
            assert self.failed_alone[self.queue[0]] >= PATIENCE, "or else nobody overtakes it"
        elif answer is Verdict.UNCLEAR and len(batch) == 1:
            self.failed_alone[batch[0]] += 1
        gone = []
        if answer is None:
            after = self.decide.succeeded(self.now, decision)
            self.settle(batch)
            gone = self.queue[:1] if after is After.DROP_FIRST else []
        elif self.decide.failed(self.now, decision, len(batch), answer, pushback) is After.DROP:
            assert len(batch) == 1
            if answer is Verdict.UNCLEAR:
                assert self.failed_alone[batch[0]] >= PATIENCE + STRIKES <= self.others
            else:
                assert answer in (Verdict.INVALID, Verdict.TOO_LARGE)
            gone = batch
        self.settle(gone)

    def settle(self, events: list[int]) -> None:
        self.settled += events
        self.queue = [event for event in self.queue if event not in events]

    @invariant()
    def every_event_waits_or_is_settled_once(self) -> None:
        assert sorted(self.queue + self.settled) == list(range(self.emitted))
        assert self.queue == sorted(self.queue)


TestAnyServer = AnyServer.TestCase
TestAnyServer.settings = settings(max_examples=60, stateful_step_count=40)
