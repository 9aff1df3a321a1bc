"""What programs have to be told to send to a collector: the page is told by the collector, and by nobody else."""

from __future__ import annotations

from chaukas_spec_lite.collector import Collector, CollectorSettings
from chaukas_spec_lite.collector.callers import Caller
from chaukas_spec_lite.errors import UnauthenticatedError
from tests.collector.doors.http_serving import http_serving
from tests.patience import run

CLIENTS = {"CHAUKAS_ENDPOINT": "http://127.0.0.1:1"}


def test_whoever_may_read_is_told() -> None:
    async def authenticate(authorization: str | None, *_: object) -> Caller:
        if authorization is None:
            raise UnauthenticatedError("a key is needed")
        return Caller(authorization, may_read=authorization == "reader")

    async def main() -> None:
        async with http_serving(authenticate=authenticate, clients=lambda: CLIENTS) as served:
            found = [
                await served.client.get("/page/clients", headers={"Authorization": key} if key else {})
                for key in ("reader", "writer", "")
            ]
            assert [each.status_code for each in found] == [200, 403, 401]
            assert found[0].json() == CLIENTS
            assert found[0].headers["cache-control"] == "no-store"

    run(main())


def test_a_collector_tells_where_it_listens() -> None:
    async def main() -> None:
        settings = {"store": "memory:", "grpc": "127.0.0.1:0", "http": "127.0.0.1:0"}
        async with Collector.from_settings(CollectorSettings.load(settings, environ={})) as collector:
            told = collector.clients()
            assert told == {
                "CHAUKAS_GRPC_ENDPOINT": str(collector.grpc),
                "CHAUKAS_ENDPOINT": f"http://{collector.http}",
            }
        assert collector.clients() == {}

    run(main())
