"""How far a command is: a bar on standard error, where that is a terminal."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import aclosing, contextmanager
from typing import TypeVar

from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as ProgressBar

from chaukas_spec_lite.cli.terminal import console, count, rate

T = TypeVar("T")

OFTEN = 1000
"""After so many events it is shown how far a command is."""


@contextmanager
def progress(doing: str, total: int) -> Generator[Callable[[int, int], None], None, None]:
    """Show how far it is, how fast, and how long it will take, if there is a terminal to show it on.

    Args:
        doing: What is said before anything was done, such as ``sending``.
        total: How much there is to do, such as the bytes of all files; 0 if nobody knows.

    Yields:
        What is to be told how much of it is done, and how many events that are.
    """
    err = console(errors=True)
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
    with ProgressBar(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task(doing, total=total or None)
        begun = time.monotonic()

        def show(done: int, events: int) -> None:
            said = f"{count(events, 'event')}{rate(events, time.monotonic() - begun)}"
            bar.update(task, completed=done, description=said)

        yield show


async def shown(events: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """Yield what is read, and show how much it is: of a place with millions of events, it takes minutes to read all."""
    with progress("reading", 0) as show:
        number = 0
        async with aclosing(events):
            async for event in events:
                yield event
                number += 1
                if number % OFTEN == 0:
                    show(0, number)
