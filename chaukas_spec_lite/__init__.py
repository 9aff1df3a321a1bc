"""Record what AI agents do: the Chaukas schema as dataclasses, with a codec in pure Python.

Events, and the classes of their fields, are imported with the package. Everything else (queries, clients, servers,
JSON) is loaded on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

# First, because what it does has to precede betterproto2.
import chaukas_spec_lite.betterproto_version  # noqa: F401  # pyright: ignore[reportUnusedImport]  # for its effect
from chaukas_spec_lite.errors import (
    ChaukasError,
    CodecError,
    DecodeError,
    EncodeError,
    EndOfStream,
    JSONError,
    RpcError,
    SettingError,
    SettingTypeError,
    StatusCode,
)
from chaukas_spec_lite.misspelt import nearest
from chaukas_spec_lite.official_names import answer_missing_imports
from chaukas_spec_lite.spec.common.v1.events import (
    AgentHandoff,
    Author,
    CostDetails,
    DataAccess,
    ErrorInfo,
    Event,
    EventBatch,
    EventStatus,
    EventType,
    InfrastructureMetrics,
    LLMInvocation,
    MCPCall,
    MessageContent,
    PerformanceMetrics,
    PolicyDecision,
    RedactionInfo,
    RetryInfo,
    Severity,
    ToolCall,
    ToolResponse,
)
from chaukas_spec_lite.version import VERSION
from chaukas_spec_lite.wellknown.values import NO_KIND, NULL

if TYPE_CHECKING:
    from chaukas_spec_lite.blocking.client import BlockingChaukasClient
    from chaukas_spec_lite.blocking.draining import blocking_drain
    from chaukas_spec_lite.blocking.exporter import BlockingExporter
    from chaukas_spec_lite.client.client import ChaukasClient
    from chaukas_spec_lite.client.settings import Settings
    from chaukas_spec_lite.collector import Collector
    from chaukas_spec_lite.export.draining import drain
    from chaukas_spec_lite.export.exporter import EventExporter
    from chaukas_spec_lite.export.settings import ExportSettings
    from chaukas_spec_lite.export.stats import Emitted
    from chaukas_spec_lite.retry import RetryPolicy
    from chaukas_spec_lite.rpc.client.keepalive import Keepalive
    from chaukas_spec_lite.rpc.client.tls import Tls
    from chaukas_spec_lite.rpc.transport.limits import Framing
    from chaukas_spec_lite.spec.common.v1.query import (
        Capabilities,
        QueryFilter,
        QueryRequest,
        QueryResponse,
        SortOrder,
        TimeRange,
    )
    from chaukas_spec_lite.termination import exit_on_sigterm
    from chaukas_spec_lite.trace.prices import Price
    from chaukas_spec_lite.trace.recorder import Recorder
    from chaukas_spec_lite.trace.redaction import Redactor
    from chaukas_spec_lite.trace.sampling import Sampler

__version__ = VERSION

_QUERY = "chaukas_spec_lite.spec.common.v1.query"
_LAZY = {
    "BlockingChaukasClient": "chaukas_spec_lite.blocking.client",
    "BlockingExporter": "chaukas_spec_lite.blocking.exporter",
    "ChaukasClient": "chaukas_spec_lite.client.client",
    "Collector": "chaukas_spec_lite.collector",
    "Emitted": "chaukas_spec_lite.export.stats",
    "EventExporter": "chaukas_spec_lite.export.exporter",
    "exit_on_sigterm": "chaukas_spec_lite.termination",
    "ExportSettings": "chaukas_spec_lite.export.settings",
    "Framing": "chaukas_spec_lite.rpc.transport.limits",
    "Keepalive": "chaukas_spec_lite.rpc.client.keepalive",
    "Redactor": "chaukas_spec_lite.trace.redaction",
    "Price": "chaukas_spec_lite.trace.prices",
    "RetryPolicy": "chaukas_spec_lite.retry",
    "Sampler": "chaukas_spec_lite.trace.sampling",
    "Settings": "chaukas_spec_lite.client.settings",
    "Tls": "chaukas_spec_lite.rpc.client.tls",
    "blocking_drain": "chaukas_spec_lite.blocking.draining",
    "drain": "chaukas_spec_lite.export.draining",
    "Recorder": "chaukas_spec_lite.trace.recorder",
    **dict.fromkeys(["Capabilities", "QueryFilter", "QueryRequest", "QueryResponse", "SortOrder", "TimeRange"], _QUERY),
}
"""Names that are loaded on first use (PEP 562), and where they are."""

_ERRORS = (
    *("CollectorError", "InvalidRequest", "TooMuchError", "ThrottledError", "UnauthenticatedError", "ForbiddenError"),
    *("NotServingError", "StoreError", "QueryTimeoutError", "SpoolError", "AuditError", "NoteError", "ProofError"),
    *("ClientClosedError", "StatusError", "ConnectError", "TLSError", "HTTP1Error"),
    *("ConnectionLostError", "DeadlineExceededError", "PeerProtocolError", "MessageTooLargeError"),
    "ResponseTooLargeError",
)
_SUBMODULE_NAMES = {
    **dict.fromkeys(_ERRORS, f"{__name__}.errors"),
    **dict.fromkeys(["read_events", "event_from_sdk"], f"{__name__}.files"),
    **dict.fromkeys(["ChaukasClientServiceStub", "ChaukasClientServiceBase"], f"{__name__}.spec.client.v1.client_grpc"),
    **dict.fromkeys(["ChaukasServerServiceStub", "ChaukasServerServiceBase"], f"{__name__}.spec.server.v1.server_grpc"),
    **dict.fromkeys(["DropReason", "Dropped"], f"{__name__}.export"),
    **dict.fromkeys(["DEFAULT_KEYS", "DEFAULT_PATTERNS", "PATTERNS", "Pattern"], f"{__name__}.trace.redaction"),
}
"""Names that programs look for here, and the modules that they are imported from; a test imports each."""
_OTHER_NAMES = {
    **dict.fromkeys(["AsyncClient", "Client"], "ChaukasClient"),
    **dict.fromkeys(["BlockingClient", "SyncClient"], "BlockingChaukasClient"),
    **dict.fromkeys(["ChaukasExporter", "Exporter"], "EventExporter"),
    **dict.fromkeys(["BlockingCollector", "ChaukasCollector", "Server"], "Collector"),
    "SyncExporter": "BlockingExporter",
}
"""Words that other libraries use, and the names that stand for them here."""


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        # Without an object, in which Python itself would look for the nearest name once more.
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}{_hint(name)}", name=name, obj=None)
    from importlib import import_module

    value: object = getattr(import_module(_LAZY[name]), name)
    globals()[name] = value
    return value


def _hint(name: str) -> str:
    """Say what to write instead of a name that the package does not have."""
    # Python itself looks for names such as __path__, and takes any answer for no.
    if name.startswith("_"):
        return ""
    if name in _SUBMODULE_NAMES:
        return f"; write from {_SUBMODULE_NAMES[name]} import {name}"
    near = _OTHER_NAMES.get(name) or nearest(name, __all__)
    return f"; did you mean {near!r}?" if near else "; dir(chaukas_spec_lite) lists what there is"


def _import_hint(name: str) -> str:
    """The same for an import; nothing for what may be the name of a module, of which Python says that there is none."""
    if name in __all__:
        return f"write from {__name__} import {name}"
    return _hint(name).removeprefix("; ") if name[:1].isupper() or name in _SUBMODULE_NAMES else ""


answer_missing_imports(_import_hint)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})


__all__ = [
    "NO_KIND",
    "NULL",
    "AgentHandoff",
    "Author",
    "BlockingChaukasClient",
    "BlockingExporter",
    "Capabilities",
    "ChaukasClient",
    "ChaukasError",
    "CodecError",
    "Collector",
    "CostDetails",
    "DataAccess",
    "DecodeError",
    "Emitted",
    "EncodeError",
    "EndOfStream",
    "ErrorInfo",
    "Event",
    "EventBatch",
    "EventExporter",
    "EventStatus",
    "EventType",
    "ExportSettings",
    "Framing",
    "InfrastructureMetrics",
    "JSONError",
    "Keepalive",
    "LLMInvocation",
    "MCPCall",
    "MessageContent",
    "PerformanceMetrics",
    "PolicyDecision",
    "Price",
    "QueryFilter",
    "QueryRequest",
    "QueryResponse",
    "Recorder",
    "RedactionInfo",
    "Redactor",
    "RetryInfo",
    "RetryPolicy",
    "RpcError",
    "Sampler",
    "SettingError",
    "SettingTypeError",
    "Settings",
    "Severity",
    "SortOrder",
    "StatusCode",
    "TimeRange",
    "Tls",
    "ToolCall",
    "ToolResponse",
    "__version__",
    "blocking_drain",
    "drain",
    "exit_on_sigterm",
]
