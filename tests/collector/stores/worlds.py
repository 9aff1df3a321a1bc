"""Two collectors that differ in what others have stored, behind both doors and with real keys.

Whatever somebody asks with a key of their own, both have to answer alike: then nothing of the others is to be learnt.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import grpc
import httpx

from chaukas_spec_lite import Event
from chaukas_spec_lite.collector import keys_file
from chaukas_spec_lite.collector.callers import Caller
from chaukas_spec_lite.collector.doors.grpc import services_of
from chaukas_spec_lite.collector.doors.http import HttpServer
from chaukas_spec_lite.collector.keys import Keys
from chaukas_spec_lite.collector.receipts import Shape
from chaukas_spec_lite.collector.service import CollectorService
from chaukas_spec_lite.collector.stores.asking import Tenancy
from chaukas_spec_lite.collector.stores.base import Deletion, EventRow, Store
from chaukas_spec_lite.collector.stores.copied import Stage
from chaukas_spec_lite.rpc.server.server import MessageServer
from chaukas_spec_lite.spec.client.v1.client import QueryEventsResponse
from chaukas_spec_lite.wire.envelopes import batch_request, event_request
from tests.collector.stores.events import conflicting, their_event
from tests.collector.stores.places import Place
from tests.patience import HANG

T = TypeVar("T")

SECRET = "nobody-else-may-see-this"
"""Stands in all that they have, and in no request of others."""
THEIRS, OURS, PROJECT = Tenancy("theirs", "secret"), Tenancy("ours"), Tenancy("theirs", "public")
TENANCIES = {"theirs": THEIRS, "whole": Tenancy("theirs"), "ours": OURS, "project": PROJECT}
"""Who has a key: they, for one project and for all; another tenant; and their own tenant for another project."""


@dataclass
class World:
    """A collector, in a thread of its own."""

    store: Store
    keys: dict[str, str]
    """The keys themselves, by the names of ``TENANCIES``."""
    service: CollectorService
    loop: asyncio.AbstractEventLoop
    ports: dict[str, int] = field(default_factory=dict[str, int])
    routes: dict[str, Any] = field(default_factory=dict[str, Any])
    """What grpclib knows of every method of both services, by its path."""

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something on the collector's event loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(HANG)

    def call(self, who: str, path: str, request: bytes) -> tuple[str, str, bytes, dict[str, str]]:
        """Call a method by gRPC: code, details, answer and what goes along with it."""
        metadata = [("authorization", f"Bearer {self.keys[who]}")]
        try:
            answer, call = self.channel.unary_unary(path).with_call(request, timeout=HANG, metadata=metadata)
        except grpc.RpcError as error:
            return error.code().name, error.details(), b"", _along(error.trailing_metadata())
        return "OK", "", answer, _along(call.trailing_metadata())

    def ask(self, who: str, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request by HTTP."""
        headers = {"Authorization": f"Bearer {self.keys[who]}", **options.pop("headers", {})}
        return self.client.request(method, path, headers=headers, **options)

    def theirs(self) -> Any:
        """All that the store has of their tenant, but for the other project's."""

        async def found() -> Any:
            events, after = list[EventRow](), ""
            while (part := await self.store.export(Stage.EVENTS, after, 1000)).size:
                events += part.rows
                after = part.after
            whole = Tenancy(THEIRS.tenant_id)
            rejected = (await self.store.rejected(whole, 1000)).items
            return (
                [row for row in events if row.tenant_id == whole.tenant_id and row.project_id != PROJECT.project_id],
                [row for row in await conflicting(self.store, whole, 1000) if row.project_id != PROJECT.project_id],
                [each for each in rejected if each.project_id != PROJECT.project_id],
                (await self.store.deletions(THEIRS, 1000)).items,
            )

        return self.do(found())

    async def seed(self, who: str, text: str) -> None:
        """Store for somebody: events, and two conflicts, two that are rejected, and the records of two deletions."""
        tenancy = TENANCIES[who]
        caller = Caller(who, tenancy)
        events = [their_event(number, f"their-text {text}") for number in range(5)]
        events.append(bytes(Event(event_id="in-another", session_id=text)))
        foreign = bytes(Event(event_id=text, tenant_id="nobody"))
        await self.service.ingest(batch_request(b"", events), Shape.BATCH, caller)
        await self.service.ingest(batch_request(b"", [b"", foreign]), Shape.BATCH, caller)
        for number in range(2):
            again = their_event(number, f"their-text {text}, again")
            await self.service.ingest(event_request(again), Shape.EVENT, caller)
            await self.store.delete(Deletion(tenancy, f"{number}: {text}", f"because of {text}"))

    async def start(self) -> MessageServer:
        """Open both doors."""
        keys = Keys(self.path)
        services, self.health = services_of(self.service, keys.caller_of)
        self.routes = {path: each for door in services[:2] for path, each in door.__mapping__().items()}
        self.grpc_server = MessageServer(services)
        self.http_server = HttpServer(self.service, authenticate=keys.caller_of)
        await self.service.open()
        await self.grpc_server.start("127.0.0.1", 0)
        self.ports["http"] = await self.http_server.start("127.0.0.1", 0)
        self.ports["grpc"] = self.grpc_server.port
        self.opened_keys = keys
        return self.grpc_server

    async def stop(self) -> None:
        """Close them."""
        self.health.stop()
        await self.http_server.stop(HANG)
        await self.grpc_server.stop(HANG)
        self.opened_keys.close()
        await self.service.close()

    path: Path = Path()
    channel: Any = None
    client: Any = None


def _along(metadata: Any) -> dict[str, str]:
    return {key: value for key, value in metadata if key.startswith("chaukas-")}


@contextmanager
def world(place: Place, directory: Path, *, with_theirs: bool) -> Iterator[World]:
    """Run a collector at an empty place, where those with other keys have stored, or only the two who ask."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    path = directory / "keys.json"
    keys = {name: keys_file.add(path, each.tenant_id or "", each.project_id)[1] for name, each in TENANCIES.items()}
    store = place.store()
    made = World(store, keys, CollectorService(store), loop, path=path)
    try:
        made.do(made.start())
        try:
            if with_theirs:
                made.do(made.seed("theirs", SECRET))
            made.do(made.seed("ours", "ours"))
            made.do(made.seed("project", "the project's"))
            base = f"http://127.0.0.1:{made.ports['http']}"
            with (
                grpc.insecure_channel(f"127.0.0.1:{made.ports['grpc']}") as made.channel,
                httpx.Client(base_url=base, timeout=HANG, trust_env=False) as made.client,
            ):
                yield made
        finally:
            made.do(made.stop())
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(HANG)
        loop.close()


_OF_THE_STORE = {"next_page_token", "nextPageToken", "cursor", "received", "at"}
"""What depends on the store's secret, or on when something happened: whether there is any is compared, not what."""


def comparable(answer: httpx.Response) -> Any:
    """What two worlds have to have alike of an answer by HTTP."""
    body: Any
    form = answer.headers["content-type"]
    if form == "application/x-protobuf":
        body = QueryEventsResponse.parse(answer.content)
        assert body.response is not None
        body.response.next_page_token = "there is one" if body.response.next_page_token else ""
    else:
        body = masked(json.loads(answer.content))
    return answer.status_code, form, body


def masked(value: Any) -> Any:
    """JSON, without what no two collectors have alike."""
    if isinstance(value, dict):
        return {key: bool(each) if key in _OF_THE_STORE else masked(each) for key, each in value.items()}
    return [masked(each) for each in value] if isinstance(value, list) else value
