"""The guides to the collector, executed: their commands in a shell, their unit and container file as far as can be."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

from tests import snippets
from tests.cli.serving import serving
from tests.docs.running import HANG
from tests.docs.shell import Shell, commands, free_port

LAPTOP = snippets.DOCS / "guides" / "collector.md"
SERVER = snippets.DOCS / "guides" / "collector-server.md"
PAGES = {LAPTOP: 1, SERVER: 1}
"""The pages, and how many collectors run in the background."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_commands_of_a_page_print_what_it_shows(page: Path, tmp_path: Path) -> None:
    ports = {"50051": free_port(), "4319": free_port()}
    told = commands(page.read_text(encoding="utf-8"))
    assert sum(command.endswith("&") for command, _ in told) == PAGES[page]
    with Shell(tmp_path, ports) as shell:
        shell.try_out(f"export CHAUKAS_GRPC=127.0.0.1:{ports['50051']} CHAUKAS_HTTP=127.0.0.1:{ports['4319']}", "")
        for command, expected in told:
            shell.try_out(command, expected)
        ended = shell.end_background()
    assert "Traceback" not in ended
    assert ended.endswith("status 0\n"), ended


def block(language: str) -> str:
    (code,) = snippets.blocks(SERVER.read_text(encoding="utf-8"), language)
    return code


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd")
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "chaukas.service"
    unit.write_text(block("ini").replace("/opt/chaukas/bin/chaukas-lite", "/bin/true"))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, timeout=HANG, check=False
    )
    complaints = [line for line in done.stderr.splitlines() if "chaukas.service" in line]
    assert complaints == []
