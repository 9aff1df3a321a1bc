"""The paths of a FieldMask, which are lowerCamelCase in JSON: ``"user.displayName,photo"``.

A path whose form would not lead back to it has no JSON
(https://protobuf.dev/reference/protobuf/google.protobuf/#json-encoding-field-masks).
"""

from __future__ import annotations

from collections.abc import Iterable


def mask_to_json(paths: Iterable[str]) -> str:
    """Write the paths of a FieldMask."""
    return ",".join(map(_camel, paths))


def _camel(path: str) -> str:
    if not isinstance(path, str):
        raise TypeError(f"expected str, got {type(path).__name__}")
    head, *rest = path.split("_")
    if "," in path or any(map(str.isupper, path)) or not all(part[:1].islower() for part in rest):
        raise ValueError(
            f"the path {path!r} has no JSON: it may have no capitals and no comma, and each underscore needs a "
            "lower-case letter behind it"
        )
    return head + "".join(part[0].upper() + part[1:] for part in rest)


def mask_from_json(text: str) -> list[str]:
    """Read the paths of a FieldMask."""
    if "_" in text:
        raise ValueError(f"{text!r} is no field mask: its paths are lowerCamelCase, as in user.displayName")
    if not text:
        return []
    return ["".join(f"_{c.lower()}" if c.isupper() else c for c in path) for path in text.split(",")]
