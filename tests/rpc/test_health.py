"""``healthz`` tells at once: it is a question, and repeating it until the answer is good answers nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from chaukas_spec_lite.client.client import ChaukasClient
from chaukas_spec_lite.clock import Clock
from chaukas_spec_lite.errors import ConnectError, ConnectionLostError, DeadlineExceededError, RpcError, StatusError
from chaukas_spec_lite.retry import RetryPolicy
from tests.patience import AGES, run, until
from tests.rpc import faulty

UNWILLING: dict[str, Any] = {"timeout": AGES, "retry": RetryPolicy(initial=AGES, maximum=AGES)}


async def refuse_to_wait(seconds: float) -> None:
    raise AssertionError(f"it would be repeated in {seconds} s")


async def failure(endpoint: str | list[str], **settings: Any) -> RpcError:
    async with ChaukasClient(endpoint, clock=Clock(sleep=refuse_to_wait), **{**UNWILLING, **settings}) as client:
        with pytest.raises(RpcError) as caught:
            await client.healthz()
    assert caught.value.attempts == 1
    return caught.value


def test_a_refused_port() -> None:
    async def main() -> None:
        with faulty.closed_port() as (_, dead), faulty.closed_port() as (_, other):
            for endpoint in (dead, [dead, other]):
                error = await failure(endpoint)
                assert type(error) is ConnectError
                assert error.retryable, "an ingest_event would be repeated"

    run(main())


def test_a_proxy_with_nothing_behind_it() -> None:
    """As those of containers and tunnels: they take a connection, and close it."""

    async def main() -> None:
        async with faulty.talking(b"", listen=False) as address:
            assert type(await failure(address)) is ConnectionLostError

    run(main())


@pytest.mark.parametrize(
    ("behaviour", "kind"),
    [
        (faulty.status(14), StatusError),
        (faulty.http(503), StatusError),
        (faulty.abort, ConnectionLostError),
        (faulty.goaway, ConnectionLostError),
        (faulty.hang, DeadlineExceededError),
    ],
    ids=range(5),
)
def test_a_server_that_is_not_well(behaviour: faulty.Behaviour, kind: type[RpcError]) -> None:
    async def main() -> None:
        async with faulty.faulty(behaviour) as (server, address):
            assert type(await failure(address, attempt_timeout=0.5)) is kind
            assert len(server.requests) == 1

    run(main())


@pytest.mark.parametrize("gone", [faulty.abort, faulty.goaway])
def test_a_connection_that_was_there_and_breaks_says_nothing_of_the_server(gone: faulty.Behaviour) -> None:
    async def main() -> None:
        async with (
            faulty.faulty(faulty.ok(), gone, faulty.ok()) as (server, address),
            ChaukasClient(address, timeout=AGES, retry=RetryPolicy(initial=0.01, maximum=0.01)) as client,
        ):
            await client.healthz()
            await client.healthz()
            assert len(server.requests) == 3

    run(main())


def test_a_server_that_is_gone_is_told_at_once_although_it_was_there() -> None:
    async def main() -> None:
        async with faulty.faulty(faulty.ok()) as (server, address):
            client = ChaukasClient(address, clock=Clock(sleep=asyncio.sleep), timeout=AGES)
            await client.healthz()
        await until(lambda: server.closed == 1)
        with pytest.raises(ConnectError) as caught:
            await client.healthz()
        assert caught.value.attempts <= 2
        await client.aclose()

    run(main())
