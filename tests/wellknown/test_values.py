"""NULL, NO_KIND and the carriers of unknown fields."""

from __future__ import annotations

import copy
import dataclasses
import json
import operator
import pickle
import types
from collections.abc import Callable
from typing import Any

import pytest

from chaukas_spec_lite.wellknown.values import (
    NO_KIND,
    NULL,
    Carrier,
    NoKindType,
    NullType,
    UnknownBool,
    UnknownBytes,
    UnknownDict,
    UnknownFloat,
    UnknownInt,
    UnknownList,
    UnknownNoKind,
    UnknownNull,
    UnknownStr,
    carry,
    carry_inner,
    inner_unknown_of,
    plain_of,
    unknown_of,
)

U, V = b"\x38\x01", b"\x38\x02"
PLAIN: list[tuple[Any, type[Carrier]]] = [
    ({"a": 1.0, "b": {"c": None}}, UnknownDict),
    ({}, UnknownDict),
    ([1.0, "x", [None]], UnknownList),
    ([], UnknownList),
    ("text", UnknownStr),
    ("", UnknownStr),
    (b"\x00\xff", UnknownBytes),
    (b"", UnknownBytes),
    (2**63, UnknownInt),
    (0, UnknownInt),
    (1.5, UnknownFloat),
    (-0.0, UnknownFloat),
    (True, UnknownBool),
    (False, UnknownBool),
    (NULL, UnknownNull),
    (NO_KIND, UnknownNoKind),
]
every_kind = pytest.mark.parametrize(("plain", "kind"), PLAIN, ids=lambda value: repr(value)[:30])
COPIES: list[Callable[[Any], Any]] = [copy.copy, copy.deepcopy] + [
    lambda value, protocol=protocol: pickle.loads(pickle.dumps(value, protocol))
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
]


@pytest.mark.parametrize(("value", "kind", "name"), [(NULL, NullType, "NULL"), (NO_KIND, NoKindType, "NO_KIND")])
def test_the_two_singletons(value: Any, kind: type, name: str) -> None:
    assert type(value) is kind
    assert not value
    assert repr(value) == str(value) == f"{value}" == name
    assert value is not None
    assert value != None  # noqa: E711 -- the comparison is what is tested
    assert kind(name) is value
    for make in COPIES:
        assert make(value) is value
        assert make([value])[0] is value
    with pytest.raises(TypeError, match="cannot extend"):
        types.new_class("Derived", (kind,))


def test_null_is_not_no_kind() -> None:
    assert NULL != NO_KIND
    assert len({NULL, NO_KIND, None, False}) == 4


@every_kind
def test_carrying_nothing_changes_nothing(plain: Any, kind: type) -> None:
    assert carry(plain, b"") is plain
    assert unknown_of(plain) == inner_unknown_of(plain) == b""
    assert plain_of(plain) is plain


@every_kind
def test_a_carrier_is_its_plain_value_with_unknown_fields(plain: Any, kind: type) -> None:
    carrier = carry(plain, U)
    assert type(carrier) is kind
    assert unknown_of(carrier) == carrier.unknown == U
    assert inner_unknown_of(carrier) == b""
    assert bool(carrier) is bool(plain)
    assert str(carrier) == f"{carrier}" == str(plain)
    assert type(plain_of(carrier)) is type(plain)
    assert plain_of(carrier) == plain
    assert carry(carrier, b"") is carrier
    assert unknown_of(carry(carrier, V)) == V
    assert unknown_of(carrier) == U
    if kind not in (UnknownBool, UnknownNull, UnknownNoKind):
        assert isinstance(carrier, type(plain))
    if kind not in (UnknownBytes, UnknownBool, UnknownNull, UnknownNoKind):
        assert json.dumps(carrier) == json.dumps(plain)


@every_kind
def test_equality_sees_unknown_fields(plain: Any, kind: type) -> None:
    one, same, other = carry(plain, U), carry(plain, U), carry(plain, V)
    assert one == same
    assert operator.ne(one, same) is False
    for unequal in (other, plain, None, "something else", object()):
        for left, right in ((one, unequal), (unequal, one)):
            assert operator.eq(left, right) is False
            assert operator.ne(left, right) is True
    assert {"k": [one]} == {"k": [same]}
    assert {"k": [one]} != {"k": [plain]}
    assert {"k": [plain]} != {"k": [one]}


@every_kind
def test_equal_carriers_hash_alike(plain: Any, kind: type) -> None:
    if isinstance(plain, (dict, list)):
        with pytest.raises(TypeError, match=f"unhashable type: '{kind.__name__}'"):
            hash(carry(plain, U))
    else:
        assert {carry(plain, U), carry(plain, U)} == {carry(plain, U)}
        assert len({carry(plain, U), carry(plain, V), plain}) == 3


@every_kind
def test_copies_and_pickles_keep_unknown_fields(plain: Any, kind: type) -> None:
    carrier = carry(plain, U)
    for make in COPIES:
        assert type(make(carrier)) is kind
        assert make(carrier) == carrier
        assert make({"k": [carrier]})["k"][0] == carrier
    if isinstance(plain, (dict, list)):
        both = carry(carry_inner(plain, V), U)
        for make in COPIES:
            assert (unknown_of(make(both)), inner_unknown_of(make(both))) == (U, V)
            assert make(both) == both


def test_copies_of_containers_are_as_deep_as_they_say() -> None:
    nested = carry({"k": carry(["x"], U)}, V)
    assert copy.copy(nested)["k"] is nested["k"]
    deep = copy.deepcopy(nested)
    assert deep["k"] is not nested["k"]
    assert unknown_of(deep["k"]) == U
    copied = copy.copy(nested)
    copied["new"] = 1
    assert "new" not in nested


def test_a_struct_within_a_value_carries_both() -> None:
    for plain in ({"a": 1.0}, [1.0]):
        inner = carry_inner(plain, V)
        assert (unknown_of(inner), inner_unknown_of(inner)) == (b"", V)
        both = carry(inner, U)
        assert (unknown_of(both), inner_unknown_of(both)) == (U, V)
        assert carry_inner(carry(plain, U), V) == both
        assert both != inner
        assert both != carry(plain, U)
        assert inner != plain
        assert plain != inner
        assert plain_of(both) == inner
        assert plain_of(inner) == inner
        assert type(plain_of(carry(plain, U))) is type(plain)
        assert carry_inner(plain, b"") is plain
        assert str(both) == str(inner) == str(plain)


def test_null_keeps_an_unknown_number() -> None:
    null = UnknownNull(7)
    assert null.number == 7
    assert carry(null, U) == UnknownNull(7, U)
    assert carry(None, U) == carry(NULL, U) == UnknownNull(0, U)
    assert null != UnknownNull(8)
    assert null != UnknownBool(False)
    assert plain_of(null) is NULL


def test_repr_shows_what_is_carried() -> None:
    assert repr(carry("a", U)) == r"UnknownStr('a', unknown=b'8\x01')"
    assert repr([carry(1, U)]) == r"[UnknownInt(1, unknown=b'8\x01')]"
    assert repr(carry_inner({"a": 1}, U)) == r"UnknownDict({'a': 1}, unknown=b'', inner_unknown=b'8\x01')"
    for stand_in in (UnknownBool(True, U), UnknownNull(7, U), UnknownNoKind(U)):
        assert eval(repr(stand_in)) == stand_in


def test_new_values_are_plain() -> None:
    text, number, share, raw = carry("ab", U), carry(3, U), carry(0.5, U), carry(b"ab", U)
    some, items = carry({"a": 1}, U), carry([1], U)
    for value, kind in [
        (text + "c", str),
        (text.upper(), str),
        (text[:1], str),
        (str(text), str),
        (number + 1, int),
        (-number, int),
        (int(number), int),
        (share * 2, float),
        (float(share), float),
        (raw + b"c", bytes),
        (bytes(raw), bytes),
        (dict(some), dict),
        (some.copy(), dict),
        (some | {"b": 2}, dict),
        (list(items), list),
        (items.copy(), list),
        (items + [2], list),  # noqa: RUF005 -- the operator is what is tested
        (items[:], list),
    ]:
        assert type(value) is kind
    assert [10, 20, 30, 40][number] == 40
    assert f"{number:03} {share:.2f} {text:>3}" == "003 0.50  ab"
    assert sorted([carry("b", U), "a", "c"]) == ["a", carry("b", U), "c"]


def test_containers_can_be_changed() -> None:
    some, items = carry({"a": 1}, U), carry([1], U)
    some["b"] = 2
    items.append(2)
    assert (some, items) == (carry({"a": 1, "b": 2}, U), carry([1, 2], U))


@dataclasses.dataclass
class Holder:
    value: Any


@every_kind
def test_asdict_works(plain: Any, kind: type) -> None:
    inside = dataclasses.asdict(Holder({"k": [carry(plain, U)]}))["value"]["k"][0]
    assert type(inside) is kind
    if isinstance(plain, (dict, list)):
        assert inside == plain  # rebuilt from what is in it
    else:
        assert inside == carry(plain, U)


def test_what_no_wire_value_is_cannot_be_carried() -> None:
    for value in (object(), (1,), bytearray(b"x")):
        with pytest.raises(TypeError, match="cannot carry unknown fields"):
            carry(value, U)
