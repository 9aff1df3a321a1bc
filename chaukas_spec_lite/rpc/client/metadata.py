"""Request metadata: checked once, and kept out of logs."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from typing import cast

from hpack import HeaderTuple, NeverIndexedHeaderTuple

from chaukas_spec_lite.errors import SettingError, SettingTypeError
from chaukas_spec_lite.rpc.stubs.calls import MetadataLike

_KEY = re.compile(r"[0-9a-z_.-]+")
_VALUE = re.compile(r"[ -~]*")
_RESERVED = frozenset({"te", "content-type", "user-agent", "host", "connection"})


def headers_of(api_key: str | None, metadata: MetadataLike | None) -> list[HeaderTuple]:
    """Make the headers that each request carries; raises ``SettingError``, which never shows a value.

    They are marked as never to be indexed, which keeps them out of compression tables, and out of hpack's debug log.
    """
    checked = [(key, _header(key, value)) for key, value in _pairs(metadata)]
    headers = [header for _, header in checked]
    if api_key is not None:
        if any(key == "authorization" for key, _ in checked):
            raise SettingError("metadata", "holds 'authorization', which api_key is for: give one of them")
        headers.append(NeverIndexedHeaderTuple("authorization", f"Bearer {api_key}"))
    return headers


def _pairs(metadata: MetadataLike | None) -> list[tuple[str, str | bytes]]:
    pairs = cast("Mapping[str, str | bytes]", metadata).items() if isinstance(metadata, Mapping) else metadata or ()
    try:
        return [(key, value) for key, value in pairs]
    except (TypeError, ValueError):  # no pairs; the value may be a secret, so it is not shown
        raise SettingTypeError("metadata", "has to be a mapping, or pairs, of a str and a str or bytes") from None


def _header(key: str, value: str | bytes) -> HeaderTuple:
    if not isinstance(key, str) or not _KEY.fullmatch(key) or key.startswith("grpc-") or key in _RESERVED:
        raise SettingError("metadata", f"{key!r} is not allowed as a key: write lower-case letters, digits and _.-")
    if key.endswith("-bin"):
        if not isinstance(value, bytes):
            raise SettingError("metadata", f"the value of {key!r} has to be bytes, as the key ends in -bin")
        return NeverIndexedHeaderTuple(key, b64encode(value).rstrip(b"=").decode())
    if not isinstance(value, str) or not _VALUE.fullmatch(value) or value != value.strip():
        raise SettingError("metadata", f"the value of {key!r} has to be printable ASCII text (it is not shown)")
    return NeverIndexedHeaderTuple(key, value)
