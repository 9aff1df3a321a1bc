"""The audit trail on a store in PostgreSQL, by the commands of auditors: checks, bundles, witnesses, spoilt files."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaukas_spec_lite.audit.keys import COSIGNATURE
from chaukas_spec_lite.audit.merkle import leaf_hash
from tests.cli.logged import TENANT, add, key, sealed_events
from tests.cli.recordings import here
from tests.cli.test_audit_witness import checkpoint, collector, command, send
from tests.collector.stores.postgres_server import FAST, PostgresServer
from tests.patience import HANG

pytestmark = pytest.mark.stores

ASKED = ("--tenant", TENANT, "--key", "log.pub")
LOG = "example.com/log/tenant/acme"


def test_verify_and_export_on_a_database(database: str, tmp_path: Path) -> None:
    signer = key(tmp_path)
    (tmp_path / "old.txt").write_text(add(database, sealed_events(["s0"]), signer))
    add(database, sealed_events(["s1", "s2"], writer="w2"), signer, without="s1")
    asked = "--store", database, *ASKED, "--checkpoint", "old.txt"
    done = here(tmp_path, "verify", *asked)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "6 events in 2 chains of 2 writers",
        "2 complete, 0 without an end, 0 broken",
        f"log {LOG}: 9 entries, signed by example.com/log",
        "nothing has changed in its first 3 entries",
        "its tree was made anew of all entries, 3 of them without the event",
    ]
    script = [sys.executable, "-I", "-S", "verify.py", "--key", (tmp_path / "log.pub").read_text().strip()]
    for output, which, told in (
        ("bundle", (), "All 9 entries are those of the log: 6 with their events, 3 without."),
        ("session", ("--session", "s2"), "All 3 events are entries of it, of session s2."),
    ):
        done = here(tmp_path, "audit", "export", *asked, *which, "--output", output)
        assert done.returncode == 0, done.stderr
        verified = subprocess.run(
            script, cwd=tmp_path / output, capture_output=True, text=True, timeout=HANG, check=False
        )
        assert (verified.returncode, told in verified.stdout) == (0, True), verified.stderr
    assert '"why": "deleted ' in (tmp_path / "bundle" / "absent.jsonl").read_text()


def test_a_witness_cosigns_the_log_of_a_collector_on_a_database(database: str, tmp_path: Path) -> None:
    key(tmp_path)
    witness = key(tmp_path, "auditor.example/w", "w").verifier(COSIGNATURE)
    with collector(tmp_path, witness, database) as served:
        send(served, sealed_events(["s0"]), 3)
        done = here(tmp_path, *command(served))
        assert (done.returncode, "Cosigned: 3 entries" in done.stderr) == (0, True), done.stderr
        assert checkpoint(served).verify([witness]) == [witness]
        send(served, sealed_events(["s1"], writer="w2"), 6)
        done = here(tmp_path, *command(served))
        assert (done.returncode, "3 of them new" in done.stderr) == (0, True), done.stderr


class Spoiling:
    """A server whose files are spoilt while it is stopped, each time from the same whole ones."""

    def __init__(self, home: Path, checksums: bool) -> None:
        self.home = home
        self.checksums = checksums
        self.server = PostgresServer(FAST, checksums=checksums)
        self.address = self.server.address()
        signer = key(home)
        add(self.address, sealed_events(["s0", "s1"]), signer)
        tables = "SELECT pg_relation_filepath(oid) FROM pg_class WHERE relnamespace = 'chaukas'::regnamespace"
        # Those of the events and of their log: others are not what is verified.
        tables += " AND relkind = 'r' AND relname ~ '^(events_[0-9]+|log_leaves|logs|checkpoints)$'"
        names = self.server.run_sql(tables).splitlines()
        self.whole = self.server.folder.with_name("whole")
        self.server.rest()
        subprocess.run(["cp", "-a", self.server.folder, self.whole], check=True)
        self.files = {name: (self.whole / name).read_bytes() for name in names}

    def verified(self, name: str = "", place: int = 0) -> subprocess.CompletedProcess[str]:
        """Flip a byte, start the server on these files, and verify what it has."""
        shutil.rmtree(self.server.folder)
        subprocess.run(["cp", "-a", self.whole, self.server.folder], check=True)
        if name:
            with (self.server.folder / name).open("r+b") as file:
                file.seek(place)
                file.write(bytes([self.files[name][place] ^ 0x41]))
        self.server.start()
        try:
            return here(self.home, "verify", "--store", self.address, *ASKED)
        finally:
            self.server.rest()

    def place_of(self, content: bytes) -> tuple[str, int]:
        """Where some bytes stand, in which file."""
        ((name, place),) = [(name, data.index(content)) for name, data in self.files.items() if content in data]
        return name, place


@pytest.fixture(params=[False, True], ids=["without checksums", "with checksums"])
def spoiling(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Spoiling]:
    made = Spoiling(tmp_path, request.param)
    yield made
    made.server.stop()


def test_bytes_that_are_flipped_in_the_files_of_a_server_change_no_verdict(spoiling: Spoiling) -> None:
    """Whatever becomes of a byte, what was verified is what was logged, or the command says that it does not hold."""
    intact = spoiling.verified()
    assert (intact.returncode, intact.stderr) == (0, "")
    for name, data in spoiling.files.items():
        # Rows stand at the end of a page, one before the other; behind its head there is nothing else.
        used = [place for place in range(len(data)) if data[place]]
        for part in range(1, 2 if spoiling.checksums else 5) if used else ():
            place = used[part * (len(used) - 1) // 4]
            done = spoiling.verified(name, place)
            found = done.returncode, done.stdout
            assert done.returncode == 1 or found == (0, intact.stdout), (name, place, done.stderr)


def test_a_byte_of_an_event_a_hash_or_a_checkpoint_is_named(spoiling: Spoiling) -> None:
    """With checksums PostgreSQL finds it first, without them it is the log that does."""
    event = bytes(sealed_events(["s0"])[1])
    for content, why in {
        event: "entry 1, event 's0-1', is not what was logged",
        leaf_hash(event): "entry 1, event 's0-1', is not what was logged",
        LOG.encode(): "the log's newest checkpoint: ",
    }.items():
        name, place = spoiling.place_of(content)
        done = spoiling.verified(name, place + len(content) // 2)
        assert done.returncode == 1
        assert ("invalid page" if spoiling.checksums else why) in done.stderr
