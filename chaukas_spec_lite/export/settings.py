"""What an exporter can be told, in one frozen object."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict, cast

from chaukas_spec_lite.defaults import Defaults
from chaukas_spec_lite.errors import SettingError, SettingTypeError
from chaukas_spec_lite.misspelt import arguments_of, refuse_unknown
from chaukas_spec_lite.retry import RetryPolicy
from chaukas_spec_lite.settings import (
    Check,
    Flag,
    Instance,
    Number,
    OneOf,
    OrNone,
    Whole,
    check_fields,
    documented,
    setting,
)

if TYPE_CHECKING:
    from typing_extensions import Unpack

MIB = 1 << 20


class _Wait(Number):
    """A time in seconds; above the longest that the system can wait, which is months or more, it means that one."""

    def _take(self, value: object, name: str) -> float:
        return min(super()._take(value, name), threading.TIMEOUT_MAX)


_SECONDS = _Wait(least=0.0, unit="seconds")


def seconds(timeout: object) -> float:
    """Check a time to wait. What is below 0, such as the time to a deadline that has passed, counts as 0."""
    if isinstance(timeout, (int, float)):
        timeout = min(max(timeout, 0), threading.TIMEOUT_MAX)  # nan stays nan, which is refused
    return _SECONDS(timeout, "timeout")


class _SpoolPath(Check[Path]):
    """A path, which becomes absolute."""

    def __call__(self, value: object, name: str) -> Path:
        if not isinstance(value, (str, os.PathLike)):
            raise SettingTypeError(name, f"has to be a path, or None for no spool, not {type(value).__name__}")
        path = os.fspath(cast("str | os.PathLike[str]", value))
        if not path:
            raise SettingError(name, "is an empty path; None means that there is no spool")
        if not isinstance(path, str):
            raise SettingTypeError(name, f"has to be a path of str, not of {type(path).__name__}")
        if "\0" in path:
            raise SettingError(name, "holds a null character, which no path can")
        try:
            return Path(path).expanduser().absolute()
        except FileNotFoundError as error:
            raise SettingError(name, f"{path!r} is relative to a directory that is no more") from error
        except RuntimeError as error:  # of ``expanduser``
            raise SettingError(name, f"{path!r} begins with the home directory of a user that is not known") from error


@documented
@dataclass(frozen=True, kw_only=True)
class ExportSettings:
    """How an exporter batches, spools and gives up.

    Sizes are those of encoded events. ``batch_size``, ``flush_interval`` and ``max_batch_bytes`` have environment
    variables, which a client reads (see ``Settings``): an exporter takes them over from its sender's ``settings`` where
    it is given no ``ExportSettings``. An ``ExportSettings`` by itself reads no variable.

    Raises:
        SettingError: A value cannot be used; its ``name`` is the setting.
    """

    spool: str | os.PathLike[str] | None = setting(
        None,
        "The directory of the spool, which any number of processes may share. None keeps events in memory only. `~` "
        "is the home directory. A relative path is made absolute at once: a program that changes its directory later, "
        "as daemons do, keeps its spool.",
        OrNone(_SpoolPath()),
    )
    synchronous: Literal["never", "interval", "always"] = setting(
        "never",
        "When events are brought to the disk itself (fsync), so that a power cut or a crash of the operating system "
        "costs none of them; killing the process never does. never: the system does it when it likes, mostly within "
        "30 s. interval: every sync_interval, and one emit in that time takes as long as the disk does. always: "
        "before emit returns SPOOLED, which takes milliseconds.",
        OneOf("never", "interval", "always"),
    )
    sync_interval: float = setting(
        1.0, 'How often synchronous="interval" brings to the disk what was emitted.', _SECONDS
    )
    spool_max_bytes: int = setting(
        256 * MIB,
        "How much may wait in the directory of the spool to be sent, from all processes together. Beyond it, a new "
        "event is dropped (spool_full). What other processes hold is looked up from time to time, so some megabytes "
        "more may wait for each of them.",
        Whole(unit="bytes"),
    )
    dead_letter_max_bytes: int = setting(
        16 * MIB,
        "How much room the dead letters that are kept may take, with what is said of them. Beyond it, new ones are "
        "only counted, logged and given to on_drop.",
        Whole(least=0, unit="bytes"),
    )
    spool_retry: float = setting(5.0, "How long a spool that failed is left alone before it is tried again.", _SECONDS)
    scan_interval: float = setting(
        30.0, "How often the directory of the spool is searched for what ended processes left.", _SECONDS
    )
    batch_size: int = setting(
        20,
        "A batch is sent as soon as this many events wait, without waiting for flush_interval to pass.",
        Whole(unit="events"),
        "CHAUKAS_BATCH_SIZE",
    )
    flush_interval: float = setting(
        5.0, "How long an event waits at most for others to share its batch.", _SECONDS, "CHAUKAS_FLUSH_INTERVAL"
    )
    max_batch_events: int = setting(
        500,
        "The largest number of events in a batch, for when more than batch_size wait at once.",
        Whole(unit="events"),
    )
    max_batch_bytes: int = setting(
        262144,
        "The size of a batch above which no further event is added to it. A single larger event is sent alone.",
        Whole(unit="bytes"),
        "CHAUKAS_MAX_BATCH_BYTES",
    )
    max_event_bytes: int = setting(
        4_000_000,
        "How large an event may be. Of a larger one the longest texts are cut, and then the longest lists; with "
        "strict=True it is dropped (too_large). gRPC servers take 4 MiB by default, with what is around the event.",
        Whole(unit="bytes"),
    )
    max_media_bytes: int | None = setting(
        None,
        "The size above which images and other media in base64 (data URLs among them) and bytes are replaced by their "
        "SHA-256 and their size. None sends all of them.",
        OrNone(Whole(unit="bytes")),
    )
    strict: bool = setting(
        False,
        "Whether an event with a value that cannot be encoded is dropped (invalid). Otherwise that value is "
        "converted: a UUID becomes text, and so on by a table (see the guide on odd values).",
        Flag(),
    )
    audit: bool = setting(
        False,
        "Whether each event is given its `content_hash` and the `hash_prev` of the one before it in its session, so "
        "that anyone can tell later that it was changed, or that one is missing (see the guide on audit).",
        Flag(),
    )
    max_queue_events: int = setting(
        10_000,
        "How many events are held in memory: without a spool, or while its disk fails.",
        Whole(least=2, unit="events"),
    )
    max_queue_bytes: int = setting(
        32 * MIB, "How many bytes of events are held in memory.", Whole(least=2, unit="bytes")
    )
    overflow: Literal["drop_oldest", "drop_newest", "block"] = setting(
        "drop_oldest",
        "What happens when memory is full and no spool takes the event: the oldest event is dropped, or the new one "
        "is, or emit waits for room (see block_timeout).",
        OneOf("drop_oldest", "drop_newest", "block"),
    )
    block_timeout: float = setting(
        30.0,
        'How long overflow="block" waits for room before it drops the event. On the thread of the exporter\'s own '
        "event loop it does not wait at all, because it would wait for itself.",
        _SECONDS,
    )
    retry: RetryPolicy = setting(
        RetryPolicy(initial=0.1, maximum=30.0),
        "The waits between attempts to send a batch. Events are kept however many attempts fail.",
        Instance(RetryPolicy),
    )
    send_timeout: float = setting(
        60.0,
        "How long the sender may take for one batch, for a sender that has no timeout of its own.",
        _Wait(above=0.0, unit="seconds"),
    )
    close_timeout: float = setting(
        5.0, "How long leaving async with, or the end of the interpreter, waits for events to be sent.", _SECONDS
    )
    log_interval: float = setting(
        60.0,
        "Of what happens often, such as drops for one reason, one line is logged in this time. A handler of the log "
        "may itself emit events; what happens to those is not logged, only counted.",
        _SECONDS,
    )

    @classmethod
    def load(
        cls, given: ExportSettings | None, defaults: Defaults | None, /, **changes: Unpack[ExportOptions]
    ) -> ExportSettings:
        """Join settings that are given, changes to them, and, where no settings are given, the sender's defaults.

        Args:
            given: Settings to start from.
            defaults: What the sender says, for when ``given`` is None.
            changes: Settings by name, which win over both.

        Raises:
            TypeError: A name is no setting; the error says which one is the nearest.
            SettingError: A value cannot be used.
        """
        refuse_misspelt(changes)
        if given is not None:
            return replace(_IS_SETTINGS(given, "settings"), **changes)
        if defaults is None:
            return cls(**changes)
        base = cls(
            batch_size=defaults.batch_size,
            # A sender's batch size may exceed our default limit, and would be refused although nobody chose the limit.
            max_batch_events=max(defaults.batch_size, cls.max_batch_events),
            flush_interval=defaults.flush_interval,
            max_batch_bytes=defaults.max_batch_bytes,
        )
        return replace(base, **changes)

    def __post_init__(self) -> None:
        check_fields(self)
        if self.max_event_bytes > self.max_queue_bytes:
            raise SettingError("max_event_bytes", "has to be at most max_queue_bytes")
        if self.audit and self.max_event_bytes < _ROOM_FOR_SEALS:
            raise SettingError("max_event_bytes", f"has to be at least {_ROOM_FOR_SEALS} with audit=True")
        if self.max_batch_events < self.batch_size:
            raise SettingError("max_batch_events", f"has to be at least batch_size, {self.batch_size}")


_ROOM_FOR_SEALS = 1000

_IS_SETTINGS = Instance(ExportSettings, "give single settings as keyword arguments: spool=..., batch_size=...")


def refuse_misspelt(changes: Iterable[str], *functions: Callable[..., object]) -> None:
    """Refuse an argument that is no setting of an exporter, with the nearest of the names that there are.

    Args:
        changes: The names that were given beside the arguments of the functions.
        functions: What was called. It may be an argument of theirs that is misspelt.

    Raises:
        TypeError: There is none of a given name.
    """
    known = [name for function in functions for name in arguments_of(function)]
    refuse_unknown(changes, [*known, *(each.name for each in fields(ExportSettings))], listed="ExportSettings")


class ExportOptions(TypedDict, total=False):
    """The fields of ``ExportSettings`` as keyword arguments of an exporter: for type checkers, which read it.

    What each of them means stands in ``ExportSettings``. ``tests/typing`` holds the two together.
    """

    spool: str | os.PathLike[str] | None
    synchronous: Literal["never", "interval", "always"]
    sync_interval: float
    spool_max_bytes: int
    dead_letter_max_bytes: int
    spool_retry: float
    scan_interval: float
    batch_size: int
    flush_interval: float
    max_batch_events: int
    max_batch_bytes: int
    max_event_bytes: int
    max_media_bytes: int | None
    strict: bool
    audit: bool
    max_queue_events: int
    max_queue_bytes: int
    overflow: Literal["drop_oldest", "drop_newest", "block"]
    block_timeout: float
    retry: RetryPolicy
    send_timeout: float
    close_timeout: float
    log_interval: float
