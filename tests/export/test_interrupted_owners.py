"""To whom it is told that a process was killed before it closed its chains: to each owner of any of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chaukas_spec_lite import BlockingExporter, Event
from chaukas_spec_lite.audit.chain import MAX_OWNERS, Chains, Unsealed
from chaukas_spec_lite.audit.verification import verify
from chaukas_spec_lite.export import chain_notes
from chaukas_spec_lite.spool.log import Log
from tests.export.programs import run
from tests.patience import HANG

OWNERS = [("acme", "shop"), ("acme", "help"), ("", ""), ("beta \u00e9", 'p"\n')]


@pytest.mark.parametrize("encoded", [False, True])
def test_each_owner_is_told_and_nobody_else(tmp_path: Path, encoded: bool) -> None:
    """Also those that come when the log has a note already, and the log was closed in between as all was sent."""
    run(
        """
        import json
        spool, owners, encoded = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3] == "True"
        class Sender:
            async def send(self, events): pass
        exporter = BlockingExporter(Sender(), spool=spool, audit=True)
        def emit(session, tenant, project, kind=EventType.SYSTEM):
            event = Event(session_id=session, tenant_id=tenant, project_id=project, type=kind)
            exporter.emit(bytes(event) if encoded else event)
        emit("closed", *owners[0])
        emit("closed", *owners[0], EventType.SESSION_END)
        assert exporter.flush(HANG)
        for number, owner in enumerate(owners):
            emit(f"s{number}", *owner)
            assert exporter.flush(HANG)
        os.kill(os.getpid(), signal.SIGKILL)
        """,
        tmp_path,
        json.dumps(OWNERS),
        encoded,
        status=-9,
    )
    sent: list[Event] = []

    class Sender:
        async def send(self, events: Any) -> None:
            sent.extend(Event.parse(bytes(each)) for each in events)

    with BlockingExporter(Sender(), spool=tmp_path, audit=True) as exporter:
        assert exporter.flush(HANG)
    assert sorted((each.tenant_id, each.project_id) for each in sent) == sorted(OWNERS)
    assert len({each.session_id for each in sent}) == 1
    assert verify(sent).complete
    assert not [*tmp_path.glob("log-*")]


def test_a_note_that_is_damaged_tells_what_it_can() -> None:
    """Of a full disk, its last line may be there in part, with others behind it."""
    assert chain_notes.parsed(b"w" + chain_notes.encoded(OWNERS)) == ("w", OWNERS)
    assert chain_notes.parsed(b'w\n["acme", "sh\n["beta", "x"]\n[1, 2]\n7\n') == ("w", [("beta", "x")])
    assert chain_notes.parsed(b"w") == ("w", [("", "")])


def test_no_more_owners_are_remembered_than_a_hundred() -> None:
    chains = Chains("w")
    for number in range(300):
        chains.next(Unsealed(b"", b"", f"s{number}", (f"t{number}", ""), closes=False))
        chains.advance()
    assert chains.owners == tuple((f"t{number}", "") for number in range(MAX_OWNERS))


def test_what_is_put_behind_a_note_that_was_read_already_tells_nothing(tmp_path: Path) -> None:
    log = Log.make(tmp_path, chain_notes.encoded(OWNERS))
    log.append([bytes(Event(event_id="e"))])
    log.close()
    sent: list[bytes] = []

    class Sender:
        async def send(self, events: Any) -> None:
            sent.extend(map(bytes, events))

    with BlockingExporter(Sender(), spool=tmp_path) as exporter:
        assert exporter.flush(HANG)
    assert [Event.parse(each).event_id for each in sent] == ["e"]
    assert not [*tmp_path.glob("log-*")]
