"""What is deprecated warns when a program names it, at the program's line; never while decoding, copying or importing.

Warnings are errors in tests, so whatever is outside of `warns` gives no warning.
"""

from __future__ import annotations

import copy
import dataclasses
import io
import pickle
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.generated import generate

ROOTS = (Path(__file__).parent / "protos",)


@pytest.fixture(scope="module")
def v1() -> Any:
    return generate(("deprecated.proto",), ROOTS).deprecated  # which imports it


@contextmanager
def warns(*texts: str) -> Iterator[None]:
    """Expect exactly these deprecations, all from the line that is run inside."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    assert [str(each.message) for each in caught] == [f"{text} is deprecated" for text in texts]
    for each in caught:
        assert each.category is DeprecationWarning
        assert each.filename == __file__


VALUES = {
    "text": "x",
    "number": 1,
    "real": 0.5,
    "flag": True,
    "data": b"x",
    "kind": 1,
    "list": ["x"],
    "map": {"x": 1},
    "maybe": 0,
    "one": "",
}


@pytest.mark.parametrize("name", VALUES)
def test_a_value_for_a_deprecated_field_warns(v1: Any, name: str) -> None:
    with warns(f"Holder.{name}"):
        v1.Holder(**{name: VALUES[name]})


def test_each_deprecated_field_warns(v1: Any) -> None:
    with warns("Holder.text", "Holder.number"):
        v1.Holder(text="x", number=1, other="fine")


def test_no_value_warns_of_nothing(v1: Any) -> None:
    v1.Holder()
    v1.Holder(**{field.name: None for field in dataclasses.fields(v1.Holder)})
    v1.Holder(other="x", fine_kind=1)


ZEROS = {"text": "", "number": 0, "real": 0.0, "flag": False, "data": b"", "kind": 0, "list": [], "map": {}}


@pytest.mark.parametrize("name", ZEROS)
def test_a_zero_that_is_given_warns_too(v1: Any, name: str) -> None:
    with warns(f"Holder.{name}"):
        message = v1.Holder(**{name: ZEROS[name]})
    assert message == v1.Holder()
    assert getattr(message, name) == ZEROS[name]


def test_replace_does_not_warn_of_what_it_hands_over(v1: Any, full: Any) -> None:
    """Nor of what a program gives it: the constructor cannot tell one from the other."""
    full._unknown_fields = b"\xa0\x06\x01"
    again = dataclasses.replace(full, fine_kind=v1.Kind(1))
    full.fine_kind = v1.Kind(1)
    assert again == full
    assert dataclasses.replace(v1.Old(), a="x").a == "x"


def test_a_deprecated_message_warns_when_it_is_given_a_value(v1: Any) -> None:
    v1.Old()
    v1.Old(a=None, b=None, c=None)
    with warns("Old"):
        v1.Old(a="")
    with warns("Old"):
        v1.Old(a="x")
    with warns("Old"):
        v1.Old(b=[])
    with warns("Old"):
        v1.Old(c=v1.Old())
    with warns("Holder.old"):
        v1.Holder(old=v1.Old())
    v1.Holder(fine_old=v1.Old())


@pytest.mark.parametrize("name", ["ZERO", "KIND_ZERO", "OLD", "KIND_OLD"])
def test_looking_up_a_deprecated_member_by_name_warns(v1: Any, name: str) -> None:
    number = 0 if "ZERO" in name else 2
    lookups: list[Callable[[], Any]] = [
        lambda: getattr(v1.Kind, name),
        lambda: v1.Kind[name],
        lambda: v1.Kind.from_string(name),
    ]
    for look_up in lookups:
        with warns(f"Kind.{name}"):
            found = look_up()
        assert found is v1.Kind(number)


def test_the_attribute_as_programs_write_it(v1: Any) -> None:
    with warns("Kind.OLD"):
        assert v1.Kind.OLD == 2


def test_other_members_do_not_warn(v1: Any) -> None:
    assert v1.Kind.NEW is v1.Kind["NEW"] is v1.Kind.from_string("KIND_NEW") is v1.Kind(1) is v1.KIND_NEW
    assert v1.Verbatim.RIGHT is v1.Verbatim(1)
    with warns("Verbatim.LEFT"):
        assert v1.Verbatim.LEFT is v1.Verbatim.RIGHT


def test_the_constants_of_the_module_warn_too(v1: Any) -> None:
    with warns("KIND_OLD"):
        assert v1.KIND_OLD is v1.Kind(2)
    with warns("KIND_ZERO"):
        exec(compile(f"from {v1.__name__} import KIND_ZERO", __file__, "exec"), found := {"__name__": "x"})
    assert found["KIND_ZERO"] is v1.Kind(0)
    with pytest.raises(AttributeError, match=r"^module '.*\.deprecated' has no attribute 'KIND_NEU'$"):
        v1.KIND_NEU  # noqa: B018  # the look-up is what is tested


def test_what_does_not_name_a_member_does_not_warn(v1: Any) -> None:
    old = v1.Kind(2)
    assert list(v1.Kind) == [0, 1, 2]
    assert len(v1.Kind) == 3
    assert old in v1.Kind
    assert [*v1.Kind.__members__] == ["ZERO", "NEW", "OLD", "KIND_ZERO", "KIND_NEW", "KIND_OLD"]
    assert (repr(old), str(old), old.name, old.value) == ("<Kind.OLD: 2>", "OLD", "OLD", 2)
    assert v1.Kind(7).value == 7
    assert hash(old) == hash(2)
    assert old.proto_name == "KIND_OLD"
    for copied in (copy.copy(old), copy.deepcopy(old), pickle.loads(pickle.dumps(old))):
        assert copied is old
    for unknown in (copy.deepcopy(v1.Kind(7)), pickle.loads(pickle.dumps(v1.Kind(7)))):
        assert type(unknown) is v1.Kind
        assert unknown == 7


def test_a_name_that_is_none_is_refused(v1: Any) -> None:
    with pytest.raises(KeyError, match="NEU"):
        v1.Kind["NEU"]
    with pytest.raises(AttributeError, match="NEU"):
        v1.Kind.NEU  # noqa: B018  # the look-up is what is tested
    with pytest.raises(ValueError, match="Kind has no value 'NEU'; did you mean 'NEW'"):
        v1.Kind.from_string("NEU")


@pytest.fixture
def full(v1: Any) -> Any:
    """A message whose every deprecated field is set, by assignment, which is a plain store."""
    message = v1.Holder()
    for name, value in VALUES.items():
        setattr(message, name, value)
    message.kind = v1.Kind(2)
    message.map = {"x": v1.Kind(2)}
    message.old = v1.Old()
    message.old.a = "x"
    return message


def test_decoding_and_copying_do_not_warn(v1: Any, full: Any) -> None:
    data = bytes(full)
    assert v1.Holder.parse(data) == full
    assert v1.Holder.parse(data + bytes(full)) is not None  # each field twice: the exact decoder
    assert v1.Holder().load(io.BytesIO(data)) == full
    for copied in (copy.copy(full), copy.deepcopy(full), pickle.loads(pickle.dumps(full))):
        assert copied == full
    assert "Kind.OLD" in repr(full)
    assert full == v1.Holder.parse(data)
    assert full.is_set("text")


def test_json_does_not_warn(v1: Any, full: Any) -> None:
    text = full.to_json()
    assert "KIND_OLD" in text
    assert v1.Holder.from_json(text) == full
    assert v1.Holder.from_dict(full.to_dict()) == full
