"""SIGTERM: without a handler it ends a process on the spot, and what was in memory is lost without a word."""

from __future__ import annotations

import signal
import threading

import pytest

from chaukas_spec_lite import exit_on_sigterm
from tests.export.programs import run

HELPED = """
        from chaukas_spec_lite import exit_on_sigterm
        class Printer:
            async def send(self, events):
                os.write(1, b"sent\\n" * len(events))
        exit_on_sigterm()
        exit_on_sigterm()
        def end():
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(HANG)
"""


def test_a_blocking_exporter_sends_what_waits() -> None:
    output = run(
        HELPED
        + """
        exporter = BlockingExporter(Printer(), flush_interval=AGES, close_timeout=HANG)
        for number in range(3):
            exporter.emit(numbered(number))
        end()
        """,
        status=143,
    )
    assert output == "sent\n" * 3


def test_an_asynchronous_exporter_sends_what_waits() -> None:
    output = run(
        HELPED
        + """
        async def main():
            async with EventExporter(Printer(), flush_interval=AGES, close_timeout=HANG) as exporter:
                for number in range(3):
                    exporter.emit(numbered(number))
                end()
        asyncio.run(main())
        """,
        status=143,
    )
    assert output == "sent\n" * 3


def test_a_second_one_ends_the_process_on_the_spot() -> None:
    run(
        HELPED
        + """
        class Waits:
            async def send(self, events):
                os.kill(os.getpid(), signal.SIGTERM)
                await asyncio.sleep(AGES)
        exporter = BlockingExporter(Waits(), flush_interval=AGES, close_timeout=AGES)
        exporter.emit(numbered(1))
        end()
        """,
        status=-signal.SIGTERM,
    )


def test_one_that_comes_while_the_process_ends_does_not_interrupt_that() -> None:
    output = run(
        HELPED
        + """
        class Late(Printer):
            async def send(self, events):
                os.kill(os.getpid(), signal.SIGTERM)
                await asyncio.sleep(0.1)
                await super().send(events)
        exporter = BlockingExporter(Late(), flush_interval=AGES, close_timeout=HANG)
        exporter.emit(numbered(1))
        """
    )
    assert output == "sent\n"


def test_one_that_comes_as_a_worker_begins_to_end_does_not_interrupt_that() -> None:
    """``multiprocessing.Pool`` asks its workers to end, and right after that sends them the signal."""
    output = run(
        HELPED
        + """
        import multiprocessing
        from multiprocessing import util
        exporter = BlockingExporter(Printer(), flush_interval=AGES, close_timeout=HANG)
        def work():
            exporter.emit(numbered(1))
            util.Finalize(None, os.kill, (os.getpid(), signal.SIGTERM), exitpriority=1 << 20)
        worker = multiprocessing.get_context("fork").Process(target=work)
        worker.start()
        worker.join()
        assert worker.exitcode == 0, worker.exitcode
        """
    )
    assert output == "sent\n"


@pytest.mark.parametrize("handler", ["signal.SIG_IGN", "lambda *_: os.write(1, b'handled')"])
def test_a_handler_that_is_there_stays(handler: str) -> None:
    output = run(
        f"""
        from chaukas_spec_lite import exit_on_sigterm
        signal.signal(signal.SIGTERM, {handler})
        exit_on_sigterm()
        os.kill(os.getpid(), signal.SIGTERM)
        """
    )
    assert output == ("handled" if "lambda" in handler else "")


def test_one_that_a_server_puts_back_is_called() -> None:
    """As uvicorn does: its own handler ends it in order, and then it raises the signal for the one that was there."""
    output = run(
        HELPED
        + """
        exporter = BlockingExporter(Printer(), flush_interval=AGES, close_timeout=HANG)
        exporter.emit(numbered(1))
        caught = []
        before = signal.signal(signal.SIGTERM, lambda *_: caught.append(1))
        os.kill(os.getpid(), signal.SIGTERM)
        assert caught
        signal.signal(signal.SIGTERM, before)
        signal.raise_signal(signal.SIGTERM)
        """,
        status=143,
    )
    assert output == "sent\n"


def test_only_the_main_thread_can() -> None:
    errors: list[BaseException] = []

    def elsewhere() -> None:
        try:
            exit_on_sigterm()
        except ValueError as error:
            errors.append(error)

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert len(errors) == 1
    assert signal.getsignal(signal.SIGTERM) is before
