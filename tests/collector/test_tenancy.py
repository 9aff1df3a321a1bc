"""With one tenant's key nothing of another's can be read, changed or learnt of, whatever a request's fields say."""

from __future__ import annotations

import asyncio
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from chaukas_spec_lite import Event, EventBatch, EventStatus, EventType, QueryFilter, QueryRequest, Severity, TimeRange
from chaukas_spec_lite.audit.merkle import leaf_hash
from chaukas_spec_lite.collector.callers import Caller
from chaukas_spec_lite.collector.doors.openapi_audit import AUDIT_CALLS, AuditCall
from chaukas_spec_lite.collector.receipts import Shape
from chaukas_spec_lite.collector.searched_text import searched_text
from chaukas_spec_lite.collector.service import CollectorService
from chaukas_spec_lite.collector.stores.asking import EVERYBODY, Tenancy
from chaukas_spec_lite.collector.stores.copied import Stage
from chaukas_spec_lite.collector.stores.memory import MemoryStore
from chaukas_spec_lite.errors import ForbiddenError, InvalidRequest
from chaukas_spec_lite.message.message import Message
from chaukas_spec_lite.spec.client.v1.client import IngestEventBatchRequest, IngestEventRequest, QueryEventsRequest
from chaukas_spec_lite.spec.common.v1.query import SortOrder
from chaukas_spec_lite.spec.server.v1.server import GetEventStatsRequest
from chaukas_spec_lite.wire.envelopes import batch_request, event_request
from chaukas_spec_lite.wire.fields import fields_of
from tests.collector.doors.http_serving import Served, http_serving
from tests.collector.log_keys import SIGNER, SIGNING, WITNESS
from tests.collector.stores.events import WHEN, conflicting, their_event
from tests.patience import HANG

OURS, THEIRS = Caller("ours", Tenancy("ours")), Caller("theirs", Tenancy("theirs", "secret"))
OUR_PROJECT = Caller("project", Tenancy("theirs", "public"))
"""A key of the same tenant, for another project."""
SPAN = TimeRange(start=WHEN, end=WHEN + timedelta(seconds=1))


def theirs(number: int) -> bytes:
    """An event that says in every field that queries look at whose it is."""
    return their_event(number, tenant_id="theirs", project_id="secret")


FILTERS: dict[str, Any] = {
    "tenant_id": "theirs",
    "project_id": "secret",
    "session_id": "their-session",
    "agent_id": "their-agent",
    "span_id": "their-span",
    "trace_id": "their-trace",
    "types": [EventType.ERROR],
    "statuses": [EventStatus.FAILED],
    "severities": [Severity.ERROR],
    "tags": ["their-tag"],
    "text_query": "their-text",
    "time": SPAN,
}
"""For every field of a filter, what finds their events."""
STATS: dict[str, Any] = {"tenant_id": "theirs", "project_id": "secret", "time_range": SPAN}


def run(work: Callable[[CollectorService, MemoryStore], Awaitable[None]]) -> None:
    async def main() -> None:
        store = MemoryStore(texts=searched_text)
        service = CollectorService(store)
        await service.open()
        await service.ingest(batch_request(b"", map(theirs, range(5))), Shape.BATCH, THEIRS)
        await service.ingest(batch_request(b"", [b"", b"\xff"]), Shape.BATCH, THEIRS)
        await service.ingest(event_request(theirs(0) + b"\x52\x01a"), Shape.EVENT, THEIRS)
        assert len(await conflicting(store, EVERYBODY, 10)) == 1
        await asyncio.wait_for(work(service, store), HANG)
        await service.close()

    asyncio.run(main())


def names(cls: type[Message]) -> set[str]:
    return {field.name for field in fields_of(cls)}


def test_no_field_of_the_requests_is_missing_here() -> None:
    assert set(FILTERS) == names(QueryFilter)
    assert set(STATS) == names(GetEventStatsRequest)
    assert names(QueryRequest) == {"filter", "page_size", "page_token", "order_by_time"}
    assert names(QueryEventsRequest) == {"query"}
    assert names(IngestEventRequest) == {"event"}
    assert names(IngestEventBatchRequest) == {"event_batch"}
    assert names(TimeRange) == {"start", "end"}


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("caller", [OURS, OUR_PROJECT], ids=["tenant", "project"])
def test_queries(caller: Caller, name: str) -> None:
    async def work(service: CollectorService, store: MemoryStore) -> None:
        filter_ = QueryFilter(**{name: FILTERS[name]})
        for order in SortOrder.ASC, SortOrder.DESC, SortOrder.UNSPECIFIED:
            request = QueryRequest(filter=filter_, page_size=1000, order_by_time=order)
            assert (await service.query(request, THEIRS)).events, "the filter finds them for those who may see them"
            if FILTERS[name] in (caller.tenancy.tenant_id, caller.tenancy.project_id) or name not in (
                "tenant_id",
                "project_id",
            ):
                page = await service.query(request, caller)
                assert (page.events, page.next_page_token) == ([], "")
            elif getattr(caller.tenancy, name) is None:
                assert not (await service.query(request, caller)).events
            else:
                with pytest.raises(ForbiddenError, match=f"QueryFilter.{name}: the key that was given is for another"):
                    await service.query(request, caller)

    run(work)


@pytest.mark.parametrize("caller", [OURS, OUR_PROJECT], ids=["tenant", "project"])
def test_page_tokens(caller: Caller) -> None:
    async def work(service: CollectorService, store: MemoryStore) -> None:
        token = (await service.query(QueryRequest(page_size=2), THEIRS)).next_page_token
        assert token
        for filter_ in (None, QueryFilter(tenant_id=caller.tenancy.tenant_id)):
            with pytest.raises(InvalidRequest, match="page_token"):
                await service.query(QueryRequest(filter=filter_, page_size=2, page_token=token), caller)

    run(work)


@pytest.mark.parametrize("name", STATS)
@pytest.mark.parametrize("caller", [OURS, OUR_PROJECT], ids=["tenant", "project"])
def test_statistics(caller: Caller, name: str) -> None:
    async def work(service: CollectorService, store: MemoryStore) -> None:
        request = GetEventStatsRequest(**{name: STATS[name]})
        assert (await service.stats(request, THEIRS)).events == 5
        own = getattr(caller.tenancy, name, None)
        if own not in (None, STATS[name]):
            with pytest.raises(ForbiddenError, match=f"GetEventStatsRequest.{name}: the key that was given"):
                await service.stats(request, caller)
            return
        stats = await service.stats(request, caller)
        assert (stats.events, stats.sessions, stats.by_type, stats.conflicts, stats.rejected) == (0, 0, {}, 0, 0)

    run(work)


@pytest.mark.parametrize("field", fields_of(Event), ids=lambda field: field.name)
@pytest.mark.parametrize("caller", [OURS, OUR_PROJECT], ids=["tenant", "project"])
def test_events(caller: Caller, field: Any) -> None:
    """An event that says it is theirs, in any field, changes nothing of theirs, and does not tell what they have."""

    async def work(service: CollectorService, store: MemoryStore) -> None:
        before = await contents(store, Tenancy("theirs", "secret"))
        own = Event.parse(theirs(1))
        own.tenant_id, own.project_id = caller.tenancy.tenant_id or "", caller.tenancy.project_id or ""
        setattr(own, field.name, getattr(Event.parse(theirs(1)), field.name))
        if field.name != "event_id":
            own.event_id = "ours"
        data = bytes(own)
        receipt = await service.ingest(event_request(data), Shape.EVENT, caller)
        (batch,) = (await service.ingest(batch_request(b"", [data]), Shape.BATCH, caller)).event_ids or ("",)
        assert await contents(store, Tenancy("theirs", "secret")) == before
        foreign = getattr(caller.tenancy, field.name, None) not in (None, getattr(own, field.name))
        if foreign:
            reason = f"IngestEventRequest.event.{field.name}: not that of the key that was given"
            assert [note.reason for note in receipt.rejected] == [reason]
            assert receipt.accepted == 0
            assert batch == ""
            assert len((await store.rejected(caller.tenancy, 10)).items) == 2, "kept as its sender's, not as theirs"
        else:
            assert (receipt.accepted, receipt.repeated, receipt.conflicts) == (1, 0, 0)
            assert (await service.query(QueryRequest(), caller)).events == [data]

    run(work)


def test_batches() -> None:
    async def work(service: CollectorService, store: MemoryStore) -> None:
        before = await contents(store, Tenancy("theirs"))
        head = EventBatch(batch_id="theirs", timestamp=WHEN, metadata={"tenant_id": "theirs"}, total_tokens=1)
        assert names(EventBatch) - {"events", "total_cost", "total_duration_ms"} == {
            "batch_id",
            "timestamp",
            "metadata",
            "total_tokens",
        }
        receipt = await service.ingest(
            batch_request(bytes(head), [theirs(7), bytes(Event(event_id="their-1")), b"\x12\x06theirs\x0a\x05"]),
            Shape.BATCH,
            OURS,
        )
        assert (receipt.event_ids, receipt.repeated, receipt.rejected_count) == (("their-1",), 0, 2)
        assert await contents(store, Tenancy("theirs")) == before
        assert len((await store.rejected(Tenancy("ours"), 10)).items) == 2

    run(work)


def test_a_key_for_all_projects_sees_them_all() -> None:
    async def work(service: CollectorService, store: MemoryStore) -> None:
        whole = Caller("whole", Tenancy("theirs"))
        await service.ingest(event_request(bytes(Event(event_id="a", project_id="public"))), Shape.EVENT, whole)
        assert len((await service.query(QueryRequest(), whole)).events) == 6
        assert len((await service.query(QueryRequest(), OUR_PROJECT)).events) == 1
        assert len((await service.query(QueryRequest(filter=QueryFilter(project_id="secret")), whole)).events) == 5

    run(work)


async def contents(store: MemoryStore, tenancy: Tenancy) -> tuple[Any, ...]:
    """All that a store has of somebody."""
    stored = (await store.export(Stage.EVENTS, "", 1000)).rows
    own = [row for row in stored if row.tenant_id == tenancy.tenant_id and tenancy.project_id in (None, row.project_id)]
    return own, await conflicting(store, tenancy, 100), (await store.rejected(tenancy, 100)).items


ASKED: dict[str, str] = {
    "tenant_id": "theirs",
    "project_id": "secret",
    "event_id": "their-0",
    "from": "0",
    "to": "1",
    "size": "1",
    "limit": "1",
    "page_size": "1",
    "page_token": urlsafe_b64encode(
        b'"their"'
    ).decode(),  # such tokens say behind which log to go on, and are no secrets
}
"""What finds their log, by the names of parameters; one that is new fails the test until it is here."""
EXPECTED = {"audit_keys": 200, "audit_logs": 200, "audit_entries": 200}


@pytest.mark.parametrize("call", AUDIT_CALLS, ids=lambda call: call.name)
def test_the_audit_log(call: AuditCall) -> None:
    """What others have in their log is neither shown nor told of, whatever it is asked with."""
    note = SIGNER.sign("theirs", 1, leaf_hash(theirs(0)))
    given = {each.name: ASKED[each.name] for each in call.parameters if each.name != "path"}
    needed = {each.name: given[each.name] for each in call.parameters if each.needed}
    own = {name: value for name, value in given.items() if name not in ("tenant_id", "project_id")}
    questions = [needed, *({**needed, name: value} for name, value in given.items()), own, given]

    async def authenticate(key: str | None, *_: object) -> Caller:
        return {"ours": OURS, "theirs": THEIRS}[key or ""]

    async def ask(served: Served, key: str, question: dict[str, str]) -> tuple[int, bytes]:
        request = served.client.build_request(
            call.method,
            call.path.replace("{path}", "0/000.p/1"),
            params=question,
            content=str(note.cosign(WITNESS, 1)) if call.method == "POST" else None,
            headers={"Authorization": key, "Content-Type": "text/plain"},
        )
        found = await served.client.send(request)
        return found.status_code, found.content

    async def main() -> None:
        async with (
            http_serving(signing=SIGNING, authenticate=authenticate) as served,
            http_serving(signing=SIGNING, authenticate=authenticate) as without,
        ):
            assert served.store.log is not None
            await served.service.ingest(event_request(theirs(0)), Shape.EVENT, THEIRS)
            await served.store.log.keep_checkpoint("theirs", 1, str(note))
            whose = {"tenant_id": "theirs"} if "tenant_id" in given else {}
            status, answer = await ask(served, "theirs", {**needed, **whose})
            assert status == 200
            for question in questions:
                status, told = await ask(served, "ours", question)
                assert (status, told) == await ask(without, "ours", question), "it tells of what others have"
                assert told != answer or call.name == "audit_keys"
                for secret in (*SECRETS, *(each.encode() for each in map(str, note.signatures))):
                    assert secret not in told or call.name == "audit_proof", "it repeats the id that it was asked for"
                if {"tenant_id", "project_id"}.isdisjoint(question):
                    assert status == (403 if call.method == "POST" else EXPECTED.get(call.name, 404))
                if "tenant_id" in question:
                    assert (status, b"tenant_id: the key that was given is for another one" in told) == (403, True)

    asyncio.run(asyncio.wait_for(main(), HANG))


SECRETS = (b"their-", b64encode(leaf_hash(theirs(0))), b64encode(theirs(0)))
