"""What the reference implementation says about a message of ours or about bytes, and whether ours agrees."""

from __future__ import annotations

from functools import cache
from typing import Any

from chaukas.spec.client.v1 import client_pb2
from chaukas.spec.common.v1 import events_pb2, query_pb2
from chaukas.spec.server.v1 import server_pb2
from google.protobuf import message_factory
from google.protobuf.message import DecodeError as ReferenceDecodeError

from chaukas_spec_lite.errors import DecodeError
from chaukas_spec_lite.message.message import Message
from chaukas_spec_lite.spec.client.v1 import client
from chaukas_spec_lite.spec.common.v1 import events, query
from chaukas_spec_lite.spec.server.v1 import server
from tests import generated
from tests.reference import reference_class

_POOL = events_pb2.DESCRIPTOR.pool
OFFICIAL = (events_pb2, query_pb2, client_pb2, server_pb2)
"""The official modules, which also puts their messages into the pool that `reference` looks them up in."""

CHAUKAS: tuple[type[Message], ...] = tuple(
    cls
    for module in (events, query, client, server)
    for cls in vars(module).values()
    if isinstance(cls, type) and issubclass(cls, Message) and cls.__module__ == module.__name__
)
"""Every message class of the Chaukas schema."""


@cache
def everything() -> tuple[type[Message], ...]:
    """Every message class of tests/protos/everything.proto."""
    return tuple(generated.everything().values())


@cache
def reference(cls: type[Message]) -> type[Any]:
    """The reference's class of a message class of ours."""
    if cls._full_name.startswith("everything."):
        return reference_class(generated.schema(), cls._full_name)
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(cls._full_name))


def canonical(message: Any, pool: Any = None) -> bytes:
    """What a reference message holds, unknown fields included, in one fixed order: NaN equals itself here.

    With a pool, what an Any holds is put in order too: the order of a map inside it is nobody's promise.
    """
    if pool is not None:
        _order_anys(message, pool)
    return message.SerializeToString(deterministic=True)


def _order_anys(message: Any, pool: Any) -> None:
    for field, value in message.ListFields():
        if field.type != field.TYPE_MESSAGE:
            continue
        if field.message_type.GetOptions().map_entry:
            held = value.values() if field.message_type.fields_by_name["value"].message_type else ()
        else:
            held = value if field.is_repeated else (value,)
        for one in held:
            _order_anys(one, pool)
    if message.DESCRIPTOR.full_name == "google.protobuf.Any" and message.type_url:
        content = message_factory.GetMessageClass(pool.FindMessageTypeByName(message.type_url.rpartition("/")[2]))()
        content.ParseFromString(message.value)
        message.value = canonical(content, pool)


def _quiet_alike(official: Any, ours: bytes, theirs: bytes) -> bool:
    """Whether two encodings hold the same but for signalling NaNs in fields of 32 bits.

    Any conversion to the 64 bits of a Python float makes them quiet, the reference's too as soon as the field is read.
    """
    one, other = official.FromString(ours), official.FromString(theirs)
    _quieten(one)
    _quieten(other)
    return canonical(one) == canonical(other)


def _quieten(message: Any) -> None:
    for field, value in message.ListFields():
        is_map = field.message_type is not None and field.message_type.GetOptions().map_entry
        kind = field.message_type.fields_by_name["value"] if is_map else field
        if kind.type == kind.TYPE_FLOAT:
            if is_map:
                for key in value:
                    value[key] = float(value[key])
            elif field.is_repeated:
                value[:] = list(value)
            else:
                setattr(message, field.name, value)
        elif kind.type == kind.TYPE_MESSAGE:
            for one in value.values() if is_map else value if field.is_repeated else (value,):
                _quieten(one)


def disagreement(cls: type[Message], data: bytes, official: Any = None) -> str | None:
    """How our verdict on some bytes, or our idea of what they mean, differs from the reference's."""
    official = official or reference(cls)
    try:
        theirs = official.FromString(data)
    except ReferenceDecodeError:
        theirs = None
    try:
        ours = cls.parse(data)
    except DecodeError as error:
        if theirs is not None:
            return f"only we refuse: {error}"
        if not error.path.startswith(cls.__name__) or error.offset is None or not 0 <= error.offset <= len(data):
            return f"the error says not where: {error!r}"
        return None
    if theirs is None:
        return f"only the reference refuses, we see {ours!r}"
    encoded = bytes(ours)
    if canonical(official.FromString(encoded)) != canonical(theirs) and not _quiet_alike(official, encoded, data):
        return f"we see {ours!r}, the reference sees {theirs}"
    again = cls.parse(encoded)
    if again != ours or bytes(again) != encoded:
        return f"{ours!r} does not survive being encoded and decoded"
    return None
