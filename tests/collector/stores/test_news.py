"""What announces and hears news in PostgreSQL begins anew after whatever goes wrong, and says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from chaukas_spec_lite.collector.stores.postgres.news import News
from chaukas_spec_lite.errors import StoreError
from tests.patience import run, until


class Broken:
    """A database on which nothing works."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.asked = 0

    @asynccontextmanager
    async def connection(self, *_: object) -> AsyncGenerator[Any, None]:
        self.asked += 1
        raise self.error
        yield

    async def another(self) -> Any:
        self.asked += 1
        raise self.error


@pytest.mark.parametrize("error", [StoreError("no connection"), ZeroDivisionError("a mistake")], ids=str)
def test_no_failure_is_the_last_one_or_goes_unsaid(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        database = Broken(error)
        news = News(database)  # type: ignore[arg-type]
        for number in range(1, 4):
            news.announce()
            await until(lambda number=number: database.asked == number and news._telling.done())  # type: ignore[misc]
        hearing = asyncio.ensure_future(news.wait(60.0))
        await until(lambda: database.asked == 4)
        news.announce()
        assert await hearing
        await news.close()

    run(main())
    assert str(error) in caplog.text
    assert ("Traceback" in caplog.text) == isinstance(error, ZeroDivisionError)
    assert "never retrieved" not in caplog.text
