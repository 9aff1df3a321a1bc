"""``chaukas-lite audit witness`` against a real collector: it cosigns what grows, and nothing else."""

from __future__ import annotations

import asyncio
import json
import subprocess
import threading
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from chaukas_spec_lite import BlockingChaukasClient, Event
from chaukas_spec_lite.audit.keys import COSIGNATURE, SigningKey, VerifierKey
from chaukas_spec_lite.audit.merkle import node_hash
from chaukas_spec_lite.audit.notes import Checkpoint, SignedNote
from chaukas_spec_lite.cli.audit import witnessing
from chaukas_spec_lite.cli.audit.witnessing import StateInUseError
from chaukas_spec_lite.cli.log_checks import RewrittenError
from chaukas_spec_lite.cli.logs import HttpLog
from tests.cli.logged import TENANT, add, key, sealed_events
from tests.cli.recordings import here
from tests.cli.serving import COMMAND, Served, environment, serving
from tests.patience import HANG

TENANT_LOG = "example.com/log/tenant/acme"


@contextmanager
def collector(home: Path, witness: VerifierKey, store: str = "events.db", port: str = "0") -> Iterator[Served]:
    with serving(
        home,
        "--store",
        store,
        "--audit-key",
        "log.key",
        "--witness-key",
        str(witness),
        "--checkpoint-seconds",
        "0.1s",
        "--http",
        f"127.0.0.1:{port}",
    ) as served:
        yield served


def url(served: Served) -> str:
    return served.clients["CHAUKAS_ENDPOINT"]


def checkpoint(served: Served) -> SignedNote:
    with urllib.request.urlopen(f"{url(served)}/audit/checkpoint?tenant_id={TENANT}", timeout=HANG) as answer:
        return SignedNote.parse(answer.read().decode())


def send(served: Served, events: list[Event], size: int) -> None:
    """Send events, and wait until a checkpoint covers all."""
    with BlockingChaukasClient(served.grpc) as client:
        client.ingest_events(events)
    give_up = time.monotonic() + HANG
    while time.monotonic() < give_up:
        try:
            if Checkpoint.of(checkpoint(served)).size == size:
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise AssertionError("no checkpoint covers the events")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    key(tmp_path)
    key(tmp_path, "auditor.example/w", "w")
    return tmp_path


def command(served: Served) -> tuple[str, ...]:
    return ("audit", "witness", url(served), "--tenant", TENANT, "--key", "w.key", "--log-key", "log.pub",
            "--state", "acme.state")  # fmt: skip


def test_a_log_that_grows_is_cosigned_and_a_rewritten_one_is_not(home: Path) -> None:
    witness = SigningKey.read(home / "w.key").verifier(COSIGNATURE)
    with collector(home, witness) as served:
        send(served, sealed_events(["s0"]), 3)
        done = here(home, *command(served))
        assert (done.returncode, "acme.state is new" in done.stderr) == (0, True), done.stderr
        assert checkpoint(served).verify([witness]) == [witness]
        send(served, sealed_events(["s1"], writer="w2"), 6)
        done = here(home, *command(served))
        assert done.returncode == 0
        assert done.stderr == f"Cosigned: 6 entries of the log {TENANT_LOG}, 3 of them new.\n"
        seen = (home / "acme.state").read_text()
        # The whole log, and an old checkpoint, from the outside.
        verify = "verify", "--log", url(served), "--tenant", TENANT, "--key", "log.pub"
        done = here(home, *verify)
        assert (done.returncode, done.stderr) == (0, "")
        assert "2 complete, 0 without an end, 0 broken" in done.stdout
        assert done.stdout.endswith("its tree was made anew of all entries\n")
        done = here(home, *verify, "--checkpoint", "acme.state", "--format", "json")
        assert (done.returncode, json.loads(done.stdout)["log"]["grown_from"]) == (0, [6])
        done = here(home, "audit", "export", "--log", url(served), "--tenant", TENANT, "--key", "log.pub",
                    "--output", "bundle")  # fmt: skip
        assert done.returncode == 0, done.stderr
    # The operator, who has the key and what stands beside it, begins a new history with as many events, and more.
    (home / "log.key.state").unlink()
    with collector(home, witness, "rewritten.db") as served:
        send(served, sealed_events(["x0", "x1", "x2"]), 9)
        done = here(home, *command(served))
        assert done.returncode == 1
        assert f"the history of the log {TENANT_LOG} has changed" in done.stderr
        assert len(checkpoint(served).signatures) == 1
        assert (home / "acme.state").read_text() == seen
        evidence = {path.read_text() for path in home.glob("acme.state.evidence-*")}
        assert {Checkpoint.of(SignedNote.parse(note)).size for note in evidence} == {6, 9}
        done = here(home, "verify", "--log", url(served), "--tenant", TENANT, "--key", "log.pub",
                    "--checkpoint", "acme.state")  # fmt: skip
        assert done.returncode == 1
        assert f"the history of the log {TENANT_LOG} has changed" in done.stderr


class FakeLog(HttpLog):
    """A log whose checkpoint is a text, and which takes cosignatures."""

    def __init__(self, note: str) -> None:
        super().__init__("http://127.0.0.1:1")
        self.note = note
        self.got: list[str] = []
        self.state_then = ""
        self.state: Path | None = None

    async def checkpoint(self) -> str:
        return self.note

    def cosigned(self, note: str) -> str:
        self.got.append(note)
        assert self.state is not None
        self.state_then = self.state.read_text()
        return note


def test_the_state_is_written_before_the_cosignature_goes_out(home: Path) -> None:
    signer, witness = SigningKey.read(home / "log.key"), SigningKey.read(home / "w.key")
    log = FakeLog(add(home / "events.db", sealed_events(["s0"]), signer))
    log.state = home / "state"
    seen = witnessing.Witness(witness, [signer.verifier()], log.state, TENANT)
    asyncio.run(seen.round(log, lambda: 1000.9))
    assert log.state_then == log.note
    assert log.got == [str(SignedNote.parse(log.note).cosign(witness, 1000))]


def seen_of_6(home: Path) -> tuple[FakeLog, witnessing.Witness, str]:
    """A log of six entries, a witness that has cosigned it, and the log's checkpoint from when it had three."""
    signer, witness = SigningKey.read(home / "log.key"), SigningKey.read(home / "w.key")
    older = add(home / "events.db", sealed_events(["s0"]), signer)
    log = FakeLog(add(home / "events.db", sealed_events(["s1"]), signer))
    log.state = home / "state"
    seen = witnessing.Witness(witness, [signer.verifier()], log.state, None)
    asyncio.run(seen.round(log, lambda: 1000.0))
    return log, seen, older


def test_a_log_that_has_lost_its_end_is_refused(home: Path) -> None:
    log, seen, short = seen_of_6(home)
    log.note = short
    with pytest.raises(RewrittenError, match=r"has 3 entries, and had 6: its end is gone. It was not cosigned."):
        asyncio.run(seen.round(log, lambda: 1001.0))
    assert len(log.got) == 1


def test_a_state_that_is_taken_away_makes_a_witness_that_runs_forget_nothing(home: Path) -> None:
    log, seen, older = seen_of_6(home)
    assert log.state is not None
    true = log.note
    for log.note, put_there in ((older, None), (older, older)):
        log.state.unlink(missing_ok=True)
        if put_there is not None:
            log.state.write_text(put_there)
        with pytest.raises(RewrittenError, match="has 3 entries, and had 6"):
            asyncio.run(seen.round(log, lambda: 1001.0))
    log.note = true
    log.state.unlink()
    found = asyncio.run(seen.round(log, lambda: 1002.0))
    assert (found.was_gone, len(log.got), log.state.read_text()) == (True, 2, true)


@contextmanager
def watching(home: Path, served: Served) -> Iterator[Iterator[str]]:
    """A witness that looks again and again; yields what it says, line by line."""
    process = subprocess.Popen(
        [*COMMAND, *command(served), "--every", "0.1s"],
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=environment(home),
        cwd=home,
    )
    assert process.stderr is not None
    hung = threading.Timer(HANG, process.kill)
    hung.start()
    try:
        yield iter(process.stderr.readline, "")
        assert process.wait(HANG) == 1
    finally:
        hung.cancel()
        process.kill()
        process.communicate(timeout=HANG)


def test_a_witness_that_goes_on_outlasts_its_collector_and_a_deleted_state(home: Path) -> None:
    witness = SigningKey.read(home / "w.key").verifier(COSIGNATURE)
    with ExitStack() as running:
        with collector(home, witness) as served:
            send(served, sealed_events(["s0"]), 3)
            lines = running.enter_context(watching(home, served))
            assert next(lines).startswith(f"Cosigned: 3 entries of the log {TENANT_LOG}. acme.state is new")
            send(served, sealed_events(["s1"], writer="w2"), 6)
            assert any("6 entries" in line and "3 of them new" in line for line in lines)
            assert checkpoint(served).verify([witness]) == [witness]
            for line in lines:  # Once may not do: a round that has read it already writes it anew.
                if "acme.state was taken away" in line:
                    break
                (home / "acme.state").unlink(missing_ok=True)
            port = url(served).rpartition(":")[2]
        assert any("Not cosigned, to be tried again" in line for line in lines)
        (home / "acme.state").unlink()
        (home / "log.key.state").unlink()
        # The operator, who has the key, begins a new history, and has deleted what both have kept of the old one.
        with collector(home, witness, "rewritten.db", port) as served:
            send(served, sealed_events(["x0", "x1", "x2"]), 9)
            assert any(f"the history of the log {TENANT_LOG} has changed" in line for line in lines)
            running.close()
            assert len(checkpoint(served).signatures) == 1


class SlowLog(FakeLog):
    """A log that shows another history to somebody else while it is asked for a proof."""

    def __init__(self, note: str, meanwhile: Callable[[], Awaitable[None]]) -> None:
        super().__init__(note)
        self._meanwhile = meanwhile

    async def consistency(self, old_size: int, size: int) -> list[bytes]:
        await self._meanwhile()
        return [bytes(32)]


def test_two_witnesses_at_once_do_not_cosign_two_histories(home: Path) -> None:
    signer, witness = SigningKey.read(home / "log.key"), SigningKey.read(home / "w.key")
    leaf = bytes(32)
    notes = [
        str(Checkpoint(TENANT_LOG, size, root).note(signer))
        for size, root in ((1, leaf), (2, node_hash(leaf, leaf)), (2, node_hash(leaf, b"1" * 32)))
    ]
    keys = [signer.verifier()]
    state = home / "state"
    state.write_text(notes[0])

    async def another_looks() -> None:
        other = SlowLog(notes[2], nothing)
        other.state = state
        with pytest.raises(StateInUseError, match="another witness is using"):
            await witnessing.Witness(witness, keys, state, TENANT).round(other, lambda: 1000.0)
        assert other.got == []

    async def nothing() -> None:
        pass

    log = SlowLog(notes[1], another_looks)
    log.state = state
    asyncio.run(witnessing.Witness(witness, keys, state, TENANT).round(log, lambda: 1001.0))
    assert len(log.got) == 1
    assert state.read_text() == notes[1]
    # Then it is free again.
    log = SlowLog(notes[1], nothing)
    log.state = state
    asyncio.run(witnessing.Witness(witness, keys, state, TENANT).round(log, lambda: 1002.0))


def test_a_collector_that_is_not_there(home: Path) -> None:
    done = here(home, "audit", "witness", "http://127.0.0.1:1", "--key", "w.key", "--log-key", "log.pub",
                "--state", "acme.state")  # fmt: skip
    assert done.returncode == 1
    assert not (home / "acme.state").exists()
