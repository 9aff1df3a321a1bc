"""Quotas against a plain account of what a key may have sent; no real clock."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaukas_spec_lite.collector.quotas import AS_ALL, KeyQuota, Quotas, Rate
from chaukas_spec_lite.errors import ThrottledError


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def waits(quotas: Quotas, name: str = "key", own: KeyQuota = AS_ALL) -> float:
    """In how many seconds something may be sent; 0 for now."""
    try:
        quotas.check(name, own)
    except ThrottledError as error:
        return error.retry_after
    return 0.0


def test_what_is_not_limited() -> None:
    quotas = Quotas(lambda name: Rate(), Clock())
    for _ in range(10):
        quotas.take("key", 10**9, 10**12)
        assert waits(quotas) == 0


@pytest.mark.parametrize("rate", [Rate(10, None, 2), Rate(None, 10, 2), Rate(10, 10, 2), Rate(10, 1000, 2)], ids=str)
def test_a_burst_then_the_rate(rate: Rate) -> None:
    clock = Clock()
    quotas = Quotas(lambda name: rate, clock)
    quotas.take("key", 19, 19)
    assert waits(quotas) == 0, "there is one left"
    quotas.take("key", 11, 11)
    assert waits(quotas) == pytest.approx(1.0), "ten more than there were"
    clock.now += 0.5
    assert waits(quotas) == pytest.approx(0.5)
    clock.now += 0.51
    assert waits(quotas) == 0
    assert waits(quotas, "other") == 0, "keys do not share"


def test_the_error_says_when_to_come_back() -> None:
    quotas = Quotas(lambda name: Rate(10, None, 1), Clock())
    quotas.take("key", 42, 0)
    with pytest.raises(ThrottledError, match=r"try again in 3\.2 s$"):
        quotas.check("key")


def test_whoever_has_taken_exactly_all_waits_for_the_next() -> None:
    clock = Clock()
    quotas = Quotas(lambda name: Rate(10, None, 1), clock)
    quotas.take("key", 10, 0)
    assert waits(quotas) == pytest.approx(0.1)
    clock.now += waits(quotas)
    assert waits(quotas) == 0


def test_what_is_said_of_a_key_counts_more_than_what_is_said_of_all() -> None:
    quotas = Quotas(lambda name: Rate(10, 1000, 2), clock := Clock())
    own = KeyQuota(2, 5)
    quotas.take("key", 5, 0, own)
    assert waits(quotas, own=own) == pytest.approx(0.5), "five at once, and two a second"
    quotas.take("key", 2, 0, own)
    assert waits(quotas, own=own) == pytest.approx(1.0)
    quotas.take("other", 19, 0)
    assert waits(quotas, "other") == 0
    # Of bytes, nothing is said of the key.
    clock.now += 10
    assert waits(quotas, own=own) == 0
    quotas.take("key", 0, 3000, own)
    assert waits(quotas, own=own) == pytest.approx(1.0)
    own = KeyQuota(bytes_per_second=100)
    quotas.take("third", 19, 300, own)
    assert waits(quotas, "third", own) == pytest.approx(1.0)


def test_a_rate_without_a_burst_has_that_of_all() -> None:
    quotas = Quotas(lambda name: Rate(None, None, 10), Clock())
    own = KeyQuota(2)
    quotas.take("key", 19, 0, own)
    assert waits(quotas, own=own) == 0
    quotas.take("key", 3, 0, own)
    assert waits(quotas, own=own) == pytest.approx(1.0)


def test_what_is_said_of_a_key_may_change() -> None:
    quotas = Quotas(lambda name: Rate(), Clock())
    quotas.take("key", 100, 0, KeyQuota(1, 1))
    assert waits(quotas, own=KeyQuota(1, 1)) == pytest.approx(99)
    assert waits(quotas, own=AS_ALL) == 0


def test_the_longer_wait_counts_and_a_rate_is_asked_for_once() -> None:
    asked: list[str] = []

    def rate(name: str) -> Rate:
        asked.append(name)
        return Rate(10, 1000, 1)

    quotas = Quotas(rate, Clock())
    quotas.take("key", 20, 4000)
    assert waits(quotas) == pytest.approx(3.0)
    quotas.take("key", 100, 0)
    assert waits(quotas) == pytest.approx(11.0)
    assert asked == ["key"]


@given(
    st.floats(0.5, 100),
    st.floats(0.1, 20),
    st.lists(st.tuples(st.floats(0, 10), st.integers(0, 500)), min_size=1, max_size=50),
)
def test_nobody_gets_more_than_burst_and_rate_and_one_request(
    per_second: float, burst: float, requests: list[tuple[float, int]]
) -> None:
    clock = Clock()
    quotas = Quotas(lambda name: Rate(per_second, None, burst), clock)
    total = 0
    for pause, events in requests:
        clock.now += pause
        wait = waits(quotas)
        if wait:
            assert total > (burst - 0.01) * per_second, "the burst goes through"
            clock.now += wait * 1.001
            assert waits(quotas) == 0, "who waits as long as was said gets through"
        assert total <= (clock.now + burst) * per_second + 1e-6
        quotas.take("key", events, 0)
        total += events
