"""What the OpenAPI document is put together from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TEXT: dict[str, Any] = {"type": "string"}
OBJECT: dict[str, Any] = {"type": "object"}
COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
AGENTS: dict[str, Any] = {
    "type": "object",
    "additionalProperties": TEXT,
    "description": "The names of agents by their ids, which conditions take.",
}


def call(name: str, summary: str, answers: Mapping[str, Any], *problems: int) -> dict[str, Any]:
    """Describe a call: what it answers, and the statuses of what may be wrong."""
    failures = {str(status): PROBLEM for status in (*problems, 421)}
    keyless = name in ("healthz", "openapi")
    # Without keys nobody has to have one, so an empty requirement stands beside it.
    security: dict[str, Any] = {} if keyless else {"security": [{"key": []}, {}]}
    return {"operationId": name, "summary": summary, "responses": {**answers, **failures}, **security}


def done(name: str) -> dict[str, Any]:
    """Describe the answer to a call that went well."""
    return {"description": "Done.", "content": {"application/json": {"schema": ref(name)}}}


def ref(name: str) -> dict[str, Any]:
    """Refer to a schema."""
    return {"$ref": f"#/components/schemas/{name}"}


PROBLEM = {
    "description": "What was wrong, in words (RFC 9457).",
    "content": {"application/problem+json": {"schema": ref("Problem")}},
}


def record(**properties: dict[str, Any]) -> dict[str, Any]:
    """Describe an object all of whose properties are there."""
    return {"type": "object", "properties": properties, "required": [*properties]}


def array(items: Mapping[str, Any]) -> dict[str, Any]:
    """Describe an array."""
    return {"type": "array", "items": items}
