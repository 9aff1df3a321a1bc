"""The command ``audit keygen``: makes a key that a collector's log, or a witness, signs with."""

from __future__ import annotations

import socket
from pathlib import Path

import click

from chaukas_spec_lite.audit.keys import COSIGNATURE, ED25519, SigningKey
from chaukas_spec_lite.cli.options import epilog
from chaukas_spec_lite.cli.output import sentence
from chaukas_spec_lite.errors import SettingError


@click.command(
    short_help="Make a key to sign checkpoints with.",
    epilog=epilog(
        "chaukas-lite audit keygen --output log.key --name example.com/log > log.pub",
        "chaukas-lite audit keygen --witness --output w.key --name auditor.example > w.pub",
    ),
)
@click.option(
    "--output",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file of the secret key; it has to be new.",
)
@click.option("--name", help="Whose key it is, such as example.com/log.  [default: the name of this machine]")
@click.option("--witness", is_flag=True, help="Print its public half as that of a witness.")
def keygen(output: Path, name: str | None, witness: bool) -> None:
    """Make a new key: a collector's, for serve --audit-key FILE, or a witness's, for audit witness --key FILE.

    The secret half goes into the file, which its owner alone can read, and is printed nowhere. The public half, by
    which others check signatures, is printed on standard output. The name of a collector's key is the name of its log,
    and stays when the key is changed.
    """
    try:
        key = SigningKey.generate(name if name is not None else f"{socket.gethostname()}/chaukas")
        public = key.verifier(COSIGNATURE if witness else ED25519)
        key.write(output)
    except FileExistsError as error:
        raise click.ClickException(f"{output} is there already; a key is never written over") from error
    except (SettingError, ModuleNotFoundError, OSError) as error:
        raise click.ClickException(sentence(error)) from error
    who = "witness" if witness else "log"
    click.echo(f"The secret key of the {who} {key.name} is in {output}: keep a copy in a safe place.", err=True)
    click.echo("Its public half, for whoever checks signatures:", err=True)
    # Alone on standard output, so that it can be written to a file from there.
    click.echo(str(public))
