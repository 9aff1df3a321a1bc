"""What a reader asks Python about the package: ``help``, ``inspect``, completion and pretty printing, of all of it."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
import pydoc
import sys
import warnings
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
import rich.console
import rich.pretty

import chaukas_spec_lite
from chaukas_spec_lite import Event, EventType, LLMInvocation
from chaukas_spec_lite.message.message import Message
from chaukas_spec_lite.wire.enums import Enum
from chaukas_spec_lite.wire.fields import fields_of
from tests.generated import generate

ASKED: list[Callable[[Any], object]] = [pydoc.render_doc, inspect.getmembers, dir, repr]
if sys.version_info >= (3, 11):
    ASKED.append(inspect.getmembers_static)


def _modules(package: ModuleType) -> Iterator[ModuleType]:
    yield package
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if any(part.startswith("_") for part in found.name.split(".")):
            continue
        try:
            yield importlib.import_module(found.name)
        except ImportError as error:
            # A bridge needs its framework to be imported, and says so; the step `bridges` of .ci/run has all of them.
            if ".bridges." not in found.name or "pip install" not in str(error):
                raise


MODULES = list(_modules(chaukas_spec_lite))
CLASSES = [
    cls
    for module in [*MODULES, *_modules(generate())]
    for name, cls in vars(module).items()
    if isinstance(cls, type) and cls.__module__ == module.__name__ and not name.startswith("_")
]
MESSAGES = [cls for cls in CLASSES if issubclass(cls, Message) and cls._full_name]
ENUMS = [cls for cls in CLASSES if issubclass(cls, Enum) and cls.__members__]


def _name(value: Any) -> str:
    return f"{value.__module__}.{value.__qualname__}" if isinstance(value, type) else value.__name__


def _ask(value: object) -> None:
    with warnings.catch_warnings():
        # Looking at a deprecated member looks it up.
        warnings.filterwarnings("ignore", r"\w+\.\w+ is deprecated", DeprecationWarning)
        for question in ASKED:
            assert question(value)


def test_all_of_the_package_is_asked() -> None:
    assert len(MODULES) > 150
    assert len(MESSAGES) > 60
    assert len(ENUMS) > 10
    assert {Event, EventType, chaukas_spec_lite.ChaukasClient} <= {*CLASSES}


@pytest.mark.parametrize("module", MODULES, ids=_name)
def test_modules_answer(module: ModuleType) -> None:
    _ask(module)


@pytest.mark.parametrize("cls", CLASSES, ids=_name)
def test_classes_answer(cls: type[Any]) -> None:
    _ask(cls)
    try:
        inspect.signature(cls)
    except ValueError:  # what Python itself answers for its own class, such as ValueError
        own = next(base for base in cls.__mro__ if {"__init__", "__new__"} & vars(base).keys())
        assert own.__module__ == "builtins", own


@pytest.mark.parametrize("cls", MESSAGES, ids=_name)
def test_messages_answer_and_help_names_every_field(cls: type[Message]) -> None:
    _ask(cls())
    parameters = inspect.signature(cls).parameters
    shown = {line.strip(" |") for line in pydoc.plain(pydoc.render_doc(cls)).splitlines()}
    for field in dataclasses.fields(cls):
        assert field.name in parameters
        assert field.name in shown, f"help({cls.__name__}) does not show {field.name}"


@pytest.mark.parametrize("cls", ENUMS, ids=_name)
def test_members_answer(cls: type[Enum]) -> None:
    _ask(next(iter(cls)))
    _ask(cls(77))  # a number without a name


@pytest.mark.parametrize("cls", MESSAGES, ids=_name)
def test_completion_offers_all_fields(cls: type[Message]) -> None:
    """A prompt offers what ``dir`` lists: ``rlcompleter`` and IPython, which sorts it and puts what has ``_`` last."""
    offered = dir(cls())
    assert {field.name for field in fields_of(cls)} <= {*offered}
    assert offered == sorted(offered)


def test_completion_begins_with_fields() -> None:
    public = [name for name in dir(Event()) if not name.startswith("_")]
    methods = {name for name in public if callable(getattr(Event(), name))}
    assert methods == {"dump", "is_set", "load", "to_dict", "to_json"}
    assert len(public) == len(methods) + len(fields_of(Event))
    assert public[0] == "agent_handoff"


def test_rich_prints_what_is_set() -> None:
    event = Event(event_id="e1", tags=["a"], llm_invocation=LLMInvocation(model="m"), metadata={"k": 1})
    console = rich.console.Console(width=40, color_system=None)
    with console.capture() as captured:
        console.print(rich.pretty.Pretty(event))
    expected = """\
Event(
    event_id='e1',
    tags=['a'],
    llm_invocation=LLMInvocation(
        model='m'
    ),
    metadata={'k': 1}
)
"""
    assert captured.get() == expected
    assert rich.pretty.pretty_repr(Event()) == "Event()"
