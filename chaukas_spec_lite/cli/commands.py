"""The group of all commands, each of which is loaded when it is asked for, and how wide their help is."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Callable, Iterable
from typing import Any

import click

from chaukas_spec_lite.cli import COMMANDS, command
from chaukas_spec_lite.misspelt import nearest

_MOST, _LEAST = 80, 30

_OTHER_WORDS = {
    **dict.fromkeys(("--address", "--bind", "--host", "--listen", "--port", "-p"), ("--grpc", "--http")),
    **dict.fromkeys(("--collector", "--server", "--target", "--url"), ("--endpoint",)),
    **dict.fromkeys(("--database", "--db", "--sqlite"), ("--store",)),
    **dict.fromkeys(("--count", "--lines", "--max", "-n"), ("--limit",)),
    **dict.fromkeys(("--file", "--out", "-o"), ("--output",)),
}
"""Options that other programs have, and those that stand for them here, where a command has them."""
_KEYS = ("--api-key", "--key", "--token")


class NarrowHelp(click.HelpFormatter):
    """Writes help that fits on terminals of 40 cells, where click's own is never narrower than 50."""

    def __init__(self) -> None:
        super().__init__(width=max(_LEAST, min(shutil.get_terminal_size().columns, _MOST) - 2))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write a list of options with what they do; the narrower it is, the less room the options get.

        They get what the longest word leaves, such as the name of a variable, which click would cut.
        """
        broken = [(self._broken(name), text) for name, text in rows]
        longest = max((len(word) for _, text in broken for word in text.split()), default=0)
        room = max(0, self.width - self.current_indent - col_spacing - longest)
        super().write_dl(broken, min(col_max, self.width // 3 + 4, room), col_spacing)

    def _broken(self, name: str) -> str:
        """Break an option behind one of the values that it may have, where there is no room for all on a line."""
        room = self.width - 2 * self.indent_increment
        if len(name) <= room:
            return name
        indent = " " * (self.current_indent + 2 * self.indent_increment)
        parts = textwrap.fill(name.replace("|", "| "), room, subsequent_indent=indent, break_long_words=False)
        return parts.replace("| ", "|")


class HelpContext(click.Context):
    """A context that writes such help."""

    def make_formatter(self) -> click.HelpFormatter:
        """Make what writes it."""
        return NarrowHelp()


class Commands(click.Group):
    """Knows commands by their names, and loads the one that is run, or all of them for the help."""

    context_class = HelpContext
    names: Iterable[str] = COMMANDS
    load: Callable[[str], click.Command] = staticmethod(command)
    """Loads one of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name them."""
        return sorted(self.names)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the one that is named first; raises ``UsageError`` with the nearest name if there is none."""
        name, names = args[0], [*self.names]
        is_word = not ctx.resilient_parsing and name not in names and not name.startswith("-")
        if is_word and (near := nearest(name, names)) is not None:
            ctx.fail(f"No such command {name!r}; did you mean {near}?")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the one that is named; raises ``NoSuchOption`` with what to write instead of another program's option."""
        try:
            return super().invoke(ctx)
        except click.NoSuchOption as error:
            known = {name for each in (error.ctx or ctx).command.params for name in each.opts}
            name = error.option_name
            if instead := [each for each in _OTHER_WORDS.get(name, ()) if each in known]:
                hint = f"did you mean {' or '.join(instead)}?"
            elif name in _KEYS and "--endpoint" in known:
                hint = "the key comes from CHAUKAS_API_KEY"
            else:
                raise
            # A new one: of possibilities, click would take those that are spelt like the name.
            raise click.NoSuchOption(name, f"No such option {name!r}; {hint}", ctx=error.ctx) from error

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one; None if there is no such command."""
        if cmd_name not in self.names:
            return None
        found = self.load(cmd_name)
        for each in [found, *(found.commands.values() if isinstance(found, click.Group) else ())]:
            each.context_class = HelpContext
        return found
