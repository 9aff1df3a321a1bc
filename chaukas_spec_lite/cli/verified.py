"""What ``verify`` has found, and how it is told: to people, to programs, by the exit status."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from chaukas_spec_lite.audit.verification import FaultKind
from chaukas_spec_lite.cli.terminal import count
from chaukas_spec_lite.printable import one_line

if TYPE_CHECKING:
    from rich.console import Console

    from chaukas_spec_lite.audit.verification import ChainReport, Fault, Verification
    from chaukas_spec_lite.cli.log_checks import LogVerdict, Signed


@dataclass(frozen=True, slots=True)
class Proven:
    """What became of the proof of one event."""

    event_id: str
    index: int | None = None
    by: Signed | None = None
    """The checkpoint that it is proven by; None if it is not."""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What was found, of all that was asked for."""

    events: Verification | None = None
    log: LogVerdict | None = None
    proof: Proven | None = None
    unread: int = 0
    """Places in files that could not be read as events."""
    torn: bool = False
    """Whether a file ends within an event: its end is gone, or still being written."""

    def wrong(self, *, may_go_on: bool, may_be_unsealed: bool) -> list[str]:
        """Say what does not hold.

        Args:
            may_go_on: Whether sessions may have no end, and events no signature yet.
            may_be_unsealed: Whether events may have no seal.
        """
        wrong = [] if self.events is None else _wrong_chains(self.events, may_go_on, may_be_unsealed)
        if self.torn and not may_go_on:
            wrong.append("a file ends within an event (--open allows it)")
        if self.log is not None:
            wrong += [self.log.error] if self.log.error else []
            if self.log.later and not may_go_on:
                later = count(self.log.later, "event")
                wrong.append(f"{later} came after the log's newest checkpoint (--open allows it)")
        return wrong + ([] if self.proof is None or not self.proof.error else [self.proof.error])


def _wrong_chains(found: Verification, may_go_on: bool, may_be_unsealed: bool) -> list[str]:
    holds = found.sound if may_go_on else all(chain.complete for chain in found.chains) and not found.unreadable
    wrong = [] if holds else ["chains do not hold" if not found.sound else "sessions have no end (--open allows it)"]
    if found.unsealed and not may_be_unsealed:
        wrong.append(f"{count(found.unsealed, 'event')} of {found.events:,} were not sealed (--unsealed allows it)")
    if not found.events:
        wrong.append("there are no events")
    return wrong


def print_result(out: Console, result: Result, limit: int) -> None:
    """Print it for people."""
    if result.events is not None:
        _print_chains(out, result.events, limit)
    if result.log is not None:
        _print_log(out, result.log)
    if result.proof is not None and result.proof.by is not None:
        proof, checkpoint = result.proof, result.proof.by.checkpoint
        place = f"entry {proof.index:,} of {checkpoint.size:,} of the log {checkpoint.origin}"
        out.print(one_line(f"event {proof.event_id} is {place}", out.encoding))


def _print_log(out: Console, log: LogVerdict) -> None:
    if log.origin:
        signers = " and ".join(sorted({*log.signers}))
        out.print(one_line(f"log {log.origin}: {count(log.size, 'entry')}, signed by {signers}", out.encoding))
    for size in log.grown_from:
        out.print(f"nothing has changed in its first {count(size, 'entry')}")
    if log.absent is not None:
        deleted = f", {log.absent:,} of them without the event" if log.absent else ""
        out.print(f"its tree was made anew of all entries{deleted}")
    if log.later:
        out.print(f"{count(log.later, 'event')} came after its newest checkpoint: nothing signs them so far")


def _print_chains(out: Console, found: Verification, limit: int) -> None:
    complete = sum(chain.complete for chain in found.chains)
    ends = sum(chain.sound and not chain.complete for chain in found.chains)
    writers = len({chain.genesis.writer for chain in found.chains if chain.genesis is not None})
    out.print(f"{count(found.events, 'event')} in {count(len(found.chains), 'chain')} of {count(writers, 'writer')}")
    out.print(f"{complete:,} complete, {ends:,} without an end, {len(found.chains) - complete - ends:,} broken")
    if found.unsealed:
        out.print(f"{count(found.unsealed, 'event')} without a seal: nothing can be said of them")
    # What is broken first: that chains have no end is told by their number.
    ordered = sorted(found.faults, key=lambda fault: fault.kind in (FaultKind.CUT_OFF, FaultKind.INTERRUPTED))
    for fault in ordered[:limit]:
        out.print("  " + one_line(_shown(fault), out.encoding))
    if len(ordered) > limit:
        out.print(f"  and {len(ordered) - limit:,} more; --limit names more of them")


def _shown(fault: Fault) -> str:
    where = f"event {fault.event_id}" if fault.event_id else f"event number {fault.position}, which has no id,"
    session = f" of session {fault.session_id}" if fault.session_id else ""
    return f"{fault.kind.value}: {where}{session}" + (f": {fault.detail}" if fault.detail else "")


def as_json(result: Result, limit: int | None) -> dict[str, Any]:
    """Return it for programs; no more than so many faults of each chain."""
    report: dict[str, Any] = {}
    if result.events is not None:
        report = _events(result.events, limit) | {"unread": result.unread, "torn": result.torn}
        report["complete"] &= not (result.unread or result.torn)
        report["sound"] &= not result.unread
    if result.log is not None:
        report["log"] = asdict(result.log) | {"holds": not result.log.error}
    if (proof := result.proof) is not None:
        by = proof.by
        report["proof"] = {
            "event_id": proof.event_id,
            "holds": by is not None,
            "index": proof.index,
            "origin": None if by is None else by.checkpoint.origin,
            "size": None if by is None else by.checkpoint.size,
            "signers": [] if by is None else [*by.signers],
            "error": proof.error,
        }
    return report


def _events(found: Verification, limit: int | None) -> dict[str, Any]:
    return {
        "events": found.events,
        "unsealed": found.unsealed,
        "complete": found.complete,
        "sound": found.sound,
        "chains": [_chain(each, limit) for each in found.chains],
        "unreadable": [_fault(each) for each in found.unreadable[:limit]],
    }


def _chain(chain: ChainReport, limit: int | None) -> dict[str, Any]:
    genesis = chain.genesis
    return {
        "writer": None if genesis is None else genesis.writer,
        "number": None if genesis is None else genesis.number,
        "session_id": chain.session_id,
        "events": chain.events,
        "complete": chain.complete,
        "faults": [_fault(each) for each in chain.faults[:limit]],
    }


def _fault(fault: Fault) -> dict[str, Any]:
    return {
        "kind": fault.kind.value,
        "event_id": fault.event_id,
        "position": fault.position,
        "session_id": fault.session_id,
        "detail": fault.detail,
    }
