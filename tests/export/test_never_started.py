"""Exporters that never began to send: what they hold at the end is lost for that reason, and the log says so."""

from __future__ import annotations

from tests.export.programs import run


def test_one_that_was_never_started_says_so() -> None:
    output = run(
        """
        exporter = EventExporter(Recorder())
        exporter.emit(numbered(1))
        """
    )
    assert "Dropped as closed: an event" in output
    assert "never started" in output
    assert "interpreter ended" not in output


def test_one_that_was_started_in_the_parent_only_says_so() -> None:
    """A child has none of its parent's event loops."""
    output = run(
        """
        import multiprocessing
        async def main():
            async with EventExporter(Recorder()) as exporter:
                worker = multiprocessing.get_context("fork").Process(target=lambda: exporter.emit(numbered(1)))
                worker.start()
                worker.join()
        asyncio.run(main())
        """
    )
    assert "Dropped as closed: an event" in output
    assert "never started" in output
