"""Classes and codecs stand in two modules, which ``attach`` connects."""

from __future__ import annotations

import ast
import importlib
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest

from chaukas_spec_lite.message.message import Message, attach
from chaukas_spec_lite.spec.common.v1 import _events_codec, events
from chaukas_spec_lite.spec.google.protobuf import any as any_module
from chaukas_spec_lite.wire.fields import fields_of
from tests.generated import classes, generate


@dataclass(init=False, eq=False, repr=False, slots=True)
class Lonely(Message):
    """Like a generated class, but nobody attaches its codec."""

    _full_name = "test.Lonely"

    def __init__(self) -> None:
        self._unknown_fields = b""


def test_a_class_without_its_codec_says_so() -> None:
    said = r"Lonely has no codec: the module that declares it has not called attach"
    with pytest.raises(TypeError, match=said):
        bytes(Lonely())
    with pytest.raises(TypeError, match=said):
        Lonely.parse(b"")


def test_attach_puts_classes_into_the_codecs_and_codecs_onto_the_classes() -> None:
    codecs: Any = ModuleType("_lonely_codec")
    made: list[object] = []
    codecs._make_tables = lambda: made.append(codecs.Lonely)
    codecs._encode_Lonely = lambda message, depth: f"{type(message).__name__} {depth}"
    codecs._decode_Lonely = lambda data, depth: (data, depth)
    cls = type("Lonely", (Lonely,), {"__slots__": ()})

    attach(codecs, cls, events.EventType, Other=events.Event)

    assert (codecs.Lonely, codecs.EventType, codecs.Other) == (cls, events.EventType, events.Event)
    assert made == [cls], "tables are made when the classes are there"
    assert cls()._encode(3) == "Lonely 3"
    assert cls._decode(b"x", 3) == (b"x", 3)
    assert cls()._decode(b"x", 3) == (b"x", 3)
    assert events.Event._encode is not codecs._encode_Lonely


def test_a_module_of_classes_holds_no_functions_and_one_of_codecs_no_classes() -> None:
    modules = [events, any_module, importlib.import_module(classes(generate())["everything.v1.Everything"].__module__)]
    for module in modules:
        *path, stem = module.__name__.split(".")
        codecs = importlib.import_module(".".join([*path, f"_{stem}_codec"]))
        assert not [node for node in _tree(module).body if isinstance(node, ast.FunctionDef)]
        assert not [node for node in ast.walk(_tree(codecs)) if isinstance(node, ast.ClassDef)]


def _tree(module: ModuleType) -> ast.Module:
    assert module.__file__ is not None
    with open(module.__file__, encoding="utf-8") as source:
        return ast.parse(source.read())


def test_constructors_and_decoders_assign_the_zero_that_encoders_compare_with() -> None:
    """By identity, which is quicker than any other test; a zero of another module would take the slow way."""
    checked = 0
    for cls in (events.CostDetails, events.EventBatch, events.LLMInvocation, events.ToolResponse):
        for field in fields_of(cls):
            if field.kind in ("float", "double") and not field.has_presence:
                assert getattr(cls(), field.name) is _events_codec._zero_float
                assert getattr(cls.parse(b""), field.name) is _events_codec._zero_float
                checked += 1
    assert checked > 3


def test_codecs_call_the_codecs_of_other_files_directly() -> None:
    any_codec = importlib.import_module(f"{any_module.__name__.rpartition('.')[0]}._any_codec")
    assert _events_codec._encode_Any is any_codec._encode_Any
    assert _events_codec._decode_Any is any_codec._decode_Any
