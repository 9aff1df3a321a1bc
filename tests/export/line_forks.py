"""A process that forks at any line of export and spool, as one does whose signal handler forks."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import chaukas_spec_lite

_HOME = Path(chaukas_spec_lite.__file__).parent
_ROOMS = str(_HOME / "export"), str(_HOME / "spool")


class ForkAtLine:
    """Forks once, before the line that comes after so many others. The child waits there until it is released."""

    def __init__(self, step: int) -> None:
        self._left = step
        self._goes_on, self._go = os.pipe()
        self.pid: int | None = None
        """What the fork returned: 0 in the child. None if there were not so many lines."""

    @contextmanager
    def amid(self) -> Iterator[None]:
        """Count the lines that are run in the block."""
        sys.settrace(self._at)
        try:
            yield
        finally:
            sys.settrace(None)

    def _at(self, frame: FrameType, kind: str, _: object) -> object:
        if kind == "line" and frame.f_code.co_filename.startswith(_ROOMS):
            self._left -= 1
            if not self._left:
                sys.settrace(None)
                self.pid = os.fork()
                if not self.pid:
                    os.close(self._go)
                    os.read(self._goes_on, 1)
        return self._at

    def release(self) -> bool:
        """Let the child go on until it has ended well. Return whether there was one."""
        os.close(self._go)
        os.close(self._goes_on)
        if self.pid is None:
            return False
        assert os.waitpid(self.pid, 0)[1] == 0
        return True
