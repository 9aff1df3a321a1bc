"""What the collector counts, read back as Prometheus reads it."""

from __future__ import annotations

import re

import pytest

from chaukas_spec_lite import errors
from chaukas_spec_lite.collector.metrics import Meter

LINE = re.compile(r'([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? ([0-9.e+-]+|\+Inf)')


def samples(text: str) -> dict[tuple[str, str], float]:
    """Every sample by its name and labels; each line has to be one, or to describe one."""
    found: dict[tuple[str, str], float] = {}
    kinds: dict[str, str] = {}
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("# HELP "):
            continue
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in kinds, "samples of one name stand together"
            kinds[name] = kind
            continue
        match = LINE.fullmatch(line)
        assert match, line
        name, labels, value = match.groups()
        assert any(name in (kind, *(f"{kind}_{end}" for end in ("bucket", "sum", "count"))) for kind in kinds)
        assert (name, labels or "") not in found
        found[name, labels or ""] = float(value)
    return found


def test_a_new_meter() -> None:
    found = samples(Meter().text({}))
    assert found["chaukas_ingested_bytes_total", ""] == 0
    assert {labels for name, labels in found if name == "chaukas_events_total"} == {
        f'outcome="{outcome}"' for outcome in ("new", "repeated", "conflict", "rejected", "dropped")
    }


def test_requests_by_what_became_of_them_and_how_long_they_took() -> None:
    times = iter([0.0, 0.003, 1.0, 1.2, 2.0, 62.0])
    meter = Meter(lambda: next(times))
    with meter.request("ingest"):
        pass
    with pytest.raises(errors.QueryTimeoutError), meter.request("query"):
        raise errors.QueryTimeoutError("too long")
    with meter.request("ingest"):
        meter.count_bytes(7)
        meter.count_events("new", 3)
    found = samples(meter.text({"chaukas_store_bytes": ("Size.", 5)}))
    assert found["chaukas_requests_total", 'call="ingest",outcome="ok"'] == 2
    assert found["chaukas_requests_total", 'call="query",outcome="timeout"'] == 1
    assert found["chaukas_ingested_bytes_total", ""] == 7
    assert found["chaukas_events_total", 'outcome="new"'] == 3
    assert found["chaukas_store_bytes", ""] == 5
    duration = "chaukas_request_duration_seconds"
    assert found[f"{duration}_count", 'call="ingest"'] == 2
    assert found[f"{duration}_sum", 'call="ingest"'] == pytest.approx(60.003)
    buckets = {
        labels.partition('le="')[2][:-1]: value
        for (name, labels), value in found.items()
        if name == f"{duration}_bucket" and "ingest" in labels
    }
    assert (buckets["0.0025"], buckets["0.005"], buckets["10.0"], buckets["+Inf"]) == (0, 1, 1, 2)
    assert found[f"{duration}_bucket", 'call="query",le="0.25"'] == 1
    assert found[f"{duration}_bucket", 'call="query",le="0.1"'] == 0


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (errors.InvalidRequest("x"), "invalid"),
        (errors.TooMuchError("x"), "too_much"),
        (errors.ThrottledError("x", 1), "throttled"),
        (errors.UnauthenticatedError("x"), "unauthenticated"),
        (errors.ForbiddenError("x"), "forbidden"),
        (errors.NotFoundError("x"), "not_found"),
        (errors.NotCoveredError("x", 1), "not_covered"),
        (errors.SplitViewError("x"), "split_view"),
        (errors.RefusedLogError("x"), "refused_log"),
        (errors.StoreError("x"), "store_failed"),
        (errors.QueryTimeoutError("x"), "timeout"),
        (ZeroDivisionError(), "failed"),
        (KeyboardInterrupt(), "cancelled"),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, BaseException) else "",
)
def test_every_failure_has_its_name(error: BaseException, outcome: str) -> None:
    meter = Meter()
    with pytest.raises(type(error)), meter.request("call"):
        raise error
    assert samples(meter.text({}))["chaukas_requests_total", f'call="call",outcome="{outcome}"'] == 1


def test_labels_are_escaped() -> None:
    meter = Meter()
    with meter.request('a"b\\c\nd'):
        pass
    assert 'call="a\\"b\\\\c\\nd"' in meter.text({})
    samples(meter.text({}))
