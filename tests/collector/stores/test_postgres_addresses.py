"""The password in an address of a database stands in nothing that is printed or logged, whatever is wrong."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from chaukas_spec_lite.collector.stores.opening import store_for
from chaukas_spec_lite.collector.stores.postgres.address import shown
from chaukas_spec_lite.collector.stores.postgres.schema import LOCK
from chaukas_spec_lite.errors import SettingError
from tests.cli.serving import COMMAND, environment, run, serving
from tests.collector.stores.events import texts
from tests.collector.stores.postgres_server import PostgresServer
from tests.patience import HANG

PASSWORD = "Geheim-7"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("postgresql://me:secret@host:5432/db", "postgresql://me@host:5432/db"),
        ("postgres://me:s%40c@a:1,b:2/db?password=secret", "postgres://me@a:1,b:2/db"),
        ("postgresql://me:sec@ret@host/db", "postgresql://me@host/db"),
        ("postgresql://me:@host/db", "postgresql://me@host/db"),
        ("postgresql://me@host/db", "postgresql://me@host/db"),
        ("postgresql://host/db?user=a@b&password=secret", "postgresql://host/db"),
        ("postgresql://[::1]:5432/db", "postgresql://[::1]:5432/db"),
        ("postgresql:///db?host=/tmp&port=5433", "postgresql:///db"),
        ("postgresql://", "postgresql://"),
    ],
)
def test_an_address_is_shown_without_what_is_secret(address: str, expected: str) -> None:
    assert shown(address) == expected


SLIPS = {
    f"postgresql://me:{PASSWORD}/x@host/db": "there is an @ behind the hosts",
    f"postgresql://me:12/{PASSWORD}@host/db": "there is an @ behind the hosts",
    f"postgresql://me:{PASSWORD}?x@host/db": "the port of a host is no number",
    f"postgresql://me:12?{PASSWORD}@host/db": "cannot be read",
    f"postgresql://me:{PASSWORD}#x@host/db": "there is a # in it",
    f"postgresql://me:[{PASSWORD}@host/db": "cannot be read",
    f"postgresql://me:{PASSWORD}@host:port/db": "the port of a host is no number",
    f"postgresql://me:{PASSWORD}@host:65536/db": "the port of a host is no number",
    f"postgresql://me:{PASSWORD}@host/db?port=x": "the option port is no number",
    f"postgresql://me:{PASSWORD}@host/db?{PASSWORD}": "cannot be read",
    f"postgresql://me:{PASSWORD}@..host/db": "a host is no name",
    f"postgresql://me:{PASSWORD}@{'h' * 70}/db": "a host is no name",
    f"postgresql:/me:{PASSWORD}@host/db": "has // behind the colon",
    f"postgres:me:{PASSWORD}@host/db": "has // behind the colon",
    f"postgresql//me:{PASSWORD}@host/db": "looks like the address of a database",
    f"me:{PASSWORD}@host/db": "looks like the address of a database",
    f"pg://me:{PASSWORD}@host/db": "there is no store pg:...",
    f"postgresql+asyncpg://me:{PASSWORD}@host/db": "there is no store postgresql+asyncpg:...",
}


@pytest.mark.parametrize("address", SLIPS)
def test_a_slip_in_an_address_is_told_without_quoting_it(address: str, tmp_path: Path) -> None:
    pytest.importorskip("asyncpg")
    with pytest.raises(SettingError, match=re.escape(SLIPS[address])) as caught:
        store_for(address, texts=texts)
    assert PASSWORD not in repr(caught.value) + str(caught.value)


def test_no_command_says_a_password_of_a_slip(tmp_path: Path) -> None:
    address = f"postgresql://me:{PASSWORD}/x@host/db"
    for arguments in (
        ["serve", "--store", address],
        ["serve", address],
        ["serve", "--grpc", address],
        ["serve", "--config", address],
        ["store", "check", "--store", address],
        ["store", "check", address],
        ["store", "check", "--store", f"postgresql:/me:{PASSWORD}@host/db"],
        ["store", "copy", address, "x.db"],
        ["store", "copy", address, "x.db", address],
    ):
        done = run(tmp_path, *arguments)
        assert done.returncode in (1, 2)
        assert done.stderr.startswith(("Error", "Usage"))
        assert PASSWORD not in done.stdout + done.stderr, arguments


# With servers


@pytest.fixture
def guarded(postgres: PostgresServer) -> Iterator[str]:
    """The address of a database of a user who needs a password."""
    name = postgres.create_database()
    user = f"user_{name}"
    postgres.run_sql(f"CREATE ROLE {user} LOGIN PASSWORD '{PASSWORD}'")
    postgres.run_sql(f"GRANT CREATE ON DATABASE {name} TO {user}")
    access = postgres.folder / "pg_hba.conf"
    before = access.read_text()
    access.write_text(f"host all {user} all scram-sha-256\n{before}")
    postgres.run_sql("SELECT pg_reload_conf()")
    yield postgres.address(name).replace("postgres@", f"{user}:{quote(PASSWORD)}@")
    access.write_text(before)
    postgres.run_sql("SELECT pg_reload_conf()")
    postgres.run_sql(f"DROP DATABASE {name} WITH (FORCE)")
    postgres.run_sql(f"DROP ROLE {user}")


@pytest.mark.stores
def test_neither_success_nor_failure_says_the_password(guarded: str, tmp_path: Path) -> None:
    with serving(tmp_path, "--store", guarded) as served:
        assert served.said[0] == f"Events go to {shown(guarded)}"
        status, errors = served.end()
    assert status == 0
    assert PASSWORD not in "\n".join(served.said) + errors
    host, _, rest = guarded.rpartition("@")[2].partition(":")
    port = rest.partition("/")[0]
    before = guarded.rpartition("@")[0]
    database = rest.partition("/")[2]
    for wrong, problem in (
        (guarded.replace(PASSWORD, f"{PASSWORD}x"), "password authentication failed"),
        (f"{before}@nowhere.invalid:{port}/{database}", "nowhere.invalid"),
        (f"{before}@{host}:1/{database}", "Connect call failed"),
        (f"{before}@{host}:{port}/other", "does not exist"),
        (f"{guarded}?sslmode=sometimes", "sslmode"),
        (f"{guarded}?sslmode=require", "SSL"),
        (f"{guarded}?nothing=x", "nothing"),
        (guarded.replace(PASSWORD, ""), "password"),
    ):
        for arguments in (["serve", "--grpc", "127.0.0.1:0", "--http", "off"], ["store", "check"]):
            for form in ("text", "json") if arguments[0] == "serve" else ("text",):
                done = run(tmp_path, *arguments, CHAUKAS_STORE=wrong, CHAUKAS_LOG=form, PGPASSWORD="")
                assert done.returncode == 1
                assert problem in done.stderr, (wrong, done.stderr)
                assert PASSWORD not in done.stdout + done.stderr
                assert "Traceback" not in done.stderr


@pytest.mark.stores
def test_sigterm_ends_a_collector_that_waits_for_another_one_that_changes_tables(
    database: str, postgres: PostgresServer, tmp_path: Path
) -> None:
    asyncpg = pytest.importorskip("asyncpg")

    async def main() -> tuple[int, str, str]:
        other = await asyncpg.connect(database)
        await other.execute(f"SELECT pg_advisory_lock({LOCK})")
        process = subprocess.Popen(  # noqa: ASYNC220 - it is waited for in a thread
            [*COMMAND, "serve", "--store", database, "--grpc", "127.0.0.1:0", "--http", "off"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env=environment(tmp_path),
        )
        try:
            waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            while not await other.fetchval(waiting):  # noqa: ASYNC110 - another process does it
                await asyncio.sleep(0.01)
            process.send_signal(signal.SIGTERM)
            out, errors = await asyncio.to_thread(process.communicate, timeout=HANG)
            assert await other.fetchval(waiting) == 0, "nothing is left on the server"
        finally:
            process.kill()
            process.communicate(timeout=HANG)
            other.terminate()
        return process.returncode, out, errors

    status, out, errors = asyncio.run(asyncio.wait_for(main(), 2 * HANG))
    assert (status, out) == (0, "")
    assert "Traceback" not in errors
