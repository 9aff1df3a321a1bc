"""The commands ``encode`` and ``decode``: any message of the schema from JSON to bytes, and back.

They are what ``protoc --encode`` and ``protoc --decode`` are used for.
"""

# _full_name and _unknown_fields are private to the package:
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import IO, Any, TypeVar

import betterproto2
import click

from chaukas_spec_lite.cli.formats import harmless
from chaukas_spec_lite.cli.options import ParamType, epilog, output_option
from chaukas_spec_lite.cli.output import refuse_binary_on_terminal, refuse_own_input, sentence, writing
from chaukas_spec_lite.cli.sources import opened, shown_name
from chaukas_spec_lite.errors import ChaukasError, DecodeError
from chaukas_spec_lite.files import MAX_EVENT
from chaukas_spec_lite.json_pieces import PieceTooLong, pieces
from chaukas_spec_lite.message.message import Message
from chaukas_spec_lite.misspelt import nearest
from chaukas_spec_lite.spec.client.v1 import client
from chaukas_spec_lite.spec.common.v1 import events, query
from chaukas_spec_lite.spec.google.protobuf import any as any_
from chaukas_spec_lite.spec.google.protobuf import duration, empty, struct, timestamp, wrappers
from chaukas_spec_lite.spec.server.v1 import server
from chaukas_spec_lite.wire.format import varint

F = TypeVar("F", bound=Callable[..., Any])

MODULES = (events, query, client, server, any_, duration, empty, struct, timestamp, wrappers)
"""Where messages are, those of one short name in the order in which they are meant."""


UNOPENED = (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError)
"""How a file cannot be opened for reading. Other errors may be those of the output."""


class MessageParam(ParamType):
    """A message of the schema, by its name or its full name."""

    name = "message"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> type[Message]:
        """Find its class."""
        if isinstance(value, type):
            return value
        known = messages()
        if value not in known:
            near = nearest(value, known)
            hint = f"; did you mean {near}?" if near else ""
            self.fail(f"{value!r} is no message of the schema{hint}", param, ctx)
        return known[value]


def messages() -> dict[str, type[Message]]:
    """All messages, by their short and full names."""
    found: dict[str, type[Message]] = {}
    for module in MODULES:
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Message) and value.__module__ == module.__name__:
                found.setdefault(value.__name__, value)
                found[value._full_name] = value
    return found


_message = click.option(
    "--message",
    "cls",
    type=MessageParam(),
    default="Event",
    show_default=True,
    help="Which message it is, with its package or without: Event, EventBatch, QueryRequest.",
)
_delimited = click.option(
    "--delimited", is_flag=True, help="Any number of messages, each behind its length, instead of one."
)
_file = click.argument("file", default="-", type=click.Path())


@click.command(
    short_help="Make bytes of a message in JSON.",
    epilog=epilog(
        'echo \'{"event_id": "e-1"}\' | chaukas-lite encode > event.bin',
        "chaukas-lite encode --message EventBatch batch.json --output batch.bin",
        "chaukas-lite encode --delimited events.jsonl --output events.delim",
    ),
)
@_file
@_message
@_delimited
@output_option
def encode(file: str, cls: type[Message], delimited: bool, output: str | None) -> None:
    """Read a message in ProtoJSON from FILE, or standard input, and write its bytes, as protoc --encode does."""
    refuse_own_input(output, (file,))
    refuse_binary_on_terminal(output)
    try:
        with opened(file) as stream, writing(output) as out:
            number = 0
            for data in _objects(stream):
                number += 1
                if number > 1 and not delimited:
                    raise ChaukasError("it holds several messages; --delimited writes them all")
                encoded = bytes(cls.from_json(data))
                out.write(varint(len(encoded)).encode("latin-1") + encoded if delimited else encoded)
            if not number and not delimited:
                raise ChaukasError("it holds no JSON object")
    except (ChaukasError, *UNOPENED) as error:
        raise click.ClickException(f"{shown_name(file)}: {sentence(error).removeprefix(f'{file}: ')}") from error


@click.command(
    short_help="Show the bytes of a message as JSON.",
    epilog=epilog(
        "chaukas-lite decode event.bin",
        "chaukas-lite decode --message EventBatch batch.bin",
        "chaukas-lite decode --delimited events.delim",
    ),
)
@_file
@_message
@_delimited
@output_option
def decode(file: str, cls: type[Message], delimited: bool, output: str | None) -> None:
    """Read the bytes of a message from FILE, or standard input, and write it as ProtoJSON, as protoc --decode does."""
    refuse_own_input(output, (file,))
    try:
        with opened(file) as stream, writing(output) as out:
            for data in _delimited_messages(stream) if delimited else [_whole(stream)]:
                message = cls.parse(data)
                text = message.to_json(indent=None if delimited else 2, casing=betterproto2.Casing.SNAKE)
                out.write(f"{harmless(text)}\n".encode())
                if (unknown := len(message._unknown_fields)) and not delimited:
                    click.echo(f"{unknown:,} bytes of unknown fields are not shown.", err=True)
    except (ChaukasError, *UNOPENED) as error:
        raise click.ClickException(f"{shown_name(file)}: {sentence(error).removeprefix(f'{file}: ')}") from error


def _objects(stream: IO[bytes]) -> Iterator[bytes]:
    try:
        for piece in pieces(stream.read, MAX_EVENT):
            yield piece.data
    except PieceTooLong as error:
        raise ChaukasError(f"the message at byte {error.start:,} is longer than {MAX_EVENT:,} bytes") from error


def _whole(stream: IO[bytes]) -> bytes:
    data = stream.read(MAX_EVENT + 1)
    if len(data) > MAX_EVENT:
        raise ChaukasError(f"it is longer than {MAX_EVENT:,} bytes; --delimited reads any number of messages")
    return data


def _delimited_messages(stream: IO[bytes]) -> Iterator[bytes]:
    while True:
        size, shift = 0, 0
        while byte := stream.read(1):
            size |= (byte[0] & 127) << shift
            shift += 7
            if byte[0] < 128 or shift > 63:
                break
        if not shift:
            return
        if size > MAX_EVENT:
            raise DecodeError(f"the length of a message would be {size:,} bytes")
        data = stream.read(size)
        if len(data) < size or not byte:
            raise DecodeError(f"the last message is torn: {size:,} bytes long, and {len(data):,} are there")
        yield data
