"""Keys: made, kept as hashes, found again, revoked while the collector serves, and not to be guessed."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from chaukas_spec_lite import SettingError
from chaukas_spec_lite.collector import keys as keys_module
from chaukas_spec_lite.collector import keys_file
from chaukas_spec_lite.collector.keys import FAILURE_WINDOW, MAX_FAILURES, MAX_WAITING_OF_ONE, THREADS, Keys
from chaukas_spec_lite.collector.query import Tenancy
from chaukas_spec_lite.collector.quotas import AS_ALL, KeyQuota
from chaukas_spec_lite.collector.watched_keys import READ_AGAIN, TRUST_SECONDS
from chaukas_spec_lite.errors import NotServingError, ThrottledError, UnauthenticatedError
from chaukas_spec_lite.rationed_log import MAX_TOPICS
from tests.patience import HANG, run, until

ROOT = Path(__file__).parents[2]
PEER = "192.0.2.1"


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


@asynccontextmanager
async def serving(path: Path, time: Time | None = None) -> AsyncIterator[Keys]:
    keys = Keys(path, now=time or Time())
    try:
        yield keys
    finally:
        keys.close()


async def refused(keys: Keys, authorization: str | None, peer: str = PEER, certificate: str | None = None) -> str:
    with pytest.raises(UnauthenticatedError) as caught:
        await keys.caller_of(authorization, certificate, peer)
    return str(caught.value)


def count_hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    hashed: list[str] = []
    real = keys_file.hashed

    def counted(secret: str, salt: str) -> str:
        hashed.append(salt)
        return real(secret, salt)

    monkeypatch.setattr(keys_file, "hashed", counted)
    return hashed


def test_a_key_opens_for_its_tenant_and_stands_nowhere(path: Path) -> None:
    entry, key = keys_file.add(path, "acme", "p", may_write=False)
    both, other = keys_file.add(path, "acme")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    secret = key.split("_", 2)[2]  # It may have a `_` itself.
    for file in path.parent.iterdir():
        assert secret not in file.read_text()

    async def main() -> None:
        async with serving(path) as keys:
            caller = await keys.caller_of(f"Bearer {key}", None, PEER)
            assert (caller.name, caller.tenancy) == (entry.id, Tenancy("acme", "p"))
            assert (caller.may_read, caller.may_write) == (True, False)
            caller = await keys.caller_of(f"bearer  {other} ", None, PEER)
            assert (caller.name, caller.tenancy) == (both.id, Tenancy("acme", None))
            assert (caller.may_read, caller.may_write) == (True, True)

    run(main())


def test_what_is_no_key_is_refused(path: Path) -> None:
    entry, key = keys_file.add(path, "acme")
    _, other = keys_file.add(path, "acme")
    wrong = [
        *("", "x", "ck_", f"ck_{entry.id}", f"ck_{entry.id}_", key[:-1], key + "x", key.upper(), "ck__", "\udcff" * 9),
        f"ck_{entry.id}_{other.rpartition('_')[2]}",  # the secret of another one
    ]

    async def main() -> None:
        async with serving(path) as keys:
            for number, each in enumerate(wrong):
                assert "its key is not known here" in await refused(keys, f"Bearer {each}", f"198.51.100.{number}")
            assert "not of the form: Bearer <key>" in await refused(keys, f"Basic {key}")
            assert "not of the form" in await refused(keys, key)
            assert "it sent no key: set CHAUKAS_API_KEY, or send" in await refused(keys, None)
            assert await keys.caller_of(f"Bearer {key}", None, PEER)

    run(main())


def test_a_key_is_hashed_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, key = keys_file.add(path, "acme")
    hashed = count_hashes(monkeypatch)

    async def main() -> None:
        async with serving(path) as keys:
            await asyncio.gather(*(keys.caller_of(f"Bearer {key}", None, PEER) for _ in range(20)))
            await keys.caller_of(f"Bearer {key}", None, PEER)
            assert len(hashed) == 1
            keys_file.add(path, "acme")  # which is no reason to hash the keys of others anew
            await keys.caller_of(f"Bearer {key}", None, PEER)
            assert len(hashed) == 2, "the first one, and the one that was made"

    run(main())


def test_a_caller_that_goes_away_leaves_the_others_their_answer(path: Path) -> None:
    _, key = keys_file.add(path, "acme")

    async def main() -> None:
        async with serving(path) as keys:
            calls = [asyncio.ensure_future(keys.caller_of(f"Bearer {key}", None, PEER)) for _ in range(3)]
            await asyncio.sleep(0)
            calls[0].cancel()
            assert (await calls[1]) == (await calls[2])
            assert calls[0].cancelled()

    run(main())


def test_keys_come_and_go_while_it_serves(path: Path) -> None:
    entry, key = keys_file.add(path, "acme")

    async def main() -> None:
        async with serving(path) as keys:
            await keys.caller_of(f"Bearer {key}", None, PEER)
            _, later = keys_file.add(path, "other")
            assert (await keys.caller_of(f"Bearer {later}", None, PEER)).tenancy == Tenancy("other", None)
            keys_file.revoke(path, entry.id)
            assert "was revoked" in await refused(keys, f"Bearer {key}")
            assert await keys.caller_of(f"Bearer {later}", None, PEER)

    run(main())


def test_a_key_that_is_revoked_while_it_is_hashed_does_not_open(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry, key = keys_file.add(path, "acme")
    real = keys_file.hashed

    async def main() -> None:
        async with serving(path) as keys:
            loop = asyncio.get_running_loop()

            def revoked_meanwhile(secret: str, salt: str) -> str:
                keys_file.revoke(path, entry.id)
                # Another call has it read again.
                asyncio.run_coroutine_threadsafe(refused(keys, None), loop).result(HANG)
                return real(secret, salt)

            monkeypatch.setattr(keys_file, "hashed", revoked_meanwhile)
            await refused(keys, f"Bearer {key}")

    run(main())


def damage(path: Path, how: str) -> None:
    if how == "gone":
        path.unlink()
    else:
        path.write_text(how)


@pytest.mark.parametrize("how", ["{", "gone", '{"version": 2, "keys": [{}]}'])
def test_keys_of_a_file_that_cannot_be_read_are_good_for_a_moment_only(
    how: str, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _, key = keys_file.add(path, "acme")
    whole = path.read_bytes()
    time = Time()
    caplog.set_level(logging.INFO)

    async def main() -> None:
        async with serving(path, time) as keys:
            damage(path, how)
            assert await keys.caller_of(f"Bearer {key}", None, PEER), "somebody may be writing just now"
            time.now += TRUST_SECONDS
            assert keys.are_lost()
            for authorization in (f"Bearer {key}", "Bearer x", None):
                with pytest.raises(NotServingError, match="try again later"):
                    await keys.caller_of(authorization, None, PEER)
            path.write_bytes(whole)  # noqa: ASYNC240 - nothing else runs on this loop
            time.now += READ_AGAIN
            assert await keys.caller_of(f"Bearer {key}", None, PEER)
            assert not keys.are_lost()

    run(main())
    levels = [each.levelno for each in caplog.records]
    assert levels.count(logging.WARNING) == levels.count(logging.ERROR) == 1
    assert "nobody is let in until it can be read" in caplog.text
    assert "can be read again" in caplog.text


def test_time_without_calls_does_not_make_keys_good_for_longer(path: Path) -> None:
    _, key = keys_file.add(path, "acme")
    time = Time()

    async def main() -> None:
        async with serving(path, time) as keys:
            assert await keys.caller_of(f"Bearer {key}", None, PEER)
            time.now += 3600
            damage(path, "gone")
            with pytest.raises(NotServingError):
                await keys.caller_of(f"Bearer {key}", None, PEER)

    run(main())


def test_a_file_that_stays_broken_is_not_read_at_each_call(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, key = keys_file.add(path, "acme")
    time = Time()
    reads: list[Path] = []
    real = keys_file.read

    def counted(file: Path) -> Any:
        reads.append(file)
        return real(file)

    async def main() -> None:
        async with serving(path, time) as keys:
            monkeypatch.setattr(keys_file, "read", counted)
            damage(path, "{")
            for _ in range(100):
                await keys.caller_of(f"Bearer {key}", None, PEER)
            assert len(reads) == 1

    run(main())


AS_NOBODY = """
import asyncio, os, sys
from pathlib import Path
from chaukas_spec_lite.collector import keys_file, watched_keys
from chaukas_spec_lite.collector.keys import Keys
watched_keys.TRUST_SECONDS = 0.0
watched_keys.READ_AGAIN = 0.0
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
async def main():
    keys = Keys(Path("keys.json"))
    for line in sys.stdin:
        try:
            if line.startswith("add"):
                said = keys_file.add(Path("keys.json"), "acme")
            else:
                said = (await keys.caller_of(f"Bearer {line.strip()}", None, "::1")).tenancy.tenant_id
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
        print(said, flush=True)
    keys.close()
asyncio.run(main())
"""
"""A collector of another user, asked by lines; with no patience."""


@pytest.fixture
def served_folder() -> Iterator[Path]:
    """A folder of the user that serves: nobody, or, where the tests are not run by root, the one who runs them."""
    with tempfile.TemporaryDirectory() as folder:
        if os.getuid() == 0:
            os.chown(folder, 65534, 65534)
        yield Path(folder)


@contextmanager
def served_by_nobody(folder: Path) -> Iterator[Callable[[str], str]]:
    # It begins in the folder, as nobody may not pass through what is above it.
    process = subprocess.Popen(
        [sys.executable, "-c", AS_NOBODY],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        cwd=folder,
    )
    stdin, stdout = process.stdin, process.stdout
    assert stdin is not None
    assert stdout is not None

    def ask(line: str) -> str:
        stdin.write(f"{line}\n")
        stdin.flush()
        return stdout.readline().rstrip("\n")

    with process:
        try:
            yield ask
        finally:
            stdin.close()
            process.wait(HANG)


@pytest.mark.skipif(sys.platform == "win32", reason="files there belong to nobody in this sense")
def test_a_key_that_root_revokes_is_revoked_for_the_user_who_serves(served_folder: Path) -> None:
    path = served_folder / "keys.json"
    entry, key = keys_file.add(path, "acme")
    _, other = keys_file.add(path, "other")
    if os.getuid() == 0:
        os.chown(path, 65534, 65534)
    path.chmod(0o640)
    before = path.stat()
    with served_by_nobody(served_folder) as ask:
        assert ask(key) == "acme"
        keys_file.revoke(path, entry.id)
        now = path.stat()
        assert (now.st_uid, now.st_gid, now.st_mode) == (before.st_uid, before.st_gid, before.st_mode)
        assert now.st_ino != before.st_ino, "it was replaced"
        assert "was revoked" in ask(key)
        assert ask(other) == "other"
        path.chmod(0)
        assert ask(other).startswith("NotServingError: the collector cannot read its keys")
        path.chmod(0o600)
        assert ask(other) == "other"
        # The lock file, which root has used, too, does not keep the user out.
        assert "KeyEntry" in ask("add")


@pytest.mark.skipif(sys.platform == "win32" or os.getuid() != 0, reason="only root can make files of others")
def test_who_cannot_keep_the_owner_is_told_and_changes_nothing(served_folder: Path) -> None:
    path = served_folder / "keys.json"
    _, key = keys_file.add(path, "acme")
    path.chmod(0o644)
    before = path.read_bytes()
    with served_by_nobody(served_folder) as ask:
        assert ask(key) == "acme"
        (served_folder / "keys.json.lock").unlink()
        said = ask("add")
        assert said.startswith(f"SettingError: keys: {path} belongs to user 0, group 0"), said
        assert "change keys as that user, or as root" in said
    assert path.read_bytes() == before
    assert {file.name for file in served_folder.iterdir()} == {"keys.json", "keys.json.lock"}


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link, real = tmp_path / "keys.json", tmp_path / "elsewhere" / "keys.json"
    entry, _ = keys_file.add(real, "acme")
    link.symlink_to(real)
    keys_file.revoke(link, entry.id)
    assert link.is_symlink()
    assert keys_file.read(real) == {}


def test_wrong_keys_cost_nothing_and_right_ones_get_in(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All from one address, as behind NAT, and with the right ids: what strangers send holds nobody up."""
    entry, key = keys_file.add(path, "acme")
    _, fresh = keys_file.add(path, "acme")
    time = Time()

    async def main() -> None:
        async with serving(path, time) as keys:
            await keys.caller_of(f"Bearer {key}", None, PEER)
            hashed = count_hashes(monkeypatch)
            throttled = 0
            for number in range(2000):
                with pytest.raises((UnauthenticatedError, ThrottledError)) as caught:
                    await keys.caller_of(f"Bearer ck_{entry.id}_{number}", None, f"{PEER}:{number + 1}")
                throttled += isinstance(caught.value, ThrottledError)
            assert throttled == 2000 - MAX_FAILURES
            assert isinstance(caught.value, ThrottledError)
            assert 0 < caught.value.retry_after <= FAILURE_WINDOW
            # One in 65,536 passes the check; so many of 2,000 would be a wonder.
            assert len(hashed) <= 3
            hashed.clear()
            assert await keys.caller_of(f"Bearer {fresh}", None, PEER), "one that was never seen"
            assert await keys.caller_of(f"Bearer {key}", None, PEER)
            assert len(hashed) == 1
            _, added = keys_file.add(path, "acme")
            keys_file.revoke(path, entry.id)
            for each in (fresh, added):
                assert await keys.caller_of(f"Bearer {each}", None, PEER)
            with pytest.raises(ThrottledError):
                await keys.caller_of(f"Bearer {key}", None, PEER)
            time.now += FAILURE_WINDOW
            await refused(keys, f"Bearer ck_{entry.id}_again")

    run(main())


def test_a_wrong_key_that_passes_the_check_is_hashed_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody may find one by trial, one time in 65,536."""
    entry, _ = keys_file.add(path, "acme")
    hashed = count_hashes(monkeypatch)
    monkeypatch.setattr(keys_file, "check_of", lambda secret, salt: entry.check)

    async def main() -> None:
        async with serving(path) as keys:
            for number in range(20):
                await refused(keys, f"Bearer ck_{entry.id}_x", f"192.0.2.{number}")
            assert len(hashed) == 1
            # What no text of bytes is, either.
            await refused(keys, f"Bearer ck_{entry.id}_\udcff\ud800", "192.0.2.99")

    run(main())


def test_keys_are_hashed_in_turn_and_few_at_a_time(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [keys_file.add(path, f"tenant-{number}") for number in range(MAX_WAITING_OF_ONE + THREADS)]
    _, lonely = keys_file.add(path, "lonely")
    names = {entry.salt: entry.tenant for entry in keys_file.read(path).values()}
    running: list[str] = []
    order: list[str] = []
    most = 0
    free = threading.Semaphore(0)
    real = keys_file.hashed

    def slow(secret: str, salt: str) -> str:
        nonlocal most
        running.append(names[salt])
        order.append(names[salt])
        most = max(most, len(running))
        assert free.acquire(timeout=HANG)
        running.remove(names[salt])
        return real(secret, salt)

    async def main() -> None:
        async with serving(path) as keys:
            monkeypatch.setattr(keys_file, "hashed", slow)
            peers = [f"[2001:db8::{number}]:7" for number in range(len(made))]
            calls = [
                asyncio.ensure_future(keys.caller_of(f"Bearer {key}", None, peer))
                for (_, key), peer in zip(made, peers, strict=True)
            ]
            await until(lambda: len(order) == THREADS)
            with pytest.raises(ThrottledError):  # all of one network, and no more of it may wait
                await keys.caller_of(f"Bearer {lonely}", None, "2001:db8::ffff")
            other = asyncio.ensure_future(keys.caller_of(f"Bearer {lonely}", None, "2001:db8:0:1::1"))
            gone = calls.pop()
            gone.cancel()
            await asyncio.sleep(0)
            for _ in range(len(made) + 1):
                free.release()
            assert (await other).tenancy.tenant_id == "lonely"
            assert [(await call).tenancy.tenant_id for call in calls] == [e.tenant for e, _ in made[: len(calls)]]
        assert order.index("lonely") <= 2 * THREADS, "it did not wait for the many of the other network"
        assert most == THREADS

    run(main())


def test_a_network_of_ipv6_counts_as_one_peer(path: Path) -> None:
    keys_file.add(path, "acme")

    async def main() -> None:
        async with serving(path) as keys:
            for number in range(MAX_FAILURES):
                await refused(keys, "Bearer ck_a_b", f"[2001:db8::{number}]:{number + 1}")
            with pytest.raises(ThrottledError):
                await keys.caller_of("Bearer ck_a_b", None, "2001:db8::ffff%eth0")
            await refused(keys, "Bearer ck_a_b", "2001:db8:0:1::1")

    run(main())


def test_what_is_remembered_of_peers_is_bounded(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys_file.add(path, "acme")
    monkeypatch.setattr(keys_module, "MAX_PEERS", 5)

    async def main() -> None:
        async with serving(path) as keys:
            for number in range(50):
                await refused(keys, "Bearer ck_a_b", f"10.0.0.{number}")
            assert len(keys._failures) == 5

    run(main())


def test_failures_are_logged_without_the_key_and_not_without_end(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    entry, key = keys_file.add(path, "acme")

    async def main() -> None:
        async with serving(path) as keys:
            for _ in range(5):
                await refused(keys, f"Bearer {key}x")

    run(main())
    assert len(caplog.records) == 1
    assert PEER in caplog.text
    assert entry.id not in caplog.text
    assert key.split("_", 2)[2] not in caplog.text


def test_failures_of_very_many_networks_are_logged_in_few_lines(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    keys_file.add(path, "acme")

    async def main() -> None:
        async with serving(path) as keys:
            for number in range(5000):
                await refused(keys, None, f"2001:db8:{number:x}::1")
            assert len(keys._log._logged_at) < 100

    run(main())
    assert len(caplog.records) <= MAX_TOPICS + 1


def test_a_certificate_stands_for_a_key(path: Path) -> None:
    entry, shown = keys_file.add(path, "acme", certificate="agent-7")
    _, key = keys_file.add(path, "other")
    assert shown == ""

    async def main() -> None:
        async with serving(path) as keys:
            assert (await keys.caller_of(None, "agent-7", PEER)).name == entry.id
            assert "has no key here" in await refused(keys, None, certificate="agent-8")
            # What is said counts more than what is shown.
            assert (await keys.caller_of(f"Bearer {key}", "agent-7", PEER)).tenancy.tenant_id == "other"
            assert "not known" in await refused(keys, f"Bearer ck_{entry.id}_agent-7", certificate="agent-7")

    run(main())
    with pytest.raises(SettingError, match=entry.id):
        keys_file.add(path, "acme", certificate="agent-7")


def good() -> dict[str, Any]:
    return {"id": "0123456789", "tenant": "acme", "salt": "0" * 32, "hash": "0" * 64, "check": "0000"}


def named(**change: object) -> bytes:
    return json.dumps({"version": 2, "keys": [good(), {**good(), "id": "00000000ff"} | change]}).encode()


WRONG: dict[bytes, str] = {
    b"": "is no file of keys",
    b"[]": "has to be an object, not list",
    b"null": "has to be an object, not None",
    b"{}": "has to have version and keys",
    b"\xff": "is no file of keys",
    b"[" * 100_000: "is no file of keys",
    b'{"version": 2}': "has to have version and keys",
    b'{"version": 2, "keys": 7}': "keys: has to be a list, not 7",
    b'{"version": true, "keys": []}': "version: has to be a whole number, not True",
    b'{"version": 3, "keys": []}': "was made by a newer version",
    b'{"version": 1, "keys": []}': "was made by an earlier version",
    b'{"version": 2, "keys": [], "more": 1}': "and nothing else",
    b'{"version": 2, "keys": ["a"]}': "key 1: has to be an object, not 'a'",
    b'{"version": 2, "keys": [{"read": true, "read": false}]}': "it has 'read' twice",
    b'{"version": 2, "keys": [{}]}': "key 1, id: is missing",
    named(read="false"): "key 2 (00000000ff), read: has to be True or False",
    named(write=1): "write: has to be True or False",
    named(metrics=None): "metrics: has to be True or False",
    named(tenant=""): "tenant: is empty",
    named(tenant=7): "tenant: has to be a str, not 7",
    named(project=""): "project: is empty",
    named(project=7): "project: has to be a str",
    named(id="a_b"): "key 2, id: has to be 10 hexadecimal digits",
    named(id=7): "key 2, id: has to be 10 hexadecimal digits",
    named(id="0123456789"): "key 2 (0123456789), id: is that of another key, too",
    named(hash=""): "hash: is missing",
    named(hash="0" * 63): "hash: has to be 64 hexadecimal digits",
    named(hash="G" * 64): "hash: has to be 64 hexadecimal digits",
    named(salt=None): "salt: has to be 32 hexadecimal digits",
    named(salt="00"): "salt: has to be 32 hexadecimal digits",
    named(check="0"): "check: has to be 4 hexadecimal digits",
    named(check=""): "check: is missing",
    named(certificate="c"): "salt: is given, and a certificate, too",
    named(certificate=7): "certificate: has to be a str",
    named(read=False, write=False): "the key would be good for nothing",
    named(admin=True): "'admin': is no field that this version knows",
    named(events_per_second="7"): "events_per_second: has to be a number of events a second, not '7'",
    named(events_per_second=0): "events_per_second: has to be above 0",
    named(events_per_second=float("nan")): "events_per_second: has to be above 0",
    named(bytes_per_second=-1): "bytes_per_second: has to be above 0",
    named(bytes_per_second=True): "bytes_per_second: has to be a number",
    named(burst=5): "burst: is given without events_per_second",
    named(events_per_second=1, burst=0): "burst: has to be at least 1",
    named(created="yesterday"): "created: has to be a date and time of ISO 8601, not 'yesterday'",
    named(created=7): "created: has to be a str",
}


@pytest.mark.parametrize("data", WRONG, ids=[*map(str, range(len(WRONG)))])
def test_a_file_that_is_none_is_refused(data: bytes, path: Path) -> None:
    path.write_bytes(data)
    with pytest.raises(SettingError, match=re.escape(WRONG[data])) as caught:
        Keys(path)
    assert str(path) in str(caught.value)
    with pytest.raises(SettingError):
        keys_file.add(path, "acme")
    assert path.read_bytes() == data, "what is not understood is not overwritten"


def test_a_certificate_is_of_one_key(path: Path) -> None:
    entries = [{"id": f"000000000{number}", "tenant": "acme", "certificate": "c"} for number in range(2)]
    path.write_text(json.dumps({"version": 2, "keys": entries}))
    with pytest.raises(SettingError, match=r"key 2 \(0000000001\), certificate: stands for the key 0000000000, too"):
        keys_file.read(path)


def test_what_could_not_be_read_is_not_written(path: Path) -> None:
    keys_file.add(path, "acme")
    before = path.read_bytes()
    for change in ({"may_read": False, "may_write": False}, {"burst": 7.0}, {"events_per_second": float("inf")}):
        with pytest.raises(SettingError):
            keys_file.add(path, "acme", **change)  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="tenant"):
        keys_file.add(path, "")
    assert path.read_bytes() == before


def test_what_a_key_may_send_and_see(path: Path) -> None:
    _, plain = keys_file.add(path, "acme")
    _, own = keys_file.add(path, "acme", may_see_metrics=True, events_per_second=5, burst=7, bytes_per_second=1e6)

    async def main() -> None:
        async with serving(path) as keys:
            caller = await keys.caller_of(f"Bearer {plain}", None, PEER)
            assert (caller.may_see_metrics, caller.quota) == (False, AS_ALL)
            caller = await keys.caller_of(f"Bearer {own}", None, PEER)
            assert (caller.may_see_metrics, caller.quota) == (True, KeyQuota(5, 7, 1e6))

    run(main())


def test_a_file_that_is_not_there_says_how_it_is_made(path: Path) -> None:
    with pytest.raises(SettingError, match="chaukas-lite keys add"):
        Keys(path)


def test_processes_that_add_at_once_lose_no_key(path: Path) -> None:
    program = f"from pathlib import Path; from chaukas_spec_lite.collector import keys_file\n" \
              f"for _ in range(5): keys_file.add(Path({str(path)!r}), 'acme')"  # fmt: skip
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    processes = [subprocess.Popen([sys.executable, "-c", program], env=environment) for _ in range(4)]
    assert [process.wait(HANG) for process in processes] == [0] * 4
    assert len(keys_file.read(path)) == 20
    assert {file.name for file in path.parent.iterdir()} == {"keys.json", "keys.json.lock"}
