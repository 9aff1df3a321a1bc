"""Entries of the audit log as an encoded message, which programs ask for in place of JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaukas_spec_lite.audit.entries_message import AbsentEntry, EntriesMessage
from chaukas_spec_lite.collector.doors.clock_time import clock_time
from chaukas_spec_lite.collector.stores.event_log import Gone

if TYPE_CHECKING:
    from chaukas_spec_lite.collector.audit_log import LogPart
    from chaukas_spec_lite.collector.stores.event_log import LogEntry


def entries_message(found: LogPart, first: int) -> EntriesMessage:
    """Make the message of entries that begin at a place."""
    leaves, events = [each.leaf for each in found.entries], [each.data for each in found.entries]
    absent = [
        AbsentEntry(place, hidden=True) if each.index in found.hidden else _gone(place, each)
        for place, each in enumerate(found.entries)
        if each.data is None
    ]
    return EntriesMessage(found.origin, found.size, first, found.next_entry, leaves, events, absent)


def _gone(place: int, entry: LogEntry) -> AbsentEntry:
    gone = entry.gone or Gone()
    at, of = "" if gone.at is None else clock_time(gone.at), gone.deletion
    why = ("", "") if of is None else (of.reason, of.session_id)
    return AbsentEntry(place, entry.project_id, entry.event_id, False, at, gone.by or "", *why)
