"""``chaukas-lite send``: files come into a collector as they are, also after an interruption, and refusals are told."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from chaukas_spec_lite import Event
from chaukas_spec_lite.cli.sending import FileSender
from chaukas_spec_lite.cli.sources import encoded_of
from chaukas_spec_lite.cli.takers import TellingTaker
from chaukas_spec_lite.client.settings import Settings
from chaukas_spec_lite.files import NoEvent
from tests.cli.recordings import RECORDING, forms, here, recorded, written
from tests.cli.serving import COMMAND, environment, run, serving
from tests.patience import HANG, without_slowness

EVENTS = recorded()
SENT = r"57 events sent \([\d,]+/s\)\.\n"


def stored(home: Path) -> dict[str, Event]:
    done = here(home, "query", "--store", "events.db", "--format", "delim", "--output", "stored.delim")
    assert done.returncode == 0
    events = recorded(home / "stored.delim")
    found = {each.event_id: each for each in events}
    assert len(found) == len(events)
    return found


@pytest.mark.parametrize("form", ["delim", "jsonl", "array", "openapi", "gzip"])
def test_files_of_every_form_are_sent_as_they_are(tmp_path: Path, form: str) -> None:
    (tmp_path / "f").write_bytes(forms(EVENTS)[form])
    with serving(tmp_path, "--store", "events.db") as served:
        done = here(tmp_path, "send", "--endpoint", served.grpc, "f")
        assert (done.returncode, done.stdout) == (0, "")
        assert re.fullmatch(SENT, done.stderr)
        # Sent twice, stored once.
        assert here(tmp_path, "send", "--endpoint", served.grpc, "f").returncode == 0
    assert stored(tmp_path) == {each.event_id: each for each in EVENTS}


def test_encoded_events_are_sent_byte_for_byte(tmp_path: Path) -> None:
    """In the order of their fields, too, whichever that is: nothing is encoded anew, not even the first one."""
    taken: list[bytes] = []

    class Taking:
        settings = Settings.load("127.0.0.1:1", environ={})

        async def send(self, encoded_events: Sequence[bytes], /) -> int:
            taken.extend(encoded_events)
            return 0

        async def ingest_event(self, event: bytes, /) -> None:
            raise AssertionError("nothing was rejected")

    odd = [bytes(Event(session_id="s", timestamp=EVENTS[0].timestamp)) + bytes(Event(event_id=name)) for name in "abc"]
    told: list[NoEvent] = []
    (tmp_path / "f").write_bytes(b"".join(bytes([len(each)]) + each for each in [*odd[:2], b"\x0a\x05", odd[2]]))

    async def send() -> None:
        sender = FileSender(TellingTaker(Taking()), HANG, lambda _: None)
        await sender.send(encoded_of(str(tmp_path / "f")), None, told.append)
        await sender.aclose()

    asyncio.run(send())
    assert [each.startswith(data) for each, data in zip(taken, odd, strict=True)] == [True] * 3
    # What is no event is told with its place, and not taken for one that was refused.
    (unread,) = told
    assert f"in the event at byte {2 * (len(odd[0]) + 1)}: " in str(unread.error)


def test_standard_input_is_sent(tmp_path: Path) -> None:
    with serving(tmp_path, "--store", "events.db") as served:
        text = written(EVENTS, "jsonl").decode()
        done = run(tmp_path, "send", "-", stdin=text, CHAUKAS_GRPC_ENDPOINT=served.grpc)
        assert (done.returncode, done.stdout) == (0, "")
        assert re.fullmatch(SENT, done.stderr)
    assert len(stored(tmp_path)) == len(EVENTS)


def test_events_without_an_id_are_stored_once_however_often_they_are_sent(tmp_path: Path) -> None:
    nameless = [Event(session_id="s", timestamp=EVENTS[0].timestamp) for _ in range(3)]
    (tmp_path / "f").write_bytes(written(nameless, "delim"))
    with serving(tmp_path, "--store", "events.db") as served:
        for _ in range(2):
            assert here(tmp_path, "send", "--endpoint", served.grpc, "f").returncode == 0
    assert len(stored(tmp_path)) == 3


def test_what_is_refused_is_told_and_holds_up_no_other(tmp_path: Path) -> None:
    large = Event(event_id="large", tenant_id="acme", metadata={"text": "x" * (17 << 20)})
    (tmp_path / "f").write_bytes(written([*EVENTS[:5], large, *EVENTS[5:]], "delim"))
    with serving(tmp_path, "--store", "events.db") as served:
        done = here(tmp_path, "send", "--endpoint", served.grpc, "f")
        assert done.returncode == 1
        assert re.match(SENT, done.stderr)
        assert "Refused: event large: " in done.stderr
        assert done.stderr.endswith("Error: 1 event was refused: 1 too_large\n")
    assert len(stored(tmp_path)) == len(EVENTS)


def test_what_is_no_event_is_told_and_holds_up_no_other(tmp_path: Path) -> None:
    lines = written(EVENTS, "jsonl").splitlines(keepends=True)
    (tmp_path / "f").write_bytes(b"".join([*lines[:9], b"{]\n", *lines[9:], lines[0][:50]]))
    with serving(tmp_path, "--store", "events.db") as served:
        done = here(tmp_path, "send", "--endpoint", served.grpc, "f")
    assert done.returncode == 1
    assert "Not read: f:10:2: " in done.stderr
    assert "Note: f:59:" in done.stderr
    assert re.search(SENT, done.stderr)
    assert len(stored(tmp_path)) == len(EVENTS)


def test_an_interrupted_command_goes_on_where_it_was(tmp_path: Path) -> None:
    events = [Event(event_id=f"e{number}", session_id="s", timestamp=EVENTS[0].timestamp) for number in range(40_000)]
    (tmp_path / "f").write_bytes(written(events, "delim"))
    with serving(tmp_path, "--store", "events.db") as served:
        command = [*COMMAND, "send", "--endpoint", served.grpc, "f"]
        process = subprocess.Popen(
            command, cwd=tmp_path, env=environment(tmp_path), stderr=subprocess.PIPE, encoding="utf-8"
        )
        try:
            deadline = time.monotonic() + HANG
            while not list(tmp_path.rglob("copy-*.json")):
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=HANG)
        finally:
            process.kill()
        assert (process.returncode, without_slowness(err).strip()) == (130, "interrupted")
        done = here(tmp_path, "send", "--endpoint", served.grpc, "f")
        assert done.returncode == 0
        told = re.fullmatch(r"([\d,]+) events sent \(.*\), ([\d,]+) events had been sent before\.\n", done.stderr)
        assert told, done.stderr
        sent, before = (int(each.replace(",", "")) for each in told.groups())
        assert before >= 4000
        assert sent + before == len(events)
        assert not list(tmp_path.rglob("copy-*.json"))
    assert len(stored(tmp_path)) == len(events)


def test_a_collector_that_is_not_there_is_told(tmp_path: Path) -> None:
    done = here(tmp_path, "send", "--endpoint", "127.0.0.1:9", "--patience", "0.2", RECORDING)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Error: nothing was taken for 0.2 seconds: " in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_is_not_there_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    with serving(tmp_path, "--store", "events.db") as served:
        done = here(tmp_path, "send", "--endpoint", served.grpc, RECORDING, "no.delim")
        assert (done.returncode, done.stderr) == (1, "Error: no.delim: No such file or directory\n")
    assert stored(tmp_path) == {}


def test_a_key_for_another_tenant_stores_nothing(tmp_path: Path) -> None:
    key = here(tmp_path, "keys", "add", "--keys", "keys.json", "--tenant", "other").stdout.strip()
    with serving(tmp_path, "--store", "events.db", "--keys", "keys.json") as served:
        done = here(tmp_path, "send", "--endpoint", served.grpc, RECORDING, CHAUKAS_API_KEY=key)
        assert done.returncode == 1
        assert done.stderr.count("Refused: event ") == 20
        assert re.search(r"Refused: event \S+: .*tenant", done.stderr)
        assert done.stderr.endswith("Error: 57 events were refused: 57 rejected\n")
        wrong = here(tmp_path, "send", "--endpoint", served.grpc, "--patience", "1", RECORDING, CHAUKAS_API_KEY="no")
        assert wrong.returncode == 1
        assert "Error: " in wrong.stderr
    assert stored(tmp_path) == {}
