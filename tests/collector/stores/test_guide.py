"""The guide to collectors past one machine, executed: its commands in a shell, with PostgreSQL's programs."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import snippets
from tests.collector.stores.postgres_server import USER, binaries, run
from tests.docs.shell import Shell, commands
from tests.sockets import free_port

pytestmark = pytest.mark.stores

PAGE = snippets.DOCS / "guides" / "collector-database.md"
PROGRAMS = ("initdb", "pg_ctl", "pg_basebackup", "psql")
BACKGROUND = 2
"""How many collectors the page starts."""


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that the servers' user may write to, with PostgreSQL's programs on the path; it ends the servers."""
    made = Path(tempfile.mkdtemp(prefix="guide-"))
    made.chmod(0o777)
    programs = made / "bin"
    programs.mkdir()
    as_user = f"setpriv --reuid={USER} --clear-groups " if os.geteuid() == 0 else ""
    for name in PROGRAMS:
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec {as_user}"{binaries() / name}" "$@"\n')
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    yield made
    for data in ("primary", "replica"):
        if (made / data / "postmaster.pid").exists():
            run("pg_ctl", "stop", "-m", "immediate", "-D", str(made / data))
    shutil.rmtree(made)


def test_the_commands_of_the_page_print_what_it_shows(folder: Path) -> None:
    ports = {port: free_port() for port in ("5432", "5433", "50051", "50052")}
    told = commands(PAGE.read_text(encoding="utf-8"))
    assert sum(command.endswith("&") for command, _ in told) == BACKGROUND
    with Shell(folder, ports) as shell:
        for command, expected in told:
            shell.try_out(command, expected)
        for job in range(1, BACKGROUND + 1):
            shell.try_out(f"kill %{job}; wait %{job}; echo status $?", "...status 0\n")
