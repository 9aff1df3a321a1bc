"""The JSON of the platform's published OpenAPI (``public.yaml`` of chaukas-spec 1.0.5), which is not ProtoJSON.

It differs from ProtoJSON in three things, and this module translates just these; ``protojson`` does the rest:

- Fields have the schema's names (``event_id``), enum values their bare ones (``AGENT_START``).
- What an event is about stands under ``content``, whose ``kind`` tells it: ``{"kind": "message", "text": "Hi"}``.
- It knows no ``state_update`` and no ``extensions``. Here they are ``{"kind": "state_update", "state": {...}}`` and
  objects of ``type_url`` and ``value`` (base64), so that every event can be read and written.

An unknown number of an enum is that number. A name that the schema lacks is refused, as everywhere in this library: an
answer that names it helps more than a value that is lost. What has no JSON at all, such as NaN in ``metadata``, is left
out of an event that is written, whose ``omitted`` then says what and why: it must not keep the others away.
"""

from __future__ import annotations

import copy
import re
from base64 import b64encode
from typing import Any, TypeVar

import betterproto2

from chaukas_spec_lite.errors import JSONError
from chaukas_spec_lite.message.message import Message
from chaukas_spec_lite.misspelt import nearest
from chaukas_spec_lite.protojson.load_values import LOAD, is_object, load_text
from chaukas_spec_lite.protojson.problem import Problem, json_type, shown
from chaukas_spec_lite.protojson.run import LoadRun
from chaukas_spec_lite.spec.common.v1.events import Event
from chaukas_spec_lite.spec.google.protobuf.any import Any as AnyOfGoogle
from chaukas_spec_lite.wire.fields import FieldData, fields_of
from chaukas_spec_lite.wire.scalars import is_array

M = TypeVar("M", bound=Message)

_NAMES_THAT_DIFFER = {"policy_decision": "policy", "error_info": "error"}
KINDS = {
    **_NAMES_THAT_DIFFER,
    **{
        field.proto_name: field.proto_name
        for field in fields_of(Event)
        if field.oneof == "content" and field.proto_name not in _NAMES_THAT_DIFFER.values()
    },
}
"""Each ``kind``, and the field of the oneof that it stands for."""
_KIND_OF = {field: kind for kind, field in KINDS.items()}
_STATE = "state_update"

REQUIRED = {
    "message": ("text",),
    "tool_call": ("name",),
    "tool_response": ("tool_call_id",),
    "llm_invocation": ("provider", "model"),
    "policy_decision": ("policy_id", "outcome"),
    "data_access": ("datasource",),
    "error_info": ("error_message",),
    "agent_handoff": ("from_agent_id", "to_agent_id"),
    "mcp_call": ("server_name", "operation"),
}
"""What the published document requires of each kind. It is always written, and not missed where it is read."""

_CONTENT_STEP = re.compile(rf"\$\.({'|'.join(_KIND_OF)})\b")


# Reading


def read_event(value: Any) -> Event:
    """Read an event from parsed JSON.

    Raises:
        JSONError: It is no event. Its path starts at the event.
    """
    given = _object(value, Event)
    if "content" in given:
        _put_content(given, given.pop("content"))
    extensions = _read_extensions(given.pop("extensions", None))
    try:
        event = Event.from_dict(given)
    except JSONError as error:
        raise JSONError(error.message, path=_CONTENT_STEP.sub("$.content", error.path, 1)) from None
    event.extensions = extensions
    return event


def read_message(cls: type[M], value: Any) -> M:
    """Read a message without events, such as a query, from parsed JSON; raises ``JSONError``."""
    return cls.from_dict(_object(value, cls))


def _object(value: Any, cls: type[Message], path: str = "$") -> dict[str, Any]:
    """Return the object that a message is, with numbers in place of its bare enum names."""
    if not is_object(value):
        raise JSONError(f"expected an object, got {json_type(value)}", path=path)
    out: dict[str, Any] = dict(value)
    known = _fields(cls)
    for name, given in value.items():
        if name not in known:
            near = nearest(name, known)
            hint = f"; did you mean {near!r}?" if near else ""
            raise JSONError(f"{cls.__name__} has no field {shown(name)}{hint}", path=path)
        field = known[name]
        if field is not None:
            out[name] = _plain(given, field, f"{path}.{name}")
    return out


def _plain(given: Any, field: FieldData, path: str) -> Any:
    """Return what ProtoJSON has in place of a field's value; what is wrong with its type is left to that."""
    if field.kind == "message" and field.label != "repeated" and given is not None:
        return _object(given, field.cls, path)
    if field.kind != "enum":
        return given
    if field.label != "repeated":
        return _number(given, field.cls, path)
    if not is_array(given):
        return given
    return [_number(one, field.cls, f"{path}[{at}]") for at, one in enumerate(given)]


def _fields(cls: type[Message]) -> dict[str, FieldData | None]:
    """Return the names that an object of this JSON may have."""
    names: dict[str, FieldData | None] = {field.proto_name: field for field in fields_of(cls) if field.oneof is None}
    return names | {"content": None} if cls is Event else names


def _number(value: Any, cls: Any, path: str) -> Any:
    """Return the number of a bare name; what is no text is left to ProtoJSON, which takes numbers."""
    if not isinstance(value, str):
        return value
    bare = bare_names(cls)
    if value not in bare:
        near = nearest(value, bare)
        hint = f"; did you mean {near!r}?" if near else ""
        raise JSONError(f"{cls.__name__} has no value {shown(value)}{hint}", path=path)
    return bare[value]


def bare_names(cls: Any) -> dict[str, int]:
    """Return the numbers of an enum's members by the names that this JSON has for them."""
    return {str(member.name): int(member) for member in cls}


def _put_content(given: dict[str, Any], content: Any) -> None:
    """Put the content where ProtoJSON has it: under the name of its field."""
    if content is None:  # which means unset, as everywhere in JSON
        return
    if not is_object(content):
        raise JSONError(f"expected an object, got {json_type(content)}", path="$.content")
    members: dict[str, Any] = dict(content)
    kind = members.pop("kind", None)
    if not isinstance(kind, str) or kind not in KINDS:
        what = "is missing" if kind is None else f"is {shown(kind)}"
        raise JSONError(f"{what}; expected one of {', '.join(sorted(KINDS))}", path="$.content.kind")
    if kind != _STATE:
        given[KINDS[kind]] = members
        return
    state = members.pop("state", None)
    if members:
        raise JSONError(f"a state_update has kind and state only, not {shown(min(members))}", path="$.content")
    if state is None:
        raise JSONError("is missing: an object of what has changed", path="$.content.state")
    given[_STATE] = state


def _read_extensions(value: Any) -> list[AnyOfGoogle]:
    if value is None:
        return []
    if not is_array(value):
        raise JSONError(f"expected an array, got {json_type(value)}", path="$.extensions")
    return [_read_any(one, f"$.extensions[{at}]") for at, one in enumerate(value)]


def _read_any(value: Any, path: str) -> AnyOfGoogle:
    # Not as ProtoJSON has it: that would take the class of whatever somebody else has put in.
    if not is_object(value) or not {*value} <= {"type_url", "value"}:
        raise JSONError("expected an object with type_url and value", path=path)
    try:
        return AnyOfGoogle(
            load_text(value.get("type_url", "")), LOAD["bytes"](value.get("value", ""), LoadRun(None, False))
        )
    except Problem as problem:
        raise JSONError(problem.message, path=path) from None


# Writing


def write_event(event: Event) -> dict[str, Any]:
    """Write an event as an object of the platform's JSON; what has no JSON is named under ``omitted``."""
    plain = copy.copy(event)
    plain.extensions = []
    omitted: dict[str, str] = {}
    try:
        out = _dict_of(plain)
    except JSONError:
        out, omitted = _what_has_json(plain)
    out.setdefault("event_id", "")
    out.setdefault("session_id", "")
    _bare_names(out, Event)
    _move_content(out)
    if event.extensions:
        out["extensions"] = [_write_any(each) for each in event.extensions]
    if omitted:
        out["omitted"] = omitted
    return out


def write_message(message: Message) -> dict[str, Any]:
    """Write a message without events, such as a query; raises ``JSONError`` for what has no JSON."""
    out = _dict_of(message)
    _bare_names(out, type(message))
    return out


def _dict_of(message: Message) -> dict[str, Any]:
    return message.to_dict(casing=betterproto2.Casing.SNAKE)


def _what_has_json(event: Event) -> tuple[dict[str, Any], dict[str, str]]:
    """Write an event field by field: what has JSON, and why the rest has none."""
    out: dict[str, Any] = {}
    omitted: dict[str, str] = {}
    for field in fields_of(Event):
        try:
            out |= _dict_of(Event(**{field.name: getattr(event, field.name)}))
        except JSONError as error:
            omitted["content" if field.oneof else field.proto_name] = error.message
    return out, omitted


def _bare_names(out: dict[str, Any], cls: type[Message]) -> None:
    for field in fields_of(cls):
        name = field.proto_name
        if name not in out:
            continue
        if field.kind == "enum":
            value = getattr(cls.from_dict({name: out[name]}), field.name)
            out[name] = [*map(_name, value)] if field.label == "repeated" else _name(value)
        elif field.kind == "message" and field.label != "repeated":
            _bare_names(out[name], field.cls)


def _name(member: betterproto2.Enum) -> str | int:
    return member.name or int(member)


def _move_content(out: dict[str, Any]) -> None:
    for name, kind in _KIND_OF.items():
        if name in out:
            content = out.pop(name)
            if kind == _STATE:
                content = {"state": content}
            missing = {required: "" for required in REQUIRED.get(kind, ()) if required not in content}
            out["content"] = {"kind": kind, **content, **missing}


def _write_any(given: AnyOfGoogle) -> dict[str, str]:
    return {"type_url": given.type_url, "value": b64encode(given.value).decode("ascii")}
