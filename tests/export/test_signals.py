"""Signal handlers that emit: they interrupt anything, and never wait for what they interrupted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.export.programs import run


@pytest.mark.parametrize("spool", [True, False])
def test_a_timer_whose_handler_emits(tmp_path: Path, spool: bool) -> None:
    """Each handler that waited would be interrupted by the next one, until the stack is full."""
    run(
        """
        settings = {"spool": sys.argv[1]} if sys.argv[2] == "True" else {}
        sender = Recorder()
        exporter = BlockingExporter(sender, **settings)
        handled, depths = [], []
        def handler(number, frame):
            depth = 0
            while frame is not None:
                frame, depth = frame.f_back, depth + 1
            depths.append(depth)
            handled.append(exporter.emit(numbered(-1)))
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
        emitted = 0
        while len(handled) < 200:
            exporter.emit(numbered(1))
            emitted += 1
        signal.setitimer(signal.ITIMER_REAL, 0)
        assert Emitted.DROPPED not in handled
        assert max(depths) < 100, max(depths)
        assert exporter.flush(HANG)
        assert exporter.stats().emitted == emitted + len(handled) == len(sender.received)
        assert exporter.close(HANG)
        """,
        tmp_path,
        spool,
    )
