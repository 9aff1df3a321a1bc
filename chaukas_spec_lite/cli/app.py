"""The program itself: which commands there are, and what its exit status says."""

from __future__ import annotations

import os
import sys

import click

from chaukas_spec_lite.cli.demo import demo
from chaukas_spec_lite.version import VERSION

NAME = "chaukas-lite"


@click.group()
@click.version_option(VERSION, prog_name=NAME, message="%(prog)s %(version)s")
def commands() -> None:
    """Record and inspect what AI agents do: the tools of chaukas-spec-lite."""


commands.add_command(demo)


def run() -> int:
    """Run the command that the arguments name; returns the exit status, or raises ``KeyboardInterrupt``."""
    try:
        status = commands.main(prog_name=NAME, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort as error:  # what click makes of Ctrl-C
        click.echo("interrupted", err=True)
        raise KeyboardInterrupt from error
    except OSError as error:  # commands make those of their own work a ClickException
        _discard_output()
        click.echo(f"Error: the output cannot be written: {error.strerror or error}", err=True)
        return 1
    return status if isinstance(status, int) else 0


def _discard_output() -> None:
    """Let what is still to be written go nowhere, or the interpreter would try it once more when it exits."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
