"""The files of a bundle for an auditor, in a folder or a zip file, with their sums."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import zipfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from chaukas_spec_lite import cli
from chaukas_spec_lite.printable import one_line
from chaukas_spec_lite.wire.format import varint

if TYPE_CHECKING:
    from chaukas_spec_lite.audit.notes import Checkpoint
    from chaukas_spec_lite.audit.proofs import InclusionProof
    from chaukas_spec_lite.cli.logs import TenantEntry

SCRIPT = Path(cli.__file__).parent / "data" / "verify_bundle.py"
"""What every bundle has with it: it checks bundles with the standard library alone."""
SESSION_SCRIPT = SCRIPT.with_name("verify_session.py")
"""And this, what one of a session has besides."""

_TRUST = """
A verify.py that lies proves nothing: if you got this bundle from somebody whom you do not trust, take the script from
the package chaukas-spec-lite (chaukas_spec_lite/cli/data/{script}), and name the bundle behind it.

| file | what it holds |
|---|---|
| `checkpoint.txt` | what the log signed: its name, its size, the root of its Merkle tree (c2sp.org/tlog-checkpoint) |
| `keys.txt` | the keys that the checkpoint was checked with when this was written |
| `SHA256SUMS` | sums of the other files, which find what was damaged on its way |
"""
_README = """# A bundle of the audit log {origin}

{size:,} entries, of which {events:,} have their events in this bundle. `python verify.py` checks it, offline, with
Python 3.10 or newer and nothing else. `python verify.py --key NAME+ID+KEY` does so with the log's key as you got it
from its operator, and `--checkpoint FILE` also proves that nothing has changed since a checkpoint that you kept before.
{trust}| `leaves.bin` | the hash of each entry in its order: 32 bytes, SHA-256 of a zero byte and the event (RFC 6962) |
| `events.delim` | the events of the entries, encoded, each behind its length as a varint of protobuf |
| `absent.jsonl` | which entries have no event here, and why, such as a deletion |
"""
_SESSION = """# A session of the audit log {origin}

All {events:,} events of the session {session}, each with a proof that it is one of the {size:,} entries of the log.
`python verify.py` checks it, offline, with Python 3.10 or newer and nothing else. `python verify.py --key NAME+ID+KEY`
does so with the log's key as you got it from its operator.
{trust}| `events.delim` | the events, in the order of the log, encoded, each behind its length as a varint of protobuf |
| `proofs/1.tlog-proof` ... | for each event the proof that it is an entry of the log (c2sp.org/tlog-proof) |
| `verify_bundle.py` | what verify.py needs besides |
"""


class ProvenEvent(NamedTuple):
    """An event, and the proof that it is in a log."""

    data: bytes
    """The event, as the collector has it."""
    proof: InclusionProof


class BundleFolder:
    """Where the files of a bundle are written, to be put in place at once when all are there.

    Args:
        output: A folder, which is made; or a zip file, if it is so called. There must be none yet.
    """

    def __init__(self, output: Path) -> None:
        self._output = output
        self._made = Path(tempfile.mkdtemp(prefix=f".{output.name}-", dir=output.absolute().parent))
        # Another one in it: what is put in place can be read by those whom the user's mask lets read new folders.
        self._folder = self._made / "bundle"
        self._folder.mkdir()
        self._open: list[IO[bytes]] = []

    def begin(self, name: str) -> IO[bytes]:
        """Begin a file."""
        file = (self._folder / name).open("wb")
        self._open.append(file)
        return file

    def write(self, name: str, text: str) -> None:
        """Write a file."""
        path = self._folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode())

    def finish(self, scripts: Mapping[str, Path]) -> None:
        """Add scripts and sums, and put all in place."""
        for file in self._open:
            file.close()
        for name, script in scripts.items():
            shutil.copyfile(script, self._folder / name)
        sums = "".join(f"{_sum_of(path)}  {name}\n" for name, path in self._files())
        self.write("SHA256SUMS", sums)
        if self._output.suffix == ".zip":
            self._pack()
        else:
            self._folder.rename(self._output)

    def _files(self) -> list[tuple[str, Path]]:
        found = (path for path in self._folder.rglob("*") if path.is_file())
        return sorted((path.relative_to(self._folder).as_posix(), path) for path in found)

    def _pack(self) -> None:
        packed = self._made / "packed"
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, path in self._files():
                with path.open("rb") as file, archive.open(name, "w", force_zip64=True) as into:
                    shutil.copyfileobj(file, into)
        packed.rename(self._output)

    def close(self) -> None:
        """Let go of what was not put in place."""
        for file in self._open:
            file.close()
        shutil.rmtree(self._made, ignore_errors=True)


class Bundle:
    """Takes the entries of a log, and writes them with all that proves them.

    Args:
        folder: Where.
    """

    def __init__(self, folder: BundleFolder) -> None:
        self._folder = folder
        self._leaves = folder.begin("leaves.bin")
        self._events = folder.begin("events.delim")
        self._absent = folder.begin("absent.jsonl")
        self._size = 0
        self._there = 0

    def take(self, entry: TenantEntry) -> None:
        """Take the next entry."""
        self._leaves.write(entry.leaf)
        self._size += 1
        if entry.data is not None:
            self._there += 1
            self._events.write(delimited(entry.data))
            return
        line: dict[str, Any] = {"index": entry.index, "why": entry.why}
        if entry.event_id:
            line |= {"project_id": entry.project_id, "event_id": entry.event_id}
        self._absent.write(json.dumps(line).encode() + b"\n")

    def finish(self, origin: str, checkpoint: str, keys: str) -> None:
        """Write the other files, and put all in place at once.

        Args:
            origin: The log's name.
            checkpoint: Its checkpoint.
            keys: The keys that have signed it, one a line.
        """
        trust = _TRUST.format(script=SCRIPT.name)
        self._folder.write("README.md", _README.format(origin=origin, size=self._size, events=self._there, trust=trust))
        self._folder.write("checkpoint.txt", checkpoint)
        self._folder.write("keys.txt", keys)
        self._folder.finish({"verify.py": SCRIPT})


def write_session(
    folder: BundleFolder, session: str, checkpoint: Checkpoint, proven: Sequence[ProvenEvent], keys: str
) -> None:
    """Write the bundle of a session.

    Args:
        folder: Where.
        session: Its id.
        checkpoint: What all proofs lead to.
        proven: Its events, in the order of the log, and the proofs.
        keys: The keys that have signed the checkpoint, one a line.
    """
    events = folder.begin("events.delim")
    for number, (data, proof) in enumerate(proven, 1):
        events.write(delimited(data))
        folder.write(f"proofs/{number}.tlog-proof", str(proof))
    trust = _TRUST.format(script=SESSION_SCRIPT.name)
    told = {"origin": checkpoint.origin, "size": checkpoint.size, "events": len(proven), "session": one_line(session)}
    folder.write("README.md", _SESSION.format(**told, trust=trust))
    folder.write("checkpoint.txt", str(proven[0].proof.checkpoint))
    folder.write("keys.txt", keys)
    folder.finish({"verify.py": SESSION_SCRIPT, SCRIPT.name: SCRIPT})


def delimited(data: bytes) -> bytes:
    """An event behind its length."""
    return varint(len(data)).encode("latin-1") + data


def _sum_of(path: Path) -> str:
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()


@contextmanager
def bundle_at(output: Path) -> Generator[BundleFolder, None, None]:
    """Begin a bundle; one that is not finished leaves nothing behind."""
    made = BundleFolder(output)
    try:
        yield made
    finally:
        made.close()
