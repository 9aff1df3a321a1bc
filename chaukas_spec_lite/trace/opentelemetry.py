"""Finds the current span of OpenTelemetry, where a program has loaded that package.

OpenTelemetry is never imported from here: a program that does not use it has no current span there, and shall not pay
for it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from chaukas_spec_lite.trace.w3c import TraceParent


def current_headers() -> dict[str, str]:
    """Say in headers where the current span of OpenTelemetry stands.

    Returns:
        ``traceparent``, and ``tracestate`` and ``baggage`` if there is something in them; empty if the package is not
        loaded, or has no current span.
    """
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None:
        return {}
    context: Any = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return {}
    parent = TraceParent(f"{context.trace_id:032x}", f"{context.span_id:016x}", int(context.trace_flags))
    headers = {
        "traceparent": str(parent),
        "tracestate": ",".join(f"{key}={value}" for key, value in context.trace_state.items()),
        "baggage": _baggage(),
    }
    return {name: value for name, value in headers.items() if value}


def _baggage() -> str:
    # Loaded by itself: a program may use traces alone.
    module: Any = sys.modules.get("opentelemetry.baggage")
    entries: Mapping[str, object] = module.get_all() if module is not None else {}
    return ",".join(f"{quote(key, safe='')}={quote(str(value), safe='')}" for key, value in entries.items())
