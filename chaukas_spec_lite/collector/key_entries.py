"""What a file of keys has of each key, and whether it is right: a key that was half understood might open too much.

The secret of a key is 24 random bytes. The file has its hash (scrypt), and 16 bits of another one: by these nearly all
wrong secrets are told without the long work that the hash is. They leave 176 bits to guess for whoever steals the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, cast

from chaukas_spec_lite.errors import SettingError
from chaukas_spec_lite.settings import Flag, Number, Text, shown

ID_BYTES = 5
SALT_BYTES = 16
HASH_BYTES = 32
CHECK_BYTES = 2


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """A key as the file has it."""

    id: str
    """What is looked up; no secret."""
    tenant: str
    project: str | None = None
    """None for all projects of the tenant."""
    read: bool = True
    write: bool = True
    metrics: bool = False
    """Whether it may see the counts of the whole collector, which are those of all tenants."""
    certificate: str = ""
    """The name in a client's certificate that stands for the key; empty for a key with a secret."""
    salt: str = ""
    """Hexadecimal, and the next two, too."""
    hash: str = ""
    check: str = ""
    """A few bits by which nearly all wrong secrets are told."""
    events_per_second: float | None = None
    """How many events it may send on average; None for what the collector says of all keys."""
    burst: float | None = None
    """How many events it may send at once, after it has sent none for a while."""
    bytes_per_second: float | None = None
    created: str = ""
    """When it was made, ISO 8601."""


def entries_of(document: list[Any]) -> dict[str, KeyEntry]:
    """Read keys by their ids.

    Args:
        document: The keys as JSON has them.

    Raises:
        SettingError: One is not as it has to be; its ``name`` is which one, and its field.
    """
    entries: dict[str, KeyEntry] = {}
    certificates: dict[str, str] = {}
    for number, data in enumerate(document, 1):
        where = _where(number, data)
        try:
            entry = _entry(data)
            if entry.id in entries:
                raise SettingError("id", "is that of another key, too")
            if entry.certificate and (other := certificates.setdefault(entry.certificate, entry.id)) != entry.id:
                raise SettingError("certificate", f"stands for the key {other}, too")
        except SettingError as error:
            raise SettingError(f"{where}{error.name and f', {error.name}'}", error.message) from None
        entries[entry.id] = entry
    return entries


def _where(number: int, data: object) -> str:
    id_ = cast("dict[str, object]", data).get("id") if isinstance(data, dict) else None
    return f"key {number} ({id_})" if isinstance(id_, str) and _is_hex(id_, ID_BYTES) else f"key {number}"


def _entry(data: object) -> KeyEntry:
    if not isinstance(data, dict):
        raise SettingError("", f"has to be an object, not {shown(data)}")
    found = cast("dict[str, Any]", data)
    # A permission that is not known might restrict what the key may do.
    for name in found:
        if name not in _CHECKS:
            raise SettingError(shown(name), "is no field that this version knows")
    for name in ("id", "tenant"):
        if name not in found:
            raise SettingError(name, "is missing")
    for name, value in found.items():
        _CHECKS[name](value, name)
    entry = KeyEntry(**found)
    _check_together(entry)
    return entry


def _check_together(entry: KeyEntry) -> None:
    parts = {"salt": entry.salt, "hash": entry.hash, "check": entry.check}
    for name, value in parts.items():
        if entry.certificate and value:
            raise SettingError(name, "is given, and a certificate, too: a key has one or the other")
        if not entry.certificate and not value:
            raise SettingError(name, "is missing, and there is no certificate either")
    if not (entry.read or entry.write or entry.metrics):
        raise SettingError("read", "is false, and so are write and metrics: the key would be good for nothing")
    if entry.burst is not None and entry.events_per_second is None:
        raise SettingError("burst", "is given without events_per_second")


def _is_hex(text: str, size: int) -> bool:
    return re.fullmatch(rf"[0-9a-f]{{{2 * size}}}", text) is not None


def _hex(size: int) -> Callable[[object, str], None]:
    def check(value: object, name: str) -> None:
        if not isinstance(value, str) or not _is_hex(value, size):  # which is not shown: it is nearly a secret
            raise SettingError(name, f"has to be {2 * size} hexadecimal digits, in small letters")

    return check


def _text(value: object, name: str) -> None:
    if not Text()(value, name):
        raise SettingError(name, "is empty")


def _moment(value: object, name: str) -> None:
    try:
        datetime.fromisoformat(Text()(value, name))
    except ValueError as error:
        if isinstance(error, SettingError):
            raise
        raise SettingError(name, f"has to be a date and time of ISO 8601, not {shown(value)}") from None


def _or(absent: object, check: Callable[[object, str], object]) -> Callable[[object, str], None]:
    def checked(value: object, name: str) -> None:
        if value != absent or type(value) is not type(absent):
            check(value, name)

    return checked


_CHECKS: Mapping[str, Callable[[object, str], object]] = {
    "id": _hex(ID_BYTES),
    "tenant": _text,
    "project": _or(None, _text),
    "read": Flag(),
    "write": Flag(),
    "metrics": Flag(),
    "certificate": Text(),
    "salt": _or("", _hex(SALT_BYTES)),
    "hash": _or("", _hex(HASH_BYTES)),
    "check": _or("", _hex(CHECK_BYTES)),
    "events_per_second": _or(None, Number(above=0, unit="events a second")),
    "burst": _or(None, Number(least=1, unit="events")),
    "bytes_per_second": _or(None, Number(above=0, unit="bytes a second")),
    "created": _or("", _moment),
}
assert set(_CHECKS) == {each.name for each in fields(KeyEntry)}
