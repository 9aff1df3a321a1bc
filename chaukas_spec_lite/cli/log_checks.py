"""What commands check of a log: who signed its checkpoints, that it has only grown, that its entries are signed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from chaukas_spec_lite.audit.keys import ED25519, PRIVATE, VerifierKey
from chaukas_spec_lite.audit.merkle import EMPTY_ROOT, Frontier, leaf_hash, verify_consistency, verify_inclusion
from chaukas_spec_lite.audit.notes import Checkpoint, SignedNote, notes_in
from chaukas_spec_lite.audit.origins import tenant_of
from chaukas_spec_lite.audit.proofs import InclusionProof
from chaukas_spec_lite.errors import ChaukasError, NoteError, ProofError, SettingError

if TYPE_CHECKING:
    from chaukas_spec_lite.cli.logs import TenantLog, TenantPart


Take: TypeAlias = "Callable[[TenantPart], None]"
"""Gets entries of a log that are what was logged, some at a time."""


class RewrittenError(ChaukasError):
    """A log has another history than it had."""


class NotProvenError(ChaukasError):
    """Something is not what a log says of it."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint that a trusted key has signed."""

    note: str
    """The note, as it came."""
    checkpoint: Checkpoint
    signers: tuple[str, ...]
    """The names of the keys, of those that are trusted."""
    tenant: str
    """Whose log it is of."""


def read_keys(paths: Iterable[Path]) -> list[VerifierKey]:
    """Read verifier keys from files, one a line.

    Raises:
        SettingError: A line is none, or there is none.
        OSError: A file cannot be read.
    """
    keys: list[VerifierKey] = []
    for path in paths:
        lines = path.read_text(encoding="utf-8", errors="replace").split()
        if any(line.startswith(PRIVATE) for line in lines):
            raise SettingError(
                "--key", f"{path} holds a secret key; the public half is meant, which keygen has printed"
            )
        if not lines:
            raise SettingError("--key", f"{path} holds no key")
        try:
            keys += map(VerifierKey.parse, lines)
        except SettingError as error:
            raise SettingError("--key", f"{path}: a line of it {error.message}") from error
    return keys


def signed(note: str, keys: Sequence[VerifierKey], what: str) -> Signed:
    """Read a checkpoint, and see who signed it.

    Args:
        note: The note.
        keys: The keys that are trusted: of logs, of witnesses. One of the log has to have signed, whose name begins the
            name of the log: the key of one log proves nothing of another one.
        what: What errors call it.

    Raises:
        NotProvenError: It is none, or no key of the log's has signed it.
    """
    try:
        parsed = SignedNote.parse(note)
        checkpoint = Checkpoint.of(parsed)
        signers = parsed.verify(keys)
        names = {key.name for key in signers if key.kind == ED25519}
        if not names:
            raise NoteError("only witnesses have signed it, and not the log itself")
        tenants = [each for name in names if (each := tenant_of(checkpoint.origin, name)) is not None]
        if not tenants:
            own = " and ".join(sorted(names))
            raise NoteError(f"it is of the log {checkpoint.origin}, which is none of those that {own} signs for")
    except NoteError as error:
        raise NotProvenError(f"{what}: {error}") from error
    return Signed(note, checkpoint, tuple(key.name for key in signers), tenants[0])


def signed_in(path: Path, keys: Sequence[VerifierKey], tenant: str) -> Signed:
    """Read the checkpoint of a file. That beside a log's key has several: then that of a tenant's log is meant.

    Raises:
        NotProvenError: It is none, no key of the log's has signed it, or there is none of that tenant's.
        OSError: The file cannot be read.
    """
    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        notes = notes_in(text)
    except NoteError:
        notes = []
    if len(notes) < 2:
        return signed(text, keys, str(path))
    for note in notes:
        origin = note.text.partition("\n")[0]
        if any(tenant_of(origin, key.name) == tenant for key in keys):
            return signed(str(note), keys, str(path))
    raise NotProvenError(f"{path} has checkpoints of {len(notes)} logs, and none of that of tenant {tenant!r}")


def check_tenant(found: Signed, tenant: str | None) -> None:
    """Check that a checkpoint is of the log of a tenant; of any one, for None.

    Raises:
        NotProvenError: It is of another one.
    """
    if tenant not in (None, found.tenant):
        origin = found.checkpoint.origin
        raise NotProvenError(f"the checkpoint is of the log {origin}, which is not that of tenant {tenant!r}")


async def grown(log: TenantLog, old: Signed, new: Signed) -> None:
    """Check that a log has only grown between two checkpoints: that nothing before the old one has changed.

    Raises:
        RewrittenError: It has not, or cannot prove it.
    """
    before, now = old.checkpoint, new.checkpoint
    if before.origin != now.origin:
        raise RewrittenError(f"the checkpoints are of two logs, {before.origin} and {now.origin}")
    if before.size > now.size:
        raise RewrittenError(f"the log {now.origin} has {now.size:,} entries, and had {before.size:,}: its end is gone")
    same_size = before.size in (0, now.size)
    proof = [] if same_size else await log.consistency(before.size, now.size)
    try:
        verify_consistency(before.size, now.size, before.root, now.root, proof)
    except ProofError as error:
        raise RewrittenError(f"the history of the log {now.origin} has changed: {error}") from error


async def recompute(log: TenantLog, of: Signed, others: Sequence[Signed], take: Take) -> int:
    """Go through the entries of a log, and compute its tree anew.

    Args:
        log: The log.
        of: The checkpoint that they have to come to.
        others: Older ones that they have to come to on the way.
        take: Gets the entries, some at a time.

    Returns:
        How many entries are there with their hash only.

    Raises:
        NotProvenError: An event is not its entry, or the tree is another one.
        RewrittenError: The tree comes to the newest checkpoint, but not to an older one.
    """
    frontier, absent = Frontier(), 0
    roots = {each.checkpoint.size: b"" for each in (of, *others)}
    if 0 in roots:
        roots[0] = EMPTY_ROOT
    async with aclosing(log.parts(of.checkpoint.size)) as parts:
        async for part in parts:
            right = _right(part)
            if right < len(part.events):
                if right:
                    take(part.before(right))
                where = part.first + right
                which = await _event_id(log, where)
                raise NotProvenError(f"entry {where:,}, event {which!r}, is not what was logged")
            take(part)
            absent += len(part.absent)
            _grow(frontier, part.leaves, roots)
    if frontier.size != of.checkpoint.size or roots[of.checkpoint.size] != of.checkpoint.root:
        raise NotProvenError(f"the entries of the log {of.checkpoint.origin} do not come to the root that was signed")
    for other in others:
        if other.checkpoint.origin != of.checkpoint.origin or roots[other.checkpoint.size] != other.checkpoint.root:
            raise RewrittenError(f"the first {other.checkpoint.size:,} entries of the log are not what they were")
    return absent


async def _event_id(log: TenantLog, index: int) -> str:
    try:
        return await log.event_id(index)
    except ChaukasError:  # What was found stays so, whether or not anybody answers by now.
        return ""


def _right(part: TenantPart) -> int:
    """How many events that were read there are in front of the first one that is not what was logged."""
    for place, (leaf, data) in enumerate(zip(part.leaves, part.events, strict=False)):
        if data is not None and leaf_hash(data) != leaf:
            return place
    return len(part.events)


def _grow(frontier: Frontier, leaves: Sequence[bytes], roots: dict[int, bytes]) -> None:
    """Put entries into a tree, and note its roots at those sizes that are asked for."""
    begin, end = frontier.size, frontier.size + len(leaves)
    # As many as possible at once, which takes less time than one by one.
    for size in sorted({end, *(each for each in roots if begin < each < end)}):
        frontier.extend(leaves[frontier.size - begin : size - begin])
        if size in roots:
            roots[size] = frontier.root()


def included(text: str, entry: bytes, tenant: str, keys: Sequence[VerifierKey]) -> tuple[int, Signed]:
    """Check a proof that an event is in a log; return which entry it is, and the checkpoint.

    Args:
        text: The proof, as C2SP's tlog-proof has it.
        entry: The event, as the collector has stored it.
        tenant: The event's tenant. One without a tenant may be in the log of any: the sender's key named that.
        keys: The keys that are trusted.

    Raises:
        NotProvenError: It proves no such thing.
    """
    try:
        proof = InclusionProof.parse(text)
        found = signed(str(proof.checkpoint), keys, "the checkpoint of the proof")
        check_tenant(found, tenant or None)
        # Not by the proof's own method, which would check the signatures a second time: nothing takes as long.
        checkpoint = found.checkpoint
        verify_inclusion(leaf_hash(entry), proof.index, checkpoint.size, proof.path, checkpoint.root)
    except ProofError as error:
        raise NotProvenError(str(error)) from error
    return proof.index, found


@dataclass(frozen=True, slots=True)
class LogVerdict:
    """What was found of a log."""

    origin: str
    size: int
    """Entries up to its newest checkpoint."""
    signers: tuple[str, ...]
    absent: int | None
    """How many entries are there with their hash only; None if they were not looked at."""
    grown_from: tuple[int, ...]
    """Sizes of older checkpoints that it has grown out of."""
    error: str = ""
    """What does not hold; empty if all does."""
    later: int = 0
    """How many of the events that were asked for came after the checkpoint, so that nothing signs them yet."""


async def judge(
    log: TenantLog,
    keys: Sequence[VerifierKey],
    olds: Sequence[Signed],
    tenant: str | None,
    take: Take | None,
) -> LogVerdict:
    """Check a log against its newest checkpoint and against older ones.

    Args:
        log: The log.
        keys: The keys that are trusted.
        olds: Checkpoints from before.
        tenant: Whose log it has to be; None for whichever it is.
        take: Gets the entries, some at a time, and the tree is computed anew; None to be content with proofs that it
            has only grown.
    """
    found: Signed | None = None
    absent: int | None = None
    proven: list[int] = []
    error = ""
    try:
        found = signed(await log.checkpoint(), keys, "the log's newest checkpoint")
        check_tenant(found, tenant)
        for old in olds:
            await grown(log, old, found)
            proven.append(old.checkpoint.size)
        if take is not None:
            absent = await recompute(log, found, olds, take)
    except (NotProvenError, RewrittenError) as failed:
        error = str(failed)
    origin, size = ("", 0) if found is None else (found.checkpoint.origin, found.checkpoint.size)
    return LogVerdict(origin, size, () if found is None else found.signers, absent, tuple(proven), error)
