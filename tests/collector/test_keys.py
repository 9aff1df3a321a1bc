"""Keys: made, kept as hashes, found again, revoked while the collector serves, and not to be guessed."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from chaukas_spec_lite import SettingError
from chaukas_spec_lite.collector import keys as keys_module
from chaukas_spec_lite.collector import keys_file
from chaukas_spec_lite.collector.keys import FAILURE_WINDOW, MAX_FAILURES, Keys
from chaukas_spec_lite.collector.query import Tenancy
from chaukas_spec_lite.errors import ThrottledError, UnauthenticatedError
from tests.patience import HANG, run

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
            assert "it sent no key" in await refused(keys, None)
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
            keys_file.add(path, "acme")  # the file is another one, and what was remembered is forgotten
            hashed.clear()
            await keys.caller_of(f"Bearer {key}", None, PEER)
            assert len(hashed) == 1

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


def test_a_file_that_is_broken_later_leaves_the_keys_good(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    _, key = keys_file.add(path, "acme")

    async def main() -> None:
        async with serving(path) as keys:
            path.write_text("{")  # noqa: ASYNC240 - as below
            assert await keys.caller_of(f"Bearer {key}", None, PEER)
            path.unlink()  # noqa: ASYNC240 - nothing else runs on this loop
            assert await keys.caller_of(f"Bearer {key}", None, PEER)

    run(main())
    (record,) = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert "is no file of keys" in record.getMessage()


def test_whoever_guesses_has_to_wait_and_others_do_not(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry, key = keys_file.add(path, "acme")
    _, fresh = keys_file.add(path, "acme")
    time = Time()

    async def main() -> None:
        async with serving(path, time) as keys:
            await keys.caller_of(f"Bearer {key}", None, PEER)
            hashed = count_hashes(monkeypatch)
            for number in range(MAX_FAILURES):
                await refused(keys, f"Bearer ck_{entry.id}_{number}", f"{PEER}:{number + 1}")
            assert len(hashed) == MAX_FAILURES
            with pytest.raises(ThrottledError) as caught:
                await keys.caller_of(f"Bearer {fresh}", None, PEER)
            assert 0 < caught.value.retry_after <= FAILURE_WINDOW
            assert len(hashed) == MAX_FAILURES, "a guess that has to wait costs nothing"
            # One that was right before, from the same place, and whoever calls from elsewhere.
            assert await keys.caller_of(f"Bearer {key}", None, PEER)
            assert await keys.caller_of(f"Bearer {fresh}", None, "192.0.2.2")
            time.now += FAILURE_WINDOW
            await refused(keys, f"Bearer ck_{entry.id}_again")
            assert await keys.caller_of(f"Bearer {fresh}", None, PEER)

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
    return {"id": "a", "tenant": "acme", "salt": "00", "hash": "00"}


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"[]", b"null", b"{}", b"\xff", b'{"version": 1}', b'{"version": 1, "keys": 7}'),
        *(json.dumps({"version": 1, "keys": [{**good(), **change}]}).encode() for change in (
            {"read": "false"}, {"tenant": ""}, {"tenant": 7}, {"hash": ""}, {"salt": None}, {"unknown": 1}
        )),
        json.dumps({"version": 1, "keys": ["a"]}).encode(),
        json.dumps({"version": 2, "keys": []}).encode(),
    ],
)  # fmt: skip
def test_a_file_that_is_none_is_refused(data: bytes, path: Path) -> None:
    path.write_bytes(data)
    with pytest.raises(SettingError, match="keys"):
        Keys(path)
    with pytest.raises(SettingError):
        keys_file.add(path, "acme")
    assert path.read_bytes() == data, "what is not understood is not overwritten"


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
