"""Checks the bundle of a session, of `chaukas-lite audit export --session`, with nothing but Python.

    python verify.py                          the bundle that this file lies in
    python verify.py bundle.zip               another one, or a folder
    python verify.py --key NAME+ID+KEY        with the log's key as you got it from elsewhere
    python verify.py --log NAME               and that it is of the log of this name

It checks that each event is an entry of the log by a proof of its own (proofs/1.tlog-proof is that of the first event),
that the log's key has signed the checkpoint that all proofs lead to, that all events are of one session, and that hash
chains of events that were sealed hold. The exit status is 0 only if all of that holds. What bundles of a session and
those of a whole log have in common stands in verify_bundle.py, which has to lie beside this file.
"""

import sys

# What lies beside this file came with the bundle, and is no module of Python. Before this only sys is imported.
if __name__ == "__main__" and not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
    del sys.path[0]

import hashlib
import re
from pathlib import Path
from types import ModuleType
from typing import Any

FILES = ("README.md", "checkpoint.txt", "events.delim", "keys.txt", "verify.py", "verify_bundle.py")
HEADER = b"c2sp.org/tlog-proof@v1\n"


def _beside(name: str) -> Any:
    """Load what has to lie beside this file: its text, and nothing that Python has made of one before."""
    path = Path(__file__).with_name(f"{name}.py")
    module = ModuleType(f"{name}_beside")
    module.__file__ = str(path)
    exec(compile(path.read_bytes(), path, "exec"), module.__dict__)
    return module


bundle = _beside("verify_bundle")
NotVerified: Any = bundle.NotVerified


def files_of(names: list[str]) -> list[str]:
    """All files that a bundle with files of these names has to have."""
    return [*FILES, *proofs_in(names)]


def proofs_in(names: list[str]) -> list[str]:
    """The proofs that a bundle with files of these names has to have, in the order of its events."""
    count = sum(name.startswith("proofs/") and name.endswith(".tlog-proof") for name in names)
    return [f"proofs/{number}.tlog-proof" for number in range(1, count + 1)]


def read_proof(proof: bytes, checkpoint: bytes) -> tuple[int, list[bytes]]:
    """Read a proof of c2sp.org/tlog-proof that leads to a checkpoint: the number of the entry, and hashes."""
    head, _, note = proof.partition(b"\n\n")
    index, *lines = head.removeprefix(HEADER).decode(errors="replace").split("\n")
    path = [bundle.base64_of(line) for line in lines]
    if not proof.startswith(HEADER) or not re.fullmatch("index (0|[1-9][0-9]{0,18})", index):
        raise NotVerified("a proof cannot be read")
    if note != checkpoint or any(len(each) != bundle.HASH for each in path):
        raise NotVerified(
            "a proof is of another checkpoint than that of the bundle, or holds something else than hashes"
        )
    return int(index[6:]), path


def root_by(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """Return the root that a proof of inclusion leads to (RFC 9162, 2.1.3.2); empty if it is none."""
    number, last, root = index, size - 1, leaf
    for other in path:
        if last == 0:
            return b""
        if number & 1 or number == last:
            root = hashlib.sha256(b"\x01" + other + root).digest()
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            root = hashlib.sha256(b"\x01" + root + other).digest()
        number, last = number >> 1, last >> 1
    return root if last == 0 and index < size else b""


def check(place: Path, keys: list[str], checkpoints: list[Path], log: str = "") -> list[str]:
    """Check a bundle; return what is to be told. Raises NotVerified if anything does not hold."""
    if checkpoints:
        raise NotVerified("a bundle of a session has no proof that the log has grown out of an older checkpoint")
    files, beside = bundle.read_bundle(place, files_of)
    trusted = bundle.read_keys("\n".join(keys) if keys else files["keys.txt"].decode(errors="replace"))
    origin, size, root = bundle.read_checkpoint(files["checkpoint.txt"], trusted, log)
    events = bundle.read_events(files["events.delim"])
    names = proofs_in([*files])
    if not events or len(names) != len(events):
        raise NotVerified(f"there are {len(events)} events, and {len(names)} proofs")
    last = -1
    for event, name in zip(events, names, strict=True):
        index, path = read_proof(files[name], files["checkpoint.txt"])
        if index <= last:
            raise NotVerified(f"{name} is of entry {index}, which does not come behind the one before")
        if root_by(hashlib.sha256(b"\x00" + event).digest(), index, size, path) != root:
            raise NotVerified(f"{name} does not prove that its event is entry {index} of the log")
        last = index
    sessions = {bundle.read_seal(event)[0].get("session_id", "") for event in events}
    if len(sessions) != 1:
        raise NotVerified(f"the events are of {len(sessions)} sessions")
    told = [
        f"The log {origin} had {size} entries, which its key has signed.",
        f"All {len(events)} events are entries of it, of session {sessions.pop()}.",
        "Whether these are all that the session had, its chains alone tell: a closed one lacks nothing.",
    ]
    return [*told, *bundle.check_chains(events, may_lack=False), *beside, *bundle.told_of_keys(files, keys)]


if __name__ == "__main__":
    sys.exit(bundle.main(check))
