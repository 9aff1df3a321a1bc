"""How many connections doors keep, by the files that the process may open."""

from __future__ import annotations

import logging

import pytest

from chaukas_spec_lite.collector.open_files import fitted
from chaukas_spec_lite.rpc.transport.admission import ConnectionLimits


@pytest.mark.parametrize(
    ("wanted", "doors", "files", "each"),
    [
        (None, 2, None, 1000),
        (None, 2, 100_000, 1000),
        (None, 2, 1024, 480),
        (None, 1, 1024, 960),
        (None, 2, 128, 32),
        (None, 2, 16, 4),
        (None, 2, 1, 1),
        (50, 2, 1024, 50),
        (5000, 2, 100_000, 5000),
        (5000, 2, 1024, 480),
    ],
)
def test_all_doors_together_stay_below_the_files(wanted: int | None, doors: int, files: int | None, each: int) -> None:
    limits = fitted(ConnectionLimits(wanted, 3, 1.0, 2.0), doors, files)
    assert limits == ConnectionLimits(each, 3, 1.0, 2.0)
    assert files is None or files < 16 or each * doors + files // 2 <= files or each * doors + 64 <= files


def test_what_is_lowered_is_told_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        fitted(ConnectionLimits(5000), 2, 1024)
        fitted(ConnectionLimits(), 2, 1024)
        fitted(ConnectionLimits(400), 2, 1024)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "the process may open 1024 files: each door keeps 480 connections, and not 5000 (ulimit -n)"),
        ("INFO", "the process may open 1024 files: each door keeps 480 connections, and not 1000 (ulimit -n)"),
    ]
