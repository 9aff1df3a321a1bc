"""How settings of a collector are written: durations, sizes, addresses, paths, keys, switches; and their checks.

They come as text from options, variables and files, and as plain values from programs and TOML. Both are taken.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Sequence
from pathlib import Path

from chaukas_spec_lite.audit.keys import COSIGNATURE, PRIVATE, VerifierKey
from chaukas_spec_lite.errors import SettingError, SettingTypeError
from chaukas_spec_lite.rpc.client.endpoint import Tcp, host_port, is_loopback
from chaukas_spec_lite.settings import Check, Number, Whole, shown
from chaukas_spec_lite.wire.scalars import is_array

OFF = "off"
"""What is written for a door that is to stay shut, or a limit that is not to be."""

_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_BYTES = {
    **dict.fromkeys(("", "b"), 1),
    **{f"{letter}b": 1000**power for power, letter in enumerate("kmgt", 1)},
    **{f"{letter}{end}": 1024**power for power, letter in enumerate("kmgt", 1) for end in ("", "ib")},
}
_COUNTS = {**_BYTES, "k": 10**3, "m": 10**6, "g": 10**9}
_AMOUNT = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,9})?) ?([a-z]*)", re.IGNORECASE | re.ASCII)
_SWITCHES = {**dict.fromkeys(("1", "true", "yes", "on"), True), **dict.fromkeys(("0", "false", "no", OFF), False)}


def _amount(text: str, units: dict[str, float] | dict[str, int]) -> float | None:
    match = _AMOUNT.fullmatch(text.strip())
    unit = None if match is None else units.get(match[2].lower())
    # By way of float, as 1.5GB is a size: exact up to 9 PB, which no size here needs to be beyond.
    return None if match is None or unit is None else float(match[1]) * unit


class Duration(Check["float | None"]):
    """A number of seconds, or text such as ``30d``; ``off`` and None for no limit, where that is allowed."""

    unit = "seconds"

    def __init__(self, *, always: bool = False) -> None:
        self._always = always

    def _take(self, value: object, name: str) -> float | None:
        if not self._always and (value is None or value == OFF):
            return None
        if isinstance(value, str):
            seconds = _amount(value, _SECONDS)
            if seconds is None:
                end = "" if self._always else f", or {OFF}"
                raise SettingError(name, f"has to be a duration such as 30d, 12h, 90s{end}, not {shown(value)}")
            value = seconds
        return Number(above=0, unit=self.unit)(value, name)


class Size(Check["int | None"]):
    """A number of bytes, or text such as ``10GB``; ``off`` and None for no limit, where that is allowed."""

    unit = "bytes"

    def __init__(self, *, always: bool = False) -> None:
        self._always = always

    def _take(self, value: object, name: str) -> int | None:
        if not self._always and (value is None or value == OFF):
            return None
        if isinstance(value, str):
            size = _amount(value, _BYTES)
            if size is None or not math.isfinite(size):
                end = "" if self._always else f", or {OFF}"
                raise SettingError(name, f"has to be a size such as 10GB, 512MiB, 100000{end}, not {shown(value)}")
            value = int(size)
        return Whole(unit=self.unit)(value, name)


class Count(Check["int | None"]):
    """How many of something: a whole number, also as text such as ``500`` or ``2k``; ``off`` and None for no limit."""

    def __init__(self, unit: str) -> None:
        self.unit = unit

    def _take(self, value: object, name: str) -> int | None:
        if value is None or value == OFF:
            return None
        if isinstance(value, str):
            number = _amount(value, _COUNTS)
            if number is None or not number.is_integer():
                raise SettingError(name, f"has to be a whole number such as 500, 2k, or {OFF}, not {shown(value)}")
            value = int(number)
        return Whole(unit=self.unit)(value, name)


class PerSecond(Check["float | None"]):
    """How many things in a second: a number, also as text; ``off`` and None for no limit."""

    def __init__(self, unit: str) -> None:
        self.unit = f"{unit} a second"

    def _take(self, value: object, name: str) -> float | None:
        if value is None or value == OFF:
            return None
        if isinstance(value, str):
            number = _amount(value, _COUNTS)
            if number is None:
                raise SettingError(name, f"has to be a number such as 500, 10k, or {OFF}, not {shown(value)}")
            value = number
        return Number(above=0, unit=self.unit)(value, name)


class Listen(Check["Tcp | None"]):
    """``host:port``, whose port 0 means any free one; ``off`` and None for nowhere."""

    def _take(self, value: object, name: str) -> Tcp | None:
        if isinstance(value, Tcp):
            return value
        if value is None or value == OFF:
            return None
        if not isinstance(value, str):
            raise SettingTypeError(name, f'has to be text like "127.0.0.1:50051", or "{OFF}", not {shown(value)}')
        # 0 is no port to connect to, so that the reader of endpoints refuses it.
        host = value.strip().removesuffix(":0")
        return host_port(host, 0 if host != value.strip() else None, name)


class FilePath(Check["Path | None"]):
    """The path of a file; ``~`` stands for the home directory; ``off`` and None for no file."""

    def _take(self, value: object, name: str) -> Path | None:
        if value is None or value == OFF:
            return None
        if not isinstance(value, (str, Path)):
            raise SettingTypeError(name, f"has to be a str or a Path, not {type(value).__name__}")
        if not str(value):
            raise SettingError(name, "is empty: write the path of a file")
        return Path(value).expanduser()


class FilePaths(Check["tuple[Path, ...]"]):
    """The paths of several files; one, too. In a variable they are separated as those of ``PATH``. ``off`` for none."""

    def _take(self, value: object, name: str) -> tuple[Path, ...]:
        paths = [_FILE(each, name) for each in _several(value, name, (str, Path), "paths of files")]
        return tuple(path for path in paths if path is not None)

    def read(self, text: str) -> object:
        """Separate them."""
        return [each for each in text.split(os.pathsep) if each]


class WitnessKeys(Check["tuple[VerifierKey, ...]"]):
    """Verifier keys of witnesses, of type 4. In a text they are separated by spaces or commas."""

    def _take(self, value: object, name: str) -> tuple[VerifierKey, ...]:
        given = value.replace(",", " ").split() if isinstance(value, str) else value
        keys = [self._key(each, name) for each in _several(given, name, (str, VerifierKey), "verifier keys")]
        return tuple(dict.fromkeys(keys))

    def _key(self, given: object, name: str) -> VerifierKey:
        if PRIVATE in str(given):  # which no message may show
            raise SettingError(name, "is a secret key; the public half is meant, which keygen has printed")
        try:
            key = given if isinstance(given, VerifierKey) else VerifierKey.parse(str(given))
        except SettingError as error:
            raise SettingError(name, f"{error.message}, not {shown(given)}") from None
        if key.kind != COSIGNATURE:
            raise SettingError(name, f"{key.name} is the key of a log; that of a witness has the type {COSIGNATURE}")
        return key


def _several(value: object, name: str, kinds: tuple[type, ...], what: str) -> Sequence[object]:
    """Take one value, or several of them."""
    if isinstance(value, kinds):
        return [value]
    if is_array(value) and all(isinstance(each, kinds) for each in value):
        return value
    raise SettingTypeError(name, f"has to be one or more {what}, not {shown(value)}")


_FILE = FilePath()


class Switch(Check[bool]):
    """True or False; in text also yes and no, on and off, 1 and 0."""

    def _take(self, value: object, name: str) -> bool:
        if not isinstance(value, bool):
            raise SettingTypeError(name, f"has to be true or false, not {shown(value)}")
        return value

    def read(self, text: str) -> object:
        """Read one of these words."""
        return _SWITCHES.get(text.lower(), text)


def is_exposed(address: Tcp | None) -> bool:
    """Whether other machines can reach what listens there."""
    return address is not None and not is_loopback(address.host)
