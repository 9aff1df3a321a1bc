"""``chaukas-lite audit export --session``: a proof for each event, and a script that takes nothing else for one."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chaukas_spec_lite import BlockingChaukasClient, Event
from chaukas_spec_lite.audit.keys import SigningKey
from chaukas_spec_lite.audit.merkle import leaf_hash, prove_inclusion, root_of
from chaukas_spec_lite.audit.notes import Checkpoint
from chaukas_spec_lite.audit.proofs import InclusionProof
from chaukas_spec_lite.cli.audit.bundle import SESSION_SCRIPT, ProvenEvent, bundle_at, write_session
from chaukas_spec_lite.cli.data import verify_session
from tests.cli.logged import TENANT, add, key, sealed_events
from tests.cli.recordings import here
from tests.cli.serving import serving
from tests.cli.test_audit_export import alone
from tests.collector.log_serving import covering

LOG = "example.com/log/tenant/acme"
NotVerified = verify_session.NotVerified


def exported(home: Path, *arguments: str) -> None:
    done = here(home, "audit", "export", *arguments, "--tenant", TENANT, "--session", "s1", "--key", "log.pub")
    assert done.returncode == 0, done.stderr
    assert f"3 events of session s1 in the log {LOG} written to " in done.stderr


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of the second of three sessions."""
    home = tmp_path_factory.mktemp("home")
    add(home / "events.db", sealed_events(["s0", "s1", "s2"]), key(home))
    exported(home, "--store", "events.db", "--output", "bundle")
    return home / "bundle"


@pytest.fixture
def bundle(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "copy"))


def forged(folder: Path) -> Path:
    """Make the sums anew, as somebody would who tampers on purpose."""
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    del paths["SHA256SUMS"]
    sums = "".join(f"{hashlib.sha256(paths[name].read_bytes()).hexdigest()}  {name}\n" for name in sorted(paths))
    (folder / "SHA256SUMS").write_text(sums)
    return folder


@pytest.mark.parametrize("name", ["bundle", "bundle.zip"])
def test_the_script_of_a_bundle_verifies_each_event(whole: Path, name: str) -> None:
    home = whole.parent
    if name == "bundle.zip":
        exported(home, "--store", "events.db", "--output", name)
    given = "--key", (home / "log.pub").read_text().strip(), "--log", LOG
    done = alone(SESSION_SCRIPT if name == "bundle.zip" else whole / "verify.py", home / name, *given, cwd=home)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"The log {LOG} had 9 entries, which its key has signed.",
        "All 3 events are entries of it, of session s1.",
        "Whether these are all that the session had, its chains alone tell: a closed one lacks nothing.",
        "3 of 3 events are sealed, in 1 chains, of which 1 are closed.",
        "VERIFIED",
    ]
    assert {path.name for path in whole.iterdir()} == {*verify_session.FILES, "SHA256SUMS", "proofs"}


def test_a_proof_of_it_is_one_for_verify_too(whole: Path, tmp_path: Path) -> None:
    events = verify_session.bundle.read_events((whole / "events.delim").read_bytes())
    (tmp_path / "event.delim").write_bytes(bytes([len(events[1]) & 127 | 128, len(events[1]) >> 7]) + events[1])
    done = here(tmp_path, "verify", "--proof", whole / "proofs" / "2.tlog-proof", "--key", whole / "keys.txt",
                "event.delim")  # fmt: skip
    assert (done.returncode, done.stdout) == (0, f"event s1-1 is entry 4 of 9 of the log {LOG}\n"), done.stderr


def test_a_running_collector_gives_the_same(tmp_path: Path) -> None:
    key(tmp_path)
    options = "--store", "events.db", "--audit-key", "log.key", "--checkpoint-seconds", "0.1s", "--http", "127.0.0.1:0"
    with serving(tmp_path, *options) as served:
        with BlockingChaukasClient(served.grpc) as client:
            client.ingest_events(sealed_events(["s0", "s1", "s2"]))
        covering(served, 9)
        exported(tmp_path, "--log", served.clients["CHAUKAS_ENDPOINT"], "--output", "bundle")
    exported(tmp_path, "--store", "events.db", "--output", "stored")
    files = {path.relative_to(tmp_path / "bundle") for path in (tmp_path / "bundle").rglob("*") if path.is_file()}
    assert all((tmp_path / "bundle" / each).read_bytes() == (tmp_path / "stored" / each).read_bytes() for each in files)
    assert verify_session.check(tmp_path / "bundle", [], [])


@pytest.mark.parametrize("name", ["events.delim", "checkpoint.txt", "keys.txt", "proofs/2.tlog-proof"])
@pytest.mark.parametrize("on_purpose", [False, True], ids=["sums kept", "sums made anew"])
def test_no_byte_can_be_changed(bundle: Path, name: str, on_purpose: bool) -> None:
    path = bundle / name
    good = path.read_bytes()
    for at in range(0, len(good), 1 if len(good) < 250 else 5):
        path.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        with pytest.raises(NotVerified):
            verify_session.check(forged(bundle) if on_purpose else bundle, [], [])


def without_an_event(folder: Path) -> str:
    events = verify_session.bundle.read_events((folder / "events.delim").read_bytes())
    (folder / "events.delim").write_bytes(b"".join(bytes([len(e) & 127 | 128, len(e) >> 7]) + e for e in events[1:]))
    for number in (1, 2):
        (folder / f"proofs/{number + 1}.tlog-proof").rename(folder / f"proofs/{number}.tlog-proof")
    return "the event before it is missing"


def with_one_twice(folder: Path) -> str:
    events = verify_session.bundle.read_events((folder / "events.delim").read_bytes())
    (folder / "events.delim").write_bytes(
        b"".join(bytes([len(e) & 127 | 128, len(e) >> 7]) + e for e in [*events, events[-1]])
    )
    shutil.copy(folder / "proofs/3.tlog-proof", folder / "proofs/4.tlog-proof")
    return "does not come behind the one before"


def with_proofs_swapped(folder: Path) -> str:
    (folder / "proofs/1.tlog-proof").rename(folder / "other")
    (folder / "proofs/2.tlog-proof").rename(folder / "proofs/1.tlog-proof")
    (folder / "other").rename(folder / "proofs/2.tlog-proof")
    return r"proofs/1\.tlog-proof does not prove that its event is entry 4"


def without_events(folder: Path) -> str:
    (folder / "events.delim").write_bytes(b"")
    shutil.rmtree(folder / "proofs")
    return "there are 0 events"


def without_a_proof(folder: Path) -> str:
    (folder / "proofs/3.tlog-proof").unlink()
    return "there are 3 events, and 2 proofs"


@pytest.mark.parametrize(
    "tamper", [without_an_event, with_one_twice, with_proofs_swapped, without_events, without_a_proof]
)
def test_tampering_on_purpose_is_named(bundle: Path, tamper: Callable[[Path], str]) -> None:
    why = tamper(bundle)
    with pytest.raises(NotVerified, match=why):
        verify_session.check(forged(bundle), [], [])


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8])
def test_proofs_of_trees_of_any_size(tmp_path: Path, size: int) -> None:
    events = [bytes(each) for each in sealed_events(["s0"], size)]
    leaves = [leaf_hash(each) for each in events]
    signer = SigningKey.generate("example.com/log")
    checkpoint = Checkpoint(LOG, size, root_of(leaves))
    note = checkpoint.note(signer)

    def hashes(level: int, place: int) -> bytes:
        return root_of(leaves[place << level : place + 1 << level])

    proven = [
        ProvenEvent(data, InclusionProof(index, tuple(prove_inclusion(hashes, index, size)), note))
        for index, data in enumerate(events)
    ]
    with bundle_at(tmp_path / "made") as folder:
        write_session(folder, "s0", checkpoint, proven, f"{signer.verifier()}\n")
    assert f"All {size} events are entries of it, of session s0." in verify_session.check(tmp_path / "made", [], [])


def test_other_keys_logs_and_checkpoints_are_refused(bundle: Path, whole: Path, tmp_path: Path) -> None:
    key(tmp_path)
    for arguments, why in (
        (([(tmp_path / "log.pub").read_text().strip()], []), "signed by none of the keys"),
        (([], [], "example.com/log/tenant/other"), f"it is of the log {LOG}, not of"),
        (([], [bundle / "checkpoint.txt"]), "has no proof that the log has grown"),
    ):
        given: Any = arguments
        with pytest.raises(NotVerified, match=why):
            verify_session.check(bundle, *given)


def test_a_session_that_is_not_there_or_not_covered_makes_no_bundle(tmp_path: Path) -> None:
    signer = key(tmp_path)
    add(tmp_path / "events.db", sealed_events(["s0"]), signer)
    add(tmp_path / "events.db", sealed_events(["s1"], writer="w2"), None)
    for session, why in (("nobody's", "there is no event of session nobody's"), ("s1", "wait for the next one")):
        done = here(tmp_path, "audit", "export", "--store", "events.db", "--tenant", TENANT, "--session", session,
                    "--key", "log.pub", "--output", "none")  # fmt: skip
        assert (done.returncode, why in done.stderr, (tmp_path / "none").exists()) == (1, True, False), done.stderr


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("data = CAST(replace(CAST(data AS TEXT), 'shop', 'SHOP') AS BLOB)", "is not in the log as the store has it"),
        ("session_id = 's1' WHERE event_id = 's0-2'", "event 's0-2' is not of this session, as it says itself"),
    ],
)
def test_an_event_that_was_changed_in_the_database_makes_no_bundle(tmp_path: Path, change: str, why: str) -> None:
    add(tmp_path / "events.db", sealed_events(["s0", "s1"]), key(tmp_path))
    database = sqlite3.connect(tmp_path / "events.db")
    with database:
        database.execute(f"UPDATE events SET {change}")
    database.close()
    done = here(tmp_path, "audit", "export", "--store", "events.db", "--tenant", TENANT, "--session", "s1",
                "--key", "log.pub", "--output", "none")  # fmt: skip
    assert (done.returncode, (tmp_path / "none").exists()) == (1, False)
    assert why in done.stderr


def test_what_lies_beside_is_told_and_what_has_one_name_twice_is_refused(bundle: Path, tmp_path: Path) -> None:
    (bundle / "events.jsonl").write_text("{}")
    assert "Nothing is proven of what lies beside it: events.jsonl" in verify_session.check(bundle, [], [])
    for name in ("events.delim", "./events.delim", "x/../events.delim", "Events.delim", "proofs\\1.tlog-proof"):
        with zipfile.ZipFile(tmp_path / "twice.zip", "w") as archive:
            for path in bundle.rglob("*"):
                archive.write(path, path.relative_to(bundle))
            with pytest.MonkeyPatch.context() as patched:
                patched.setattr("warnings.warn", lambda *_args, **_given: None)
                archive.writestr(zipfile.ZipInfo(name), (bundle / "events.delim").read_bytes())
        with pytest.raises(NotVerified, match="several files of one name"):
            verify_session.check(tmp_path / "twice.zip", [], [])


@pytest.mark.parametrize("twice", [False, True])
def test_an_event_that_says_no_project_is_found_in_that_of_the_key_that_sent_it(twice: bool, tmp_path: Path) -> None:
    """Also if another project has an event of this id; whoever sees both by HTTP is asked which one is meant."""
    key(tmp_path)
    made = ("keys", "add", "--keys", "keys.json", "--tenant", TENANT)
    keys = [here(tmp_path, *made, "--project", each).stdout.strip() for each in ("a", "b")]
    reader = here(tmp_path, *made, "--read").stdout.strip()
    sent = [
        Event(event_id="1", session_id="s1", agent_name="own"),
        Event(event_id="1", session_id="s2", agent_name="other"),
    ]
    options = "--store", "events.db", "--audit-key", "log.key", "--keys", "keys.json"
    more = "--checkpoint-seconds", "0.1s", "--http", "127.0.0.1:0"
    asked = "audit", "export", "--tenant", TENANT, "--session", "s1", "--key", "log.pub", "--output"
    with serving(tmp_path, *options, *more) as served:
        for api_key, event in zip(keys, sent[: 1 + twice], strict=False):
            with BlockingChaukasClient(served.grpc, api_key=api_key, environ={}) as client:
                client.ingest_events([event])
        url = served.clients["CHAUKAS_ENDPOINT"]
        wait = "verify", "--log", url, "--key", "log.pub", "--unsealed"
        while here(tmp_path, *wait, CHAUKAS_API_KEY=reader).returncode:
            time.sleep(0.05)
        done = here(tmp_path, *asked, "http", "--log", url, CHAUKAS_API_KEY=reader)
        if twice:
            assert (done.returncode, "there are several of this id; say whose" in done.stderr) == (1, True), done.stderr
            done = here(tmp_path, *asked, "http", "--log", url, CHAUKAS_API_KEY=keys[0])
        assert done.returncode == 0, done.stderr
    done = here(tmp_path, *asked, "stored", "--store", "events.db")
    assert done.returncode == 0, done.stderr
    for name in ("http", "stored"):
        (event,) = verify_session.bundle.read_events((tmp_path / name / "events.delim").read_bytes())
        assert Event.parse(event).agent_name == "own"
