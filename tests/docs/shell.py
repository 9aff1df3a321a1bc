"""Console blocks of a page as one session of a shell, with servers that go on in the background."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

from tests import snippets
from tests.docs.running import HANG

_MARK = "--end of a command--"


def commands(text: str) -> list[tuple[str, str]]:
    """The commands behind ``$`` of all console blocks, with lines behind ``>`` that go on, and what each prints."""
    found: list[tuple[str, str]] = []
    for code in snippets.blocks(text, "console"):
        for part in re.split(r"^\$ ", code, flags=re.MULTILINE)[1:]:
            first, *lines = part.splitlines()
            more = 0
            while more < len(lines) and lines[more].startswith("> "):
                more += 1
            command = "\n".join([first, *(line[2:] for line in lines[:more])])
            found.append((command, "".join(f"{line}\n" for line in lines[more:])))
    return found


class Shell:
    """A shell in a folder of its own, which holds the user's data too. It is killed if it hangs.

    Args:
        folder: The folder.
        ports: What stands for the ports of the page, which others on this machine may use.
    """

    def __init__(self, folder: Path, ports: dict[str, int]) -> None:
        self._ports = ports
        programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("CHAUKAS_", "XDG_"))}
        self._process = subprocess.Popen(
            [shutil.which("bash") or "bash", "--norc"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            cwd=folder,
            env={**kept, "PATH": programs, "HOME": str(folder), "PYTHONPATH": str(snippets.ROOT)},
            start_new_session=True,
        )
        self._watch = self._watched()

    def _watched(self) -> threading.Timer:
        """Begin to wait for a command: a page of many takes as long as the machine is busy, and none of them hangs."""
        watch = threading.Timer(HANG, self._kill)
        watch.start()
        return watch

    def _kill(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)

    def __enter__(self) -> Shell:
        return self

    def __exit__(self, *error: object) -> None:
        self._watch.cancel()
        self._kill()
        self._process.communicate()

    def _streams(self) -> tuple[IO[str], IO[str]]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        return self._process.stdin, self._process.stdout

    def try_out(self, command: str, expected: str) -> None:
        """Run a command, and hold what it prints against what the page shows; ``...`` stands for anything."""
        for shown, port in self._ports.items():
            command, expected = (re.sub(rf"\b{shown}\b", str(port), text) for text in (command, expected))
        self._watch.cancel()
        self._watch = self._watched()
        pattern = re.escape(expected).replace(re.escape("..."), ".*")
        stdin, stdout = self._streams()
        background = command.endswith("&")
        stdin.write(f"{command}\n" if background else f"{command}\necho; echo '{_MARK}'\n")
        stdin.flush()
        printed = ""
        for line in stdout:
            if line == f"{_MARK}\n":
                printed = printed.removesuffix("\n")
                break
            printed += line
            if background and re.fullmatch(pattern, printed, re.DOTALL):
                return
        # A command may end without a new line, and then the page shows one.
        assert re.fullmatch(pattern, printed, re.DOTALL) or re.fullmatch(pattern, f"{printed}\n", re.DOTALL), (
            f"$ {command}\n{printed}"
        )

    def end_background(self) -> str:
        """Tell what runs in the background to end, with SIGTERM; return how it ended, and what it said last."""
        stdin, stdout = self._streams()
        stdin.write(f"kill %1; wait %1; echo status $?; echo '{_MARK}'\n")
        stdin.flush()
        lines: list[str] = []
        for line in stdout:
            if line == f"{_MARK}\n":
                break
            lines.append(line)
        return "".join(lines)
