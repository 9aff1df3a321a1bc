"""Request metadata: checked once, and kept out of logs."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from typing import cast

from chaukas_spec_lite.errors import SettingError, SettingTypeError
from chaukas_spec_lite.rpc.stubs.calls import MetadataLike
from chaukas_spec_lite.rpc.transport.headers import Header, secret

_KEY = re.compile(r"[0-9a-z_.-]+")
_VALUE = re.compile(r"[ -~]*")
# Headers that the client sets itself, or that HTTP/2 forbids (RFC 9113, section 8.2.2). gRPC reserves all of grpc-.
_RESERVED = frozenset({"te", "content-type", "user-agent", "host", "connection"})


def headers_of(api_key: str | None, metadata: MetadataLike | None) -> list[Header]:
    """Make the headers that each request carries.

    They are marked as never to be indexed, which keeps them out of compression tables, and out of hpack's debug log.

    Args:
        api_key: Becomes ``authorization: Bearer ...``, unless it is None.
        metadata: Further headers.

    Raises:
        SettingError: A key or value is not allowed. The error never shows a value.
    """
    checked = [(key, _header(key, value)) for key, value in _pairs(metadata)]
    headers = [header for _, header in checked]
    if api_key is not None:
        if any(key == "authorization" for key, _ in checked):
            raise SettingError("metadata", "holds 'authorization', which api_key is for: give one of them")
        headers.append(secret("authorization", f"Bearer {api_key}"))
    return headers


def _pairs(metadata: MetadataLike | None) -> list[tuple[str, str | bytes]]:
    pairs = cast("Mapping[str, str | bytes]", metadata).items() if isinstance(metadata, Mapping) else metadata or ()
    try:
        return [_pair(each) for each in pairs]
    except (TypeError, ValueError):  # They are no pairs. `from None`, because Python's error may show a secret.
        raise SettingTypeError("metadata", "has to be a mapping, or pairs, of a str and a str or bytes") from None


def _pair(pair: object) -> tuple[str, str | bytes]:
    if isinstance(pair, (str, bytes)):  # Two letters could be unpacked, too.
        raise TypeError
    key, value = cast("tuple[str, str | bytes]", pair)
    return key, value


def _header(key: str, value: str | bytes) -> Header:
    if not isinstance(key, str) or not _KEY.fullmatch(key) or key.startswith("grpc-") or key in _RESERVED:
        raise SettingError("metadata", f"{key!r} is not allowed as a key: write lower-case letters, digits and _.-")
    # gRPC sends the values of such keys in base64, without padding
    # (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
    if key.endswith("-bin"):
        if not isinstance(value, bytes):
            raise SettingError("metadata", f"the value of {key!r} has to be bytes, as the key ends in -bin")
        return secret(key, b64encode(value).rstrip(b"=").decode())
    if not isinstance(value, str) or not _VALUE.fullmatch(value) or value != value.strip():
        raise SettingError("metadata", f"the value of {key!r} has to be printable ASCII text (it is not shown)")
    return secret(key, value)
