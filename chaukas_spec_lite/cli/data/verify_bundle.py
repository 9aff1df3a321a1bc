"""Checks a bundle of `chaukas-lite audit export`, with nothing but Python and this file.

    python verify.py                          the bundle that this file lies in
    python verify.py bundle.zip               another one, or a folder
    python verify.py --key NAME+ID+KEY        with the log's key as you got it from elsewhere
    python verify.py --log NAME               and that it is of the log of this name
    python verify.py --checkpoint old.txt     and that nothing has changed since a checkpoint that you kept

It checks that each event is the entry of the log that it is said to be, that the tree over all entries has the root
that the checkpoint names, that the log's key has signed that, and that hash chains of events that were sealed hold. The
exit status is 0 only if all of that holds.
"""

import sys

# What lies beside this file came with the bundle, and is no module of Python. Before this only sys is imported.
if __name__ == "__main__" and not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
    del sys.path[0]

import argparse
import base64
import hashlib
import json
import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

FILES = ("README.md", "absent.jsonl", "checkpoint.txt", "events.delim", "keys.txt", "leaves.bin", "verify.py")
SUMS = "SHA256SUMS"
HASH = 32
SEALED = {1: "event_id", 4: "session_id", 18: "hash_prev", 19: "content_hash"}
END_OF_SESSION = 2


class NotVerified(Exception):
    """Something does not hold; the text says what."""


def read_bundle(place: Path, wanted: Callable[[list[str]], Iterable[str]]) -> tuple[dict[str, bytes], list[str]]:
    """Read the files that are wanted, and compare them with their sums; return what is to be told of others, too."""
    try:
        if place.is_dir():
            there = sorted(path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file())
            names = sorted(wanted(there))
            found = {name: (place / name).read_bytes() for name in {*there} & {*names, SUMS}}
        else:
            with zipfile.ZipFile(place) as archive:
                there = archive.namelist()
                names = sorted(wanted(there))
                found = {name: archive.read(name) for name in {*there} & {*names, SUMS}}
    except (OSError, zipfile.BadZipFile, RuntimeError, ValueError, NotImplementedError, EOFError, zlib.error) as error:
        raise NotVerified(f"the bundle cannot be read: {error}") from error
    if len({posixpath.normpath(name.replace("\\", "/")).lstrip("/").lower() for name in there}) < len(there):
        raise NotVerified("the bundle has several files of one name: which of them is checked, and which is read?")
    for name in (*names, SUMS):
        if name not in found:
            raise NotVerified(f"the bundle has no file {name}")
    sums = "".join(f"{hashlib.sha256(found[name]).hexdigest()}  {name}\n" for name in names)
    if found[SUMS] != sums.encode():
        wrong = [line[66:] for line in sums.splitlines() if line.encode() not in found[SUMS].splitlines()]
        raise NotVerified(f"SHA256SUMS does not fit {', '.join(wrong[:20]) or 'the files'}: the bundle is damaged")
    beside = sorted({*there} - {*found})
    return found, [f"Nothing is proven of what lies beside it: {', '.join(beside[:20])}"] if beside else []


# Keys and signatures, as c2sp.org/signed-note and c2sp.org/tlog-checkpoint have them


def read_keys(text: str) -> dict[tuple[str, bytes], bytes]:
    """Read verifier keys, one a line: the public key of each name and id."""
    keys: dict[tuple[str, bytes], bytes] = {}
    for line in text.removesuffix("\n").split("\n"):
        found = re.fullmatch(r"([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)", line)
        data = base64_of(found[3]) if found else b""
        if found is None or len(data) != 1 + HASH or data[0] != 1:
            raise NotVerified(f"a key that begins with {line.partition('+')[0][:80]!r} is no Ed25519 key of a log")
        key_id = hashlib.sha256(found[1].encode() + b"\n" + data).digest()[:4]
        if key_id.hex() != found[2]:
            raise NotVerified(f"the key {found[1][:80]!r} is damaged")
        keys[found[1], key_id] = data[1:]
    return keys


def read_checkpoint(note: bytes, keys: dict[tuple[str, bytes], bytes], log: str = "") -> tuple[str, int, bytes]:
    """Return origin, size and root of a checkpoint that one of the keys has signed."""
    text, _, signatures = note.decode(errors="replace").rpartition("\n\n")
    lines = text.split("\n")
    root = base64_of(lines[2]) if len(lines) > 2 else b""
    if len(root) != HASH or not re.fullmatch("0|[1-9][0-9]{0,18}", lines[1]):
        raise NotVerified("the checkpoint cannot be read")
    if log not in ("", lines[0]):
        raise NotVerified(f"it is of the log {lines[0]}, not of {log}")
    signed = (text + "\n").encode()
    signers = 0
    for line in signatures.removesuffix("\n").split("\n"):
        found = re.fullmatch("\u2014 (\\S+) (\\S+)", line)
        data = base64_of(found[2]) if found else b""
        if found is None or len(data) < 5:
            raise NotVerified("the checkpoint has a line that is no signature")
        key = keys.get((found[1], data[:4]))
        if key is None:
            continue  # of a witness, or of a key that was not named
        if not is_signed(key, signed, data[4:]):
            raise NotVerified(f"the checkpoint has a signature of {found[1]} that is not one of its text")
        if not lines[0].startswith(f"{found[1]}/tenant/"):
            raise NotVerified(f"it is of the log {lines[0]}, which is none of those that {found[1]} signs for")
        signers += 1
    if not signers:
        raise NotVerified("the checkpoint is signed by none of the keys: " + ", ".join(name for name, _ in keys))
    return lines[0], int(lines[1]), root


def base64_of(text: str) -> bytes:
    """Read base64 in its one proper form; empty for anything else."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        return b""
    return data if base64.b64encode(data).decode() == text else b""


P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def is_signed(key: bytes, message: bytes, signature: bytes) -> bool:
    """Say whether an Ed25519 signature (RFC 8032) is a key's, and of a message. There is no secret to be kept here."""
    point, base = _point(key), _point((4 * pow(5, P - 2, P) % P).to_bytes(HASH, "little"))
    number = int.from_bytes(signature[HASH:], "little")
    if len(signature) != 64 or point is None or base is None or number >= ORDER:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:HASH] + key + message).digest(), "little") % ORDER
    x, y, z, t = point
    found = _sum(_times(number, base), _times(challenge, (P - x, y, z, P - t)))
    inverse = pow(found[2], P - 2, P)
    encoded = found[1] * inverse % P | (found[0] * inverse % P & 1) << 255
    return encoded.to_bytes(HASH, "little") == signature[:HASH]


def _point(encoded: bytes) -> tuple[int, int, int, int] | None:
    number = int.from_bytes(encoded, "little")
    y, sign = number & (1 << 255) - 1, number >> 255
    if len(encoded) != HASH or y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def _sum(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    a = (one[1] - one[0]) * (other[1] - other[0])
    b = (one[1] + one[0]) * (other[1] + other[0])
    c = 2 * one[3] * other[3] * D
    d = 2 * one[2] * other[2]
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _times(number: int, point: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    total = 0, 1, 1, 0
    while number:
        if number & 1:
            total = _sum(total, point)
        point = _sum(point, point)
        number >>= 1
    return total


def root_of(leaves: list[bytes]) -> bytes:
    """Return the root of the tree over hashes of entries (RFC 6962)."""
    roots: list[tuple[int, bytes]] = []
    for leaf in leaves:
        height, node = 0, leaf
        while roots and roots[-1][0] == height:
            node = hashlib.sha256(b"\x01" + roots.pop()[1] + node).digest()
            height += 1
        roots.append((height, node))
    if not roots:
        return hashlib.sha256(b"").digest()
    root = roots.pop()[1]
    while roots:
        root = hashlib.sha256(b"\x01" + roots.pop()[1] + root).digest()
    return root


def read_absent(data: bytes, size: int) -> set[int]:
    """Read of which entries the bundle has only the hash."""
    absent = [-1]
    for line in data.splitlines():
        try:
            index = json.loads(line.decode(), object_pairs_hook=only_once)["index"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise NotVerified(f"absent.jsonl cannot be read: {error}") from error
        if type(index) is not int or not absent[-1] < index < size:
            raise NotVerified(f"absent.jsonl names entry {index}, which is not in its place")
        absent.append(index)
    return {*absent[1:]}


def only_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of JSON, in which no name may stand twice: readers would not agree which one counts."""
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a name stands twice")
    return dict(pairs)


def read_events(data: bytes) -> list[bytes]:
    """Read events, each behind its length."""
    events: list[bytes] = []
    at = 0
    while at < len(data):
        length, at = varint(data, at)
        if length > len(data) - at:
            raise NotVerified("events.delim ends within an event")
        events.append(data[at : at + length])
        at += length
    return events


def varint(data: bytes, at: int) -> tuple[int, int]:
    """Read a number of protobuf; return it and where it ends."""
    value = shift = 0
    while at < len(data) and shift < 64:
        value |= (data[at] & 127) << shift
        at += 1
        if data[at - 1] < 128:
            return value, at
        shift += 7
    raise NotVerified("a number within an event cannot be read")


# Hash chains, as docs/reference/audit-format.md has them

VALUE: dict[int, Any] = {}
STRUCT: dict[int, Any] = {1: {2: VALUE}}
VALUE.update({5: STRUCT, 6: {1: VALUE}})
BEHIND = {38: {5: STRUCT}, 39: {5: STRUCT, 6: STRUCT}, 71: {2: STRUCT}, 90: STRUCT}
EVENT = {30: {3: STRUCT}, 31: {3: STRUCT}, 32: {2: STRUCT}, 33: {3: STRUCT, 4: STRUCT}, 36: STRUCT, **BEHIND}
"""In which fields of an event Structs stand, whose entries have an order in the canonical form."""


def fields(data: bytes) -> list[tuple[int, int, bytes, bytes]]:
    """Take a message apart: number and wire type of each field, what stands before its content, and that."""
    found: list[tuple[int, int, bytes, bytes]] = []
    at = 0
    while at < len(data):
        start = at
        tag, at = varint(data, at)
        wire, value = tag & 7, at
        if wire == 0:
            _, at = varint(data, at)
        elif wire == 2:
            length, value = varint(data, at)
            at = value + length
        elif wire in (1, 5):
            at += 8 if wire == 1 else 4
        else:
            raise NotVerified("an event has a field of a kind that this script does not know")
        if at > len(data):
            raise NotVerified("an event ends within a field")
        found.append((tag >> 3, wire, data[start:value], data[value:at]))
    return found


def in_order(data: bytes, kinds: dict[int, Any]) -> bytes:
    """Put the fields of a message in order, and the entries of Structs in it."""
    found = fields(data)
    if kinds is STRUCT:
        found.sort(key=lambda entry: b"".join(content for number, _, _, content in fields(entry[3]) if number == 1))
    else:
        found.sort(key=lambda field: field[0])
    return b"".join(
        head + (in_order(content, kinds[number]) if number in kinds and wire == 2 else content)
        for number, wire, head, content in found
    )


def read_seal(event: bytes) -> tuple[dict[str, str], bool, bool]:
    """Return the texts of a seal, whether the event ends its session, and whether the seal is that of its content."""
    texts: dict[str, str] = {}
    kept, ends = b"", False
    for number, wire, head, content in fields(event):
        if number == 7 and wire == 0:
            ends = varint(content, 0)[0] == END_OF_SESSION
        if number in SEALED and wire == 2:
            texts[SEALED[number]] = content.decode(errors="replace")
        if number not in (19, 20) or wire != 2:  # of another kind, it is no seal, but something that was put in
            kept += head + content
    digest = hashlib.sha256(b"chaukas-event-v1\n" + in_order(kept, EVENT)).hexdigest()
    return texts, ends, texts.get("content_hash") == "sha256:" + digest


def check_chains(events: list[bytes], may_lack: bool) -> list[str]:
    """Follow the chains of sealed events; return what is to be told."""
    seals = [read_seal(event) for event in events]
    sealed = [each for each in seals if each[0].get("content_hash") or each[0].get("hash_prev")]
    known = {texts.get("content_hash"): (texts.get("session_id", ""), ends) for texts, ends, _ in sealed}
    wrong: list[str] = []
    followed: set[str] = set()
    begun = ended = lost = 0
    for texts, ends, is_genuine in sealed:
        name, before = texts.get("event_id", ""), texts.get("hash_prev", "")
        if not is_genuine:
            wrong.append(f"event {name!r}: its seal is not that of its content; chaukas-lite verify can say more")
        if before in followed:
            wrong.append(f"event {name!r} follows an event that another one follows, too")
        followed.add(before)
        genesis = re.fullmatch(r"genesis:[^:]+:[1-9][0-9]{0,18}:(.*)", before, re.DOTALL)
        begun += genesis is not None
        ended += ends
        session, closed = (genesis[1], False) if genesis else known.get(before, (None, False))
        if session is None:
            lost += 1
            if not may_lack:
                wrong.append(f"event {name!r}: the event before it is missing")
        elif closed or session != texts.get("session_id", ""):
            wrong.append(f"event {name!r} stands in a chain that is of another session, or was closed before it")
    if wrong:
        raise NotVerified("; ".join(wrong[:20]) + ("" if len(wrong) <= 20 else f"; and {len(wrong) - 20} more"))
    told = [f"{len(sealed)} of {len(events)} events are sealed, in {begun} chains, of which {ended} are closed."]
    if lost and may_lack:
        told.append(f"{lost} sealed events follow one that is not in the bundle, such as a deleted one.")
    return told


def check(place: Path, keys: list[str], checkpoints: list[Path], log: str = "") -> list[str]:
    """Check a bundle; return what is to be told. Raises NotVerified if anything does not hold."""
    files, beside = read_bundle(place, lambda _: FILES)
    trusted = read_keys("\n".join(keys) if keys else files["keys.txt"].decode(errors="replace"))
    origin, size, root = read_checkpoint(files["checkpoint.txt"], trusted, log)
    told = [f"The log {origin} had {size} entries, which its key has signed."]
    data = files["leaves.bin"]
    if len(data) != size * HASH:
        raise NotVerified(f"leaves.bin has {len(data)} bytes, not {HASH} for each of {size} entries")
    leaves = [data[at : at + HASH] for at in range(0, len(data), HASH)]
    absent = read_absent(files["absent.jsonl"], size)
    events = read_events(files["events.delim"])
    if len(events) != size - len(absent):
        raise NotVerified(f"events.delim has {len(events)} events, not {size - len(absent)}")
    present = (index for index in range(size) if index not in absent)
    for index, event in zip(present, events, strict=True):
        if hashlib.sha256(b"\x00" + event).digest() != leaves[index]:
            raise NotVerified(f"the event of entry {index} is not the one that was logged")
    if root_of(leaves) != root:
        raise NotVerified("the tree over the entries has not the root that the checkpoint names")
    told.append(f"All {size} entries are those of the log: {len(events)} with their events, {len(absent)} without.")
    told += ["Why the others are not here is what absent.jsonl says, and not proven."] if absent else []
    for path in checkpoints:
        old_origin, old_size, old_root = read_checkpoint(path.read_bytes(), trusted)
        if old_origin != origin or old_size > size or root_of(leaves[:old_size]) != old_root:
            raise NotVerified(f"{path} is of another history: keep it, and the bundle, as evidence")
        told.append(f"Nothing has changed in the {old_size} entries of {path}.")
    return told + check_chains(events, may_lack=bool(absent)) + beside + told_of_keys(files, keys)


def told_of_keys(files: dict[str, bytes], keys: list[str]) -> list[str]:
    """Say whose keys were believed, if the bundle's own were."""
    names = " and ".join(files["keys.txt"].decode().split())
    return (
        []
        if keys
        else [f"The key is the bundle's own. Compare it with the one that you got from the operator: {names}"]
    )


def shown(text: str) -> str:
    """Make visible what a terminal would obey: a key can have a name that hides what is printed beside it."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def main(check: Callable[[Path, list[str], list[Path], str], list[str]] = check) -> int:
    """Check the bundle that the arguments name; return the exit status."""
    parser = argparse.ArgumentParser(description="Check a bundle of an audit log.")
    parser.add_argument("bundle", nargs="?", type=Path, default=Path(__file__).parent, help="a folder, or a zip file")
    parser.add_argument("--key", action="append", default=[], help="a key of the log, as you got it from elsewhere")
    parser.add_argument("--checkpoint", action="append", default=[], type=Path, help="a checkpoint that you kept")
    parser.add_argument("--log", default="", help="the name of the log that it has to be of")
    given = parser.parse_args()
    try:
        told = check(given.bundle, given.key, given.checkpoint, given.log)
    except (NotVerified, OSError, RecursionError, UnicodeDecodeError) as error:
        print(f"NOT VERIFIED: {shown(str(error))}", file=sys.stderr)
        return 1
    print("\n".join([*map(shown, told), "VERIFIED" if given.key else "VERIFIED, if the key is that of the log"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
