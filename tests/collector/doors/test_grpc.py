"""The gRPC door, as the official clients of both services see it."""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl
from collections.abc import Callable
from typing import Any

import grpc
import pytest
import trustme
from chaukas.spec.client.v1 import client_pb2, client_pb2_grpc
from chaukas.spec.common.v1 import events_pb2, query_pb2
from chaukas.spec.server.v1 import server_pb2, server_pb2_grpc
from google.protobuf.timestamp_pb2 import Timestamp
from h2.config import H2Configuration
from h2.connection import H2Connection

from chaukas_spec_lite.collector.callers import ANYONE, Authenticate, Caller, anyone
from chaukas_spec_lite.collector.doors.grpc import services_of
from chaukas_spec_lite.collector.query import Tenancy
from chaukas_spec_lite.collector.quotas import Quotas, Rate
from chaukas_spec_lite.collector.receipts import IngestLimits
from chaukas_spec_lite.collector.searched_text import searched_text
from chaukas_spec_lite.collector.service import CollectorService
from chaukas_spec_lite.collector.stores.memory import MemoryStore
from chaukas_spec_lite.errors import ForbiddenError, QueryTimeoutError, StoreError, UnauthenticatedError
from chaukas_spec_lite.rpc.server.server import MessageServer
from tests.patience import HANG, run


class Memory(MemoryStore):
    indexes_text = False


class Doors:
    """Stubs of the official clients for one channel."""

    def __init__(self, channel: grpc.Channel) -> None:
        self.client = client_pb2_grpc.ChaukasClientServiceStub(channel)
        self.server = server_pb2_grpc.ChaukasServerServiceStub(channel)


def asked(
    work: Callable[[Doors], None],
    authenticate: Authenticate = anyone,
    store: MemoryStore | None = None,
    tls: tuple[ssl.SSLContext, grpc.ChannelCredentials] | None = None,
    **options: Any,
) -> None:
    """Let official clients do something in a thread, with a collector in memory."""

    async def main() -> None:
        service = CollectorService(store or Memory(texts=searched_text), **options)
        services, health = services_of(service, authenticate)
        server = MessageServer(services)
        await service.open()
        await server.start("127.0.0.1", 0, ssl=tls and tls[0])

        def official() -> None:
            address = f"localhost:{server.port}"
            with grpc.secure_channel(address, tls[1]) if tls else grpc.insecure_channel(address) as channel:
                work(Doors(channel))

        try:
            await asyncio.to_thread(official)
        finally:
            health.stop()
            await server.stop(1)
            await service.close()

    run(main())


def event(event_id: str, **fields: Any) -> events_pb2.Event:
    timestamp = Timestamp(seconds=1_700_000_000 + sum(map(ord, event_id)))
    return events_pb2.Event(event_id=event_id, timestamp=timestamp, **fields)


def batch(pb: Any, *events: events_pb2.Event, batch_id: str = "b-1") -> Any:
    return pb.IngestEventBatchRequest(event_batch=events_pb2.EventBatch(batch_id=batch_id, events=events))


def found(doors: Doors, **filters: Any) -> list[str]:
    query = query_pb2.QueryRequest(filter=query_pb2.QueryFilter(**filters), order_by_time=query_pb2.SORT_ORDER_ASC)
    answer = doors.client.QueryEvents(client_pb2.QueryEventsRequest(query=query), timeout=HANG)
    same = doors.server.QueryEvents(server_pb2.QueryEventsRequest(query=query), timeout=HANG)
    assert same.response == answer.response, "both services find the same"
    return [each.event_id for each in answer.response.events]


def refused(call: Callable[[], Any]) -> tuple[grpc.StatusCode, str, dict[str, str]]:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value.code(), caught.value.details(), dict(caught.value.trailing_metadata())


def test_a_search_for_text_without_an_index_says_so() -> None:
    def work(doors: Doors) -> None:
        sent = batch(client_pb2, event("a", agent_name="needle"), *(event(f"b{number}") for number in range(3)))
        doors.client.IngestEventBatch(sent, timeout=HANG)
        for text, scanned in (("needle", {"chaukas-scanned": "4"}), ("", {})):
            query = query_pb2.QueryRequest(filter=query_pb2.QueryFilter(text_query=text))
            for stub, pb in ((doors.client, client_pb2), (doors.server, server_pb2)):
                _, call = stub.QueryEvents.with_call(pb.QueryEventsRequest(query=query), timeout=HANG)
                along = {key: value for key, value in call.trailing_metadata() if key.startswith("chaukas")}
                assert along == scanned

    asked(work)


def test_both_services_answer_all_their_calls() -> None:
    def work(doors: Doors) -> None:
        assert doors.client.Healthz(client_pb2.HealthzRequest(), timeout=HANG) == client_pb2.HealthzResponse()
        assert doors.server.Healthz(server_pb2.HealthzRequest(), timeout=HANG) == server_pb2.HealthzResponse()
        of_client = doors.client.GetCapabilities(client_pb2.GetCapabilitiesRequest(), timeout=HANG).capabilities
        of_server = doors.server.GetCapabilities(server_pb2.GetCapabilitiesRequest(), timeout=HANG).capabilities
        assert of_client == of_server
        assert of_client.policy_decisions
        doors.client.IngestEvent(client_pb2.IngestEventRequest(event=event("a")), timeout=HANG)
        answer = doors.server.IngestEvent(server_pb2.IngestEventRequest(event=event("b")), timeout=HANG)
        assert (answer.event_id, answer.status) == ("b", "accepted")
        assert answer.processed_at > 1_600_000_000_000
        doors.client.IngestEventBatch(batch(client_pb2, event("c"), event("d")), timeout=HANG)
        answer = doors.server.IngestEventBatch(batch(server_pb2, event("e"), event("a")), timeout=HANG)
        assert (answer.batch_id, answer.accepted_count, answer.rejected_count) == ("b-1", 2, 0)
        assert found(doors) == ["a", "b", "c", "d", "e"]

    asked(work)


def test_of_a_batch_with_a_bad_event_the_others_are_stored_and_it_is_told() -> None:
    good, bad = [event(f"e-{number}") for number in range(3)], event("")

    def work(doors: Doors) -> None:
        request = batch(client_pb2, good[0], bad, good[1])
        _, call = doors.client.IngestEventBatch.with_call(request, timeout=HANG)
        assert dict(call.trailing_metadata()) == {"chaukas-rejected": "1"}
        _, call = doors.client.IngestEventBatch.with_call(batch(client_pb2, *good), timeout=HANG)
        assert dict(call.trailing_metadata()) == {}
        other = batch(server_pb2, bad, good[2], events_pb2.Event(event_id="x", tenant_id="other"))
        answer = doors.server.IngestEventBatch(other, timeout=HANG)
        assert (answer.accepted_count, answer.rejected_count) == (1, 2)
        assert list(answer.rejected_event_ids) == ["", "x"]
        code, details, _ = refused(lambda: doors.client.IngestEvent(client_pb2.IngestEventRequest(event=bad)))
        assert code is grpc.StatusCode.INVALID_ARGUMENT
        assert details.startswith("IngestEventRequest.event.event_id: empty; every event needs an ID of its own")
        one = doors.server.IngestEvent(server_pb2.IngestEventRequest(event=bad), timeout=HANG)
        assert one.status == "rejected"
        assert found(doors) == ["e-0", "e-1", "e-2"]

    async def of_acme(authorization: str | None, name: str | None, peer: str) -> Caller:
        return Caller("k", Tenancy("acme"))

    asked(work, of_acme)


def test_statistics_are_those_of_the_store() -> None:
    def work(doors: Doors) -> None:
        events = [
            event("a", tenant_id="acme", session_id="s", type=events_pb2.EVENT_TYPE_ERROR),
            event("c", tenant_id="acme", session_id="s", type=events_pb2.EVENT_TYPE_ERROR),
            event("b", tenant_id="acme", session_id="t", type=events_pb2.EVENT_TYPE_SESSION_START),
            event("z", tenant_id="acme", session_id="t", type=777),
            event("d", tenant_id="other"),
        ]
        doors.client.IngestEventBatch(batch(client_pb2, *events), timeout=HANG)
        stats = doors.server.GetEventStats(server_pb2.GetEventStatsRequest(tenant_id="acme"), timeout=HANG)
        assert (stats.total_events, stats.total_sessions) == (4, 2)
        assert dict(stats.events_by_type) == {"EVENT_TYPE_ERROR": 2, "EVENT_TYPE_SESSION_START": 1, "777": 1}
        assert stats.avg_session_duration_ms == (2000 + 24000) / 2

    asked(work)


def test_who_calls_is_told_by_header_address_and_certificate() -> None:
    ca = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost").configure_cert(context)
    ca.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    context.set_alpn_protocols(["h2"])
    made = ca.issue_cert("10.0.0.7", common_name="acme writer")
    chain = b"".join(pem.bytes() for pem in made.cert_chain_pems)
    credentials = grpc.ssl_channel_credentials(ca.cert_pem.bytes(), made.private_key_pem.bytes(), chain)
    seen: list[tuple[str | None, str | None, str]] = []

    async def look(authorization: str | None, name: str | None, peer: str) -> Caller:
        seen.append((authorization, name, peer))
        return ANYONE

    def work(doors: Doors) -> None:
        metadata = [("authorization", "Bearer k-1")]
        doors.client.IngestEvent(client_pb2.IngestEventRequest(event=event("a")), timeout=HANG, metadata=metadata)
        doors.server.GetEventStats(server_pb2.GetEventStatsRequest(), timeout=HANG)

    asked(work, look, tls=(context, credentials))
    assert [each[:2] for each in seen] == [("Bearer k-1", "acme writer"), (None, "acme writer")]
    assert all(peer.rpartition(":")[0] in ("127.0.0.1", "[::1]") for *_, peer in seen)


def test_who_is_not_let_in_does_nothing_and_sees_nothing() -> None:
    async def nobody(authorization: str | None, name: str | None, peer: str) -> Caller:
        raise UnauthenticatedError("there is no such key")

    def work(doors: Doors) -> None:
        of_client = [
            (doors.client.IngestEvent, client_pb2.IngestEventRequest(event=event("a"))),
            (doors.client.IngestEventBatch, batch(client_pb2, event("a"))),
            (doors.client.QueryEvents, client_pb2.QueryEventsRequest()),
        ]
        of_server = [
            (doors.server.IngestEvent, server_pb2.IngestEventRequest(event=event("a"))),
            (doors.server.IngestEventBatch, batch(server_pb2, event("a"))),
            (doors.server.QueryEvents, server_pb2.QueryEventsRequest()),
            (doors.server.GetEventStats, server_pb2.GetEventStatsRequest()),
        ]
        for method, request in [*of_client, *of_server]:
            answer = refused(functools.partial(method, request, timeout=HANG))
            assert answer[:2] == (grpc.StatusCode.UNAUTHENTICATED, "there is no such key")
        doors.client.Healthz(client_pb2.HealthzRequest(), timeout=HANG)

    asked(work, nobody)


def test_a_stranger_s_request_is_refused_before_it_has_come() -> None:
    async def nobody(authorization: str | None, name: str | None, peer: str) -> Caller:
        raise UnauthenticatedError("there is no such key")

    async def main() -> None:
        services, health = services_of(CollectorService(Memory(texts=searched_text)), nobody)
        server = MessageServer(services)
        await server.start("127.0.0.1", 0)

        def by_hand() -> None:
            client = H2Connection(H2Configuration(header_encoding="ascii"))
            client.initiate_connection()
            path = "/chaukas.spec.client.v1.ChaukasClientService/IngestEventBatch"
            pseudo = [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "here")]
            client.send_headers(1, [*pseudo, ("te", "trailers"), ("content-type", "application/grpc")])
            client.send_data(1, b"\0" + (15 << 20).to_bytes(4, "big"))  # And no more of it.
            answer: dict[str, str] = {}
            with socket.create_connection(("127.0.0.1", server.port)) as peer:
                peer.settimeout(HANG)
                peer.sendall(client.data_to_send())
                while "grpc-status" not in answer:
                    for each in client.receive_data(peer.recv(1 << 16)):
                        answer |= dict(getattr(each, "headers", None) or {})
            assert answer["grpc-status"] == str(grpc.StatusCode.UNAUTHENTICATED.value[0])

        await asyncio.to_thread(by_hand)
        assert server.guard.requests.held == 0
        health.stop()
        await server.stop(1)

    run(main())


def test_what_a_key_does_not_allow_is_denied() -> None:
    callers = {
        "r": Caller("r", Tenancy("acme"), may_write=False),
        "w": Caller("w", Tenancy("acme"), may_read=False),
    }

    async def by_key(authorization: str | None, name: str | None, peer: str) -> Caller:
        return callers[str(authorization)]

    def work(doors: Doors) -> None:
        def call(method: Any, request: Any, key: str) -> Callable[[], Any]:
            return lambda: method(request, timeout=HANG, metadata=[("authorization", key)])

        denied = [
            call(doors.client.IngestEventBatch, batch(client_pb2, event("a")), "r"),
            call(doors.client.QueryEvents, client_pb2.QueryEventsRequest(), "w"),
            call(doors.server.GetEventStats, server_pb2.GetEventStatsRequest(), "w"),
            call(doors.server.GetEventStats, server_pb2.GetEventStatsRequest(tenant_id="other"), "r"),
        ]
        for each in denied:
            assert refused(each)[0] is grpc.StatusCode.PERMISSION_DENIED

    asked(work, by_key)


def test_refusals_have_their_statuses() -> None:
    class Broken(Memory):
        error: Exception = StoreError("/srv/events.db: the disk is full")

        async def add(self, rows: Any) -> Any:
            raise self.error

        async def find(self, *args: Any, **options: Any) -> Any:
            raise self.error

    store = Broken(texts=searched_text)

    def work(doors: Doors) -> None:
        request = batch(client_pb2, event("a"))
        code, details, _ = refused(lambda: doors.client.IngestEventBatch(request, timeout=HANG))
        assert code is grpc.StatusCode.UNAVAILABLE
        assert details.startswith("the store cannot do this now; the collector's log says why, at incident ")
        store.error = QueryTimeoutError("/srv/events.db: it took longer than 10 s")
        code, details, _ = refused(lambda: doors.server.QueryEvents(server_pb2.QueryEventsRequest(), timeout=HANG))
        assert code is grpc.StatusCode.DEADLINE_EXCEEDED
        assert details == "the query took too long, and was given up: ask for less"
        store.error = ForbiddenError("another's")
        code, *_ = refused(lambda: doors.server.QueryEvents(server_pb2.QueryEventsRequest(), timeout=HANG))
        assert code is grpc.StatusCode.PERMISSION_DENIED
        many = batch(client_pb2, *[events_pb2.Event()] * 20)
        code, details, _ = refused(lambda: doors.client.IngestEventBatch(many, timeout=HANG))
        assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert details.startswith("received message larger than max: "), "so that no client tries again"
        code, details, _ = refused(lambda: doors.client.IngestEvent(client_pb2.IngestEventRequest(), timeout=HANG))
        assert code is grpc.StatusCode.INVALID_ARGUMENT
        assert details.startswith("IngestEventRequest.event: ")

    asked(work, store=store, limits=IngestLimits(max_events=10))


def test_who_sends_too_much_is_told_when_to_come_back() -> None:
    def work(doors: Doors) -> None:
        doors.client.IngestEventBatch(batch(client_pb2, *[event(f"e-{number}") for number in range(50)]), timeout=HANG)
        code, details, trailing = refused(
            lambda: doors.client.IngestEventBatch(batch(client_pb2, event("a")), timeout=HANG)
        )
        assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "larger than max" not in details
        assert trailing == {"grpc-retry-pushback-ms": "40000"}

    asked(work, quotas=Quotas(lambda _: Rate(1, burst_seconds=10), clock=lambda: 0.0))
