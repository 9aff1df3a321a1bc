"""``chaukas-lite verify`` on a log: its tree, old checkpoints, single proofs; and what is done without the key."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import threading
from base64 import b64encode
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, cast

import pytest

from chaukas_spec_lite import Event
from chaukas_spec_lite.audit.entries_message import AbsentEntry, EntriesMessage
from chaukas_spec_lite.audit.keys import COSIGNATURE, SigningKey, VerifierKey
from chaukas_spec_lite.audit.merkle import leaf_hash, prove_inclusion, root_of
from chaukas_spec_lite.audit.notes import Checkpoint, SignedNote
from chaukas_spec_lite.audit.proofs import InclusionProof
from chaukas_spec_lite.cli.kept_events import KeptEvents
from chaukas_spec_lite.cli.log_checks import NotProvenError, included, read_keys, recompute, signed
from chaukas_spec_lite.cli.logs import HttpLog, LogUnavailableError, StoredLog, TenantPart, stored_log
from chaukas_spec_lite.cli.sources import store_source
from chaukas_spec_lite.cli.wanted import Wanted
from chaukas_spec_lite.collector.searched_text import searched_text
from chaukas_spec_lite.collector.stores.event_log import LogEntry, LogLeaves, hashes_for
from chaukas_spec_lite.collector.stores.opening import store_for
from tests.cli.logged import TENANT, add, key, sealed_events
from tests.cli.recordings import here
from tests.patience import HANG

STORED = ("verify", "--store", "events.db", "--tenant", TENANT, "--key", "log.pub")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A store with two sessions, and a checkpoint of each state."""
    signer = key(tmp_path)
    (tmp_path / "old.txt").write_text(add(tmp_path / "events.db", sealed_events(["s0"]), signer))
    (tmp_path / "new.txt").write_text(add(tmp_path / "events.db", sealed_events(["s1"], writer="w2"), signer))
    return tmp_path


def test_a_log_that_holds(home: Path) -> None:
    done = here(home, *STORED, "--checkpoint", "old.txt", "--checkpoint", "new.txt")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "6 events in 2 chains of 2 writers",
        "2 complete, 0 without an end, 0 broken",
        "log example.com/log/tenant/acme: 6 entries, signed by example.com/log",
        "nothing has changed in its first 3 entries",
        "nothing has changed in its first 6 entries",
        "its tree was made anew of all entries",
    ]
    report = json.loads(here(home, *STORED, "--checkpoint", "old.txt", "--format", "json").stdout)
    assert report["complete"]
    assert report["log"] == {
        "origin": "example.com/log/tenant/acme",
        "size": 6,
        "signers": ["example.com/log"],
        "absent": 0,
        "grown_from": [3],
        "error": "",
        "later": 0,
        "holds": True,
    }


def other_history(home: Path) -> str:
    """The whole history is written anew, by somebody who has the key: an old checkpoint finds it."""
    (home / "events.db").unlink()
    add(home / "events.db", sealed_events(["x0", "s1"]), SigningKey.read(home / "log.key"))
    return "the history of the log example.com/log/tenant/acme has changed"


def tail_cut(home: Path) -> str:
    shutil.copy(home / "new.txt", home / "old.txt")
    (home / "events.db").unlink()
    add(home / "events.db", sealed_events(["s0"]), SigningKey.read(home / "log.key"))
    return "has 3 entries, and had 6: its end is gone"


def signed_by_another(home: Path) -> str:
    """Somebody has the database, and not the key."""
    (home / "forger").mkdir()
    (home / "events.db").unlink()
    add(home / "events.db", sealed_events(["s0"]), key(home / "forger"))
    return "the log's newest checkpoint: it is not signed by whom it has to be: example.com/log"


def note_of_another_root(home: Path) -> str:
    other = home / "other"
    other.mkdir()
    note = add(other / "events.db", sealed_events(["x0", "x1"]), SigningKey.read(home / "log.key"))
    database = sqlite3.connect(home / "events.db")
    with database:
        assert database.execute("UPDATE checkpoints SET note = ? WHERE size = 6", (note,)).rowcount == 1
    database.close()
    return "has changed"


@pytest.mark.parametrize("tamper", [other_history, tail_cut, signed_by_another, note_of_another_root])
def test_another_history_is_found(home: Path, tamper: Callable[[Path], str]) -> None:
    why = tamper(home)
    done = here(home, *STORED, "--checkpoint", "old.txt", "--format", "json")
    assert done.returncode == 1
    assert why in done.stderr
    assert why in json.loads(done.stdout)["log"]["error"]


def test_an_event_that_is_changed_in_the_database_is_named(home: Path) -> None:
    database = sqlite3.connect(home / "events.db")
    with database:
        done = database.execute(
            "UPDATE events SET data = CAST(replace(CAST(data AS TEXT), 'shop', 'SHOP') AS BLOB) WHERE event_id = 's0-1'"
        )
        assert done.rowcount == 1
    database.close()
    found = here(home, *STORED, "--unsealed")
    assert found.returncode == 1
    assert "entry 1, event 's0-1', is not what was logged" in found.stderr


def test_an_event_that_is_put_into_the_database_past_the_log_is_found(home: Path) -> None:
    """Somebody with the database adds a session whose chain is whole, and leaves the log as it was."""
    database = sqlite3.connect(home / "events.db")
    tables = ["logs", "log_leaves", "log_nodes", "checkpoints"]
    before = {table: database.execute(f"SELECT * FROM {table}").fetchall() for table in tables}
    add(home / "events.db", sealed_events(["forged"], writer="w3"), None)
    with database:
        for table, rows in before.items():
            database.execute(f"DELETE FROM {table}")
            for row in rows:
                database.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
    database.close()
    for asked in ((), ("--session", "forged"), ("--open",)):
        done = here(home, *STORED, *asked)
        assert done.returncode == 1
        assert "3 events of the store came there past the log example.com/log/tenant/acme" in done.stderr
    assert here(home, *STORED, "--session", "s0").returncode == 0


def entries_that_changed_their_places(database: sqlite3.Connection) -> str:
    ((first, seqs),) = database.execute("SELECT first, seqs FROM log_leaves WHERE first = 3").fetchall()
    changed = seqs[8:16] + seqs[:8] + seqs[16:]
    database.execute("UPDATE log_leaves SET seqs = ? WHERE first = ?", (changed, first))
    return "entry 3, event 's1-1', is not what was logged"


def an_event_moved_to_another_tenant(database: sqlite3.Connection) -> str:
    """The log still leads to it: that it is not there is seen by its chain."""
    database.execute("INSERT INTO owners (owner, tenant_id, project_id) VALUES (77, 'other', 'shop')")
    assert database.execute("UPDATE events SET owner = 77 WHERE event_id = 's0-1'").rowcount == 1
    return "chains do not hold"


def an_event_that_is_there_twice(database: sqlite3.Connection) -> str:
    """In a project of its own, as ids are unique; the log has it once."""
    database.execute("INSERT INTO owners (owner, tenant_id, project_id) VALUES (78, 'acme', 'other')")
    columns = [name for _, name, *_ in database.execute("PRAGMA table_info(events)") if name not in ("seq", "owner")]
    listed = ", ".join(columns)
    database.execute(f"INSERT INTO events (owner, {listed}) SELECT 78, {listed} FROM events WHERE event_id = 's0-1'")
    return "1 event of the store came there past the log"


def an_event_written_as_text(database: sqlite3.Connection) -> str:
    assert database.execute("UPDATE events SET data = 'no event' WHERE event_id = 's0-1'").rowcount == 1
    return "entry 1, event 's0-1', is not what was logged"


@pytest.mark.parametrize(
    "tamper",
    [
        entries_that_changed_their_places,
        an_event_moved_to_another_tenant,
        an_event_that_is_there_twice,
        an_event_written_as_text,
    ],
)
def test_what_does_not_fit_the_log_is_named(home: Path, tamper: Callable[[sqlite3.Connection], str]) -> None:
    check_that_it_is_named(home, tamper)


def check_that_it_is_named(home: Path, tamper: Callable[[sqlite3.Connection], str]) -> None:
    database = sqlite3.connect(home / "events.db")
    with database:
        why = tamper(database)
    database.close()
    done = here(home, *STORED, "--unsealed")
    assert (done.returncode, why in done.stderr) == (1, True), done.stderr


@pytest.mark.parametrize("command", [("query",), ("tail", "--last", "9")])
def test_an_event_written_as_text_is_one_sentence(home: Path, command: tuple[str, ...]) -> None:
    database = sqlite3.connect(home / "events.db")
    with database:
        an_event_written_as_text(database)
    database.close()
    done = here(home, *command, "--store", "events.db")
    assert (done.returncode, done.stderr) == (1, "Error: Event: wire type 6 does not exist (at byte 0)\n")


def test_an_entry_that_does_not_lead_to_its_event_is_not_taken_for_a_deleted_one(home: Path) -> None:
    """Whoever spoils what leads from an entry to its event makes it look deleted; yet the event is there."""
    database = sqlite3.connect(home / "events.db")
    with database:
        spoil = "UPDATE log_leaves SET seqs = CAST(zeroblob(8) || substr(seqs, 9) AS BLOB) WHERE first = 3"
        assert database.execute(spoil).rowcount == 1
    database.close()
    done = here(home, *STORED, "--json")
    assert done.returncode == 1
    why = "entries of the log example.com/log/tenant/acme do not lead to their events, which are in the store: 3"
    assert why in done.stderr
    found = json.loads(done.stdout)["log"]
    assert (found["error"], found["absent"]) == (why, 0)


def test_an_event_that_was_deleted_and_came_again_is_no_entry_without_its_event(home: Path) -> None:
    (home / "events.db").unlink()
    signer = SigningKey.read(home / "log.key")
    add(home / "events.db", sealed_events(["s0", "s1"]), signer, without="s1")
    assert here(home, *STORED).returncode == 0
    add(home / "events.db", sealed_events(["s0", "s1"])[3:], signer)
    done = here(home, *STORED, "--json")
    assert (done.returncode, json.loads(done.stdout)["log"]["absent"]) == (0, 3)


def test_events_of_all_tenants_are_not_in_the_log_of_one(home: Path) -> None:
    add(home / "events.db", [Event(event_id="1")], SigningKey.read(home / "log.key"), tenant="")
    asked = "verify", "--store", "events.db", "--key", "log.pub", "--unsealed"
    done = here(home, *asked)
    assert done.returncode == 1
    assert "past the log example.com/log/tenant/; --tenant says whose events and log are meant" in done.stderr


def test_events_that_no_checkpoint_covers_yet_are_counted(home: Path) -> None:
    add(home / "events.db", sealed_events(["s2"], writer="w3"), None)
    done = here(home, *STORED)
    assert done.returncode == 1
    assert "3 events came after the log's newest checkpoint (--open allows it)" in done.stderr
    done = here(home, *STORED, "--open")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("3 events came after its newest checkpoint: nothing signs them so far\n")


def test_the_key_of_one_log_proves_nothing_of_another(home: Path) -> None:
    """Whoever reads two logs trusts two keys; the one who has the one key signs for the other's log."""
    other = key(home, "example.org/other", "other")
    old = SignedNote.parse((home / "old.txt").read_text())
    forged = SignedNote(old.text).sign(other)
    (home / "forged.txt").write_text(str(forged))
    done = here(home, *STORED, "--key", "other.pub", "--checkpoint", "forged.txt")
    assert done.returncode == 1
    why = "it is of the log example.com/log/tenant/acme, which is none of those that example.org/other signs for"
    assert f"forged.txt: {why}" in done.stderr
    # Nor does it help that a witness has the name of the log.
    witness = SigningKey.generate("example.com/log")
    keys = [other.verifier(), witness.verifier(COSIGNATURE)]
    with pytest.raises(NotProvenError, match="which is none of those"):
        signed(str(forged.cosign(witness, 1)), keys, "it")


def test_an_event_of_a_store_is_read_once_for_its_chain_and_the_log(home: Path) -> None:
    """Only entries that are not found by the number of an event are read, with what is there of their events."""
    add(home / "events.db", sealed_events(["s2"], writer="w3"), SigningKey.read(home / "log.key"), without="s1")

    async def read() -> None:
        kept, whole = KeptEvents(), 9
        async with store_source(str(home / "events.db")) as source:
            async for page in source.pages(Wanted()):
                kept.add(page.numbers, page.events)
        async with stored_log(str(home / "events.db"), TENANT, kept.known) as log:
            parts = [part async for part in log.parts(whole)]
        assert [(part.first, len(part.leaves), len(part.events)) for part in parts] == [(0, 3, 0), (3, 3, 3), (6, 3, 0)]
        assert [*parts[1].events] == [None] * 3
        assert not kept.unseen()
        async with stored_log(str(home / "events.db"), TENANT) as log:
            (part,) = [part async for part in log.parts(whole)]
        assert [data is None for data in part.events] == [False] * 3 + [True] * 3 + [False] * 3

    asyncio.run(read())


def test_an_event_that_is_there_twice_is_found_also_among_deleted_ones(home: Path) -> None:
    """Entries near those without their events are read, and compared by their hashes: each answers for one event."""
    signer = SigningKey.read(home / "log.key")
    (home / "events.db").unlink()
    add(home / "events.db", sealed_events(["x1"], writer="w3"), signer)
    add(home / "events.db", sealed_events(["s0"]), signer, without="x1")
    add(home / "events.db", sealed_events(["x2"], writer="w4"), signer, without="x2")
    check_that_it_is_named(home, an_event_that_is_there_twice)


def test_of_two_events_with_one_number_the_second_one_is_past_the_log() -> None:
    kept = KeptEvents()
    kept.add([1, 2, 2], [b"a", b"b", b"b"])
    kept.take(TenantPart(0, [leaf_hash(b"a"), leaf_hash(b"b")], [b"a", b"b"], {}))
    assert kept.unseen() == {leaf_hash(b"b"): 1}


class Changing:
    """The log of a database that shows another one to whoever reads it again."""

    async def leaves(self, tenant_id: str, first: int, limit: int) -> LogLeaves:
        return LogLeaves([leaf_hash(each) for each in (b"gone", b"forged", b"gone, too")], [1, 2, 3])

    async def entries(self, tenant_id: str, first: int, limit: int) -> list[LogEntry]:
        events = [None, b"true", None]
        return [LogEntry(n, leaf_hash(each or b"gone"), "", "", each) for n, each in enumerate(events)]


def test_an_event_is_in_the_log_only_by_an_entry_that_goes_into_the_tree() -> None:
    kept = KeptEvents()
    kept.add([2], [b"forged"])

    async def read() -> list[TenantPart]:
        return [part async for part in StoredLog(cast("Any", Changing()), TENANT, kept.known).parts(3)]

    for part in asyncio.run(read()):
        kept.take(part)
    assert kept.unseen() == {leaf_hash(b"forged"): 1}


def test_the_log_of_another_tenant_is_no_proof(home: Path) -> None:
    note = (home / "new.txt").read_text()
    database = sqlite3.connect(home / "events.db")
    with database:
        database.execute("UPDATE checkpoints SET note = ? WHERE size = 6", (note.replace("acme", "other"),))
    database.close()
    assert "the signature of example.com/log is not one of this text" in here(home, *STORED).stderr


# One proof


async def _proof(home: Path, index: int) -> str:
    store = store_for(str(home / "events.db"), texts=searched_text)
    await store.open()
    assert store.log is not None
    path = await hashes_for(store.log, TENANT, lambda hashes: prove_inclusion(hashes, index, 6))
    await store.close()
    return str(InclusionProof(index, tuple(path), SignedNote.parse((home / "new.txt").read_text())))


def test_the_signature_of_a_proof_is_checked_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of a proof takes as long."""
    checked: list[bytes] = []
    check = VerifierKey.has_signed

    def counted(self: VerifierKey, message: bytes, signature: bytes) -> bool:
        checked.append(signature)
        return check(self, message, signature)

    monkeypatch.setattr(VerifierKey, "has_signed", counted)
    known, text, event = read_keys([home / "log.pub"]), asyncio.run(_proof(home, 1)), bytes(sealed_events(["s0"])[1])
    assert included(text, event, TENANT, known)[0] == 1
    assert len(checked) == 1
    with pytest.raises(NotProvenError, match="root"):
        included(text, event + b"x", TENANT, known)


def one(home: Path, event: Event, name: str = "event.delim") -> None:
    data = bytes(event)
    (home / name).write_bytes(bytes([len(data) & 127 | 128, len(data) >> 7]) + data)


def test_a_proof_of_one_event(home: Path) -> None:
    events = sealed_events(["s0"])
    (home / "p.tlog-proof").write_text(asyncio.run(_proof(home, 1)))
    one(home, events[1])
    command = "verify", "--proof", "p.tlog-proof", "--key", "log.pub"
    done = here(home, *command, "event.delim")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "event s0-1 is entry 1 of 6 of the log example.com/log/tenant/acme\n"
    report = json.loads(here(home, *command, "--format", "json", "event.delim").stdout)["proof"]
    assert (report["holds"], report["index"], report["size"], report["error"]) == (True, 1, 6, "")
    one(home, events[2], "other.delim")
    done = here(home, *command, "--format", "json", "other.delim")
    assert done.returncode == 1
    assert "not verified: p.tlog-proof: the entry is not number 1 of the tree of 6 entries" in done.stderr
    assert not json.loads(done.stdout)["proof"]["holds"]


def test_a_proof_for_another_tenant_is_none(home: Path) -> None:
    event = sealed_events(["s0"])[0]
    event.tenant_id = "other"
    add(home / "events.db", [event], None)
    (home / "p.tlog-proof").write_text(asyncio.run(_proof(home, 0)))
    one(home, event)
    done = here(home, "verify", "--proof", "p.tlog-proof", "--key", "log.pub", "event.delim")
    assert done.returncode == 1
    assert "of the log example.com/log/tenant/acme, which is not that of tenant 'other'" in done.stderr
    done = here(home, "verify", "--proof", "p.tlog-proof", "--key", "log.pub", "--tenant", TENANT, "event.delim")
    assert done.returncode == 1
    assert "the event is of tenant 'other', not 'acme'" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--log", "http://127.0.0.1:1", "--store", "events.db"], "both say where the events are"),
        (["--log", "http://127.0.0.1:1"], "name the log's key with --key"),
        (["--proof", "new.txt", "--key", "log.pub"], "--proof is of the event in one FILE"),
        (["--checkpoint", "old.txt", "--key", "log.pub", "events.delim"], "--checkpoint is of a log"),
        (["--key", "log.pub", "events.delim"], "--key is of a log"),
        (["--log", "http://127.0.0.1:1", "--key", "log.pub", "--session", "s0"], "no condition but --tenant"),
        (["--proof", "new.txt", "--key", "log.pub", "--project", "shop", "events.delim"], "no condition but --tenant"),
    ],
)
def test_what_makes_no_sense_is_said(home: Path, arguments: list[str], why: str) -> None:
    done = here(home, "verify", *arguments)
    assert (done.returncode, why in done.stderr) == (2, True), done.stderr


def test_keys_that_are_none(home: Path) -> None:
    done = here(home, "verify", "--store", "events.db", "--key", "log.key")
    assert done.returncode == 1
    assert "log.key holds a secret key" in done.stderr
    (home / "empty").touch()
    assert "empty holds no key" in here(home, "verify", "--store", "events.db", "--key", "empty").stderr


class Answering(HttpLog):
    """A log that answers everything alike."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__("http://log.example")
        self._answer = answer

    def _open(self, *asked: object, **more: object) -> tuple[bytes, str]:
        return json.dumps(self._answer).encode(), "application/json"


def test_entries_behind_those_that_are_signed_are_not_taken() -> None:
    """A collector sends more than was asked for, with chains that are whole."""
    own = [bytes(each) for each in sealed_events(["s0"])]
    entries = [
        {"index": index, "leaf": b64encode(leaf_hash(data)).decode(), "data": b64encode(data).decode(),
         "deleted": None, "project_id": "", "event_id": ""}
        for index, data in enumerate([*own, *map(bytes, sealed_events(["forged"], writer="w2"))])
    ]  # fmt: skip
    signer, taken = SigningKey.generate("example.com/log"), list[int]()
    checkpoint = Checkpoint("example.com/log/tenant/acme", 3, root_of(map(leaf_hash, own)))
    found = signed(str(checkpoint.note(signer)), [signer.verifier()], "it")

    async def check(answer: dict[str, Any]) -> None:
        log = Answering(answer)
        await recompute(log, found, [], lambda part: taken.extend(entry.index for entry in part.entries()))

    asyncio.run(check({"entries": entries[:3]}))
    with pytest.raises(LogUnavailableError, match="more entries came than the 3 that were asked for"):
        asyncio.run(check({"entries": entries}))
    assert taken == [0, 1, 2]


class AnsweringEncoded(HttpLog):
    """A collector that answers with messages, whatever was asked for."""

    def __init__(self, *messages: EntriesMessage | bytes) -> None:
        super().__init__("http://log.example")
        self._messages = iter(messages)

    def _open(self, *asked: object, **more: object) -> tuple[bytes, str]:
        message = next(self._messages)
        return message if isinstance(message, bytes) else message.encoded(), "application/x-protobuf"


def entries_message(first: int, *events: bytes | None) -> EntriesMessage:
    absent = [AbsentEntry(place, hidden=True) for place, each in enumerate(events) if each is None]
    leaves = [leaf_hash(each or b"hidden") for each in events]
    return EntriesMessage("example.com/log/tenant/acme", 9, first, None, leaves, events, absent)


def test_entries_come_as_messages_of_any_size() -> None:
    log = AnsweringEncoded(entries_message(0, b"a", None), entries_message(2, b"b"))

    async def all_of() -> list[tuple[int, bytes | None, str]]:
        return [(e.index, e.data, e.why) async for part in log.parts(3) for e in part.entries()]

    assert asyncio.run(all_of()) == [(0, b"a", ""), (1, None, "not shown to this key"), (2, b"b", "")]


def test_an_entry_that_is_another_is_told_also_if_nobody_answers_any_more() -> None:
    """It takes another question to say which event it is of."""

    class Silent(AnsweringEncoded):
        async def event_id(self, index: int) -> str:
            raise LogUnavailableError("no answer")

    signer = SigningKey.generate("example.com/log")
    checkpoint = Checkpoint("example.com/log/tenant/acme", 1, root_of([leaf_hash(b"true")]))
    found = signed(str(checkpoint.note(signer)), [signer.verifier()], "it")
    log = Silent(EntriesMessage(checkpoint.origin, 1, 0, None, [leaf_hash(b"true")], [b"forged"], []))
    with pytest.raises(NotProvenError, match="entry 0, event '', is not what was logged"):
        asyncio.run(recompute(log, found, [], lambda part: None))


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (entries_message(5, b"a"), "entry 5 came in the place of 0"),
        (entries_message(0), "the log ends before entry 0 of 2"),
        (entries_message(0, b"a", b"b", b"c"), "more entries came than the 2 that were asked for"),
        (b"no message", "entries cannot be read"),
    ],
)
def test_a_message_of_other_entries_is_refused(message: EntriesMessage | bytes, why: str) -> None:
    async def ask() -> None:
        async for _ in AnsweringEncoded(message).parts(2):
            pass

    with pytest.raises(LogUnavailableError, match=why):
        asyncio.run(ask())


@pytest.mark.parametrize(("length", "why"), [("7", "the answer was cut off"), ("3", "")])
def test_an_answer_that_is_cut_off_is_none(length: str, why: str) -> None:
    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", length)
            self.end_headers()
            self.wfile.write(b"abc")

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Door) as door:
        asking = threading.Thread(target=door.handle_request)
        asking.start()
        log = HttpLog(f"http://127.0.0.1:{door.server_port}")
        if why:
            with pytest.raises(LogUnavailableError, match=why):
                asyncio.run(log.checkpoint())
        else:
            assert asyncio.run(log.checkpoint()) == "abc"
        asking.join(HANG)


def test_a_file_that_is_no_text_is_no_checkpoint(home: Path) -> None:
    (home / "old.txt").write_bytes(b"\xff\xfe")
    done = here(home, *STORED, "--checkpoint", "old.txt")
    assert (done.returncode, done.stderr.startswith("Error: old.txt: a note has an empty line")) == (1, True)


def test_of_the_checkpoints_beside_a_key_that_of_the_tenant_is_meant(home: Path) -> None:
    """A collector writes them one behind the other, of all logs."""
    other = add(
        home / "events.db", sealed_events(["s0"], writer="w3"), SigningKey.read(home / "log.key"), tenant="other"
    )
    stranger = signed_by_other(home)
    (home / "log.key.state").write_text(stranger + other + (home / "old.txt").read_text())
    done = here(home, *STORED, "--checkpoint", "log.key.state")
    assert (done.returncode, done.stderr) == (0, "")
    assert "nothing has changed in its first 3 entries" in done.stdout
    done = here(home, "verify", "--store", "events.db", "--tenant", "nobody", "--key", "log.pub", "--checkpoint",
                "log.key.state")  # fmt: skip
    assert done.returncode == 1
    assert "log.key.state has checkpoints of 3 logs, and none of that of tenant 'nobody'" in done.stderr


def signed_by_other(home: Path) -> str:
    """A checkpoint of the same tenant's log at another collector."""
    stranger = key(home, "example.com/other", "stranger")
    return str(Checkpoint("example.com/other/tenant/acme", 0, root_of([])).note(stranger))


@pytest.mark.parametrize("size", [0, 31, 64])
def test_what_is_no_hash_is_not_taken_for_one(size: int) -> None:
    """Two hashes that stand for each other in a tree could be cut at another place."""
    text = b64encode(bytes(size)).decode()
    with pytest.raises(LogUnavailableError, match="something else than hashes"):
        asyncio.run(Answering({"hashes": [text]}).consistency(1, 2))

    async def read() -> None:
        entry = {"index": 0, "leaf": text, "data": None, "deleted": None, "project_id": "", "event_id": ""}
        async for _ in Answering({"entries": [entry]}).parts(1):
            pass

    with pytest.raises(LogUnavailableError, match=f"a hash of {size} bytes"):
        asyncio.run(read())


def test_nobody_at_the_address(home: Path) -> None:
    done = here(home, "verify", "--log", "http://127.0.0.1:1", "--key", "log.pub")
    assert done.returncode == 1
    assert "http://127.0.0.1:1/audit/checkpoint: " in done.stderr


def test_which_file_holds_no_key(tmp_path: Path) -> None:
    signer = key(tmp_path)
    (tmp_path / "old.txt").write_text(add(tmp_path / "events.db", sealed_events(["s0"]), signer))
    done = here(tmp_path, "verify", "--store", "events.db", "--tenant", "acme", "--key", "log.pub", "--key", "old.txt")
    assert done.returncode == 1
    assert "old.txt" in done.stderr


@pytest.mark.parametrize("whose", ["tenant_id = 'elsewhere'", "tenant_id = ''"])
def test_events_that_were_moved_to_another_tenant_are_missed(tmp_path: Path, whose: str) -> None:
    """Their entries lead to them, but whoever asks for the tenant's events does not get them."""
    signer = key(tmp_path)
    add(tmp_path / "events.db", sealed_events(["s0", "s1"]), signer)
    asked = ("verify", "--store", "events.db", "--tenant", "acme", "--key", "log.pub")
    assert here(tmp_path, *asked).returncode == 0
    database = sqlite3.connect(tmp_path / "events.db")
    with database:
        (owner,) = database.execute("SELECT owner FROM owners WHERE tenant_id = 'acme'").fetchone()
        database.execute("INSERT INTO owners SELECT owner + 1, tenant_id, 'p2', 3, 0 FROM owners")
        database.execute(f"UPDATE owners SET {whose} WHERE owner = {owner} + 1")
        database.execute("UPDATE events SET owner = owner + 1 WHERE session_id = 's1'")
    database.close()
    done = here(tmp_path, *asked)
    assert done.returncode == 1, done.stdout
    assert "are not those of its tenant, as the store has them: entries 3, 4, 5" in done.stderr
    assert here(tmp_path, *asked, "--session", "s0").returncode == 0
