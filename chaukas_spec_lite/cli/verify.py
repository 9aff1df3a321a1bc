"""The command ``verify``: says whether events are all there, in their order, as they were recorded."""

from __future__ import annotations

import gc
import json
import os
from collections import Counter
from collections.abc import Generator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chaukas_spec_lite.audit.merkle import leaf_hash
from chaukas_spec_lite.audit.verification import Verifier
from chaukas_spec_lite.cli.kept_events import KeptEvents
from chaukas_spec_lite.cli.log_checks import NotProvenError, included, judge, read_keys, signed_in
from chaukas_spec_lite.cli.logs import HttpLog, stored_log
from chaukas_spec_lite.cli.options import epilog, filter_options, limit_option, output_option, place_options
from chaukas_spec_lite.cli.output import Unreadable, pictures, refuse_own_input, run, writing
from chaukas_spec_lite.cli.progress import progress
from chaukas_spec_lite.cli.sources import FileSource, entries_of, source_of, store_source
from chaukas_spec_lite.cli.terminal import count
from chaukas_spec_lite.cli.verified import Proven, Result, as_json, print_result
from chaukas_spec_lite.errors import DecodeError
from chaukas_spec_lite.files import Recorded
from chaukas_spec_lite.spec.common.v1.events import Event
from chaukas_spec_lite.spec.common.v1.query import QueryFilter
from chaukas_spec_lite.wire.reading import read_varint

if TYPE_CHECKING:
    from chaukas_spec_lite.audit.keys import VerifierKey
    from chaukas_spec_lite.audit.verification import Verification
    from chaukas_spec_lite.cli.log_checks import LogVerdict, Signed, Take
    from chaukas_spec_lite.cli.logs import TenantLog, TenantPart
    from chaukas_spec_lite.cli.wanted import Wanted, Whereabouts

_FILE = click.Path(dir_okay=False, path_type=Path)
_FAULTS = 20


@click.command(
    short_help="Say whether events are all there, as they were recorded.",
    epilog=epilog(
        "chaukas-lite verify events.delim",
        "chaukas-lite verify --store sqlite:events.db --session s-1",
        "chaukas-lite verify --store events.db --tenant acme --key log.pub",
        "chaukas-lite verify --log https://collector.example --key log.pub --checkpoint old.txt",
        "chaukas-lite verify --proof event.tlog-proof --key log.pub event.delim",
    ),
)
@place_options
@filter_options
@click.option("--open", "may_go_on", is_flag=True, help="Sessions without an end, or events not signed yet, are fine.")
@click.option("--unsealed", "may_be_unsealed", is_flag=True, help="Events that were not sealed are no fault.")
@click.option("--log", "url", metavar="URL", help="The HTTP door of a collector, for the log that it keeps.")
@click.option("--key", "keys", multiple=True, type=_FILE, help="A file of keys that are trusted to sign for the log.")
@click.option("--checkpoint", "olds", multiple=True, type=_FILE, help="That nothing has changed since this checkpoint.")
@click.option("--proof", type=_FILE, help="That the event of FILE is in the log, by this proof.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="The report."
)
@click.option("--json", "form", flag_value="json", help="The same as --format json.")
@limit_option
@output_option
def verify(
    place: Whereabouts,
    wanted: Wanted,
    may_go_on: bool,
    may_be_unsealed: bool,
    url: str | None,
    keys: tuple[Path, ...],
    olds: tuple[Path, ...],
    proof: Path | None,
    form: str,
    limit: int | None,
    output: str | None,
) -> None:
    """Follow the hash chains of events that were recorded with audit=True, and exit with 0 only if all hold.

    It names each event that was altered, removed, moved or put in. Events are chained by session: conditions other
    than --session, --tenant and --project cut through chains, and what they leave out is then missing. --limit is for
    the faults that are named, 20 in text if it is not given, in JSON those of each chain; all events are followed.

    With --key, the log of --store or --log is checked as well: its newest checkpoint, and its tree, made anew of all
    entries of --tenant; and that no event of --store came there past the log. --checkpoint proves that nothing before
    an old checkpoint has changed; by --log, this is all that is done then.
    """
    refuse_own_input(output, place.files)
    _refuse_what_makes_no_sense(place, wanted, url, keys, olds, proof)
    told = Unreadable()
    asked = _Asked(place, replace(wanted, oldest_first=True), url, keys, olds, proof)
    with _without_collections():
        result = replace(run(_verified(asked, told)), unread=told.count, torn=told.torn)
    if form == "json":
        with writing(output) as stream:
            stream.write(json.dumps(as_json(result, limit), indent=2).encode() + b"\n")
    else:
        with pictures(output) as out:
            print_result(out, result, _FAULTS if limit is None else limit)
    told.close()
    wrong = result.wrong(may_go_on=may_go_on, may_be_unsealed=may_be_unsealed)
    if wrong:
        raise click.ClickException("not verified: " + "; ".join(wrong))


@dataclass(frozen=True, slots=True)
class _Asked:
    place: Whereabouts
    wanted: Wanted
    url: str | None
    keys: tuple[Path, ...]
    olds: tuple[Path, ...]
    proof: Path | None

    @property
    def tenant(self) -> str:
        return self.wanted.filter.tenant_id


def _refuse_what_makes_no_sense(
    place: Whereabouts,
    wanted: Wanted,
    url: str | None,
    keys: tuple[Path, ...],
    olds: tuple[Path, ...],
    proof: Path | None,
) -> None:
    elsewhere = place.endpoint or place.store or place.files
    if url and elsewhere:
        raise click.UsageError(
            "--log, and --endpoint, --store or FILE, both say where the events are: name one of them"
        )
    if (url or proof) and wanted.filter != QueryFilter(tenant_id=wanted.filter.tenant_id):
        raise click.UsageError(
            "--log is of all events of a tenant, and --proof of one event: no condition but --tenant goes with them"
        )
    if proof and (not place.files or olds):
        raise click.UsageError("--proof is of the event in one FILE, and has a checkpoint of its own")
    if olds and not (url or place.store):
        raise click.UsageError("--checkpoint is of a log: name it by --log URL or --store STORE")
    if (url or olds or proof) and not keys:
        raise click.UsageError("name the log's key with --key: without one, anybody could have signed it")
    if keys and not (url or place.store or proof):
        raise click.UsageError("--key is of a log: name it by --log URL or --store STORE, or a --proof")


async def _verified(asked: _Asked, told: Unreadable) -> Result:
    if not asked.keys:
        return Result(events=await _followed(asked.place, asked.wanted, told))
    keys = read_keys(asked.keys)
    if asked.proof is not None:
        return Result(proof=_proven(asked.proof, asked.place, asked.tenant, keys, told))
    olds = [signed_in(path, keys, asked.tenant) for path in asked.olds]
    if asked.url is None:
        return await _verified_store(asked, keys, olds, told)
    log = HttpLog(asked.url, asked.tenant or None)
    if olds:
        return Result(log=await judge(log, keys, olds, asked.tenant or None, None))
    verifier = Verifier()

    def take(part: TenantPart) -> None:
        verifier.take_all(data for data in part.events if data is not None)

    verdict = await _judged(log, keys, olds, asked.tenant or None, take)
    return Result(verifier.result(), verdict)


async def _verified_store(asked: _Asked, keys: list[VerifierKey], olds: list[Signed], told: Unreadable) -> Result:
    """Follow the chains of what a store has, and check its log, and that each of these events is in it."""
    events, kept = await _followed_in_store(asked.place.store or "", asked.wanted)
    async with stored_log(asked.place.store or "", asked.tenant, kept.known) as stored:
        verdict = await _judged(stored, keys, olds, asked.tenant, kept.take)
        if verdict.error:
            return Result(events, verdict)
        unsigned = kept.unseen().total()
        if unsigned:
            async for part in stored.parts(await stored.size(), verdict.size):
                kept.take(part)
    unseen = kept.unseen()
    later = unsigned - unseen.total()
    if any(leaf in unseen for leaf in kept.astray):
        unseen &= await _leaves_now(asked, told)  # What is gone by now was deleted between the two readings.
    lost = [index for leaf, index in kept.astray.items() if leaf in unseen]
    errors = _unlike(verdict.origin, lost, unseen.total() - len(lost), asked.tenant)
    errors += await _moved(asked, told, verdict.origin, kept)
    absent = (verdict.absent or 0) - sum(index < verdict.size for index in lost)
    return Result(events, replace(verdict, later=later, absent=absent, error="; ".join(errors)))


async def _followed_in_store(address: str, wanted: Wanted) -> tuple[Verification, KeptEvents]:
    """Follow the chains of what a store has, and note the hashes that it has in the log."""
    verifier, kept = Verifier(), KeptEvents()
    with progress("reading", 0) as show:
        async with store_source(address) as source, aclosing(source.pages(wanted)) as pages:
            async for page in pages:
                verifier.take_all(page.events)
                kept.add(page.numbers, page.events)
                show(0, verifier.taken)
        return verifier.result(), kept


def _unlike(origin: str, lost: list[int], past: int, tenant: str) -> list[str]:
    """Say in what events and log of a store do not agree."""
    errors: list[str] = []
    if lost:
        named = ", ".join(f"{index:,}" for index in sorted(lost)[:_FAULTS]) + (", ..." if len(lost) > _FAULTS else "")
        errors.append(f"entries of the log {origin} do not lead to their events, which are in the store: {named}")
    if past:
        which = "" if tenant else "; --tenant says whose events and log are meant"
        errors.append(f"{count(past, 'event')} of the store came there past the log {origin}{which}")
    return errors


async def _moved(asked: _Asked, told: Unreadable, origin: str, kept: KeptEvents) -> list[str]:
    """Say which entries lead to events that the store has under another tenant, if all of a tenant were asked for."""
    if not kept.elsewhere or asked.wanted.filter != QueryFilter(tenant_id=asked.tenant):
        return []
    now = await _leaves_now(asked, told)  # Some may have come between the two readings.
    moved = sorted(index for leaf, index in kept.elsewhere.items() if leaf not in now)
    if not moved:
        return []
    named = ", ".join(f"{index:,}" for index in moved[:_FAULTS]) + (", ..." if len(moved) > _FAULTS else "")
    return [f"events of the log {origin} are not those of its tenant, as the store has them: entries {named}"]


async def _leaves_now(asked: _Asked, told: Unreadable) -> Counter[bytes]:
    found: Counter[bytes] = Counter()
    async with source_of(asked.place, told) as source, aclosing(source.parts(asked.wanted)) as parts:
        async for part in parts:
            found.update(leaf_hash(bytes(event)) for event in part)
    return found


async def _judged(
    log: TenantLog,
    keys: list[VerifierKey],
    olds: list[Signed],
    tenant: str | None,
    take: Take,
) -> LogVerdict:
    with progress("reading the log", 0) as show:

        def taken(part: TenantPart) -> None:
            take(part)
            show(0, part.first + len(part.leaves))

        return await judge(log, keys, olds, tenant, taken)


def _proven(path: Path, place: Whereabouts, tenant: str, keys: list[VerifierKey], told: Unreadable) -> Proven:
    found: list[Recorded] = []
    for entry in entries_of(place.files):
        if isinstance(entry, Recorded):
            found.append(entry)
        else:
            told(entry)
    if len(found) != 1:
        raise click.UsageError(f"--proof is of one event, and the files have {len(found)}")
    event = found[0].event
    if tenant and event.tenant_id not in ("", tenant):
        return Proven(event.event_id, error=f"the event is of tenant {event.tenant_id!r}, not {tenant!r}")
    try:
        data = _as_stored(place.files[0], event)
        index, by = included(path.read_text(encoding="utf-8", errors="replace"), data, tenant or event.tenant_id, keys)
    except NotProvenError as error:
        return Proven(event.event_id, error=f"{path}: {error}")
    return Proven(event.event_id, index, by)


def _as_stored(name: str, event: Event) -> bytes:
    """The bytes of the only event of a file: of an encoded one as they are, as others may have encoded it."""
    data = b"" if name == "-" else Path(name).read_bytes()
    try:
        length, start = read_varint(data, 0, len(data))
        if length == len(data) - start and Event.parse(data[start:]) == event:
            return data[start:]
    except DecodeError:
        pass
    return bytes(event)


async def _followed(place: Whereabouts, wanted: Wanted, told: Unreadable) -> Verification:
    """Follow the chains of events."""
    verifier = Verifier()
    total = sum(os.stat(name).st_size for name in place.files if name != "-")
    with progress("reading", total) as show:
        async with source_of(place, told) as source, aclosing(source.parts(wanted)) as parts:
            async for part in parts:
                verifier.take_all(part)
                show(source.position if isinstance(source, FileSource) else 0, verifier.taken)
        return verifier.result()


@contextmanager
def _without_collections() -> Generator[None, None, None]:
    """Have Python look for no circles of objects: there are none, and to look at all that is kept takes long.

    Until all of it is let go of: the first look would be at each event that came.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
