"""How many events ``chaukas-lite verify`` follows in a second in stores, from collectors, in logs; proofs of one event.

A collector's own seconds are not counted, as it is another process, on another machine most often.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import process_time

from benchmarks.measure import Row
from benchmarks.verifying import BAR, SECTION, SESSION, record, seconds
from chaukas_spec_lite.audit.keys import SigningKey
from chaukas_spec_lite.audit.merkle import prove_inclusion
from chaukas_spec_lite.audit.notes import Checkpoint, SignedNote
from chaukas_spec_lite.audit.origins import origin_of
from chaukas_spec_lite.audit.proofs import InclusionProof
from chaukas_spec_lite.cli.log_checks import included
from chaukas_spec_lite.collector.searched_text import searched_text
from chaukas_spec_lite.collector.skim import skim
from chaukas_spec_lite.collector.stores.event_log import hashes_for
from chaukas_spec_lite.collector.stores.sqlite.store import SQLiteStore
from chaukas_spec_lite.files import read_events

_TENANT = "acme"
_PART = 1000
_NAME = "example.com/log"


def rows(quick: bool) -> Iterator[Row]:
    """The store alone, with its log, through a collector, its log by HTTP; then proofs of single events."""
    sessions = 2_000 if quick else 12_500
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        key = SigningKey.generate(_NAME)
        (home / "log.pub").write_text(f"{key.verifier()}\n")
        _filled(home, "short", 1, key)
        events = _filled(home, "long", sessions, key)
        of = f"of {sessions * SESSION:,} events"
        yield from _rows_of_sources(home, sessions, of)
        yield _row_of_proofs(home, key, events[: 500 if quick else 2_000], of)


def _rows_of_sources(home: Path, sessions: int, of: str) -> Iterator[Row]:
    log = ("--tenant", _TENANT, "--key", str(home / "log.pub"))
    with _serving(home, "short") as short, _serving(home, "long") as long:
        asked = {
            "a store": [("--store", str(home / f"{each}.db")) for each in ("short", "long")],
            "a store and its log": [("--store", str(home / f"{each}.db"), *log) for each in ("short", "long")],
            "a collector, by gRPC": [("--endpoint", each["CHAUKAS_GRPC_ENDPOINT"]) for each in (short, long)],
            "a collector's log, by HTTP": [("--log", each["CHAUKAS_ENDPOINT"], *log) for each in (short, long)],
        }
        for name, (few, many) in asked.items():
            rate = _rate(few, many, (sessions - 1) * SESSION)
            yield Row(SECTION, f"events in a second, {name} {of}", rate, None, "/s", BAR, faster=True)


def _rate(few: Sequence[str], many: Sequence[str], difference: int, rounds: int = 3) -> float:
    times = [(seconds(*few), seconds(*many)) for _ in range(rounds)]
    least_few, least_many = (min(each) for each in zip(*times, strict=True))
    return difference / (least_many - least_few)


def _filled(home: Path, name: str, sessions: int, key: SigningKey) -> list[bytes]:
    """Make a store with a log, whose checkpoint is of all its events; return them."""
    # A file of its own: a collector notes beside it what was signed, and signs no other log of that name.
    key.write(home / f"{name}.key")
    recorded = home / f"{name}.delim"
    record(recorded, sessions)
    events = [bytes(each.event) for each in read_events(recorded)]

    async def work() -> None:
        store = SQLiteStore(home / f"{name}.db", texts=searched_text, log=True)
        await store.open()
        for start in range(0, len(events), _PART):
            await store.add([skim(each) for each in events[start : start + _PART]])
        assert store.log is not None
        head = await store.log.head(_TENANT)
        note = Checkpoint(origin_of(_NAME, _TENANT), head.size, head.root).note(key)
        await store.log.keep_checkpoint(_TENANT, head.size, str(note))
        await store.close()

    asyncio.run(work())
    return events


@contextmanager
def _serving(home: Path, name: str) -> Generator[dict[str, str], None, None]:
    """Run a collector; yields the variables that clients are told."""
    command = [sys.executable, "-m", "chaukas_spec_lite", "serve", "--store", str(home / f"{name}.db")]
    options = ["--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0", "--audit-key", str(home / f"{name}.key")]
    process = subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8", env=_environment()
    )
    assert process.stdout is not None
    try:
        said = ""
        for line in process.stdout:
            said += line
            if line.startswith("There are no keys"):
                break
        yield dict(re.findall(r"^    export (CHAUKAS_\w+)=(\S+)$", said, re.MULTILINE))
    finally:
        process.kill()
        process.communicate()


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("CHAUKAS_")}


def _row_of_proofs(home: Path, key: SigningKey, events: Sequence[bytes], of: str) -> Row:
    """Each with its signature, as the command does it: what takes longest is Ed25519, once for each."""

    async def proofs() -> list[str]:
        store = SQLiteStore(home / "long.db", texts=searched_text)
        await store.open()
        log = store.log
        assert log is not None
        size = (await log.head(_TENANT)).size
        note = (await log.checkpoints(_TENANT))[0].note
        found: list[str] = []
        for index in range(len(events)):
            path = await hashes_for(log, _TENANT, lambda hashes, at=index: prove_inclusion(hashes, at, size))
            found.append(str(InclusionProof(index, tuple(path), SignedNote.parse(note))))
        await store.close()
        return found

    texts, keys = asyncio.run(proofs()), [key.verifier()]
    began = process_time()
    for text, event in zip(texts, events, strict=True):
        included(text, event, _TENANT, keys)
    return Row(SECTION, f"proofs of one event in a second, {of}", len(events) / (process_time() - began), None, "/s")
