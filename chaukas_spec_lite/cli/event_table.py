"""Events as lines of a table: when, in which session, what, who, and what it says; as many columns as there is room."""

from __future__ import annotations

from dataclasses import dataclass

from rich.text import Text

from chaukas_spec_lite.cli.terminal import fit
from chaukas_spec_lite.cli.tree_view import DIM, ERROR, STYLES
from chaukas_spec_lite.printable import glyphs_for, one_line
from chaukas_spec_lite.spec.common.v1.events import Event
from chaukas_spec_lite.trace.kinds import moment

_MAX_WIDTH = 160
_TIME = len("2026-11-29 12:00:00.000")
_SHORT_TIME = len("12:00:00")
_TYPE = len("MODEL_INVOCATION_START")
"""As long as the longest: no type is cut."""


@dataclass(frozen=True, slots=True)
class EventTable:
    """Draws the lines.

    Args:
        width: Cells of a line.
        encoding: What it is written in.
    """

    width: int
    encoding: str

    @property
    def _columns(self) -> tuple[int, int, int, int, int]:
        """Cells of time, session, type, agent and text. What is least needed goes first as lines get narrower."""
        width = min(max(self.width, 40), _MAX_WIDTH)
        time = _TIME if width >= 90 else _SHORT_TIME
        session = 36 if width >= 140 else 8 if width >= 64 else 0
        kind = _TYPE
        agent = 16 if width >= 110 else 12 if width >= 80 else 0
        gaps = 1 + sum(1 for each in (time, session, kind, agent) if each) - 1
        return time, session, kind, agent, max(8, width - time - session - kind - agent - gaps)

    def head(self) -> Text:
        """Draw the names of the columns."""
        time = "UTC" if self._columns[0] == _SHORT_TIME else "TIME (UTC)"
        return Text(self._line(time, "SESSION", "TYPE", "AGENT", "WHAT"), "bold")

    def row(self, event: Event) -> Text:
        """Draw an event."""
        seen = moment(event)
        title = " ".join(filter(None, [seen.title, seen.error]))
        time = "" if event.timestamp is None else event.timestamp.isoformat(" ", "milliseconds")[:_TIME]
        session = event.session_id if self._columns[1] >= 36 else event.session_id[-8:]
        name = event.type.name or str(int(event.type))
        line = self._line(time, session, str(name), event.agent_name or event.agent_id, title)
        style = ERROR if seen.failed else DIM if seen.cancelled else STYLES.get(seen.kind, "")
        return Text(line, style)

    def _line(self, time: str, session: str, kind: str, agent: str, text: str) -> str:
        glyphs = glyphs_for(self.encoding)
        widths = self._columns
        if widths[0] == _SHORT_TIME and len(time) == _TIME:
            time = time[11:19]
        cells = [
            fit(one_line(value, self.encoding), room, glyphs)
            for value, room in zip((time, session, kind, agent, text), widths, strict=True)
            if room
        ]
        return " ".join(cells).rstrip()
