"""To whom it is told that a process was killed before it closed its chains: to each owner of any of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chaukas_spec_lite import BlockingExporter, Event
from chaukas_spec_lite.audit.chain import MAX_OWNERS, Chains, Unsealed
from chaukas_spec_lite.audit.verification import FaultKind, verify
from chaukas_spec_lite.export import chain_notes
from tests.export.programs import run
from tests.patience import HANG


def written(path: Path) -> list[bytes]:
    """What programs have written, each event behind its length."""
    found: list[bytes] = []
    data = path.read_bytes()
    while data:
        size = int.from_bytes(data[:4], "big")
        found.append(data[4 : 4 + size])
        data = data[4 + size :]
    return found


@pytest.mark.parametrize("waiting", [0, 1])
def test_whose_tenant_an_interruption_is_of(tmp_path: Path, waiting: int) -> None:
    """A tenant's log, or ``verify --tenant``, has to have it beside the chains that it speaks of."""
    spool, left = tmp_path / "spool", tmp_path / "sent.bin"
    run(
        """
        spool, path, waiting = sys.argv[1:]
        class Sender:
            async def send(self, events):
                with open(path, "ab") as file:
                    for event in events:
                        file.write(len(bytes(event)).to_bytes(4, "big") + bytes(event))
        exporter = BlockingExporter(Sender(), spool=spool, audit=True)
        exporter.emit(Event(session_id="s", tenant_id="acme", project_id="shop"))
        assert exporter.flush(HANG)
        Sender.send = None  # the rest waits
        for _ in range(int(waiting)):
            exporter.emit(Event(session_id="s", tenant_id="acme", project_id="shop"))
        os.kill(os.getpid(), signal.SIGKILL)
        """,
        spool,
        left,
        waiting,
        status=-9,
    )
    sent = written(left)

    class Sender:
        async def send(self, events: Any) -> None:
            sent.extend(map(bytes, events))

    with BlockingExporter(Sender(), spool=spool, audit=True) as exporter:
        assert exporter.flush(HANG)
    of_acme = [data for data in sent if Event.parse(data).tenant_id == "acme"]
    assert [fault.kind for fault in verify(sent).faults] == [FaultKind.INTERRUPTED]
    assert [fault.kind for fault in verify(of_acme).faults] == [FaultKind.INTERRUPTED]


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
