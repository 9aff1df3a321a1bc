"""The commands that are several in one, and what is in them."""

from __future__ import annotations

from collections.abc import Iterator

import click

from chaukas_spec_lite.cli import command

GROUPS = ["audit", "keys", "store"]


def in_groups() -> Iterator[tuple[str, click.Command]]:
    """The commands of the groups, by their whole names."""
    for group in GROUPS:
        found = command(group)
        assert isinstance(found, click.Group)
        context = click.Context(found)
        for name in found.list_commands(context):
            each = found.get_command(context, name)
            assert each is not None
            yield f"{group} {name}", each
