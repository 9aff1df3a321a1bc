"""The command ``export``: writes events in any form, without secrets if that is wanted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from chaukas_spec_lite.cli.formats import FORMATS
from chaukas_spec_lite.cli.options import epilog, filter_options, limit_option, output_option, place_options
from chaukas_spec_lite.cli.output import (
    Unreadable,
    refuse_binary_on_terminal,
    refuse_own_input,
    run,
    say,
    sentence,
)
from chaukas_spec_lite.cli.sources import source_of
from chaukas_spec_lite.cli.terminal import count
from chaukas_spec_lite.cli.written_events import LeftOut, write_events
from chaukas_spec_lite.errors import ChaukasError
from chaukas_spec_lite.trace.redaction.redactor import Redactor

if TYPE_CHECKING:
    from chaukas_spec_lite.cli.wanted import Wanted, Whereabouts


@click.command(
    short_help="Write events in any form, without secrets if wanted.",
    epilog=epilog(
        "chaukas-lite export --output all.delim.gz",
        "chaukas-lite export --store sqlite:events.db --redact --output safe.jsonl",
        "chaukas-lite export --format openapi --session s-1 old.delim",
    ),
)
@place_options
@filter_options
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    help="The form; without it, the name of --output tells, and else it is jsonl.",
)
@click.option("--redact", is_flag=True, help="Take secrets and personal data out.")
@click.option(
    "--redact-path", "paths", multiple=True, metavar="PATH", help="And what stands there, such as message.text."
)
@limit_option
@output_option
def export(
    place: Whereabouts,
    wanted: Wanted,
    form: str | None,
    redact: bool,
    paths: tuple[str, ...],
    limit: int | None,
    output: str | None,
) -> None:
    """Write the events that meet the conditions, the oldest first: JSON lines, JSON, that of the HTTP door, or delim.

    A file whose name ends with .gz is compressed. What is written can be read by every command, and sent.
    """
    refuse_own_input(output, place.files)
    form = form or _form_of(output)
    if form == "delim":
        refuse_binary_on_terminal(output)
    try:
        redactor = Redactor(paths=paths) if redact or paths else None
    except ChaukasError as error:
        raise click.ClickException(sentence(error)) from error
    told, left_out = Unreadable(), LeftOut()
    asked = replace(wanted, oldest_first=True, limit=limit)
    written = run(write_events(source_of(place, told), asked, form, output, left_out, redactor))
    if output not in (None, "-"):
        say(f"{count(written, 'event')} written to {output}.")
    left_out.close()
    told.close()


def _form_of(output: str | None) -> str:
    name = (output or "").removesuffix(".gz")
    return "delim" if name.endswith(".delim") else "json" if name.endswith(".json") else "jsonl"
