"""Guides with commands, executed in a shell; those of the collector with unit and container file, as far as can be."""

from __future__ import annotations

import json
import re
import shutil
import ssl
import subprocess
from pathlib import Path

import httpx
import pytest
import trustme

from chaukas_spec_lite.cli import COMMANDS as ALL
from tests import snippets
from tests.cli.groups import GROUPS, in_groups
from tests.cli.serving import run, serving
from tests.docs.running import HANG
from tests.docs.shell import Shell, commands
from tests.sockets import free_port

LAPTOP = snippets.DOCS / "guides" / "collector.md"
SERVER = snippets.DOCS / "guides" / "collector-server.md"
COMMANDS = snippets.DOCS / "guides" / "command-line.md"
AUDIT = snippets.DOCS / "guides" / "audit.md"
PAGE = snippets.DOCS / "guides" / "page.md"
PAGES = {LAPTOP: 1, SERVER: 1, COMMANDS: 1, AUDIT: 1, PAGE: 1}
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
        ended = shell.end_background() if PAGES[page] else "status 0\n"
    assert "Traceback" not in ended
    assert ended.endswith("status 0\n"), ended


def test_every_command_is_executed() -> None:
    told = "\n".join(command for page in PAGES for command, _ in commands(page.read_text(encoding="utf-8")))
    names = [*sorted({*ALL} - {*GROUPS}), *dict(in_groups())]
    assert [name for name in names if not re.search(rf"chaukas-lite {name}\b", told)] == []


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


def test_what_the_unit_starts_serves(tmp_path: Path) -> None:
    """Its command and its settings, with this machine's folders, ports and certificate."""
    (told,) = re.findall(r"^ExecStart=\S+/chaukas-lite serve --config (\S+)$", block("ini"), re.MULTILINE)
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    certificate.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "both.pem"))
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    text = re.sub(r"/etc/chaukas/(?:cert|key)\.pem", f"{tmp_path}/both.pem", block("toml"))
    text = re.sub(r':(50051|4319)"', ':0"', text.replace("/var/lib/chaukas", str(tmp_path)))
    config = tmp_path / Path(told).name
    config.write_text(text.replace('log = "json"', 'log = "text"'))  # the text is what the helper reads
    key = run(tmp_path, "keys", "add", "--keys", tmp_path / "keys.json", "--tenant", "acme").stdout.strip()
    with serving(tmp_path, "--config", config, "--grpc", "0.0.0.0:0", "--http", "0.0.0.0:0") as served:
        port = served.clients["CHAUKAS_ENDPOINT"].rpartition(":")[2]
        trusted = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        with httpx.Client(verify=trusted, base_url=f"https://localhost:{port}", timeout=HANG) as client:
            assert client.get("/healthz").json() == {"status": "ok"}
            assert client.get("/v1/capabilities").status_code == 401
            assert client.get("/v1/capabilities", headers={"Authorization": f"Bearer {key}"}).status_code == 200
        assert served.end()[0] == 0


def test_what_the_container_starts_serves(tmp_path: Path) -> None:
    lines = block("dockerfile").splitlines()
    (entry,) = (json.loads(line.removeprefix("ENTRYPOINT ")) for line in lines if line.startswith("ENTRYPOINT "))
    (variables,) = (line.removeprefix("ENV ").split() for line in lines if line.startswith("ENV "))
    environment = dict(pair.replace("/data", str(tmp_path), 1).split("=", 1) for pair in variables)
    assert entry[:2] == ["chaukas-lite", "serve"]
    run(tmp_path, "keys", "add", "--tenant", "acme", **environment)
    arguments = [re.sub(r":(50051|4319)$", ":0", part) for part in entry[2:]]
    with serving(tmp_path, *arguments, **environment | {"CHAUKAS_LOG": "text"}) as served:
        port = served.clients["CHAUKAS_ENDPOINT"].rpartition(":")[2]
        assert httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=HANG).json() == {"status": "ok"}
        assert httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=HANG).status_code == 401
        assert served.said[-1] == f"Callers need a key of {tmp_path}/keys.json"
        assert served.end()[0] == 0
