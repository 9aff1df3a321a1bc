"""``python -m chaukas_spec_lite``, and ``chaukas-lite``: which commands there are, and what the exit status says.

The commands need the extra ``cli``, so nothing of it is imported before ``main`` can say that it is missing.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING

from chaukas_spec_lite.printable import without_passwords
from chaukas_spec_lite.version import VERSION

if TYPE_CHECKING:
    from click import ClickException, Group

NAME = "chaukas-lite"

MISSING_EXTRA = """chaukas-lite needs click and rich. Install them with

    pip install 'chaukas-spec-lite[cli]'
"""
INTERRUPTED = 130
"""The exit status of a program that SIGINT ended, as shells have it."""


def main() -> int:
    """Run the command that the arguments name.

    Returns:
        The exit status: 0 if all went well, 1 if the command failed, 2 if the arguments are wrong or the extra ``cli``
        is not installed, 130 after Ctrl-C.
    """
    try:
        return _run(_commands())
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("click", "rich"):
            raise
        sys.stderr.write(MISSING_EXTRA)
        return 2
    except KeyboardInterrupt:  # while modules were imported, or a second one while the first was dealt with
        return INTERRUPTED


def _commands() -> Group:
    import click

    from chaukas_spec_lite.cli.commands import Commands
    from chaukas_spec_lite.cli.options import EXIT_CODES

    commands = Commands(
        NAME, help="Record and inspect what AI agents do: the tools of chaukas-spec-lite.", epilog=EXIT_CODES
    )
    return click.version_option(VERSION, prog_name=NAME, message="%(prog)s %(version)s")(commands)


def _run(commands: Group) -> int:
    import click

    try:
        status = commands.main(prog_name=NAME, standalone_mode=False)
    except click.ClickException as error:
        _show(error)
        return error.exit_code
    except click.Abort:  # what click makes of Ctrl-C
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except BrokenPipeError:  # whoever read the output has seen enough, as ``head`` has
        _discard_output()
        return 0
    except OSError as error:  # commands turn those of their own work into a ClickException
        _discard_output()
        click.echo(f"Error: the output cannot be written: {error.strerror or error}", err=True)
        return 1
    return status if isinstance(status, int) else 0


def _show(error: ClickException) -> None:
    """Print an error; on a terminal, no word of it is cut.

    What was typed is quoted, at times; an address that was typed in the wrong place may hold a password.
    """
    import click

    said = io.StringIO()
    error.show(said)
    lines = without_passwords(said.getvalue()).splitlines()
    if sys.stderr is not None and sys.stderr.isatty():
        width = max(20, shutil.get_terminal_size().columns)
        lines = [textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False) for line in lines]
    for line in lines:
        click.echo(line, err=True)


def _discard_output() -> None:
    """Let what is still to be written go nowhere, or the interpreter would try it once more when it exits."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


if __name__ == "__main__":
    sys.exit(main())
