"""The group ``chaukas-lite audit``, whose commands are loaded when they are asked for."""

from __future__ import annotations

import click

from chaukas_spec_lite.cli.audit import COMMANDS, command
from chaukas_spec_lite.cli.commands import Commands


class AuditCommands(Commands):
    """Knows the commands of this group."""

    names = COMMANDS
    load = staticmethod(command)


@click.group(cls=AuditCommands, short_help="Keys, witnesses and bundles for auditors.")
def audit() -> None:
    """What stands around the log that a collector keeps: its keys, witnesses of it, and bundles for auditors."""
