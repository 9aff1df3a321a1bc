"""The audit log over HTTP: what auditors and witnesses ask, and whether the chains of a session hold."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from chaukas_spec_lite import Event, EventType, Recorder
from chaukas_spec_lite.audit.entries_message import EntriesMessage
from chaukas_spec_lite.audit.merkle import (
    leaf_hash,
    prove_inclusion,
    root_of,
    tree_root,
    verify_consistency,
)
from chaukas_spec_lite.audit.notes import Checkpoint, SignedNote
from chaukas_spec_lite.audit.proofs import InclusionProof
from chaukas_spec_lite.audit.tiles import Tile, hashes_of_tiles
from chaukas_spec_lite.collector import session_audit
from chaukas_spec_lite.collector.audit_log import LogSigning
from chaukas_spec_lite.collector.callers import Caller
from chaukas_spec_lite.collector.checkpointing import Checkpointer, CheckpointPace
from chaukas_spec_lite.collector.doors.openapi_audit import AUDIT_CALLS
from chaukas_spec_lite.collector.log_signer import LogSigner
from chaukas_spec_lite.collector.receipts import Shape
from chaukas_spec_lite.collector.searched_text import searched_text
from chaukas_spec_lite.collector.stores.asking import EVERYBODY, Tenancy
from chaukas_spec_lite.collector.stores.base import Deletion, Retention
from chaukas_spec_lite.collector.stores.memory import MemoryStore
from chaukas_spec_lite.errors import ProofError
from chaukas_spec_lite.wire.envelopes import batch_request
from tests.collector.doors.http_serving import Served, http_serving
from tests.collector.log_keys import KEYS, NAME, OLD, OTHER, SIGNER, SIGNING, WITNESS, WITNESSES, read
from tests.patience import run

ACME, OTHERS = Caller("acme", Tenancy("acme")), Caller("other", Tenancy("other"))
TEXT = {"Content-Type": "text/plain"}


async def get(served: Served, path: str, **parameters: Any) -> httpx.Response:
    found = await served.client.get(path, params={name.rstrip("_"): each for name, each in parameters.items()})
    assert found.status_code == 200, found.text
    return found


async def text(served: Served, path: str, **parameters: Any) -> str:
    found = await get(served, path, **parameters)
    assert found.headers["content-type"] == "text/plain; charset=utf-8"
    return found.content.decode()


async def json(served: Served, path: str, **parameters: Any) -> Any:
    return (await get(served, path, **parameters)).json()


async def entries(served: Served, **parameters: Any) -> Any:
    """Ask for entries of a log in both forms, which say the same."""
    as_json = await json(served, "/audit/entries", **parameters)
    asked = {name.rstrip("_"): each for name, each in parameters.items()}
    found = await served.client.get("/audit/entries", params=asked, headers={"Accept": "application/x-protobuf"})
    assert (found.status_code, found.headers["content-type"]) == (200, "application/x-protobuf")
    message = EntriesMessage.parse(found.content)
    absent = {each.place: each for each in message.absent}
    assert message.first == asked.get("from", 0)
    assert (message.origin, message.size, message.next) == (as_json["origin"], as_json["size"], as_json["next"])
    pairs = zip(message.leaves, message.events, as_json["entries"], strict=True)
    for place, (leaf, data, expected) in enumerate(pairs):
        coded = None if data is None else base64.b64encode(data).decode()
        assert (base64.b64encode(leaf).decode(), coded) == (expected["leaf"], expected["data"])
        if data is None:
            each, gone = absent.pop(place), expected["deleted"]
            assert each.hidden is (gone is None)
            assert (each.project_id, each.event_id) == (expected["project_id"] or "", expected["event_id"] or "")
            told = gone or {}
            assert each[4:] == tuple(told.get(name) or "" for name in ("at", "by", "reason", "session_id"))
    assert not absent
    return as_json


async def refusal(served: Served, path: str, status: int, **parameters: Any) -> str:
    found = await served.client.get(path, params={name.rstrip("_"): each for name, each in parameters.items()})
    assert found.status_code == status, found.text
    return str(found.json()["detail"])


def named(names: Sequence[object], **fields: Any) -> list[bytes]:
    return [bytes(Event(event_id=f"{each}", **fields)) for each in names]


async def keep(served: Served, events: Sequence[bytes], caller: Caller = ACME) -> None:
    receipt = await served.service.ingest(batch_request(b"", events), Shape.BATCH, caller)
    assert receipt.accepted == len(events)


async def sign(served: Served, signer: LogSigner = SIGNER) -> None:
    assert served.store.log is not None
    await Checkpointer(served.store.log, signer, CheckpointPace(None, 60.0)).look(everything=True)


def test_who_signs_and_which_logs_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with http_serving(signing=SIGNING) as served:
            assert await json(served, "/audit/keys") == {
                "name": NAME,
                "keys": [str(KEYS[0])],
                "witnesses": [str(each) for each in WITNESSES],
            }
            assert await json(served, "/audit/logs") == {"logs": [], "next_page_token": ""}
            await keep(served, named(range(3)))
            await sign(served)
            await keep(served, [*named(["3"])])
            await keep(served, named(range(2)), OTHERS)
            await keep(served, named(range(1)), Caller())
            logs = [
                {"tenant_id": "", "origin": f"{NAME}/tenant/", "size": 1, "checkpoint": None, "refused": None},
                {"tenant_id": "acme", "origin": f"{NAME}/tenant/acme", "size": 4, "checkpoint": 3, "refused": None},
                {
                    "tenant_id": "other",
                    "origin": f"{NAME}/tenant/other",
                    "size": 2,
                    "checkpoint": None,
                    "refused": None,
                },
            ]
            assert await json(served, "/audit/logs") == {"logs": logs, "next_page_token": ""}
            for each in ("checkpoints", "head"):  # A thousand logs are not a thousand questions.
                monkeypatch.setattr(served.store.log, each, None)
            found: list[Any] = []
            token = ""
            for _ in logs:
                part = await json(served, "/audit/logs", page_size=1, page_token=token)
                found += part["logs"]
                token = part["next_page_token"]
            assert (found, token) == (logs, "")
            monkeypatch.undo()
            assert (await json(served, "/audit/logs", tenant_id="acme"))["logs"] == logs[1:2]
            for wrong in ("nonsense", base64.urlsafe_b64encode(b"[1]").decode(), "\u00e9"):
                assert "page_token: not the next_page_token" in await refusal(
                    served, "/audit/logs", 400, page_token=wrong
                )
            assert served.service.capabilities().audit_proofs is True

    run(main())


def test_checkpoints_are_served_the_newest_and_older_ones() -> None:
    async def main() -> None:
        async with http_serving(signing=SIGNING) as served:
            told = await refusal(served, "/audit/checkpoint", 404)
            assert told == f"the log '{NAME}/tenant/' has no entries; tenant_id says whose log is meant, and "\
                "/audit/logs lists them"  # fmt: skip
            await keep(served, named(range(3)))
            told = await refusal(served, "/audit/checkpoint", 404, tenant_id="acme")
            assert told == f"the log '{NAME}/tenant/acme' has no checkpoint yet: one comes within 60 seconds"
            await sign(served)
            await keep(served, named(range(3, 8)))
            await sign(served)
            newest = read(await text(served, "/audit/checkpoint", tenant_id="acme"), "acme")
            leaves = [leaf_hash(each) for each in named(range(8))]
            assert (newest.size, newest.root) == (8, root_of(leaves))
            for size, expected in ((8, 8), (7, 3), (3, 3), (10**18, 8)):
                older = read(await text(served, "/audit/checkpoint", tenant_id="acme", size=size), "acme")
                assert (older.size, older.root) == (expected, root_of(leaves[:expected]))
            told = await refusal(served, "/audit/checkpoint", 404, tenant_id="acme", size=2)
            assert told.endswith("has no checkpoint of at most 2 entries")
            assert "size: '-1' is no number" in await refusal(served, "/audit/checkpoint", 400, size=-1)

    run(main())


def test_an_event_that_no_checkpoint_covers_is_told_to_wait() -> None:
    async def main() -> None:
        async with http_serving(signing=SIGNING) as served:
            await keep(served, named(range(3)))
            for _ in range(2):
                found = await served.client.get("/audit/proof", params={"event_id": "2"})
                assert (found.status_code, found.headers["retry-after"]) == (409, "60")
                assert found.json()["detail"].startswith("event_id: the event is entry 2 of the log, and no checkpoint")
            await sign(served)
            await text(served, "/audit/proof", event_id="2")
            assert await refusal(served, "/audit/proof", 404, event_id="3") == "event_id: no event '3' is in the log"
            assert await refusal(served, "/audit/proof", 400) == "event_id: has to be given"

    run(main())


def test_events_of_one_id_are_told_apart() -> None:
    async def main() -> None:
        async with http_serving(signing=SIGNING) as served:
            await keep(served, [*named("a", project_id="p"), *named("a", project_id="q"), *named("a")])
            await keep(served, named("a", agent_id="theirs"), OTHERS)
            await keep(served, named("a", agent_id="nobody's"), Caller())
            await sign(served)
            told = await refusal(served, "/audit/proof", 400, event_id="a")
            assert told.startswith(
                "event_id: there are several of this id; say whose: tenant '', project ''; tenant 'a"
            )
            for given, origin, event in (
                ({"tenant_id": "acme", "project_id": "q"}, "acme", named("a", project_id="q")),
                ({"project_id": "p"}, "acme", named("a", project_id="p")),
                ({"tenant_id": "acme", "project_id": ""}, "acme", named("a")),
                ({"tenant_id": "other"}, "other", named("a", agent_id="theirs")),
                ({"tenant_id": ""}, "", named("a", agent_id="nobody's")),
            ):
                proof = InclusionProof.parse(await text(served, "/audit/proof", event_id="a", **given))
                proof.verify(event[0], f"{NAME}/tenant/{origin}", KEYS)

    run(main())


def test_an_event_that_was_deleted_and_came_again_is_its_last_entry() -> None:
    events = [*named("a", session_id="s"), *named("b"), *named("a", session_id="s", agent_id="again")]

    def store() -> MemoryStore:
        return MemoryStore(texts=searched_text, log=True, worm=True)

    async def main() -> None:
        async with http_serving(signing=SIGNING, make=store) as served:
            await keep(served, events[:2])
            await served.store.delete(Deletion(Tenancy("acme"), "s", "asked for", "key:support"))
            await keep(served, events[2:])
            await sign(served)
            proof = InclusionProof.parse(await text(served, "/audit/proof", event_id="a"))
            assert proof.index == 2
            proof.verify(events[2], f"{NAME}/tenant/acme", KEYS)

    run(main())


def test_consistency_between_all_sizes_and_what_cannot_be_proven() -> None:
    leaves = [leaf_hash(each) for each in named(range(6))]

    async def main() -> None:
        async with http_serving(signing=SIGNING) as served:
            await keep(served, named(range(6)))
            assert "no checkpoint yet" in await refusal(served, "/audit/consistency", 404, from_=1, tenant_id="acme")
            for old in range(7):
                for new in range(old, 7):
                    found = await json(served, "/audit/consistency", from_=old, to=new, tenant_id="acme")
                    path = [base64.b64decode(each) for each in found["hashes"]]
                    verify_consistency(old, new, root_of(leaves[:old]), root_of(leaves[:new]), path)
            for parameters, told in (
                ({"from_": 7, "to": 6}, "from: the log has 6 entries, not 7"),
                ({"from_": 3, "to": 7}, "to: the log has 6 entries, not 7"),
            ):
                assert await refusal(served, "/audit/consistency", 404, tenant_id="acme", **parameters) == told
            for parameters, told in (
                ({"from_": 3, "to": 2}, "from: 3 is more than the 2 entries"),
                ({"to": 3}, "from: has to be given"),
                ({"from_": "9" * 20}, "from: "),
            ):
                assert (await refusal(served, "/audit/consistency", 400, tenant_id="acme", **parameters)).startswith(
                    told
                )

    run(main())


def test_tiles_have_the_whole_tree() -> None:
    events = named(range(600))

    async def main() -> None:
        async with http_serving(signing=SIGNING) as served:
            await keep(served, events)
            await sign(served)
            leaves = [leaf_hash(each) for each in events]
            tiles: dict[Tile, bytes] = {}

            def missing(tile: Tile) -> bytes:
                tiles.setdefault(tile, b"")
                return tiles[tile] or bytes(32 * tile.width)

            tree_root(hashes_of_tiles(missing, 600), 600)
            for index in (7, 300):
                prove_inclusion(hashes_of_tiles(missing, 600), index, 600)
            for tile in tiles:
                found = await get(served, f"/audit/tile/{tile.path}", tenant_id="acme")
                assert found.headers["content-type"] == "application/octet-stream"
                tiles[tile] = found.content
            assert {tile.path for tile in tiles} == {"0/000", "0/001", "0/002.p/88", "1/000.p/2"}
            assert tree_root(hashes_of_tiles(missing, 600), 600) == root_of(leaves)
            assert tiles[Tile(0, 0)] == b"".join(leaves[:256])
            assert (await get(served, "/audit/tile/0/002.p/5", tenant_id="acme")).content == b"".join(leaves[512:517])
            for path, told in (
                ("0/003", "of 600 entries has no tile 0/003"),
                ("0/002", "has no tile 0/002"),
                ("0/002.p/89", "has no tile"),
                ("2/000", "has no tile"),
                ("entries/000", "is no path of a tile"),
                ("0/2", "is no path of a tile"),
            ):
                assert told in await refusal(served, f"/audit/tile/{path}", 404, tenant_id="acme")
            assert "has no tile" in await refusal(served, "/audit/tile/0/000", 404)

    run(main())


def entry(index: int, data: bytes, project: str = "") -> dict[str, Any]:
    return {
        "index": index,
        "leaf": base64.b64encode(leaf_hash(data)).decode(),
        "project_id": project,
        "event_id": Event.parse(data).event_id,
        "data": base64.b64encode(data).decode(),
        "deleted": None,
    }


def test_entries_come_with_their_events_or_with_what_is_known_of_them() -> None:
    events = [
        *named("ab", session_id="s", project_id="p"),
        *named("cd", session_id="t", project_id="q"),
        *named("e", session_id="u"),
    ]
    expected = [entry(index, each, project) for index, (each, project) in enumerate(zip(events, "ppqq ", strict=True))]
    expected[4]["project_id"] = ""

    def store() -> MemoryStore:
        return MemoryStore(texts=searched_text, log=True, worm=True, clock=lambda: 1_800_000_000.0)

    async def main() -> None:
        async with http_serving(signing=SIGNING, make=store) as served:
            assert served.service.capabilities().worm_retention is True
            assert await entries(served) == {
                "origin": f"{NAME}/tenant/",
                "size": 0,
                "entries": [],
                "next": None,
            }
            await keep(served, events)
            whole = await entries(served, tenant_id="acme")
            assert whole == {"origin": f"{NAME}/tenant/acme", "size": 5, "entries": expected, "next": None}
            part = await entries(served, tenant_id="acme", from_=1, limit=2)
            assert (part["entries"], part["next"]) == (expected[1:3], 3)
            part = await entries(served, tenant_id="acme", from_=3, limit=2)
            assert (part["entries"], part["next"]) == (expected[3:], None)
            assert (await entries(served, tenant_id="acme", from_=5))["entries"] == []
            at = "2027-01-15T08:00:00.000Z"
            await served.store.delete(Deletion(Tenancy("acme"), "s", "asked for", "key:support"))
            for each in expected[:2]:
                each |= {
                    "data": None,
                    "deleted": {"at": at, "by": "key:support", "reason": "asked for", "session_id": "s"},
                }
            assert (await entries(served, tenant_id="acme"))["entries"] == expected
            await sign(served)
            proof = InclusionProof.parse(await text(served, "/audit/proof", event_id="a"))
            proof.verify(events[0], f"{NAME}/tenant/acme", KEYS)
            await served.store.retain(Retention(max_bytes=1))
            for each in expected[2:]:
                each |= {
                    "data": None,
                    "deleted": {"at": at, "by": "retention", "reason": None, "session_id": None},
                }
            assert (await entries(served, tenant_id="acme"))["entries"] == expected

    run(main())


def test_a_message_has_more_entries_than_json() -> None:
    async def main() -> None:
        async with http_serving(signing=SIGNING) as served:
            await keep(served, named(range(1001)))
            asked = {"tenant_id": "acme", "limit": 2**31 - 1}
            assert (await json(served, "/audit/entries", **asked))["next"] == 1000
            found = await served.client.get(
                "/audit/entries", params=asked, headers={"Accept": "application/x-protobuf"}
            )
            assert len(EntriesMessage.parse(found.content).leaves) == 1001
            # What takes anything gets what it always got.
            for accept in ("*/*", "application/*", "application/json"):
                found = await served.client.get("/audit/entries", params=asked, headers={"Accept": accept})
                assert found.headers["content-type"] == "application/json"

    run(main())


def test_a_key_of_a_project_sees_the_tree_and_its_own_events() -> None:
    async def authenticate(*_: object) -> Caller:
        return Caller("q", Tenancy("acme", "q"))

    async def main() -> None:
        async with http_serving(signing=SIGNING, authenticate=authenticate) as served:
            events = [*named("a", project_id="p"), *named("b", project_id="q"), *named("c")]
            await keep(served, events)
            await served.store.delete(Deletion(Tenancy("acme"), "nothing"))
            await sign(served)
            hidden = {"project_id": None, "event_id": None, "data": None}
            expected = [entry(0, events[0], "p") | hidden, entry(1, events[1], "q"), entry(2, events[2]) | hidden]
            assert (await entries(served))["entries"] == expected
            await text(served, "/audit/proof", event_id="b")
            assert "no event 'a' is in the log" in await refusal(served, "/audit/proof", 404, event_id="a")
            assert "project_id: the key" in await refusal(served, "/audit/proof", 403, event_id="a", project_id="p")
            assert read(await text(served, "/audit/checkpoint"), "acme").size == 3

    run(main())


async def cosign(served: Served, note: object, status: int = 200, headers: dict[str, str] = TEXT) -> str:
    content = note if isinstance(note, bytes) else str(note).encode()
    found = await served.post("/audit/cosignatures", content, headers)
    assert found.status_code == status, found.text
    return found.content.decode() if status == 200 else str(found.json()["detail"])


def test_cosignatures_of_known_witnesses_are_kept() -> None:
    async def main() -> None:
        async with http_serving(signing=SIGNING) as served:
            await keep(served, named(range(3)))
            await sign(served)
            note = SignedNote.parse(await text(served, "/audit/checkpoint", tenant_id="acme"))
            stored = await cosign(served, note.cosign(WITNESS, 1_700_000_000))
            assert read(stored, "acme", [*KEYS, WITNESSES[0]]).size == 3
            # With nothing but the cosignature, as a witness may hand it over.
            alone = SignedNote(note.text).cosign(OTHER, 1_700_000_000)
            both = await cosign(served, alone)
            read(both, "acme", [*KEYS, *WITNESSES])
            assert await text(served, "/audit/checkpoint", tenant_id="acme") == both
            await keep(served, named(range(3, 5)))
            await sign(served)
            # An older one is cosigned, too, and proofs come with what the newest has.
            assert "1700000001" not in await cosign(served, note.cosign(WITNESS, 1_700_000_001))
            newest = SignedNote.parse(await text(served, "/audit/checkpoint", tenant_id="acme"))
            await cosign(served, newest.cosign(WITNESS, 1_700_000_002))
            proof = InclusionProof.parse(await text(served, "/audit/proof", event_id="1"))
            assert proof.checkpoint.verify(WITNESSES) == [WITNESSES[0]]

    run(main())


def test_what_is_no_cosignature_of_the_log_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with http_serving(signing=SIGNING) as served:
            await keep(served, named(range(3)))
            await sign(served)
            note = SignedNote.parse(await text(served, "/audit/checkpoint", tenant_id="acme"))
            checkpoint = Checkpoint.of(note)
            forged = Checkpoint(checkpoint.origin, 3, bytes(32))
            larger = Checkpoint(checkpoint.origin, 4, bytes(32)).note(OLD)
            elsewhere = Checkpoint("other.example/tenant/acme", 3, checkpoint.root).note(OLD)
            for given, status, told in (
                (note, 400, "not signed by whom it has to be"),
                (note.cosign(OLD, 7), 400, "not signed by whom it has to be"),
                (SignedNote(forged.note().text, note.cosign(WITNESS, 7).signatures), 400, "is not one of this text"),
                (forged.note().cosign(WITNESS, 7), 400, "the body is not the checkpoint of 3 entries of the log"),
                (larger.cosign(WITNESS, 7), 404, "has no checkpoint of 4 entries"),
                (elsewhere.cosign(WITNESS, 7), 404, "there is no log 'other.example/tenant/acme' here"),
                (b"", 400, "the body is no checkpoint"),
                (b"\xff", 400, "the body is no UTF-8"),
                (b"x" * 70_000, 413, "more than the 65536 bytes"),
            ):
                assert told in await cosign(served, given, status), told
            assert "sent as text/plain, not as nothing" in await cosign(served, note, 415, {"Content-Type": ""})
            assert await text(served, "/audit/checkpoint", tenant_id="acme") == str(note)
            assert "rewritten" not in caplog.text
            # Two that the log's key has signed: whoever sees both knows.
            told = await cosign(served, forged.note(OLD).cosign(WITNESS, 7), 409)
            assert told == "the log's own checkpoint of 3 entries is another one: keep both, one of them lies"
            assert "its history was rewritten" in caplog.text
            assert await text(served, "/audit/checkpoint", tenant_id="acme") == str(note)

    run(main())


def test_a_split_view_is_found_by_whoever_compares() -> None:
    """Two collectors with the key, each with a history of its own for one reader."""

    async def main() -> None:
        async with http_serving(signing=SIGNING) as one, http_serving(signing=SIGNING) as two:
            for served, other in ((one, "told to you"), (two, "told to others")):
                await keep(served, [*named(range(3)), *named("x", agent_id=other)])
                await sign(served)
            seen = read(await text(one, "/audit/checkpoint", tenant_id="acme"), "acme")
            await keep(two, named(range(3, 9)))
            await sign(two)
            newest = read(await text(two, "/audit/checkpoint", tenant_id="acme"), "acme")
            found = await json(two, "/audit/consistency", from_=seen.size, tenant_id="acme")
            path = [base64.b64decode(each) for each in found["hashes"]]
            with pytest.raises(ProofError, match=r"is of another tree of 10|has not grown out of"):
                verify_consistency(seen.size, newest.size, seen.root, newest.root, path)
            # And the collector itself, when a witness brings what it has seen elsewhere.
            note = SignedNote.parse(await text(one, "/audit/checkpoint", tenant_id="acme"))
            assert "is another one" in await cosign(two, note.cosign(WITNESS, 7), 409)

    run(main())


def test_a_rewritten_history_is_found_with_a_kept_checkpoint() -> None:
    """As somebody with the database would do it: another event, all hashes made anew, and the tail cut off."""

    async def main() -> None:
        async with http_serving(signing=SIGNING) as before, http_serving(signing=SIGNING) as after:
            await keep(before, named(range(9)))
            await sign(before)
            seen = read(await text(before, "/audit/checkpoint", tenant_id="acme"), "acme")
            await keep(after, [*named(range(8)), *named("8", agent_id="another"), *named(range(9, 12))])
            assert after.store.log is not None
            head = await after.store.log.head("acme")
            found = await json(after, "/audit/consistency", from_=seen.size, to=head.size, tenant_id="acme")
            path = [base64.b64decode(each) for each in found["hashes"]]
            with pytest.raises(ProofError, match="has not grown out of that of 9 entries"):
                verify_consistency(seen.size, head.size, seen.root, head.root, path)
            told = await refusal(after, "/audit/consistency", 404, from_=20, to=20, tenant_id="acme")
            assert told == "to: the log has 12 entries, not 20"

    run(main())


@pytest.mark.parametrize("call", AUDIT_CALLS, ids=lambda call: call.name)
def test_without_a_log_there_is_nothing_and_keys_that_only_write_see_nothing(call: Any) -> None:
    path = call.path.replace("{path}", "0/000")
    parameters = {each.name: "1" for each in call.parameters if each.needed}

    async def ask(served: Served) -> tuple[int, str]:
        request = served.client.build_request(call.method, path, params=parameters, headers=TEXT, content=b"x")
        found = await served.client.send(request)
        return found.status_code, found.json()["detail"]

    async def writer(*_: object) -> Caller:
        return Caller("writer", EVERYBODY, may_read=False)

    async def main() -> None:
        async with http_serving() as served:
            await keep(served, named(range(3)))
            assert await ask(served) == (404, "this collector keeps no audit log: chaukas-lite serve --audit-key FILE")
            capabilities = served.service.capabilities()
            assert (capabilities.audit_proofs, capabilities.worm_retention) == (False, False)
        async with http_serving(signing=SIGNING, authenticate=writer) as served:
            assert await ask(served) == (403, "the key that was given does not allow reading")

    run(main())


def test_a_damaged_checkpoint_is_a_store_that_cannot_serve() -> None:
    async def main() -> None:
        async with http_serving(signing=SIGNING) as served:
            await keep(served, named(range(3)))
            assert served.store.log is not None
            await served.store.log.keep_checkpoint("acme", 3, "no note")
            for path, parameters in (("/audit/checkpoint", {"tenant_id": "acme"}), ("/audit/proof", {"event_id": "1"})):
                told = await refusal(served, path, 503, **parameters)
                assert "no note" not in told

    run(main())


# Chains of a session


def recorded(close: bool = True) -> list[bytes]:
    with Recorder.to("memory:", tenant_id="acme", audit=True) as recorder:
        with recorder.session(session_id="a/b"), recorder.tool("search"):
            pass
        events = [bytes(each) for each in recorder.events]
    return events if close else events[:-1]


def altered(events: list[bytes]) -> list[bytes]:
    event = Event.parse(events[1])
    event.agent_name = "another"
    return [events[0], bytes(event), *events[2:]]


@pytest.mark.parametrize(
    ("change", "state", "chain", "faults"),
    [
        (lambda events: events, "verified", "complete", []),
        (lambda events: events[:-1], "open", "open", ["cut off"]),
        (altered, "broken", "broken", ["altered"]),
        (lambda events: [*events[:1], *events[2:]], "broken", "open", ["cut off", "missing"]),
        (lambda events: [*events, *named("x", session_id="a/b")], "unsealed", "complete", []),
        (lambda events: named("xy", session_id="a/b"), "unsealed", None, []),
        (lambda events: named("x"), "unsealed", None, []),
    ],
    ids=["whole", "cut off", "altered", "removed", "one unsealed", "unsealed", "no such session"],
)
def test_what_is_said_of_a_session(change: Any, state: str, chain: str | None, faults: list[str]) -> None:
    events = change(recorded())

    async def main() -> None:
        async with http_serving() as served:
            await keep(served, events)
            found = await json(served, "/api/sessions/a%2Fb/audit", tenant_id="acme")
            assert (found["state"], [each["kind"] for each in found["faults"]]) == (state, faults)
            assert (found["chains"][0]["state"] if found["chains"] else None) == chain
            assert (found["whole"], found["chains_unnamed"], found["faults_unnamed"]) == (True, 0, 0)
            if state == "broken":
                assert found["faults"][0]["event_id"] in [Event.parse(each).event_id for each in events]
            elsewhere = await json(served, "/api/sessions/a%2Fb/audit", tenant_id="other")
            assert (elsewhere["state"], elsewhere["events"]) == ("unsealed", 0)

    run(main())


def test_whether_the_events_of_a_session_are_in_the_log() -> None:
    async def main() -> None:
        async with http_serving() as served:
            await keep(served, recorded())
            log = (await json(served, "/api/sessions/a%2Fb/audit"))["log"]
            assert (log["state"], log["events"], log["logs"]) == ("not kept", 0, [])
        signing = LogSigning(SIGNER)
        async with http_serving(signing=signing) as served:
            events = recorded()
            await keep(served, events[:-1])
            await sign(served)
            await keep(served, events[-1:])
            found = await json(served, "/api/sessions/a%2Fb/audit", tenant_id="acme")
            here = {
                "tenant_id": "acme",
                "origin": f"{NAME}/tenant/acme",
                "checkpoint": len(events) - 1,
                "refused": None,
            }
            count = {"events": len(events), "covered": len(events) - 1}
            told = {"state": "waiting", **count, "whole": True, "logs": [{**here, **count}]}
            assert (found["state"], found["log"]) == ("verified", {**told, "faults": [], "faults_unnamed": 0})
            await sign(served)
            assert (await json(served, "/api/sessions/a%2Fb/audit"))["log"]["state"] == "logged"
            for elsewhere in ({"tenant_id": "other"}, {"project_id": "other"}):
                assert (await json(served, "/api/sessions/a%2Fb/audit", **elsewhere))["log"]["state"] == "empty"
            # One that is no longer what was logged.
            tree = served.store.log._trees["acme"]  # type: ignore[union-attr]
            tree.levels[0][0] ^= 1
            log = (await json(served, "/api/sessions/a%2Fb/audit"))["log"]
            assert log["state"] == "contradicted"
            first = Event.parse(events[0]).event_id
            assert {"kind": "altered", "event_id": first, "detail": "it is not what was logged when it came"} in log[
                "faults"
            ]
            tree.levels[0][0] ^= 1
            signing.refusals.refuse("acme", "it has 2 entries, and a checkpoint is of 9")
            log = (await json(served, "/api/sessions/a%2Fb/audit"))["log"]
            assert (log["state"], log["logs"][0]["refused"]) == (
                "refused",
                "it has 2 entries, and a checkpoint is of 9",
            )

    run(main())


def test_of_a_large_session_the_first_events_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    events = recorded()

    async def main() -> None:
        async with http_serving() as served:
            for bound, size in (("MAX_EVENTS", len(events) - 1), ("MAX_BYTES", sum(map(len, events)) - 1)):
                with monkeypatch.context() as patched:
                    patched.setattr(session_audit, bound, size)
                    await keep(served, events)
                    found = await json(served, "/api/sessions/a%2Fb/audit")
                    assert (found["state"], found["whole"], found["events"]) == ("unfinished", False, len(events) - 1)
            await served.store.delete(Deletion(Tenancy("acme")))
            await keep(served, altered(events))
            monkeypatch.setattr(session_audit, "MAX_EVENTS", len(events) - 1)
            assert (await json(served, "/api/sessions/a%2Fb/audit"))["state"] == "broken"
            assert Event.parse(events[-1]).type is EventType.SESSION_END

    run(main())


def test_a_log_is_read_while_it_grows() -> None:
    """Every checkpoint that a reader sees has grown out of the one before."""

    async def main() -> None:
        async with http_serving(signing=SIGNING) as served:
            await keep(served, named(["first"]))
            await sign(served)

            async def write() -> None:
                for number in range(40):
                    await keep(served, named(range(number * 7, number * 7 + 7)))
                    await sign(served)

            writing = asyncio.ensure_future(write())
            seen = read(await text(served, "/audit/checkpoint", tenant_id="acme"), "acme")
            while not writing.done():
                newest = read(await text(served, "/audit/checkpoint", tenant_id="acme"), "acme")
                found = await json(served, "/audit/consistency", from_=seen.size, to=newest.size, tenant_id="acme")
                path = [base64.b64decode(each) for each in found["hashes"]]
                verify_consistency(seen.size, newest.size, seen.root, newest.root, path)
                seen = newest
            await writing

    run(main())
