"""Numbers and times as people read them, in ASCII."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone


def duration(value: timedelta) -> str:
    """Write a duration with about three digits: ``0.69 ms``, ``4.26 s``, ``3 m 05 s``, ``2 h 07 m``, ``5 d 03 h``."""
    seconds = value.total_seconds()
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    if seconds < 0.9995:
        return f"{sign}{_three_digits(seconds * 1000)} ms"
    if seconds < 59.95:
        return f"{sign}{_three_digits(seconds)} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{sign}{minutes} m {rest:02} s"
    hours, rest = divmod(minutes, 60)
    return f"{sign}{hours} h {rest:02} m" if hours < 24 else f"{sign}{hours // 24:,} d {hours % 24:02} h"


def _three_digits(number: float) -> str:
    return f"{number:.{2 if number < 9.995 else 1 if number < 99.95 else 0}f}"


def count(number: int, noun: str) -> str:
    """Write a number with its noun: ``1 span``, ``2 spans``, ``3 retries``, ``4 batches``."""
    if number == 1:
        return f"1 {noun}"
    plural = noun[:-1] + "ies" if noun.endswith("y") else noun + ("es" if noun.endswith("ch") else "s")
    return f"{number:,} {plural}"


def way(verb: str, events: int, calls: int, container: str, seconds: float) -> str:
    """Write how events travelled: ``sent 70 events in 3 batches (7,000/s)``."""
    speed = f" ({events / seconds:,.0f}/s)" if seconds > 0 and events else ""
    return f"{verb} {count(events, 'event')} in {count(calls, container)}{speed}"


def moment_of(time: datetime) -> str:
    """Write a point in time, to the second and in UTC."""
    # Not strftime, which writes the year 1 as "1" or as "0001", depending on the platform.
    return time.astimezone(timezone.utc).replace(tzinfo=None).isoformat(" ", "seconds") + " UTC"
