"""What messages, enums and the package say to a program that was written for the official package, or mistyped."""

from __future__ import annotations

import enum
import importlib
import importlib.util
import subprocess
import sys
import traceback
from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import FieldDescriptorProto

import chaukas_spec_lite
from chaukas_spec_lite import EncodeError, Event, EventStatus, EventType, JSONError, QueryFilter
from chaukas_spec_lite.misspelt import nearest
from chaukas_spec_lite.official_names import ENUM_NAMES, MESSAGE_NAMES
from tests.oracle import reference
from tests.patience import HANG

OFFICIAL = [name for name in dir(FieldDescriptorProto) if not name.startswith("_")]
OURS = {"FromString", "SerializeToString"}


class Foreign(enum.IntEnum):
    A = 10


def test_every_name_of_official_messages_is_answered() -> None:
    methods = {name for name in OFFICIAL if name[0].isupper() and not name.isupper()} | {"DESCRIPTOR"}
    assert methods - OURS - {"Type", "Label"} <= MESSAGE_NAMES.keys()


@pytest.mark.parametrize("name", MESSAGE_NAMES)
def test_a_name_of_official_messages_says_what_to_write(name: str) -> None:
    for owner in (Event(), Event):
        with pytest.raises(AttributeError, match=f"Event has no {name}, a name of the official package; "):
            getattr(owner, name)
        assert not hasattr(owner, name)
        assert name not in dir(owner)


@pytest.mark.parametrize("name", ENUM_NAMES)
def test_a_name_of_official_enums_says_what_to_write(name: str) -> None:
    with pytest.raises(AttributeError, match=f"EventType has no {name}, a name of the official package; "):
        getattr(EventType, name)
    assert name not in dir(EventType)


def test_a_mistyped_member_names_the_nearest() -> None:
    with pytest.raises(AttributeError) as caught:
        getattr(EventType, "AGENT_STRT")  # noqa: B009  # type checkers would refuse the attribute
    # From Python 3.12 on it is the traceback that names it.
    assert "AGENT_START" in "".join(traceback.format_exception_only(caught.value))
    with pytest.raises(KeyError, match="AGENT_START"):
        EventType["AGENT_STRT"]
    with pytest.raises(ValueError, match="AGENT_START"):
        EventType.from_string("AGENT_STRT")
    wrong: Any
    for wrong, said in [("AGENT_STRT", "did you mean 'AGENT_START'"), ("ERROR", r"write EventType\['ERROR'\]")]:
        with pytest.raises(ValueError, match=said):
            EventType(wrong)
    for wrong, said in [
        ("agent_start", "'agent_start'; did you mean 'AGENT_START'"),
        ("event_type_agent_start", "did you mean 'EVENT_TYPE_AGENT_START'"),
        ("xyz", r"'xyz'; list\(EventType\) shows what there is"),
        (10, r"10; write EventType\(10\) for a number"),
    ]:
        with pytest.raises(KeyError, match=said):
            EventType[wrong]
    with pytest.raises(AttributeError, match="Event has no field 'sesion_id'; did you mean 'session_id'"):
        Event().is_set("sesion_id")


@pytest.mark.parametrize("module", ["common.v1.events_pb2", "common.v1.query_pb2", "client.v1.client_pb2_grpc"])
def test_a_module_of_the_official_package_says_what_to_import(module: str) -> None:
    package, _, last = f"chaukas_spec_lite.spec.{module}".rpartition(".")
    instead = f"write from {package} import {last.replace('_pb2', '')}"
    for statement in (f"import {package}.{last}", f"from {package} import {last}"):
        with pytest.raises(ModuleNotFoundError, match=instead):  # as of any module that does not exist
            exec(statement, {})


def test_text_is_no_list() -> None:
    wrong: Any = "prod"
    with pytest.raises(TypeError, match=r"Event.tags: expected a list, got str 'prod'; write tags=\['prod'\]"):
        Event(tags=wrong)
    assert reference(Event)(tags=wrong).tags == ["p", "r", "o", "d"]


@pytest.mark.parametrize("wrong", [EventStatus.FAILED, EventStatus.UNSPECIFIED, Foreign.A])
def test_a_member_of_another_enum_is_refused(wrong: Any) -> None:
    said = "expected a member of EventType, got <"
    with pytest.raises(EncodeError, match=f"Event.type: {said}"):
        Event(type=wrong)
    with pytest.raises(EncodeError, match=rf"QueryFilter.types\[0\]: {said}"):
        QueryFilter(types=[wrong])
    event = Event()
    event.type = wrong
    with pytest.raises(EncodeError, match=f"Event.type: {said}"):
        bytes(event)
    with pytest.raises(JSONError, match=rf"\$.type: {said}"):
        event.to_json()


def test_names_and_numbers_become_members() -> None:
    given: Any
    for given in ("AGENT_START", "EVENT_TYPE_AGENT_START", 10):
        assert Event(type=given).type is EventType.AGENT_START
        assert QueryFilter(types=[given]).types == [EventType.AGENT_START]
    members = [EventType.ERROR]
    assert QueryFilter(types=members).types is members
    given = "AGENT_STRT"
    with pytest.raises(EncodeError, match=r"Event.type: .*did you mean 'AGENT_START'"):
        Event(type=given)


def test_the_package_says_where_names_are() -> None:
    assert chaukas_spec_lite.Collector is importlib.import_module("chaukas_spec_lite.collector").Collector
    for name, near in [("Client", "ChaukasClient"), ("Exporter", "EventExporter"), ("EventTyp", "EventType")]:
        with pytest.raises(AttributeError, match=f"did you mean '{near}'"):
            getattr(chaukas_spec_lite, name)
        with pytest.raises(ImportError, match=f"cannot import name '{name}' .*; did you mean '{near}'"):
            exec(f"from chaukas_spec_lite import {name}", {})
    with pytest.raises(ImportError, match=r"write from chaukas_spec_lite.files import read_events"):
        exec("from chaukas_spec_lite import read_events", {})
    with pytest.raises(ImportError, match=r"write from chaukas_spec_lite import Event$"):
        exec("import chaukas_spec_lite.Event", {})
    for unknown in ("event", "_Event", "__wrapped__"):  # what may be a module, or is asked for by Python
        assert importlib.util.find_spec(f"chaukas_spec_lite.{unknown}") is None
    for name, module in chaukas_spec_lite._SUBMODULE_NAMES.items():  # pyright: ignore[reportPrivateUsage]
        assert hasattr(importlib.import_module(module), name)


@pytest.mark.parametrize(
    "mistake",
    [
        "EventType.AGENT_STRT",
        "chaukas_spec_lite.Colector",
        "Event().sesion_id",
        "Event(sesion_id='')",
        "Event().is_set('sesion_id')",
        "from chaukas_spec_lite import Colector",
    ],
)
def test_python_itself_names_no_nearest_name_a_second_time(mistake: str) -> None:
    """It does so as it prints a traceback."""
    program = f"import chaukas_spec_lite; from chaukas_spec_lite import *\n{mistake}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=HANG, check=False)
    assert done.stderr.splitlines()[-1].lower().count("did you mean") == 1, done.stderr


def test_completion_lists_fields_and_no_ways_to_make_messages() -> None:
    shown = [name for name in dir(Event()) if not name.startswith("_")]
    assert shown[0] == "agent_handoff"
    assert {"event_id", "to_json", "is_set"} <= set(shown)
    assert not {"FromString", "SerializeToString", "parse"} & set(shown)
    assert "parse" in dir(Event)


def test_rich_shows_what_is_set() -> None:
    assert list(Event(event_id="e1", tags=["a"]).__rich_repr__()) == [("event_id", "e1"), ("tags", ["a"])]


def test_text_of_any_length_is_no_misspelt_name() -> None:
    long = "AGENT_START" * 100_000  # compared with each name, it would take seconds
    with pytest.raises(EncodeError, match=r"^.{,80}\.\.\.; list\(EventType\) shows what there is$"):
        Event(type=long)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert nearest("session_i" + "d" * 200, ["session_id"]) is None
    assert nearest("session_i", ["session_id"]) == "session_id"
