"""What an exporter can be told, in one frozen object."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

from chaukas_spec_lite.client.settings import Settings
from chaukas_spec_lite.errors import SettingError
from chaukas_spec_lite.rpc.client.retry import RetryPolicy

MIB = 1 << 20


@dataclass(frozen=True, kw_only=True)
class ExportSettings:
    """How an exporter batches, spools and gives up. Times are in seconds, sizes in bytes of encoded events.

    Raises ``SettingError``, which names the setting.
    """

    spool: str | os.PathLike[str] | None = None
    """The directory of the spool; any number of processes may share it. None keeps events in memory only.

    A relative path is made absolute here: a program that changes its directory later, as daemons do, keeps its spool.
    """
    synchronous: Literal["normal", "full"] = "normal"
    """What a power cut, or a crash of the operating system, can cost.

    ``normal``: the events of the last moments, as commits reach the disk when the system writes them; killing the
    process costs nothing. ``full``: nothing that was SPOOLED, as every commit is brought to the disk first, which takes
    milliseconds. (They are SQLite's ``PRAGMA synchronous`` in WAL mode, https://www.sqlite.org/pragma.html.)
    """
    spool_wait: float = 0.05
    """How long ``emit`` waits for a commit, at most; then the event is QUEUED, and spooled when the disk lets it."""
    inline_commits: bool = True
    """Whether ``emit`` commits by itself, as long as the disk is quick: 15 us in place of some 80 for a commit by the
    spool's thread. A write that the operating system holds up cannot be interrupted: the first one that outlasts
    ``spool_wait`` is waited for, and the thread takes over until the disk is quick again. False bounds them all.
    """
    spool_max_bytes: int = 256 * MIB
    """Events that wait to be sent; a new one beyond it is dropped (``spool_full``). The files are somewhat larger."""
    dead_letter_max_bytes: int = 16 * MIB
    """Dead letters that are kept, with what is said of them; beyond it new ones are only counted, logged and offered to
    the callback.
    """
    spool_retry: float = 5.0
    """How long a spool that failed is left alone before it is tried again."""
    scan_interval: float = 30.0
    """How often the directory is searched for what ended processes left."""
    batch_size: int = 20
    """So many events are sent without waiting for more."""
    flush_interval: float = 5.0
    """How long an event waits for others, at most."""
    max_batch_events: int = 500
    """The largest batch: what is sent at once when more than ``batch_size`` have gathered."""
    max_batch_bytes: int = 262144
    """The size of a batch above which no other event is added to it."""
    max_event_bytes: int = 4_000_000
    """A larger event is dropped (``too_large``); what gRPC servers take by default is 4 MiB with what is around it."""
    max_queue_events: int = 10_000
    """Events in memory. With a spool they are a window of those on disk."""
    max_queue_bytes: int = 32 * MIB
    """Bytes of events in memory."""
    overflow: Literal["drop_oldest", "drop_newest", "block"] = "drop_oldest"
    """What happens when memory is full and no spool takes the event."""
    block_timeout: float = 30.0
    """How long ``overflow="block"`` waits for room before it drops the event. On the thread of the exporter's own event
    loop, which would wait for itself, it does not wait at all.
    """
    retry: RetryPolicy = field(default_factory=lambda: RetryPolicy(initial=0.1, maximum=30.0))
    """The waits between attempts to send a batch; events are kept however many there are."""
    send_timeout: float = 60.0
    """How long the sender may take for one batch, should it have no timeout of its own."""
    close_timeout: float = 5.0
    """How long leaving ``async with``, or the end of the interpreter, waits."""
    log_interval: float = 60.0
    """Of what happens often, such as drops for one reason, one line is logged in so much time. A handler of the log may
    itself emit; what that leads to is not logged, only counted.
    """

    @classmethod
    def load(cls, given: ExportSettings | None, client: Settings | None, **changes: Any) -> ExportSettings:
        """Join settings that are given, changes to them, and, where nothing is given, those of a client."""
        unknown = changes.keys() - {each.name for each in fields(cls)}
        if unknown:
            raise TypeError(f"there is no export setting {min(unknown)!r}")
        if given is None and client is not None:
            given = cls(
                batch_size=client.batch_size,
                max_batch_events=max(client.batch_size, cls.max_batch_events),
                flush_interval=client.flush_interval,
                max_batch_bytes=client.max_batch_bytes,
            )
        return replace(given or cls(), **changes)

    def __post_init__(self) -> None:
        for name, above in _NUMBERS.items():
            value = getattr(self, name)
            whole = not isinstance(above, float)
            if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
                raise SettingError(name, f"has to be a {'whole ' if whole else ''}number, not {value!r}")
            if not above <= value < float("inf"):
                raise SettingError(name, f"has to be at least {above}, not {value!r}")
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise SettingError(name, f"has to be one of {', '.join(choices)}, not {getattr(self, name)!r}")
        if self.spool is not None:
            object.__setattr__(self, "spool", _absolute(self.spool))
        if 2 * self.max_event_bytes > self.max_queue_bytes:
            raise SettingError("max_event_bytes", "has to be at most half of max_queue_bytes")
        if self.max_batch_events < self.batch_size:
            raise SettingError("max_batch_events", f"has to be at least batch_size, {self.batch_size}")


def _absolute(spool: str | os.PathLike[str]) -> Path:
    if not os.fspath(spool):
        raise SettingError("spool", "is an empty path; None means that there is no spool")
    try:
        return Path(spool).absolute()
    except FileNotFoundError as error:
        raise SettingError("spool", f"{os.fspath(spool)!r} is relative to a directory that is no more") from error


_NUMBERS: dict[str, float] = {
    "spool_wait": 0.0,
    "spool_max_bytes": 1,
    "dead_letter_max_bytes": 0,
    "spool_retry": 0.0,
    "scan_interval": 0.0,
    "batch_size": 1,
    "flush_interval": 0.0,
    "max_batch_events": 1,
    "max_batch_bytes": 1,
    "max_event_bytes": 1,
    "max_queue_events": 2,
    "max_queue_bytes": 2,
    "block_timeout": 0.0,
    "send_timeout": 0.0,
    "close_timeout": 0.0,
    "log_interval": 0.0,
}
"""The numbers and the smallest each may be; those given as float are times."""

_CHOICES = {"synchronous": ("normal", "full"), "overflow": ("drop_oldest", "drop_newest", "block")}
