"""The note in a log of the spool that says whose chains go no further if its maker does not go on.

The first line is the id of the chains' writer, each further one the tenant and project of some of them, as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from chaukas_spec_lite.audit.chain import Owner


def encoded(owners: Iterable[Owner]) -> bytes:
    """Encode owners, to be put behind the writer, or behind others."""
    return b"".join(b"\n" + json.dumps(each).encode() for each in owners)


def parsed(note: bytes) -> tuple[str, list[Owner]]:
    """Read the writer and the owners; a line that is damaged, as a disk was full, is left out."""
    writer, *lines = note.decode("ascii", "replace").split("\n")
    owners = [owner for line in lines if (owner := _owner(line)) is not None]
    return writer, owners or [("", "")]


def _owner(line: str) -> Owner | None:
    try:
        tenant, project = json.loads(line)
    except (ValueError, TypeError, RecursionError):
        return None
    return (tenant, project) if isinstance(tenant, str) and isinstance(project, str) else None
