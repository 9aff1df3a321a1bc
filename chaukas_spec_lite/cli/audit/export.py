"""The command ``audit export``: a log with all that proves it, for an auditor who has nothing but Python."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chaukas_spec_lite.audit.keys import ED25519
from chaukas_spec_lite.cli.audit.bundle import bundle
from chaukas_spec_lite.cli.log_checks import check_tenant, read_keys, recompute, signed
from chaukas_spec_lite.cli.logs import HttpLog, stored_log
from chaukas_spec_lite.cli.options import epilog
from chaukas_spec_lite.cli.output import run, say
from chaukas_spec_lite.cli.progress import progress
from chaukas_spec_lite.cli.terminal import count

if TYPE_CHECKING:
    from chaukas_spec_lite.audit.keys import VerifierKey
    from chaukas_spec_lite.cli.log_checks import Signed
    from chaukas_spec_lite.cli.logs import TenantLog, TenantPart


@click.command(
    short_help="Write a log, with its proofs, for an auditor.",
    epilog=epilog(
        "chaukas-lite audit export --log https://collector.example --key log.pub --output log.zip",
        "chaukas-lite audit export --store events.db --tenant acme --key log.pub --output log.zip",
    ),
)
@click.option("--log", "url", metavar="URL", help="The HTTP door of a running collector.")
@click.option("--store", metavar="STORE", help="A store: sqlite:events.db or postgresql://...")
@click.option("--tenant", help="Whose log. By HTTP, CHAUKAS_API_KEY tells, too.")
@click.option(
    "--key",
    "keys",
    multiple=True,
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file of keys of the log, as keygen has printed them.",
)
@click.option(
    "--checkpoint",
    "olds",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="A checkpoint from before, which the log has to have grown out of.",
)
@click.option(
    "--output", required=True, type=click.Path(path_type=Path), help="A zip file, or a folder; it has to be new."
)
def export(
    url: str | None, store: str | None, tenant: str | None, keys: tuple[Path, ...], olds: tuple[Path, ...], output: Path
) -> None:
    """Write all entries of a log up to its newest checkpoint, and a script that checks them offline.

    Everything is checked while it is written; what does not hold makes no bundle, and exits with 1.
    """
    if (url is None) == (store is None):
        raise click.UsageError("name the log: either --log URL or --store STORE")
    if output.exists():
        raise click.UsageError(f"--output {output} is there already")
    run(_export(url, store, tenant, keys, olds, output))


async def _export(
    url: str | None, store: str | None, tenant: str | None, keys: tuple[Path, ...], olds: tuple[Path, ...], output: Path
) -> None:
    known = read_keys(keys)
    before = [signed(path.read_text(encoding="utf-8", errors="replace"), known, str(path)) for path in olds]
    async with _opened(url, store, tenant) as log:
        found = signed(await log.checkpoint(), known, "the log's newest checkpoint")
        check_tenant(found, tenant)
        entries, absent = await _written(log, found, before, known, output)
    said = f"; {absent:,} of them without the event" if absent else ""
    say(f"{count(entries, 'entry')} of the log {found.checkpoint.origin} written to {output}{said}.")


def _opened(url: str | None, store: str | None, tenant: str | None) -> AbstractAsyncContextManager[TenantLog]:
    return stored_log(store, tenant or "") if store is not None else nullcontext(HttpLog(url or "", tenant))


async def _written(
    log: TenantLog, found: Signed, before: list[Signed], known: list[VerifierKey], output: Path
) -> tuple[int, int]:
    size = found.checkpoint.size
    with bundle(output) as made, progress("reading", size) as show:

        def take(part: TenantPart) -> None:
            for entry in part.entries():
                made.take(entry)
            last = part.first + len(part.leaves) - 1
            show(last, last)

        absent = await recompute(log, found, before, take)
        used = [key for key in known if key.name in found.signers and key.kind == ED25519]
        made.finish(found.checkpoint.origin, found.note, "".join(f"{key}\n" for key in used))
    return size, absent
