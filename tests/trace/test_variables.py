"""What the garbage collector runs changes no context: until Python 3.11 it may run amid the change of one."""

from __future__ import annotations

import contextvars
import gc
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Generator
from textwrap import dedent
from typing import Any

import pytest

from chaukas_spec_lite import Event, Recorder
from chaukas_spec_lite.trace.logs import RecorderHandler
from tests.patience import HANG
from tests.trace.recorders import recorder

AMID = pytest.mark.skipif(sys.version_info >= (3, 12), reason="here the collector runs between instructions only")

LOGGER = logging.getLogger(__name__)


@pytest.fixture(autouse=True)
def no_collections() -> Generator[None, None, None]:
    """Let the collector run only when it is asked to."""
    gc.disable()
    yield
    gc.enable()


def forget(*things: object) -> None:
    """Leave things to the collector."""
    circle: list[object] = [*things]
    circle.append(circle)


# What may be forgotten


def plain(record: Recorder) -> Generator[int, None, None]:
    try:
        with record.tool("inside"):
            yield 1
    finally:
        record.system("over")


def decorated(record: Recorder) -> Generator[int, None, None]:
    @record.agent("around", capture=False)
    def run() -> Generator[int, None, None]:
        yield from plain(record)

    return run()


class Works:
    """Does something when it is collected."""

    def __init__(self, record: Recorder) -> None:
        self._record = record

    def __del__(self) -> None:
        with self._record.tool("last"):
            self._record.system("words")


class Logs(Works):
    def __del__(self) -> None:
        LOGGER.warning("last words")


class Watched:
    """A sink that looks at the context when it gets something."""

    def __init__(self) -> None:
        self.seen: list[list[object]] = []

    def emit(self, event: Event) -> None:
        self.seen.append(variables())


def variables() -> list[object]:
    """What the variables of this context are set to."""
    return list(contextvars.copy_context().items())


@AMID
@pytest.mark.parametrize("make", [plain, decorated, Works, Logs])
def test_a_collection_leaves_the_context_as_it_is(
    make: Callable[[Recorder], Any], caplog: pytest.LogCaptureFixture
) -> None:
    sink = Watched()
    record = Recorder(sink)
    handler = RecorderHandler(record)
    LOGGER.addHandler(handler)
    try:
        with record.session():
            thing = make(record)
            if hasattr(thing, "__next__"):
                next(thing)
            forget(thing)
            del thing
            before = variables()
            sink.seen.clear()
            gc.collect()
            assert sink.seen
            assert all(each == before for each in [*sink.seen, variables()])
    finally:
        LOGGER.removeHandler(handler)


# Where it stands in the tree


def test_what_a_collection_ends_is_where_it_was() -> None:
    record, kept = recorder()
    with record.session():
        generator = decorated(record)
        next(generator)
        with record.agent("other"):
            forget(generator)
            del generator
            gc.collect()
            record.system("goes on")
        record.system("later")
    assert kept.outline() == dedent("""\
        session
          agent around [cancelled]
            tool inside [cancelled]
            system over
          agent other
            system goes on
          system later""")


def test_what_a_collection_begins_is_inside_of_what_it_interrupts() -> None:
    record, kept = recorder()
    with record.session():
        forget(Works(record))
        gc.collect()
        record.system("goes on")
    record.system("later")
    assert kept.outline() == dedent("""\
        session
          tool last
            system words
          system goes on
        system later""")


def test_a_span_that_a_collection_ends_is_current_no_longer() -> None:
    record, kept = recorder()
    with record.session() as session:
        generator = plain(record)
        next(generator)
        forget(generator)
        del generator
        gc.collect()
        assert record.current is session
        with record.tool("next"):
            pass
    assert kept.outline() == dedent("""\
        session
          tool inside [cancelled]
          system over
          tool next""")
    assert record.current is None


# Amid whatever allocates

PROGRAM = """
import gc, random
from contextvars import ContextVar
from chaukas_spec_lite import Recorder

class Nowhere:
    def emit(self, event):
        pass

record, another = Recorder(Nowhere()), Recorder(Nowhere())
own = ContextVar("own")
for number in range(3):
    ContextVar(str(number)).set(None)

@record.tool("stream")
def decorated():
    yield

def plain():
    with record.tool("inside"):
        yield

def others():
    try:
        yield
    finally:
        own.set(object())

def asks():
    try:
        yield
    finally:
        another.current

class Thing:
    pass

def forget(generator):
    next(generator)
    circle = [generator]
    circle.append(circle)

dice = random.Random(1)
for turn in range(12_000):
    gc.set_threshold(dice.choice((17, 29, 53, 73, 101)))
    forget({kind}())
    before = [Thing() for _ in range(dice.randrange(50))]
    with another.session():
        within = [Thing() for _ in range(dice.randrange(50))]
    assert another.current is None
    del before, within
"""


@pytest.mark.parametrize("kind", ["decorated", "plain", "others", "asks"])
def test_a_collection_at_any_moment_breaks_nothing(kind: str) -> None:
    """It reads no memory that was freed, which is filled here with what no pointer is."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.replace("{kind}", kind)],
        env=os.environ | {"PYTHONMALLOC": "debug"},
        capture_output=True,
        text=True,
        timeout=HANG,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
