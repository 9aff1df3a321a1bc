"""Looking for what is too old or too much goes on, whatever goes wrong with one look."""

from __future__ import annotations

import asyncio
import logging

import pytest

from chaukas_spec_lite.collector import Collector
from chaukas_spec_lite.collector.retaining import retain_always
from chaukas_spec_lite.collector.settings import CollectorSettings
from chaukas_spec_lite.collector.stores.base import Retention
from chaukas_spec_lite.collector.stores.memory import MemoryStore
from chaukas_spec_lite.errors import StoreError
from chaukas_spec_lite.rpc.client.endpoint import Tcp
from tests.collector.stores.events import texts
from tests.patience import run, until


class Failing(MemoryStore):
    """A store whose first looks fail, each in another way."""

    errors = (StoreError("the disk is full"), ZeroDivisionError("a mistake"), asyncio.TimeoutError(), KeyError("x"))

    def __init__(self) -> None:
        super().__init__(texts=texts)
        self.looks = 0

    async def retain(self, retention: Retention) -> int:
        self.looks += 1
        if self.looks <= len(self.errors):
            raise self.errors[self.looks - 1]
        return 0


def test_it_goes_on_tells_and_counts(caplog: pytest.LogCaptureFixture) -> None:
    store, failed = Failing(), list[int]()

    async def main() -> None:
        looking = asyncio.ensure_future(retain_always(store, Retention(1.0), lambda: failed.append(1), 0.0))
        await until(lambda: store.looks > len(store.errors) + 3)
        looking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await looking

    run(main())
    assert len(failed) == len(store.errors)
    (line,) = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert "the disk is full" in line.getMessage(), "the others are rationed"


def test_a_mistake_of_ours_has_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    store = Failing()
    store.errors = Failing.errors[1:2]  # type: ignore[assignment]

    async def main() -> None:
        looking = asyncio.ensure_future(retain_always(store, Retention(1.0), interval=0.0))
        await until(lambda: store.looks > 1)
        looking.cancel()
        await asyncio.wait({looking})

    run(main())
    assert "ZeroDivisionError: a mistake" in caplog.text
    assert "Traceback" in caplog.text


def test_a_collector_counts_looks_that_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(self: MemoryStore, retention: Retention) -> int:
        raise ZeroDivisionError("a mistake")

    monkeypatch.setattr(MemoryStore, "retain", broken)

    async def main() -> None:
        settings = CollectorSettings(grpc=Tcp("127.0.0.1", 0), http=None, retain=1.0)
        async with Collector.from_settings(settings) as collector:
            meter = collector._service.meter
            await until(lambda: "chaukas_retention_failures_total 1\n" in meter.text({}))

    run(main())
