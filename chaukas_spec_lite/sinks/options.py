"""What ``Recorder.to`` and ``Recorder.from_env`` take as keyword arguments: for type checkers, which read it.

What each of them means stands in ``Recorder``, ``open_sink`` and ``ExportSettings``. ``tests/sinks`` holds them
together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from chaukas_spec_lite.export.settings import ExportOptions

if TYPE_CHECKING:
    from chaukas_spec_lite.export.dropped import Dropped
    from chaukas_spec_lite.trace.before_send import BeforeSend
    from chaukas_spec_lite.trace.capture import Capture
    from chaukas_spec_lite.trace.prices import PriceSource
    from chaukas_spec_lite.trace.recording import Times
    from chaukas_spec_lite.trace.sampling import Sampler


class SinkOptions(ExportOptions, total=False):
    """What ``open_sink`` takes besides the address."""

    api_key: str | None
    timeout: float | None
    on_drop: Callable[[Dropped], object] | None
    on_error: Callable[[BaseException], object] | None
    default: Callable[[Any], Any] | None
    environ: Mapping[str, str] | None


class RecorderOptions(SinkOptions, total=False):
    """What a recorder takes besides its sink, and its sink besides the address."""

    tenant_id: str
    project_id: str
    branch: str
    tags: Iterable[str]
    before_send: BeforeSend | Iterable[BeforeSend] | None
    send_on_error: bool
    sampler: Sampler | None
    prices: PriceSource | None
    capture: Capture
    parent: object
    enabled: bool
    stream: bool
    max_stack: int
    clock: Times | None
