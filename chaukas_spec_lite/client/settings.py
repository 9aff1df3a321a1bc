"""Settings of clients and exporters, from arguments or else from the environment, under the names of chaukas-sdk."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar, cast

from chaukas_spec_lite.errors import SettingError
from chaukas_spec_lite.rpc.client import endpoint as endpoints
from chaukas_spec_lite.rpc.client.endpoint import Endpoint

T = TypeVar("T")

ENDPOINT_VARIABLES = ("CHAUKAS_GRPC_ENDPOINT", "CHAUKAS_ENDPOINT")
"""The second one is where chaukas-sdk looks for its HTTP endpoint; it serves where the first is not set."""


@dataclass(frozen=True)
class Settings:
    """What a client or exporter needs to know; make it with ``load``."""

    endpoint: Endpoint
    api_key: str | None = field(default=None, repr=False)
    tenant_id: str = ""
    project_id: str = ""
    timeout: float = 30.0
    """How long a call may take, with all its repetitions, in seconds."""
    batch_size: int = 20
    """The largest number of events in one request."""
    flush_interval: float = 5.0
    """How long an exporter lets an event wait for others, in seconds."""
    max_batch_bytes: int = 262144
    """The size of the encoded events in one request, in bytes, above which no other one is added."""
    tags: tuple[str, ...] = ()
    """Tags for events that have none."""
    branch: str = ""
    """Branch for events that have none."""

    @classmethod
    def load(
        cls,
        endpoint: str | Sequence[str] | None = None,
        *,
        api_key: str | None = None,
        tenant_id: str | None = None,
        project_id: str | None = None,
        timeout: float | None = None,
        batch_size: int | None = None,
        flush_interval: float | None = None,
        max_batch_bytes: int | None = None,
        tags: Sequence[str] | None = None,
        branch: str | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> Settings:
        """Take each setting from its argument, else from its variable, else its default.

        A variable that is set to nothing counts as not set. Raises ``SettingError``.
        """
        env = os.environ if environ is None else environ
        read = _Reader(env)
        return cls(
            endpoint=_endpoint(endpoint, env),
            api_key=read("api_key", api_key, "CHAUKAS_API_KEY", None, _secret),
            tenant_id=read("tenant_id", tenant_id, "CHAUKAS_TENANT_ID", "", _text),
            project_id=read("project_id", project_id, "CHAUKAS_PROJECT_ID", "", _text),
            timeout=read("timeout", timeout, "CHAUKAS_TIMEOUT", cls.timeout, seconds),
            batch_size=read("batch_size", batch_size, "CHAUKAS_BATCH_SIZE", cls.batch_size, _count),
            flush_interval=read(
                "flush_interval", flush_interval, "CHAUKAS_FLUSH_INTERVAL", cls.flush_interval, seconds
            ),
            max_batch_bytes=read("max_batch_bytes", max_batch_bytes, "CHAUKAS_MAX_BATCH_BYTES", 262144, _count),
            tags=read("tags", tags, "CHAUKAS_TAGS", (), _tags),
            branch=read("branch", branch, "CHAUKAS_BRANCH", "", _text),
        )


class _Reader:
    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def __call__(self, name: str, argument: object, variable: str, default: T, check: Callable[[object, str], T]) -> T:
        if argument is not None:
            return check(argument, name)
        text = self._environ.get(variable, "").strip()
        return check(text, variable) if text else default


def _endpoint(argument: str | Sequence[str] | None, environ: Mapping[str, str]) -> Endpoint:
    if argument is not None:
        return endpoints.parse(argument)
    for variable in ENDPOINT_VARIABLES:
        text = environ.get(variable, "").strip()
        if text:
            return endpoints.parse(text, variable)
    raise SettingError("endpoint", f"is not given, and neither is {' or '.join(ENDPOINT_VARIABLES)}")


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise SettingError(name, f"has to be a str, not {type(value).__name__}")
    return value


def _secret(value: object, name: str) -> str:
    key = _text(value, name)
    if not key or any(not "!" <= character <= "~" for character in key):
        raise SettingError(name, "has to be printable ASCII without spaces (its value is not shown)")
    return key


def seconds(value: object, name: str) -> float:
    """Read a positive, finite number of seconds."""
    try:
        number = float(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else math.nan
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise SettingError(name, f"has to be a number of seconds above 0, not {value!r}")
    return number


def _count(value: object, name: str) -> int:
    text = str(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    if not (text.isascii() and text.isdigit() and len(text) < 19 and int(text) > 0):
        raise SettingError(name, f"has to be a whole number above 0, not {value!r}")
    return int(text)


def _tags(value: object, name: str) -> tuple[str, ...]:
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, Sequence):
        raise SettingError(name, f"has to be text with commas or a sequence of str, not {type(value).__name__}")
    tags = [_text(tag, name).strip() for tag in cast("Sequence[object]", value)]
    return tuple(tag for tag in tags if tag)
