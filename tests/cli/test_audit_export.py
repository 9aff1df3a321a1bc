"""``chaukas-lite audit export``, and the script in its bundles: what is whole is verified, and nothing else is."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from chaukas_spec_lite import Event, EventType, ToolCall
from chaukas_spec_lite.audit.canonical import canonical_bytes, content_hash
from chaukas_spec_lite.audit.chain import hash_of
from chaukas_spec_lite.audit.keys import SigningKey
from chaukas_spec_lite.audit.merkle import leaf_hash, root_of
from chaukas_spec_lite.audit.notes import Checkpoint
from chaukas_spec_lite.audit.verification import verify
from chaukas_spec_lite.cli.audit.bundle import SCRIPT, Bundle, bundle_at
from chaukas_spec_lite.cli.data import verify_bundle
from chaukas_spec_lite.cli.data.verify_bundle import FILES, NotVerified, check
from chaukas_spec_lite.cli.logs import TenantEntry
from chaukas_spec_lite.collector.searched_text import searched_text
from chaukas_spec_lite.collector.stores.opening import store_for
from chaukas_spec_lite.wire.fields import STRUCT, fields_of
from tests.cli.logged import add, key, sealed_events
from tests.cli.recordings import here
from tests.patience import HANG

SIZE = 9


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of three sessions, of which one was deleted."""
    home = tmp_path_factory.mktemp("home")
    signer = key(home)
    (home / "old.txt").write_text(add(home / "events.db", sealed_events(["s0"]), signer))
    add(home / "events.db", sealed_events(["s1", "s2"], writer="w2"), signer, without="s1")
    done = here(home, "audit", "export", "--store", "events.db", "--tenant", "acme", "--key", "log.pub",
                "--checkpoint", "old.txt", "--output", "bundle")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr.endswith(
        f"{SIZE} entries of the log example.com/log/tenant/acme written to bundle; 3 of them without the event.\n"
    )
    return home / "bundle"


@pytest.fixture
def bundle(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it to be tampered with, whose signatures are checked in a hundredth of the time."""
    monkeypatch.setattr(verify_bundle, "is_signed", signed_by_cryptography)
    return Path(shutil.copytree(whole, tmp_path / "copy"))


def signed_by_cryptography(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def forged(folder: Path) -> Path:
    """Make the sums anew, as somebody would who tampers on purpose."""
    sums = "".join(f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in FILES)
    (folder / "SHA256SUMS").write_text(sums)
    return folder


def alone(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a script with the standard library and nothing else, in an empty environment."""
    return subprocess.run(
        [sys.executable, "-I", "-S", *map(str, arguments)],
        cwd=cwd, env={}, capture_output=True, text=True, timeout=HANG, check=False,
    )  # fmt: skip


def test_a_whole_bundle_is_verified_by_the_script_in_it(whole: Path, tmp_path: Path) -> None:
    done = alone("verify.py", "--checkpoint", whole.parent / "old.txt", cwd=whole)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "The log example.com/log/tenant/acme had 9 entries, which its key has signed.",
        "All 9 entries are those of the log: 6 with their events, 3 without.",
        "Why the others are not here is what absent.jsonl says, and not proven.",
        f"Nothing has changed in the 3 entries of {whole.parent / 'old.txt'}.",
        "6 of 6 events are sealed, in 2 chains, of which 2 are closed.",
        "The key is the bundle's own. Compare it with the one that you got from the operator: "
        + (whole.parent / "log.pub").read_text().strip(),
        "VERIFIED, if the key is that of the log",
    ]
    done = alone("verify.py", "--key", (whole.parent / "log.pub").read_text().strip(), cwd=whole)
    assert done.returncode == 0
    assert done.stdout.endswith("2 are closed.\nVERIFIED\n")


def test_a_zip_file_holds_the_same(whole: Path) -> None:
    home = whole.parent
    done = here(home, "audit", "export", "--store", "events.db", "--tenant", "acme", "--key", "log.pub",
                "--output", "bundle.zip")  # fmt: skip
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(home / "bundle.zip") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {
            path.name: path.read_bytes() for path in whole.iterdir()
        }
    assert alone(SCRIPT, home / "bundle.zip", cwd=home).returncode == 0
    assert not [path for path in home.iterdir() if path.name.startswith(".bundle")]


def test_another_key_has_not_signed_it(whole: Path, tmp_path: Path) -> None:
    key(tmp_path)
    done = alone("verify.py", "--key", (tmp_path / "log.pub").read_text().strip(), cwd=whole)
    assert done.returncode == 1
    assert done.stderr == "NOT VERIFIED: the checkpoint is signed by none of the keys: example.com/log\n"


def test_no_byte_can_be_changed_unseen(bundle: Path) -> None:
    assert check(bundle, [], [])
    for path in sorted(bundle.iterdir()):
        good = path.read_bytes()
        # In long files with steps: their sums hold all bytes alike.
        step = 1 + len(good) // 40
        for at in range(0, len(good), step):
            path.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
            with pytest.raises(NotVerified):
                check(bundle, [], [])
        path.write_bytes(good)


@pytest.mark.parametrize("name", ["events.delim", "leaves.bin", "checkpoint.txt", "keys.txt"])
def test_no_byte_can_be_changed_with_the_sums_made_anew(bundle: Path, name: str) -> None:
    path = bundle / name
    good = path.read_bytes()
    # From the first event to the last, but with steps: what holds one of them holds the others.
    for at in range(0, len(good), 1 if len(good) < 250 else 5):
        path.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        with pytest.raises(NotVerified):
            check(forged(bundle), [], [])


def events_of(folder: Path) -> list[bytes]:
    return verify_bundle.read_events((folder / "events.delim").read_bytes())


def write(folder: Path, events: list[bytes], leaves: list[bytes] | None = None) -> None:
    data = b"".join(bytes([len(each) & 127 | 128, len(each) >> 7]) + each for each in events)
    (folder / "events.delim").write_bytes(data)
    if leaves is not None:
        (folder / "leaves.bin").write_bytes(b"".join(leaves))


def removed(events: list[bytes], at: int) -> None:
    del events[at]


def doubled(events: list[bytes], at: int) -> None:
    events.insert(at, events[at])


def swapped(events: list[bytes], at: int) -> None:
    events[at - 1], events[at] = events[at], events[at - 1]


def cut(events: list[bytes], at: int) -> None:
    del events[at:]


def altered(events: list[bytes], at: int) -> None:
    events[at] = events[at].replace(b"shop", b"SHOP")


@pytest.mark.parametrize("tamper", [removed, doubled, swapped, cut, altered])
@pytest.mark.parametrize("rebuilt", [False, True], ids=["leaves kept", "tree rebuilt"])
def test_tampering_with_events(bundle: Path, tamper: Callable[[list[bytes], int], None], rebuilt: bool) -> None:
    events = events_of(bundle)
    absent = (bundle / "absent.jsonl").read_bytes()
    for at in range(len(events)):
        bad = [*events]
        tamper(bad, at)
        leaves = None
        if rebuilt:
            # As somebody does who has the whole bundle, but not the key: the tree is of the events that are left.
            leaves = [leaf_hash(each) for each in bad]
            (bundle / "absent.jsonl").write_bytes(b"")
        write(bundle, bad, leaves)
        with pytest.raises(NotVerified):
            check(forged(bundle), [], [])
    write(bundle, events)
    (bundle / "absent.jsonl").write_bytes(absent)


def test_an_event_cannot_be_left_out_in_silence(bundle: Path) -> None:
    """It can be left out, as deleted ones are; its entry stays, and is counted and named."""
    events = events_of(bundle)
    write(bundle, events[1:])
    (bundle / "absent.jsonl").write_bytes(b'{"index": 0, "why": ""}\n' + (bundle / "absent.jsonl").read_bytes())
    assert "All 9 entries are those of the log: 5 with their events, 4 without." in check(forged(bundle), [], [])


@pytest.mark.parametrize(
    "line",
    [
        '{"index": 0, "index": 1, "why": ""}',
        '{"index": 0.5, "why": ""}',
        '{"index": false, "why": ""}',
        '{"index": "0", "why": ""}',
        '{"index": -1, "why": ""}',
        '{"index": 9, "why": ""}',
        '{"index": Infinity, "why": ""}',
        '{"why": ""}',
        "[" * 100_000,
        "0",
    ],
)
def test_what_readers_could_read_in_two_ways_is_refused(bundle: Path, line: str) -> None:
    write(bundle, events_of(bundle)[1:])
    path = bundle / "absent.jsonl"
    path.write_bytes(f"{line}\n".encode() + path.read_bytes())
    with pytest.raises(NotVerified, match=r"absent\.jsonl"):
        check(forged(bundle), [], [])


def test_a_bundle_of_another_log_than_the_one_that_is_meant(bundle: Path) -> None:
    assert check(bundle, [], [], "example.com/log/tenant/acme")
    for name in ("example.com/log/tenant/acm", "ex\u0430mple.com/log/tenant/acme", "example.com/log/tenant/%61cme"):
        with pytest.raises(NotVerified, match=r"it is of the log example\.com/log/tenant/acme, not of "):
            check(bundle, [], [], name)


def test_what_is_damaged_in_any_way_is_a_sentence(whole: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(whole, tmp_path / "copy"))
    (folder / "keys.txt").write_bytes(b"\xff\n")
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in folder.iterdir():
            archive.write(path, path.name)
    data = (tmp_path / "b.zip").read_bytes()
    places = [tmp_path / "none", forged(folder)]
    for number, at in enumerate(range(0, len(data), max(1, len(data) // 60))):
        places.append(tmp_path / f"{number}.zip")
        places[-1].write_bytes(data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :])
    for place in places:
        with pytest.raises(NotVerified):
            check(place, [], [])


def test_another_history_than_that_of_an_old_checkpoint(bundle: Path, whole: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(whole.parent / "log.key", other)
    shutil.copy(whole.parent / "log.pub", other)
    signer = SigningKey.read(other / "log.key")
    (other / "old.txt").write_text(add(other / "events.db", sealed_events(["forged"]), signer))
    with pytest.raises(NotVerified, match="of another history"):
        check(bundle, [], [other / "old.txt"])
    done = here(whole.parent, "audit", "export", "--store", "events.db", "--tenant", "acme", "--key", "log.pub",
                "--checkpoint", other / "old.txt", "--output", "none")  # fmt: skip
    assert done.returncode == 1
    assert "the first 3 entries of the log are not what they were" in done.stderr
    assert not (whole.parent / "none").exists()


def test_broken_chains_within_a_log_that_holds(tmp_path: Path) -> None:
    """The log proves what arrived. What was altered before it arrived, the seals show."""
    signer = key(tmp_path)
    events = sealed_events(["s0"])
    events[1].metadata = {"b": 99}
    add(tmp_path / "events.db", events, signer)
    done = here(tmp_path, "audit", "export", "--store", "events.db", "--tenant", "acme", "--key", "log.pub",
                "--output", "bundle")  # fmt: skip
    assert done.returncode == 0, done.stderr
    with pytest.raises(NotVerified, match=r"event 's0-1': its seal is not that of its content"):
        check(tmp_path / "bundle", [], [])


def made(folder: Path, signer: SigningKey, events: list[Event], origin: str) -> Path:
    """A bundle of somebody who has the key, and writes what he likes."""
    leaves = [leaf_hash(bytes(each)) for each in events]
    with bundle_at(folder / "made") as new:
        bundle = Bundle(new)
        for index, event in enumerate(events):
            bundle.take(TenantEntry(index, leaves[index], bytes(event)))
        note = Checkpoint(origin, len(events), root_of(leaves)).note(signer)
        bundle.finish(origin, str(note), f"{signer.verifier()}\n")
    return folder / "made"


def sealed_behind(before: str, session: str) -> Event:
    event = Event(event_id="more", session_id=session, hash_prev=before)
    event.content_hash = hash_of(canonical_bytes(event))
    return event


@pytest.mark.parametrize("where", ["behind the end", "of another session", "of another session than it says"])
def test_an_event_that_somebody_put_into_a_chain(tmp_path: Path, where: str) -> None:
    """Its own seal is right, as anybody can make one."""
    events = sealed_events(["s0"])
    if where == "behind the end":
        events.append(sealed_behind(events[-1].content_hash, "s0"))
    elif where == "of another session":
        events[-1:] = [sealed_behind(events[-2].content_hash, "s1")]
    else:
        events.append(sealed_behind("genesis:w2:1:s2", "s1"))
    assert not verify(events).sound
    folder = made(tmp_path, SigningKey.generate("example.com/log"), events, "example.com/log/tenant/acme")
    with pytest.raises(NotVerified, match=r"event 'more' stands in a chain that is of another session, or was closed"):
        check(folder, [], [])


def test_the_key_of_one_log_proves_nothing_of_another(tmp_path: Path) -> None:
    signer = SigningKey.generate("example.org/other")
    folder = made(tmp_path, signer, sealed_events(["s0"]), "example.com/log/tenant/acme")
    with pytest.raises(NotVerified, match=r"which is none of those that example\.org/other signs for"):
        check(folder, [str(signer.verifier())], [])


def test_a_secret_key_is_not_shown(whole: Path) -> None:
    secret = (whole.parent / "log.key").read_text().strip()
    done = alone("verify.py", "--key", secret, cwd=whole)
    assert done.returncode == 1
    assert done.stderr == "NOT VERIFIED: a key that begins with 'PRIVATE' is no Ed25519 key of a log\n"


def test_what_lies_beside_the_script_is_no_module(whole: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(whole, tmp_path / "copy"))
    for name in ("argparse", "base64", "__future__", "pathlib", "typing"):
        (folder / f"{name}.py").write_text("print('VERIFIED'); raise SystemExit(0)")
    key(tmp_path)
    arguments = [sys.executable, str(folder / "verify.py"), "--key", (tmp_path / "log.pub").read_text().strip()]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=HANG, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "NOT VERIFIED: the checkpoint is signed by none of the keys: example.com/log\n"


def test_a_terminal_does_not_obey_the_name_of_a_key(tmp_path: Path) -> None:
    signer = SigningKey.generate("e")
    object.__setattr__(signer, "name", "e\x1b[8m")  # which no key here can have, but one of somebody else
    folder = made(tmp_path, signer, sealed_events(["s0"]), "e\x1b[8m/tenant/acme")
    done = alone("verify.py", cwd=folder)
    assert (done.returncode, "\x1b" in done.stdout, r"e\x1b[8m+" in done.stdout) == (0, False, True)


@pytest.mark.skipif(os.name != "posix", reason="a matter of POSIX's modes")
def test_a_bundle_is_readable_for_those_whom_the_mask_lets_read(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        folder = made(tmp_path, SigningKey.generate("e"), sealed_events(["s0"]), "e/tenant/acme")
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o077 for path in (folder, *folder.iterdir())} == {0}
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


def structs(cls: type[Any]) -> dict[int, Any]:
    """Where Structs stand in a message, as the schema has it."""
    found: dict[int, Any] = {}
    for field in fields_of(cls):
        if field.kind == STRUCT:
            found[field.number] = verify_bundle.STRUCT
        elif field.kind == "message" and (inside := structs(field.cls)) and field.cls.__name__ != "Any":
            found[field.number] = inside
    return found


def test_the_script_knows_where_structs_stand() -> None:
    """Compared by what each holds, as a Struct holds itself."""

    def named(kinds: dict[int, Any]) -> dict[int, Any]:
        return {number: "Struct" if inner is verify_bundle.STRUCT else named(inner) for number, inner in kinds.items()}

    assert named(verify_bundle.EVENT) == named(structs(Event))


json_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.text(max_size=3), json_values, max_size=4))
@settings(max_examples=20, deadline=None)
def test_the_script_brings_events_into_canonical_form(value: dict[str, Any]) -> None:
    event = Event(event_id="e", metadata=value, tool_call=ToolCall(name="t", arguments=value), hash_prev="h")
    assert verify_bundle.in_order(bytes(event), verify_bundle.EVENT) == canonical_bytes(event)
    behind = bytes(Event(metadata=value)) + bytes(Event(event_id="e"))
    assert verify_bundle.in_order(behind, verify_bundle.EVENT) == canonical_bytes(Event(event_id="e", metadata=value))


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=50), st.integers(0, 63), st.booleans())
@settings(max_examples=15, deadline=None)
def test_signatures_are_checked_as_cryptography_does(seed: bytes, message: bytes, at: int, spoilt: bool) -> None:
    secret = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = secret.public_key().public_bytes_raw(), bytearray(secret.sign(message))
    signature[at] ^= spoilt
    assert verify_bundle.is_signed(public, message, bytes(signature)) is not spoilt
    assert signed_by_cryptography(public, message, bytes(signature)) is not spoilt
    assert not verify_bundle.is_signed(public[::-1], message, bytes(signature))


def without_a_log(folder: Path) -> str:
    async def make() -> None:
        store = store_for(str(folder / "events.db"), texts=searched_text)
        await store.open()
        await store.close()

    asyncio.run(make())
    return "keeps no log; chaukas-lite serve --audit-key FILE begins one"


def without_a_checkpoint(folder: Path) -> str:
    add(folder / "events.db", sealed_events(["s0"]), None)
    return "the log of tenant 'acme' has no checkpoint: a collector makes them"


def signed_by_another(folder: Path) -> str:
    (folder / "other").mkdir()
    add(folder / "events.db", sealed_events(["s0"]), key(folder / "other", "example.org/other"))
    return "the log's newest checkpoint: it is not signed by whom it has to be: example.com/log"


@pytest.mark.parametrize("make", [without_a_log, without_a_checkpoint, signed_by_another])
def test_what_proves_nothing_makes_no_bundle(tmp_path: Path, make: Callable[[Path], str]) -> None:
    key(tmp_path)
    why = make(tmp_path)
    done = here(tmp_path, "audit", "export", "--store", "events.db", "--tenant", "acme", "--key", "log.pub",
                "--output", "bundle")  # fmt: skip
    assert done.returncode == 1
    assert why in done.stderr
    assert not [path for path in tmp_path.iterdir() if "bundle" in path.name]


@pytest.mark.parametrize("put_in", [b"\x98\x01\x05", b"\xa0\x01\x05", b"\x9d\x01abcd", b"\xa1\x01abcdefgh"])
def test_the_script_of_a_bundle_sees_what_has_the_number_of_a_seal_only(put_in: bytes) -> None:
    """A field of that number and of another wire type is an unknown one, and as such in the canonical form."""
    events = [bytes(each) for each in sealed_events(["s0"])]
    events[1] += put_in
    assert [fault.kind.value for fault in verify(events).faults] == ["altered"]
    with pytest.raises(verify_bundle.NotVerified, match="its seal is not that of its content"):
        verify_bundle.check_chains(events, may_lack=False)


@pytest.mark.parametrize("number", ["9" * 5000, "0", "01", "-1", "1e3", "\u0661"])
def test_a_genesis_value_whose_number_is_none(number: str) -> None:
    """Nothing that an event holds makes verify raise, not even what Python reads as no number as it is too long."""
    event = Event(event_id="e", session_id="s", type=EventType.SESSION_END, hash_prev=f"genesis:w:{number}:s")
    event.content_hash = content_hash(event)
    assert [fault.kind.value for fault in verify([event]).faults] == ["missing"]
    with pytest.raises(verify_bundle.NotVerified, match="the event before it is missing"):
        verify_bundle.check_chains([bytes(event)], may_lack=False)


def test_an_export_takes_the_state_beside_the_key_for_a_checkpoint(tmp_path: Path) -> None:
    """As verify does: it holds the checkpoints of several logs."""
    signer = key(tmp_path)
    mine = add(tmp_path / "events.db", sealed_events(["s0"]), signer)
    other = mine.replace("/tenant/acme", "/tenant/other")
    (tmp_path / "log.key.state").write_text(mine + other)
    done = here(tmp_path, "audit", "export", "--store", "events.db", "--tenant", "acme", "--key", "log.pub",
                "--checkpoint", "log.key.state", "--output", "bundle")  # fmt: skip
    assert done.returncode == 0, done.stderr
