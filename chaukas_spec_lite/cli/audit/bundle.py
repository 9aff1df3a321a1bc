"""The files of a bundle for an auditor, in a folder or a zip file, with their sums."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import zipfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from chaukas_spec_lite import cli
from chaukas_spec_lite.wire.format import varint

if TYPE_CHECKING:
    from chaukas_spec_lite.cli.logs import TenantEntry

SCRIPT = Path(cli.__file__).parent / "data" / "verify_bundle.py"
"""What every bundle has with it: it checks bundles with the standard library alone."""

_README = """# A bundle of the audit log {origin}

{size:,} entries, of which {events:,} have their events in this bundle. `python verify.py` checks it, offline, with
Python 3.10 or newer and nothing else. `python verify.py --key NAME+ID+KEY` does so with the log's key as you got it
from its operator, and `--checkpoint FILE` also proves that nothing has changed since a checkpoint that you kept before.

A verify.py that lies proves nothing: if you got this bundle from somebody whom you do not trust, take the script from
the package chaukas-spec-lite (chaukas_spec_lite/cli/data/verify_bundle.py), and name the bundle behind it.

| file | what it holds |
|---|---|
| `checkpoint.txt` | what the log signed: its name, its size, the root of its Merkle tree (c2sp.org/tlog-checkpoint) |
| `keys.txt` | the keys that the checkpoint was checked with when this was written |
| `leaves.bin` | the hash of each entry in its order: 32 bytes, SHA-256 of a zero byte and the event (RFC 6962) |
| `events.delim` | the events of the entries, encoded, each behind its length as a varint of protobuf |
| `absent.jsonl` | which entries have no event here, and why, such as a deletion |
| `SHA256SUMS` | sums of the other files, which find what was damaged on its way |
"""


class Bundle:
    """Takes the entries of a log, and writes them with all that proves them.

    Args:
        output: A folder, which is made; or a zip file, if it is so called. There must be none yet.
    """

    def __init__(self, output: Path) -> None:
        self._output = output
        self._made = Path(tempfile.mkdtemp(prefix=f".{output.name}-", dir=output.absolute().parent))
        # Another one in it: what is put in place can be read by those whom the user's mask lets read new folders.
        self._folder = self._made / "bundle"
        self._folder.mkdir()
        self._leaves = self._open("leaves.bin")
        self._events = self._open("events.delim")
        self._absent = self._open("absent.jsonl")
        self._size = 0
        self._there = 0

    def _open(self, name: str) -> IO[bytes]:
        return (self._folder / name).open("wb")

    def take(self, entry: TenantEntry) -> None:
        """Take the next entry."""
        self._leaves.write(entry.leaf)
        self._size += 1
        if entry.data is not None:
            self._there += 1
            self._events.write(varint(len(entry.data)).encode("latin-1") + entry.data)
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
        for file in (self._leaves, self._events, self._absent):
            file.close()
        texts = {
            "README.md": _README.format(origin=origin, size=self._size, events=self._there),
            "checkpoint.txt": checkpoint,
            "keys.txt": keys,
        }
        for name, text in texts.items():
            (self._folder / name).write_bytes(text.encode())
        shutil.copyfile(SCRIPT, self._folder / "verify.py")
        paths = sorted(self._folder.iterdir(), key=lambda path: path.name.encode())
        sums = "".join(f"{_sum_of(path)}  {path.name}\n" for path in paths)
        (self._folder / "SHA256SUMS").write_bytes(sums.encode())
        if self._output.suffix == ".zip":
            self._pack()
        else:
            self._folder.rename(self._output)

    def _pack(self) -> None:
        packed = self._made / "packed"
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(self._folder.iterdir()):
                with path.open("rb") as file, archive.open(path.name, "w", force_zip64=True) as into:
                    shutil.copyfileobj(file, into)
        packed.rename(self._output)

    def close(self) -> None:
        """Let go of what was not put in place."""
        for file in (self._leaves, self._events, self._absent):
            file.close()
        shutil.rmtree(self._made, ignore_errors=True)


def _sum_of(path: Path) -> str:
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()


@contextmanager
def bundle(output: Path) -> Generator[Bundle, None, None]:
    """Begin a bundle; one that is not finished leaves nothing behind."""
    made = Bundle(output)
    try:
        yield made
    finally:
        made.close()
