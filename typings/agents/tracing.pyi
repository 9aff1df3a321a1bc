import abc
from typing import Any, Generic, TypedDict, TypeVar

Data = TypeVar("Data")

class SpanError(TypedDict):
    message: str
    data: dict[str, Any] | None

class Span(Generic[Data]):
    trace_id: str
    span_id: str
    parent_id: str | None
    span_data: Data
    error: SpanError | None

class Trace:
    trace_id: str
    name: str

class TracingProcessor(abc.ABC):
    @abc.abstractmethod
    def on_trace_start(self, trace: Trace) -> None: ...
    @abc.abstractmethod
    def on_trace_end(self, trace: Trace) -> None: ...
    @abc.abstractmethod
    def on_span_start(self, span: Span[Any]) -> None: ...
    @abc.abstractmethod
    def on_span_end(self, span: Span[Any]) -> None: ...
    @abc.abstractmethod
    def shutdown(self) -> None: ...
    @abc.abstractmethod
    def force_flush(self) -> None: ...

def get_current_span() -> Span[Any] | None: ...
