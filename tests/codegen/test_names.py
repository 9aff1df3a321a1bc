"""Python names for schema names: allowed, no two the same, kept where possible; and a schema full of nasty ones."""

from __future__ import annotations

import builtins
import enum
import keyword
import pickle
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import betterproto2
import pytest
from google.protobuf.message import Message as ReferenceMessage
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chaukas_spec_lite.message.message import Message as BaseMessage
from chaukas_spec_lite.wire.fields import fields_of
from codegen.model import Enum, EnumValue, File, Message, Position
from codegen.names import BUILTINS, LOCALS, assign, member_names, module_names, snake_case
from codegen.targets import Target
from codegen.writer import WIDTH
from tests.codegen.snippets import load_text
from tests.generated import classes, generate, schema
from tests.reference import reference_class
from tests.strategies import messages, reference_message

ROOTS = (Path(__file__).parent / "protos" / "names",)
FILES = ("nasty.proto", "folder_with_dots.proto", "folder-with-dots.proto", "folder-with.dots/class.proto")
NOWHERE = Position("t.proto", 1, 1)

_special = st.sampled_from(["None", "class", "_", "__", "_1", "__init__", "x_", "x", "_x", "__x", "_x_", "name", "str"])
identifiers = _special | st.from_regex(r"\A[a-cA-C_][a-cA-C_0-9]{0,4}\Z")


@given(st.lists(identifiers, unique=True), st.sets(identifiers))
def test_assigned_names_are_allowed_distinct_and_kept_where_possible(wanted: list[str], taken: set[str]) -> None:
    names = assign([(name, name) for name in wanted], taken)

    assert set(names) == set(wanted)
    assert len(set(names.values())) == len(wanted)
    for schema_name, name in names.items():
        assert name.isidentifier()
        assert not keyword.iskeyword(name)
        assert not name.startswith("_")
        assert name not in taken
        good = not schema_name.startswith("_") and not keyword.iskeyword(schema_name) and schema_name not in taken
        assert (name == schema_name) == good


@given(st.lists(identifiers, unique=True))
def test_a_name_does_not_depend_on_the_order_of_those_that_are_kept(wanted: list[str]) -> None:
    good = [name for name in wanted if not name.startswith("_") and not keyword.iskeyword(name)]
    changed = [name for name in wanted if name not in good]

    one = assign([(name, name) for name in [*good, *changed]], ())
    other = assign([(name, name) for name in [*changed, *reversed(good)]], ())

    assert one == other


def test_names_by_example() -> None:
    wanted = ["class", "_class", "class_", "__mangled", "_1", "_", "taken", "fine"]

    assert assign([(name, name) for name in wanted], {"taken"}) == {
        "class": "class__",
        "_class": "class___",
        "class_": "class_",
        "__mangled": "mangled_",
        "_1": "x1_",
        "_": "x_",
        "taken": "taken_",
        "fine": "fine",
    }


@pytest.mark.parametrize(
    ("name", "snake"),
    [
        ("IngestEvent", "ingest_event"),
        ("GetHTTP2", "get_http2"),
        ("HTTPServer", "http_server"),
        ("already_snake", "already_snake"),
        ("MCPCall", "mcp_call"),
        ("A", "a"),
        ("", ""),
    ],
)
def test_snake_case(name: str, snake: str) -> None:
    assert snake_case(name) == snake


def make_enum(name: str, *values: str) -> Enum:
    return Enum(name, name, tuple(EnumValue(value, n, "") for n, value in enumerate(values)), "", NOWHERE)


@given(
    st.sampled_from(["Kind", "_K"]), st.lists(identifiers | identifiers.map("KIND_{}".format), unique=True, min_size=1)
)
@example("Kind", ["KIND_A", "A"])
@example("Kind", ["KIND_KIND_A", "KIND_A"])
@example("_K", ["_K_A"])
def test_members_are_distinct_and_python_accepts_them(name: str, values: list[str]) -> None:
    names = member_names(make_enum(name, *values))
    members = [*names.short.values(), *names.full.values()]

    assert set(names.short) == set(values)
    assert len(set(members)) == len(members)
    made = enum.IntEnum("Made", [(member, n) for n, member in enumerate(members)])
    assert list(made.__members__) == members


def test_prefixes_go_all_or_none() -> None:
    assert member_names(make_enum("EventType", "EVENT_TYPE_A", "EVENT_TYPE_B")).short["EVENT_TYPE_A"] == "A"
    assert member_names(make_enum("EventType", "EVENT_TYPE_A", "OTHER")).short["EVENT_TYPE_A"] == "EVENT_TYPE_A"
    for bad in ("1", "None", "value", "_x", "str", "real", "from_string"):
        names = member_names(make_enum("EventType", f"EVENT_TYPE_{bad}"))
        assert (names.short, names.full) == ({f"EVENT_TYPE_{bad}": f"EVENT_TYPE_{bad}"}, {})


def test_nothing_that_an_enum_has_can_be_a_member() -> None:
    class Empty(betterproto2.Enum):
        pass

    for name in {*dir(int), *dir(Empty), *dir(enum.IntEnum)} - {""}:
        if not name.startswith("_"):
            assert member_names(make_enum("E", name)).short[name] == f"{name}_"


@given(st.dictionaries(identifiers, st.lists(identifiers, unique=True, max_size=3), min_size=1, max_size=5))
def test_classes_are_distinct_and_top_level_ones_keep_their_names(nesting: dict[str, list[str]]) -> None:
    def make(name: str, full_name: str, *inner: Message) -> Message:
        return Message(name, full_name, (), (), inner, (), "", NOWHERE)

    top = tuple(make(name, name, *(make(n, f"{name}.{n}") for n in inner)) for name, inner in nesting.items())
    names = module_names(File("t.proto", "", (), top, (), (), "")).classes

    assert len(set(names.values())) == len(names) == len(nesting) + sum(map(len, nesting.values()))
    for name in nesting:
        kept = not name.startswith("_") and not keyword.iskeyword(name) and name not in BUILTINS | LOCALS
        assert (names[name] == name) == kept


def test_the_list_of_builtins_is_complete() -> None:
    here = {name for name in dir(builtins) if not name.startswith("_") and not keyword.iskeyword(name)}
    assert here - BUILTINS == set()


def modules(tmp_path: Path, *paths: str, service: str = "") -> dict[str, str]:
    others = {path.removesuffix(".proto"): "" for path in paths}
    for number, path in enumerate(others):
        others[path] = f"package p{number}; message M {{}} " + ("service S {}" if path == service else "")
    text = 'syntax = "proto3";' + "".join(f'import "{path}";' for path in paths)
    places = Target().filled(load_text(tmp_path, text, **others)).modules
    return {path: places[path].as_posix() for path in paths}


def test_modules_are_distinct(tmp_path: Path) -> None:
    paths = ("a-b.proto", "a_b.proto", "class.proto", "1.proto", "f.proto", "f/x.proto", "__init__.proto", "g-/x.proto")
    assert modules(tmp_path, *paths) == {
        "a-b.proto": "a_b_.py",
        "a_b.proto": "a_b.py",
        "class.proto": "class_.py",
        "1.proto": "_1.py",
        "f.proto": "f_.py",  # a package of that name would hide it
        "f/x.proto": "f/x.py",
        "__init__.proto": "__init___.py",
        "g-/x.proto": "g_/x.py",
    }


def test_a_module_of_services_does_not_meet_another_module(tmp_path: Path) -> None:
    placed = modules(tmp_path, "a.proto", "a_grpc.proto", service="a")
    assert placed == {"a.proto": "a.py", "a_grpc.proto": "a_grpc_.py"}


def test_a_module_of_codecs_does_not_meet_another_module(tmp_path: Path) -> None:
    placed = modules(tmp_path, "a.proto", "_a_codec.proto")
    assert placed == {"a.proto": "a_.py", "_a_codec.proto": "_a_codec.py"}


@pytest.fixture(scope="module")
def package() -> ModuleType:
    return generate(FILES, ROOTS)


@pytest.fixture(scope="module")
def nasty(package: ModuleType) -> Any:
    return package.nasty


def test_nasty_messages_go_both_ways(package: ModuleType) -> None:
    found = classes(package)
    assert found.keys() == {name for name in schema(FILES, ROOTS).messages if not name.startswith("google.")}
    for full_name, cls in found.items():
        round_trip(cls, reference_class(schema(FILES, ROOTS), full_name))


def round_trip(cls: type[BaseMessage], reference: type[ReferenceMessage]) -> None:
    @settings(max_examples=40)
    @given(messages(cls))
    def check(message: BaseMessage) -> None:
        data = reference_message(message, reference()).SerializeToString(deterministic=True)

        assert reference.FromString(bytes(message)).SerializeToString(deterministic=True) == data
        assert bytes(cls.parse(data)) == bytes(message)
        assert pickle.loads(pickle.dumps(message)) == message

    check()


def test_field_names(nasty: Any) -> None:
    names = {field.proto_name: field.name for field in fields_of(nasty.Fields)}

    changed = {schema_name: name for schema_name, name in names.items() if name != schema_name}
    assert changed == {
        "class": "class_",
        "None": "None_",
        "_class": "class__",
        "__mangled": "mangled_",
        "__init__": "init___",
        "_unknown_fields": "unknown_fields_",
        "_full_name": "full_name_",
        "_": "x_",
        "_1": "x1__",
        "self": "self_",
        "misspelt": "misspelt_",
        "parse": "parse_",
        "to_dict": "to_dict_",
        "is_set": "is_set_",
        "dump": "dump_",
        "_self": "self__",
    }
    message = nasty.Fields(**{name: schema_name for schema_name, name in names.items()})
    reference = reference_class(schema(FILES, ROOTS), "Fields").FromString(bytes(message))
    assert {field.name: value for field, value in reference.ListFields()} == {name: name for name in names}


def test_class_names(package: ModuleType, nasty: Any) -> None:
    by_full_name = {full_name: cls.__name__ for full_name, cls in classes(package).items()}

    assert by_full_name["A.B"] == "AB__"  # AB_ is a value
    assert by_full_name["AB"] == "AB"
    assert by_full_name["A._B"] == "A_B"
    assert by_full_name["_Private"] == "Private_"
    assert by_full_name["Exception"] == "Exception_"
    assert by_full_name["class"] == "class_"
    assert (nasty.AE.__name__, nasty.AE_.__name__) == ("AE", "AE_")


def test_members_and_constants(nasty: Any) -> None:
    names = (
        "AB_ str_ field True_ encode_AB_ name_ value_ mro_ real_ x__ y_ z___ x_ deprecated_members_ from_string_ A_B_C"
    )
    assert " ".join(member.name for member in nasty.Values) == names
    assert nasty.Values.from_string("True") is nasty.Values.True_ is nasty.True_
    assert nasty.Values.from_string("str") is nasty.Values(1)
    assert nasty.Alias.NIL is nasty.Alias.ZERO is nasty.ALIAS_NIL
    assert nasty.Alias.ALIAS_BELOW is nasty.Alias.MINUS == -5
    assert nasty.Version.VERSION_2 == 1
    assert {"AB__", "str_", "field", "True_"} <= {*vars(nasty)}


def test_long_names_make_no_long_lines(tmp_path: Path) -> None:
    long = "a_name_of_sixty_characters_as_generated_schemas_may_have_them"
    fields = [
        f"repeated string {long}_texts = 1;",
        f"repeated Kind {long}_kinds = 2;",
        f"map<string, int32> {long}_numbers = 3;",
        f"map<string, Kind> {long}_kinds_by_name = 4;",
    ]
    (tmp_path / "long.proto").write_text(
        f'syntax = "proto3"; package long; enum Kind {{ ZERO = 0; ONE = 1; }} message Long {{ {" ".join(fields)} }}'
    )
    package = generate(("long.proto",), (tmp_path,))
    assert package.__file__ is not None
    lines = [line for path in Path(package.__file__).parent.rglob("*.py") for line in path.read_text().splitlines()]
    assert [line for line in lines if len(line) > WIDTH and max(map(len, line.split())) <= 75] == []

    found = classes(package)
    cls, kind = found["long.Long"], vars(sys.modules[found["long.Long"].__module__])["Kind"]
    names = [each.name for each in fields_of(cls)]
    assert [getattr(cls(), name) for name in names] == [[], [], {}, {}]
    given: list[Any] = [["a"], [kind.ONE], {"a": 1}, {"a": kind.ONE}]
    made = cls(**dict(zip(names, given, strict=True)))
    assert all(getattr(made, name) is value for name, value in zip(names[::2], given[::2], strict=True))
    assert made == cls(**dict(zip(names, [("a",), ("ONE",), {"a": 1}, {"a": 1}], strict=True)))
    assert cls.parse(bytes(made)) == made
