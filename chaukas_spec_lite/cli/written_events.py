"""Events written in a form that programs read, one by one: what ``query`` and ``export`` do with what they find."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from typing import TYPE_CHECKING

import click

from chaukas_spec_lite.cli.formats import EventWriter
from chaukas_spec_lite.cli.output import say, writing

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from chaukas_spec_lite.cli.sources import Source
    from chaukas_spec_lite.cli.wanted import Wanted
    from chaukas_spec_lite.errors import JSONError
    from chaukas_spec_lite.spec.common.v1.events import Event


class LeftOut:
    """Tells which events have no JSON, and counts them."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, event: Event, error: JSONError) -> None:
        """Tell one more."""
        self.count += 1
        say(f"Left out: event {event.event_id} has no JSON: {error}")

    def close(self) -> None:
        """Tell how many there were.

        Raises:
            ClickException: There was one.
        """
        if self.count:
            raise click.ClickException(
                f"{self.count:,} of the events have no JSON; --format delim takes them as they are"
            )


async def write_events(
    opening: AbstractAsyncContextManager[Source],
    wanted: Wanted,
    form: str,
    output: str | None,
    left_out: LeftOut,
    change: Callable[[Event], Event] | None = None,
) -> int:
    """Write the events that are wanted.

    Args:
        opening: Opens where they are.
        wanted: Which of them, and in which order.
        form: One of ``formats.FORMATS``.
        output: The file to write to; None for standard output.
        left_out: Is told of each event that has no JSON.
        change: What is done with each event before it is written.

    Returns:
        How many were written.
    """
    number = 0
    with writing(output) as out:
        writer = EventWriter(form, left_out)
        async with opening as source, aclosing(source.find(wanted)) as events:
            async for event in events:
                number += 1
                out.write(writer.of(event if change is None else change(event)))
        out.write(writer.end())
    return number - left_out.count
