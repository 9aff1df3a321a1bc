"""What the collector counts, in the text that Prometheus reads: numbers only, nothing of what events hold."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from types import TracebackType

from chaukas_spec_lite.errors import (
    ForbiddenError,
    InvalidRequest,
    NotCoveredError,
    NotFoundError,
    NotServingError,
    QueryTimeoutError,
    RefusedLogError,
    SplitViewError,
    StoreError,
    ThrottledError,
    TooMuchError,
    UnauthenticatedError,
)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""What the text is, for HTTP."""

_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The classes of durations, in seconds: how long a request took at most."""

_EVENTS = ("new", "repeated", "conflict", "rejected", "dropped")
"""What becomes of events; the last are rejected ones that are kept no longer, as others came."""
_OUTCOMES: dict[type[BaseException], str] = {
    InvalidRequest: "invalid",
    TooMuchError: "too_much",
    ThrottledError: "throttled",
    UnauthenticatedError: "unauthenticated",
    ForbiddenError: "forbidden",
    NotServingError: "not_serving",
    NotFoundError: "not_found",
    NotCoveredError: "not_covered",
    SplitViewError: "split_view",
    RefusedLogError: "refused_log",
    QueryTimeoutError: "timeout",
    StoreError: "store_failed",
}


class _MeteredRequest(AbstractContextManager[None]):
    # A class, because this is around every call: a generator costs four times as much.

    def __init__(self, count: Callable[[str, str, float], None], clock: Callable[[], float], call: str) -> None:
        self._count = count
        self._clock = clock
        self._call = call
        self._start = clock()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        outcome = "ok" if error is None else _outcome(error) if isinstance(error, Exception) else "cancelled"
        self._count(self._call, outcome, self._clock() - self._start)


class Meter:
    """Counts for one collector, from its start on. Used in one thread.

    Args:
        clock: Tells seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._events: dict[str, int] = dict.fromkeys(_EVENTS, 0)
        self._bytes = 0
        self._failed_looks = 0
        self._refused_checkpoints = 0
        self._requests: dict[tuple[str, str], int] = {}
        self._durations: dict[str, _Histogram] = {}

    def count_events(self, outcome: str, count: int) -> None:
        """Count events by what became of them: ``new``, ``repeated``, ``conflict``, ``rejected`` or ``dropped``."""
        self._events[outcome] += count

    def count_bytes(self, size: int) -> None:
        """Count the bytes of requests with events, after decompression."""
        self._bytes += size

    def count_failed_look(self) -> None:
        """Count a look for what is too old or too much that has failed."""
        self._failed_looks += 1

    def count_refused_checkpoint(self) -> None:
        """Count a checkpoint that was not signed, as the log contradicts an earlier one."""
        self._refused_checkpoints += 1

    def request(self, call: str) -> AbstractContextManager[None]:
        """Count a request, what became of it and how long it took, around what serves it."""
        return _MeteredRequest(self._count_request, self._clock, call)

    def _count_request(self, call: str, outcome: str, seconds: float) -> None:
        key = call, outcome
        self._requests[key] = self._requests.get(key, 0) + 1
        if call not in self._durations:
            self._durations[call] = _Histogram()
        self._durations[call].add(seconds)

    def text(self, gauges: Mapping[str, tuple[str, float]]) -> str:
        """Write the counts down.

        Args:
            gauges: What is measured now rather than counted: its name, what it is, and the value.
        """
        parts = [
            *_family("chaukas_events_total", "counter", "Events by what became of them."),
            *(_sample("chaukas_events_total", {"outcome": name}, count) for name, count in self._events.items()),
            *_family("chaukas_ingested_bytes_total", "counter", "Bytes of requests with events, decompressed."),
            _sample("chaukas_ingested_bytes_total", {}, self._bytes),
            *_family("chaukas_retention_failures_total", "counter", "Looks for what is too old that have failed."),
            _sample("chaukas_retention_failures_total", {}, self._failed_looks),
            *_family("chaukas_refused_checkpoints_total", "counter", "Checkpoints that contradict what was signed."),
            _sample("chaukas_refused_checkpoints_total", {}, self._refused_checkpoints),
            *_family("chaukas_requests_total", "counter", "Requests by what became of them."),
            *(
                _sample("chaukas_requests_total", {"call": call, "outcome": outcome}, count)
                for (call, outcome), count in sorted(self._requests.items())
            ),
            *_family("chaukas_request_duration_seconds", "histogram", "How long requests took."),
        ]
        for call, histogram in sorted(self._durations.items()):
            parts += histogram.samples("chaukas_request_duration_seconds", {"call": call})
        for name, (description, value) in gauges.items():
            parts += [*_family(name, "gauge", description), _sample(name, {}, value)]
        return "".join(parts)


class _Histogram:
    """Counts durations by classes."""

    def __init__(self) -> None:
        self._counts = [0] * (len(_BOUNDS) + 1)
        self._sum = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self._counts[bisect_left(_BOUNDS, seconds)] += 1
        self._sum += seconds

    def samples(self, name: str, labels: Mapping[str, str]) -> Iterable[str]:
        """Write the counts down, each with those of the classes below."""
        total = 0
        for bound, count in zip((*map(str, _BOUNDS), "+Inf"), self._counts, strict=True):
            total += count
            yield _sample(f"{name}_bucket", {**labels, "le": bound}, total)
        yield _sample(f"{name}_sum", labels, self._sum)
        yield _sample(f"{name}_count", labels, total)


def _outcome(error: Exception) -> str:
    return next((_OUTCOMES[cls] for cls in type(error).__mro__ if cls in _OUTCOMES), "failed")


def _family(name: str, kind: str, description: str) -> Iterable[str]:
    yield f"# HELP {name} {description}\n"
    yield f"# TYPE {name} {kind}\n"


def _sample(name: str, labels: Mapping[str, str], value: float) -> str:
    inner = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
    return f"{name}{{{inner}}} {value}\n" if inner else f"{name} {value}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
