"""Exporters that no event loop drives when the interpreter ends: they send then, or the log says what is lost."""

from __future__ import annotations

import pytest

from tests.export.programs import run

PRINTER = """
        class Printer:
            async def send(self, events):
                os.write(1, b"sent\\n" * len(events))
"""

NEVER = """
        exporter = EventExporter({sender}, close_timeout={timeout})
        for number in range(3):
            exporter.emit(numbered(number))
"""

IN_THE_PARENT_ONLY = """
        import multiprocessing
        def child(exporter):
            for number in range(3):
                exporter.emit(numbered(number))
        async def main():
            async with EventExporter({sender}, close_timeout={timeout}) as exporter:
                worker = multiprocessing.get_context("fork").Process(target=child, args=(exporter,))
                worker.start()
                worker.join()
        asyncio.run(main())
"""

LOOP_HAS_ENDED = """
        async def main():
            exporter = EventExporter({sender}, close_timeout={timeout})
            await exporter.start()
            for number in range(3):
                exporter.emit(numbered(number))
        asyncio.run(main())
"""


@pytest.mark.parametrize("program", [NEVER, IN_THE_PARENT_ONLY, LOOP_HAS_ENDED])
def test_what_it_holds_is_sent_at_the_end(program: str) -> None:
    assert run(PRINTER + program.format(sender="Printer()", timeout="HANG")) == "sent\n" * 3


@pytest.mark.parametrize(("program", "words"), [(NEVER, "never started"), (IN_THE_PARENT_ONLY, "never started")])
def test_one_that_was_never_started_says_so_if_it_cannot_send(program: str, words: str) -> None:
    output = run(program.format(sender="Recorder(down)", timeout=0.3))
    assert "Dropped as closed: 3 events" in output
    assert words in output
    assert "the interpreter ended" not in output


def test_one_whose_loop_has_ended_says_that_the_interpreter_ended() -> None:
    output = run(LOOP_HAS_ENDED.format(sender="Recorder(down)", timeout=0.3))
    assert "Dropped as closed: 3 events" in output
    assert "the interpreter ended before it could be sent" in output


def test_closing_that_ctrl_c_has_cut_short_goes_on_at_the_end() -> None:
    """Without a spool."""
    output = run(
        PRINTER
        + """
        class Slow(Printer):
            waits = True
            async def send(self, events):
                if Slow.waits:
                    Slow.waits = False
                    os.kill(os.getpid(), signal.SIGINT)
                    await asyncio.sleep(HANG)
                await super().send(events)
        exporter = BlockingExporter(Slow(), close_timeout=HANG)
        for number in range(3):
            exporter.emit(numbered(number))
        try:
            exporter.close(HANG)
        except KeyboardInterrupt:
            os.write(1, b"interrupted\\n")
        """
    )
    assert output == "interrupted\n" + "sent\n" * 3
