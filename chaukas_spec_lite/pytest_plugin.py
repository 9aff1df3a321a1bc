"""A pytest plugin: what a test records, as a fixture that reads well in assertions, and as a file.

pytest finds it by its entry point. ``-p no:chaukas`` leaves it out.
"""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, overload

import pytest

from chaukas_spec_lite import Event, EventType, SettingError

if TYPE_CHECKING:
    from chaukas_spec_lite import Recorder
    from chaukas_spec_lite.sinks.memory import MemorySink
    from chaukas_spec_lite.trace.sending import Sink

_OPTION = "--chaukas-record"
_SESSIONS = "chaukas-sessions"
"""The name of the plugin that records tests."""


class EventTree(str):
    """The tree of recorded events as a text. It equals a text with the same lines, however that is indented.

    ::

        assert chaukas_events.tree() == '''
            session
              agent triage
                tool search_orders
        '''
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return _lines(self) == _lines(other) if isinstance(other, str) else NotImplemented

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in textwrap.dedent(text).strip("\n").rstrip().splitlines()]


class RecordedEvents(Sequence[Event]):
    """The events that a test has recorded so far, in their order: what the fixture ``chaukas_events`` is.

    Args:
        recorder: What the test, or the program that it tests, records with.
        kept: Where the recorder's events are.
        sink: Where those of other recorders shall go.
        stack: What is to be undone when the test ends.
    """

    def __init__(self, recorder: Recorder, kept: MemorySink, sink: Sink, stack: ExitStack) -> None:
        self.recorder = recorder
        """A recorder whose events these are."""
        self._kept = kept
        self._sink = sink
        self._stack = stack

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> list[Event]: ...
    def __getitem__(self, index: int | slice) -> Event | list[Event]:
        return self._kept.events[index]

    def __len__(self) -> int:
        return len(self._kept.events)

    def __iter__(self) -> Iterator[Event]:
        return iter(self._kept.events)

    def __repr__(self) -> str:
        return f"<{len(self)} recorded events>"

    def of(self, *types: EventType) -> list[Event]:
        """Return the events of these types, in their order.

        Args:
            types: Such as ``EventType.TOOL_CALL_START``.
        """
        return [event for event in self if event.type in types]

    def one(self, type: EventType) -> Event:
        """Return the only event of a type.

        Args:
            type: Such as ``EventType.ERROR``.

        Raises:
            AssertionError: There is none, or more than one; with the tree of what there is.
        """
        found = self.of(type)
        if len(found) != 1:
            tree = textwrap.indent(self.tree() or "(nothing)", "  ")
            raise AssertionError(f"expected one {type.name}, found {len(found)}; recorded:\n{tree}")
        return found[0]

    def tree(self) -> EventTree:
        """Return the tree of spans as a text, a line for each span or moment, which does not depend on ids or times."""
        from chaukas_spec_lite.trace.outline import outline

        return EventTree(outline(self))

    def clear(self) -> None:
        """Forget the events so far."""
        self._kept.clear()

    def use(self, recorder: Recorder) -> None:
        """Let the events of another recorder come here until the test ends, and not go where they went.

        Args:
            recorder: One that the program under test has made, and that is enabled.

        Raises:
            SettingError: It is not enabled: what it has decorated are the functions themselves, which record nothing.
        """
        if not recorder.enabled:
            raise SettingError(
                "recorder",
                "is not enabled, so nothing would be recorded: give it an address before it is made, as "
                'os.environ["CHAUKAS_ENDPOINT"] = "memory:" in conftest.py does for Recorder.from_env()',
            )
        self._stack.enter_context(recorder.redirect(self._sink))


@pytest.fixture
def chaukas_events(request: pytest.FixtureRequest) -> Iterator[RecordedEvents]:
    """Events that the test records with ``chaukas_events.recorder``, or with a recorder given to ``use``."""
    from chaukas_spec_lite import Recorder
    from chaukas_spec_lite.sinks.memory import BothSinks, MemorySink

    kept = MemorySink()
    tests: SessionsOfTests | None = request.config.pluginmanager.get_plugin(_SESSIONS)
    with ExitStack() as stack:
        # With the option into the file, too, inside of the test's session.
        sink = kept if tests is None else BothSinks(kept, tests.shared)
        recorder = Recorder(sink, parent=None if tests is None else tests.recorder.inject())
        stack.callback(recorder.close)
        yield RecordedEvents(recorder, kept, sink, stack)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.getgroup("chaukas", "recording of agents (chaukas_spec_lite)").addoption(
        _OPTION,
        metavar="FILE",
        help="append what tests record with the fixture chaukas_events to FILE (.jsonl or .delim, also .gz), each test "
        "as a session with its outcome",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Open the file of the option."""
    path = config.getoption(_OPTION)
    if path:
        from chaukas_spec_lite.sinks.file import FileSink

        try:
            sink = FileSink(path, name=_OPTION)
        except SettingError as error:
            raise pytest.UsageError(str(error)) from None
        config.pluginmanager.register(SessionsOfTests(sink), _SESSIONS)


class SessionsOfTests:
    """Records each test as a session.

    Args:
        sink: Where the events go.
    """

    def __init__(self, sink: Any) -> None:
        from chaukas_spec_lite import Recorder

        self.recorder = Recorder(sink)
        self.shared = _Unclosed(sink)
        """The sink for the recorders of tests, which are closed before it."""
        self._outcome = ""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Open a session around a test, its fixtures included."""
        self._outcome = ""
        self._session = session = self.recorder.session(item.nodeid, metadata={"framework": "pytest"}).start()
        try:
            # Not `with session`: what a generator opens is current only while it runs itself.
            with self.recorder.under(session):
                return (yield)
        finally:
            session.set(outcome=self._outcome or "unknown")
            session.end()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Take note of what became of the test's set-up, of the test itself, and of what comes after it."""
        report = yield
        if report.failed:
            self._outcome = "failed" if report.when == "call" else f"{report.when} failed"
            self._session.fail(call.excinfo.value if call.excinfo is not None else report.longreprtext)
        elif hasattr(report, "wasxfail"):
            self._outcome = "xfailed" if report.skipped else "xpassed"
        elif report.skipped:
            self._outcome = "skipped"
            self._session.cancel()
        elif report.when == "call":
            self._outcome = "passed"
        return report

    def pytest_unconfigure(self) -> None:
        """Close the file."""
        self.recorder.close()


class _Unclosed:
    """A sink that others close."""

    def __init__(self, sink: Any) -> None:
        self.emit = sink.emit
        self.flush = sink.flush

    def close(self, timeout: float | None = None) -> bool:
        """Return True."""
        return True


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Explain how a tree differs from the text that it is compared with."""
    if op != "==" or not isinstance(left, str) or not isinstance(right, str):
        return None
    if isinstance(left, EventTree):
        recorded, expected = left, right
    elif isinstance(right, EventTree):
        recorded, expected = right, left
    else:
        return None
    # The whole of both: trees are small, and the lines above say what a line is inside of.
    difference = list(difflib.ndiff(_lines(expected), _lines(recorded)))
    return ["recorded tree == expected tree", "", *(line for line in difference if not line.startswith("?"))]
