"""Options that mean the same in every command, and how what they say is read."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from chaukas_spec_lite.cli.wanted import Wanted, Whereabouts
from chaukas_spec_lite.errors import SettingError
from chaukas_spec_lite.misspelt import nearest
from chaukas_spec_lite.spec.common.v1.events import EventStatus, EventType, Severity
from chaukas_spec_lite.spec.common.v1.query import QueryFilter, TimeRange

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    ParamType = click.ParamType[Any]
else:
    ParamType = click.ParamType  # which is not generic before click 8.4

F = TypeVar("F", bound=Callable[..., Any])

EXIT_CODES = (
    "Exit codes: 0 all went well; 1 it failed, or something was refused, is odd or damaged; 2 the arguments are wrong; "
    "130 after Ctrl-C."
)

_UNITS = {"ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}
_AGO = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|[smhdw])")


def epilog(*examples: str) -> str:
    """Make the end of a command's help: examples, each on a line, and what the exit codes mean."""
    return "\b\nExamples:\n" + "\n".join(f"  {each}" for each in examples) + "\n\n" + EXIT_CODES


class TimeParam(ParamType):
    """A point in time: ``2h`` ago, or as ISO 8601, in UTC where no zone is named."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read it."""
        if isinstance(value, datetime):
            return value
        found = moment_of_text(value, datetime.now(timezone.utc))
        if found is None:
            self.fail(
                f"{value!r} is no time; write 90s, 30m, 2h, 7d, now, 2026-11-29 or 2026-11-29T14:30:00Z", param, ctx
            )
        return found


def moment_of_text(text: str, now: datetime) -> datetime | None:
    """Read a point in time; None if the text is none. A relative one is so long before now."""
    text = text.strip()
    if text.lower() == "now":
        return now
    try:
        if ago := _AGO.fullmatch(text.lower()):
            return now - timedelta(seconds=float(ago[1]) * _UNITS[ago[2]])
        # fromisoformat takes Z from Python 3.11 on only.
        read = datetime.fromisoformat(text[:-1] + "+00:00" if text[-1:] in "Zz" and text else text)
        return read if read.tzinfo is not None else read.replace(tzinfo=timezone.utc)
    except (ValueError, OverflowError):
        return None


class MemberName(ParamType):
    """A member of an enum, in any case, with or without the schema's prefix, or its number.

    Args:
        enum: The enum.
        name: What the help calls it.
    """

    def __init__(self, enum: Any, name: str) -> None:
        self._enum = enum
        self.name = name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read it."""
        if isinstance(value, self._enum):
            return value
        words = str(value).strip().upper().replace("-", "_")
        names = {str(member.name): member for member in self._enum}
        prefix = {"type": "EVENT_TYPE_", "status": "EVENT_STATUS_", "severity": "SEVERITY_"}[self.name]
        found = names.get(words.removeprefix(prefix))
        if found is None and words.isdigit() and int(words) < 2**31:
            found = self._enum(int(words))
        if found is None:
            near = nearest(words, names)
            hint = f"; did you mean {near}?" if near else f"; one of {', '.join(names)}"
            self.fail(f"{value!r} is no {self.name} of the schema{hint}", param, ctx)
        return found

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Offer the names."""
        from click.shell_completion import CompletionItem

        names = [str(member.name) for member in self._enum]
        return [CompletionItem(name) for name in names if name.startswith(incomplete.upper().replace("-", "_"))]


def _all(*options: Callable[[F], F]) -> Callable[[F], F]:
    def add(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return add


endpoint_option = click.option(
    "--endpoint",
    metavar="ADDRESS",
    help="A running collector: host:port, grpcs://host:port, or its HTTP door, http://host:port or https://host. "
    "[CHAUKAS_GRPC_ENDPOINT, or CHAUKAS_ENDPOINT]",
)
_PLACE = _all(
    endpoint_option, click.option("--store", metavar="STORE", help="A store: sqlite:events.db or postgresql://...")
)
_FILES = click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path())

_FILTERS = _all(
    click.option("--tenant", default="", help="Of this tenant."),
    click.option("--project", default="", help="Of this project."),
    click.option("--session", default="", help="Of this session."),
    click.option("--agent", default="", help="Of the agent with this id."),
    click.option("--span", default="", help="Of this span."),
    click.option("--trace", default="", help="Of this trace."),
    click.option(
        "--type",
        "types",
        multiple=True,
        type=MemberName(EventType, "type"),
        help="Of this type, or of another one named.",
    ),
    click.option(
        "--status",
        "statuses",
        multiple=True,
        type=MemberName(EventStatus, "status"),
        help="With this status; repeatable.",
    ),
    click.option(
        "--severity", "severities", multiple=True, type=MemberName(Severity, "severity"), help="Repeatable, too."
    ),
    click.option("--tag", "tags", multiple=True, help="With this tag, and all others named."),
    click.option("--text", default="", help="With this text in it, in any case."),
    click.option("--since", type=TimeParam(), help="From then on: 2h, 2026-11-29."),
    click.option("--until", type=TimeParam(), help="Before then."),
)

limit_option = click.option("--limit", type=click.IntRange(min=0), help="List no more than so many.")
output_option = click.option(
    "--output",
    type=click.Path(dir_okay=False, allow_dash=True),
    help="A file to write to, instead of standard output; compressed if its name ends with .gz.",
)


def place_options(command: F) -> F:
    """Give a command what says where events are; it gets one ``place``."""

    @functools.wraps(command)
    def wrapped(*args: Any, endpoint: str | None, store: str | None, files: tuple[str, ...], **rest: Any) -> Any:
        try:
            place = Whereabouts(endpoint, store, files)
        except SettingError as error:
            raise click.UsageError(str(error)) from error
        return command(*args, place=place, **rest)

    return cast("F", _FILES(_PLACE(wrapped)))


def filter_options(command: F) -> F:
    """Give a command what says which events it is about; it gets one ``wanted``, of no order and no limit."""

    @functools.wraps(command)
    def wrapped(
        *args: Any, tenant: str, project: str, session: str, agent: str, span: str, trace: str, **rest: Any
    ) -> Any:
        start, end = rest.pop("since"), rest.pop("until")
        time = None if start is None and end is None else TimeRange(start=start, end=end)
        asked = QueryFilter(
            tenant_id=tenant,
            project_id=project,
            session_id=session,
            agent_id=agent,
            span_id=span,
            trace_id=trace,
            text_query=rest.pop("text"),
            time=time,
            types=rest.pop("types"),
            statuses=rest.pop("statuses"),
            severities=rest.pop("severities"),
            tags=rest.pop("tags"),
        )
        return command(*args, wanted=Wanted(asked), **rest)

    return cast("F", _FILTERS(wrapped))
