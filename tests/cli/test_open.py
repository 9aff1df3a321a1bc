"""``serve --open`` and ``demo --open``: the page in a browser, which is a program here that notes the address."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from chaukas_spec_lite.cli.browser import has_browser, page_address
from chaukas_spec_lite.rpc.client.endpoint import Tcp
from tests.cli.serving import COMMAND, environment, run, serving
from tests.patience import HANG, wait_until, without_slowness


@pytest.fixture
def browser(tmp_path: Path) -> tuple[str, Path]:
    """The value of BROWSER, and the file that the address is noted in."""
    program, noted = tmp_path / "browser.py", tmp_path / "noted"
    program.write_text(f"import sys\nopen({str(noted)!r}, 'w').write(sys.argv[1] + '\\n')\n")
    return f"{shlex.quote(sys.executable)} {shlex.quote(str(program))} %s", noted


def address_in(noted: Path) -> str:
    wait_until(lambda: noted.exists() and noted.read_text().endswith("\n"))
    return noted.read_text().strip()


def test_serve_tells_the_address_of_the_page_and_opens_it(tmp_path: Path, browser: tuple[str, Path]) -> None:
    opens, noted = browser
    doors = ("--store", "memory:", "--http", "127.0.0.1:0")
    with serving(tmp_path, *doors, "--open", BROWSER=opens) as served:
        address = address_in(noted)
        assert f"The page is at {address}" in served.said
        assert address == f"{served.clients['CHAUKAS_ENDPOINT']}/"
        found = httpx.get(address, timeout=HANG)
        assert (found.status_code, found.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert served.end()[0] == 0


def test_serve_cannot_open_a_page_that_is_not_served(tmp_path: Path) -> None:
    done = run(tmp_path, "serve", "--store", "memory:", "--grpc", "127.0.0.1:0", "--http", "off", "--open")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Error: --open: the page comes by HTTP, which is off: give --http an address\n"


@pytest.fixture
def demo(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    env = environment(tmp_path) | {"BROWSER": getattr(request, "param", "") or request.getfixturevalue("browser")[0]}
    process = subprocess.Popen(
        [*COMMAND, "demo", "--open"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", env=env
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_demo_keeps_the_recording_open_until_ctrl_c(demo: subprocess.Popen[str], browser: tuple[str, Path]) -> None:
    address = address_in(browser[1])
    sessions = httpx.get(f"{address}api/sessions", timeout=HANG).json()["sessions"]
    assert sum(each["events"] for each in sessions) == 57
    demo.send_signal(signal.SIGINT)
    said, errors = demo.communicate(timeout=HANG)
    assert (demo.returncode, without_slowness(errors)) == (0, "")
    # It ends as without --open, and then says where the page is.
    assert said.splitlines()[-1] == f"The page is at {address}, until Ctrl-C"
    assert "all identical" in said.splitlines()[-2]


@pytest.mark.parametrize("demo", ["/nowhere/browser"], indirect=True)
def test_without_a_browser_the_address_is_said(demo: subprocess.Popen[str]) -> None:
    assert demo.stdout is not None
    said = next(line for line in demo.stdout if line.startswith("No browser"))
    address = said.split()[6]
    assert httpx.get(address, timeout=HANG).status_code == 200


def test_where_a_browser_has_a_window() -> None:
    assert has_browser({}, "darwin")
    assert has_browser({}, "win32")
    assert has_browser({"DISPLAY": ":0"}, "linux")
    assert has_browser({"WAYLAND_DISPLAY": "wayland-0"}, "linux")
    # Python would take a browser of the terminal, which is the command's own.
    assert not has_browser({"DISPLAY": ""}, "linux")


def test_the_address_of_the_page_is_one_that_can_be_gone_to() -> None:
    assert page_address(Tcp("127.0.0.1", 4319)) == "http://127.0.0.1:4319/"
    assert page_address(Tcp("0.0.0.0", 4319), tls=True) == "https://127.0.0.1:4319/"
    assert page_address(Tcp("::", 4319)) == "http://[::1]:4319/"
