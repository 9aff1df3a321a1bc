"""Errors of a store: one line of log for each in a minute, and a number for clients."""

from __future__ import annotations

import logging

import pytest

from chaukas_spec_lite.collector.incidents import Incidents
from chaukas_spec_lite.errors import StoreError

log = logging.getLogger("incidents")


def number(told: StoreError) -> str:
    text, _, found = str(told).rpartition(" ")
    assert text == "the store cannot do this now; the collector's log says why, at incident"
    return found


def test_the_same_error_is_one_incident_for_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    incidents = Incidents(log, lambda: now[0])
    with caplog.at_level(logging.ERROR):
        first = [number(incidents.told(StoreError("full"))) for _ in range(100)]
        other = number(incidents.told(StoreError("gone")))
        now[0] = 59.9
        first.append(number(incidents.told(StoreError("full"))))
        now[0] = 60
        again = number(incidents.told(StoreError("full")))
    assert len({*first, other, again}) == 3
    assert [record.getMessage() for record in caplog.records] == [
        f"full (clients are told: incident {first[0]})",
        f"gone (clients are told: incident {other})",
        f"full (clients are told: incident {again})",
    ]


def test_not_all_incidents_are_remembered(caplog: pytest.LogCaptureFixture) -> None:
    incidents = Incidents(log, lambda: 0.0)
    numbers = [number(incidents.told(StoreError(f"{each}"))) for each in range(150)]
    assert len(incidents._known) == 100
    assert number(incidents.told(StoreError("149"))) == numbers[149]
    assert number(incidents.told(StoreError("0"))) != numbers[0]
