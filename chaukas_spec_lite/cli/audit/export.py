"""The command ``audit export``: a log with all that proves it, for an auditor who has nothing but Python."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chaukas_spec_lite.audit.keys import ED25519
from chaukas_spec_lite.audit.merkle import leaf_hash, verify_inclusion
from chaukas_spec_lite.audit.notes import SignedNote
from chaukas_spec_lite.audit.proofs import InclusionProof
from chaukas_spec_lite.cli.audit.bundle import Bundle, ProvenEvent, bundle_at, write_session
from chaukas_spec_lite.cli.log_checks import (
    NotProvenError,
    check_tenant,
    grown,
    read_keys,
    recompute,
    signed,
    signed_in,
)
from chaukas_spec_lite.cli.logs import HttpLog, stored_log
from chaukas_spec_lite.cli.options import epilog
from chaukas_spec_lite.cli.output import Unreadable, run, say
from chaukas_spec_lite.cli.progress import progress
from chaukas_spec_lite.cli.sources import LAST, SessionNotFoundError, newest_session, source_of
from chaukas_spec_lite.cli.terminal import count
from chaukas_spec_lite.cli.wanted import Wanted, Whereabouts
from chaukas_spec_lite.collector.skim import skim
from chaukas_spec_lite.errors import ProofError
from chaukas_spec_lite.printable import one_line
from chaukas_spec_lite.spec.common.v1.query import QueryFilter

if TYPE_CHECKING:
    from chaukas_spec_lite.audit.keys import VerifierKey
    from chaukas_spec_lite.cli.log_checks import Signed
    from chaukas_spec_lite.cli.logs import TenantLog, TenantPart


@click.command(
    short_help="Write a log, with its proofs, for an auditor.",
    epilog=epilog(
        "chaukas-lite audit export --log https://collector.example --key log.pub --output log.zip",
        "chaukas-lite audit export --store events.db --tenant acme --key log.pub --output log.zip",
        "chaukas-lite audit export --log https://collector.example --session s-1 --key log.pub --output s-1.zip",
    ),
)
@click.option("--log", "url", metavar="URL", help="The HTTP door of a running collector.")
@click.option("--store", metavar="STORE", help="A store: sqlite:events.db or postgresql://...")
@click.option("--tenant", help="Whose log. By HTTP, CHAUKAS_API_KEY tells, too.")
@click.option("--session", metavar="ID", help="Its events alone, or those of the last one, each with a proof.")
@click.option(
    "--key",
    "keys",
    multiple=True,
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file of keys of the log, as keygen has printed them.",
)
@click.option(
    "--checkpoint",
    "olds",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="A checkpoint from before, which the log has to have grown out of.",
)
@click.option(
    "--output", required=True, type=click.Path(path_type=Path), help="A zip file, or a folder; it has to be new."
)
def export(
    url: str | None,
    store: str | None,
    tenant: str | None,
    session: str | None,
    keys: tuple[Path, ...],
    olds: tuple[Path, ...],
    output: Path,
) -> None:
    """Write all entries of a log up to its newest checkpoint, and a script that checks them offline.

    With --session, these are the events of a session, each with a proof that it is in the log. Signatures, tree and
    history are checked while it is written; what does not hold makes no bundle, and exits with 1. Hash chains are not:
    a log proves what came, and what does not hold in chains, or was deleted from them, verify and the script find.
    """
    if (url is None) == (store is None):
        raise click.UsageError("name the log: either --log URL or --store STORE")
    if output.exists():
        raise click.UsageError(f"--output {output} is there already")
    run(_export(url, store, tenant, session, keys, olds, output))


async def _export(
    url: str | None,
    store: str | None,
    tenant: str | None,
    session: str | None,
    keys: tuple[Path, ...],
    olds: tuple[Path, ...],
    output: Path,
) -> None:
    known = read_keys(keys)
    before = [signed_in(path, known, tenant or "") for path in olds]
    of = None if session is None else await _events_of(session, url, store, tenant or "")
    async with _opened(url, store, tenant) as log:
        found = signed(await log.checkpoint(), known, "the log's newest checkpoint")
        check_tenant(found, tenant)
        if of is not None:
            for old in before:
                await grown(log, old, found)
            name, proven = of[0], await _proven(log, found, *of)
            with bundle_at(output) as folder:
                write_session(folder, name, found.checkpoint, proven, _signing(found, known))
            where = f"session {one_line(name)} in the log {found.checkpoint.origin}"
            say(f"{count(len(proven), 'event')} of {where} written to {output}.")
            return
        entries, absent = await _written(log, found, before, known, output)
    said = f"; {absent:,} of them without the event" if absent else ""
    say(f"{count(entries, 'entry')} of the log {found.checkpoint.origin} written to {output}{said}.")


def _opened(url: str | None, store: str | None, tenant: str | None) -> AbstractAsyncContextManager[TenantLog]:
    return stored_log(store, tenant or "") if store is not None else nullcontext(HttpLog(url or "", tenant))


async def _written(
    log: TenantLog, found: Signed, before: list[Signed], known: list[VerifierKey], output: Path
) -> tuple[int, int]:
    size = found.checkpoint.size
    with bundle_at(output) as folder, progress("reading", size) as show:
        made = Bundle(folder)

        def take(part: TenantPart) -> None:
            for entry in part.entries():
                made.take(entry)
            last = part.first + len(part.leaves) - 1
            show(last, last)

        absent = await recompute(log, found, before, take)
        made.finish(found.checkpoint.origin, found.note, _signing(found, known))
    return size, absent


def _signing(found: Signed, known: list[VerifierKey]) -> str:
    """The keys of the log that have signed a checkpoint, one a line."""
    return "".join(f"{key}\n" for key in known if key.name in found.signers and key.kind == ED25519)


async def _events_of(session: str, url: str | None, store: str | None, tenant: str) -> tuple[str, list[bytes]]:
    """Fetch the events of a session, as they are stored; return its id, too."""
    told = Unreadable()
    async with source_of(Whereabouts(endpoint=url, store=store), told) as source:
        if session == LAST:
            session = await newest_session(source, Wanted(QueryFilter(tenant_id=tenant)))
        wanted = Wanted(QueryFilter(tenant_id=tenant, session_id=session), oldest_first=True)
        async with aclosing(source.parts(wanted)) as parts:
            found = [bytes(event) async for part in parts for event in part]
    told.close()
    if not found:
        raise SessionNotFoundError(f"there is no event of session {one_line(session)}")
    return session, found


async def _proven(log: TenantLog, found: Signed, session: str, events: list[bytes]) -> list[ProvenEvent]:
    """Prove of each event of a session that it is in a log; return them in its order."""
    note, checkpoint = SignedNote.parse(found.note), found.checkpoint
    proven: list[ProvenEvent] = []
    with progress("proving", len(events)) as show:
        for number, data in enumerate(events, 1):
            row = skim(data)
            leaf = leaf_hash(data)
            if row.session_id != session:
                raise NotProvenError(f"event {row.event_id!r} is not of this session, as it says itself")
            index, path = await log.inclusion(row.project_id, row.event_id, leaf, checkpoint.size)
            try:
                verify_inclusion(leaf, index, checkpoint.size, path, checkpoint.root)
            except ProofError as error:
                raise NotProvenError(f"event {row.event_id!r} is not what was logged: {error}") from error
            proven.append(ProvenEvent(data, InclusionProof(index, tuple(path), note)))
            show(number, number)
    return sorted(proven, key=lambda each: each.proof.index)
