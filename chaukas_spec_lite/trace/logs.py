"""A handler for ``logging`` that puts what a program logs within a span into the trace."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from chaukas_spec_lite.errors import SettingTypeError
from chaukas_spec_lite.spec.common.v1.events import Severity
from chaukas_spec_lite.trace.failures import error_info
from chaukas_spec_lite.trace.variables import Variable, variable

if TYPE_CHECKING:
    from chaukas_spec_lite.trace.recorder import Recorder

_OWN_LOGGER = "chaukas_spec_lite"

_busy: Variable[bool] = variable("chaukas_log_record", False)
"""Whether a log record is being recorded here: what is logged meanwhile, by ``before_send`` say, would have no end."""

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"asctime", "message", "taskName"}
"""Attributes that every log record has, or gets from a formatter. The others are the program's ``extra``."""


class RecorderHandler(logging.Handler):
    """Records log records as events of the current span: ``SYSTEM``, and from the level ERROR on ``ERROR``.

    Text and arguments become the message; ``metadata`` has ``logger``, ``level``, and what the program gave as
    ``extra``. The exception of ``exc_info`` becomes the ``error`` of an ``ERROR``, and stands in the metadata of a
    ``SYSTEM``. What this package itself logs is never recorded.

    ::

        logging.getLogger().addHandler(RecorderHandler(recorder))

    Args:
        recorder: Records them. Only its own spans count.
        level: Records below this level are left out.
        outside: Whether to record also what is logged outside of any span, as events of traces of their own.

    Raises:
        SettingTypeError: ``recorder`` is none.
    """

    def __init__(self, recorder: Recorder, level: int | str = logging.INFO, *, outside: bool = False) -> None:
        if not callable(getattr(recorder, "system", None)):  # each line that is logged would raise
            raise SettingTypeError("recorder", f"has to be a Recorder, not {type(recorder).__name__}")
        super().__init__(level)
        self._recorder = recorder
        self._outside = outside

    def handle(self, record: logging.LogRecord) -> Any:
        """Record a log record, unless a filter leaves it out."""
        # Without the lock of other handlers: who logs while holding a lock of its own, as the sink may in another
        # thread, would wait for one who waits for it.
        kept: Any = self.filter(record)
        if kept:
            # From Python 3.12 on, a filter may return another record.
            self.emit(kept if isinstance(kept, logging.LogRecord) else record)
        return kept

    def emit(self, record: logging.LogRecord) -> None:
        """Record a log record, if it is from within a span."""
        own = record.name == _OWN_LOGGER or record.name.startswith(f"{_OWN_LOGGER}.")
        if own or _busy.get() or (self._recorder.place is None and not self._outside):
            return
        token = _busy.set(True)
        try:
            self._record(record)
        except Exception:  # of what the program gave as message or extra
            self.handleError(record)  # which prints it, or not, as for all handlers
        finally:
            _busy.reset(token)

    def _record(self, record: logging.LogRecord) -> None:
        message = _message(record)
        metadata: dict[str, Any] = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        metadata |= {"logger": record.name, "level": record.levelname}
        if record.stack_info:
            metadata["stack"] = record.stack_info
        error = record.exc_info[1] if record.exc_info else None
        if record.levelno < logging.ERROR:
            if error is not None:
                info = error_info(error)
                metadata["error"] = {
                    "error_code": info.error_code,
                    "error_message": info.error_message,
                    "stack_trace": info.stack_trace,
                }
            self._recorder.system(message, severity=_severity(record.levelno), metadata=metadata)
        elif error is None:
            self._recorder.error(message, metadata=metadata)
        else:
            self._recorder.error(error, metadata={"message": message, **metadata})


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):  # arguments that do not fit, of which the other handlers tell
        return f"{record.msg} {record.args!r}"


def _severity(level: int) -> Severity:
    if level < logging.INFO:
        return Severity.DEBUG
    return Severity.INFO if level < logging.WARNING else Severity.WARN
