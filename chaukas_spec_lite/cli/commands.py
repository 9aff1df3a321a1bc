"""The group of all commands, each of which is loaded when it is asked for."""

from __future__ import annotations

import click

from chaukas_spec_lite.cli import COMMANDS, command


class Commands(click.Group):
    """Knows commands by their names, and loads the one that is run, or all of them for the help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name them."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one; None if there is no such command."""
        found: click.Command | None = command(cmd_name) if cmd_name in COMMANDS else None
        return found
