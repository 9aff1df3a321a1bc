"""The values of ``traceparent``, ``tracestate`` and ``baggage``, as their specifications have them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaukas_spec_lite.trace.w3c import (
    RANDOM,
    SAMPLED,
    BaggageMember,
    TraceParent,
    format_baggage,
    format_tracestate,
    parse_baggage,
    parse_traceparent,
    parse_tracestate,
)

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
VALID = f"00-{TRACE}-{SPAN}-01"


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        (VALID, SAMPLED),
        (f"00-{TRACE}-{SPAN}-00", 0),
        (f"00-{TRACE}-{SPAN}-02", RANDOM),
        (f"00-{TRACE}-{SPAN}-03", SAMPLED | RANDOM),
        (f"00-{TRACE}-{SPAN}-ff", SAMPLED | RANDOM),  # flags without a meaning are not passed on
        (f"00-{TRACE}-{SPAN}-fc", 0),
        (f" \t{VALID}\t ", SAMPLED),
        (f"cc-{TRACE}-{SPAN}-01", SAMPLED),  # a later version
        (f"cc-{TRACE}-{SPAN}-01-what-the-future-brings", SAMPLED),
        (f"fe-{TRACE}-{SPAN}-01-", SAMPLED),
    ],
)
def test_a_valid_traceparent(text: str, flags: int) -> None:
    assert parse_traceparent([text]) == TraceParent(TRACE, SPAN, flags)


@pytest.mark.parametrize(
    "texts",
    [
        [],
        [""],
        [VALID, VALID],
        [f"{VALID},{VALID}"],
        [f"{VALID}-"],
        [f"{VALID}-more"],
        [f"{VALID}."],
        [f"{VALID}\n"],
        [f"cc-{TRACE}-{SPAN}-01.more"],
        [f"ff-{TRACE}-{SPAN}-01"],
        [f"0-{TRACE}-{SPAN}-01"],
        [f"000-{TRACE}-{SPAN}-01"],
        [f".0-{TRACE}-{SPAN}-01"],
        [f"CC-{TRACE}-{SPAN}-01"],
        [f"00-{'0' * 32}-{SPAN}-01"],
        [f"00-{TRACE}-{'0' * 16}-01"],
        [f"00-{TRACE.upper()}-{SPAN}-01"],
        [f"00-{TRACE}-{SPAN.upper()}-01"],
        [f"00-{TRACE[:-1]}.-{SPAN}-01"],
        [f"00-{TRACE}0-{SPAN}-01"],
        [f"00-{TRACE[1:]}-{SPAN}-01"],
        [f"00-{TRACE}-{SPAN}0-01"],
        [f"00-{TRACE}-{SPAN[1:]}-01"],
        [f"00-{TRACE}-{SPAN}-1"],
        [f"00-{TRACE}-{SPAN}-.1"],
        [f"00-{TRACE}-{SPAN}-0A"],
        [f"00-{TRACE}-{SPAN}-001"],
        [f"00-{TRACE}-{SPAN}-0\u0661"],  # a digit, but not one of these
        ["00-" + "\u0660" * 31 + f"1-{SPAN}-01"],
    ],
)
def test_an_invalid_traceparent_counts_as_none(texts: list[str]) -> None:
    assert parse_traceparent(texts) is None


def test_a_traceparent_is_written_in_version_00_without_flags_that_have_no_meaning() -> None:
    assert str(TraceParent(TRACE, SPAN, 0xFF)) == f"00-{TRACE}-{SPAN}-03"
    assert str(TraceParent(TRACE, SPAN)) == VALID


ALL_KEY_CHARACTERS = "0123456789abcdefghijklmnopqrstuvwxyz_-*/@"
ALL_VALUE_CHARACTERS = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) not in ",=") + "~"


@pytest.mark.parametrize(
    ("texts", "members"),
    [
        ([], ""),
        ([""], ""),
        ([" ,\t, ,"], ""),
        (["foo=1"], "foo=1"),
        (["foo=1", ""], "foo=1"),
        (["foo=1,bar=2", "rojo=1,congo=2", "baz=3"], "foo=1,bar=2,rojo=1,congo=2,baz=3"),
        (["foo=1 \t , \t bar=2, \t baz=3\t"], "foo=1,bar=2,baz=3"),
        (["foo=  leading spaces belong to it"], "foo=  leading spaces belong to it"),
        ([f"{ALL_KEY_CHARACTERS}={ALL_VALUE_CHARACTERS}"], f"{ALL_KEY_CHARACTERS}={ALL_VALUE_CHARACTERS}"),
        (["foo@=1,bar=2"], "foo@=1,bar=2"),
        (["foo@@bar=1,foo@bar@baz=2"], "foo@@bar=1,foo@bar@baz=2"),
        ([f"{'z' * 256}=1"], f"{'z' * 256}=1"),
        ([f"z={'1' * 256}"], f"z={'1' * 256}"),
        (["foo=1,foo=2", "foo=3"], "foo=1"),  # the first is the latest
    ],
)
def test_a_valid_tracestate(texts: list[str], members: str) -> None:
    assert ",".join(f"{key}={value}" for key, value in parse_tracestate(texts)) == members


@pytest.mark.parametrize(
    "text",
    [
        "foo",
        "foo=",
        "foo=,bar=3",
        "=1",
        "foo =1",
        "FOO=1",
        "foo.bar=1",
        "@foo=1",
        "_foo=1",
        "foo=bar=baz",
        "foo=b\x7far",
        "foo=b\tar",
        "foo=bär",
        "foo=1\n",
        f"{'z' * 257}=1",
        f"z={'1' * 257}",
    ],
)
def test_one_malformed_member_makes_a_tracestate_void(text: str) -> None:
    assert parse_tracestate([f"first=1,{text}", "last=1"]) == ()


def test_a_tracestate_has_at_most_32_members() -> None:
    members = [f"k{number}=v" for number in range(32)]
    assert len(parse_tracestate([",".join(members[:16]), ",".join(members[16:]), " , "])) == 32
    assert parse_tracestate([",".join(members), "one=more"]) == ()
    # Even if the same one comes again: it is a member of the list.
    assert parse_tracestate([",".join(members), members[0]]) == ()


def test_what_has_no_room_in_a_tracestate_is_left_out_from_the_end_long_members_first() -> None:
    many = [(f"k{number}", "v") for number in range(40)]
    assert parse_tracestate([format_tracestate(many)]) == tuple(many[:32])

    long = [("first", "1" * 122), ("a", "2" * 127), ("b", "3" * 150), ("c", "4" * 100), ("d", "5" * 100)]
    # 128 + 129 + 152 + 102 + 102 and four commas; without `b` it is short enough.
    assert [key for key, _ in parse_tracestate([format_tracestate(long)])] == ["first", "a", "c", "d"]
    short = [(key, "1" * 120) for key in "abcde"]
    assert [key for key, _ in parse_tracestate([format_tracestate(short)])] == ["a", "b", "c", "d"]
    exact = [("a", "1" * 254), ("b", "2" * 253)]
    assert len(format_tracestate(exact)) == 512
    assert format_tracestate([*exact, ("c", "3")]) == f"a={'1' * 254},c=3"
    assert format_tracestate([("a", "1"), ("b", "2"), ("a", "3")]) == "a=1,b=2"
    assert format_tracestate([]) == ""


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([], {}),
        (["", " , "], {}),
        (["userId=alice"], {"userId": "alice"}),
        (["userId =   alice\t", "serverNode = DF%2028, isProduction = false"],
         {"userId": "alice", "serverNode": "DF 28", "isProduction": "false"}),
        (["userId=Am%C3%A9lie"], {"userId": "Amélie"}),
        (["a=%FF%zz%"], {"a": "\ufffd%zz%"}),
        (["a=1+1=2"], {"a": "1+1=2"}),
        (["a="], {"a": ""}),
        (["key1=value1;property1;property2, key2 = value2, key3=value3; propertyKey=propertyValue"],
         {"key1": "value1", "key2": "value2", "key3": "value3"}),
        (["!#$%&'*+-.^_`|~09azAZ=1"], {"!#$%&'*+-.^_`|~09azAZ": "1"}),
        # What is malformed costs only itself.
        (['no, =1, a b=1, a=b c, a="b", a=\\, ä=1, a=ä, (=1, a=1;, a=1;=2, a=1;p=\x7f, good=1'], {"good": "1"}),
    ],
)  # fmt: skip
def test_baggage(texts: list[str], expected: dict[str, str]) -> None:
    assert {member.key: member.decoded for member in parse_baggage(texts)} == expected


def test_baggage_is_passed_on_as_it_came() -> None:
    text = "key1 = value1 ;property1; p2 = %C3%A9,key1=again,key3=a=b"
    assert format_baggage(parse_baggage([text])) == text


def test_baggage_has_at_most_64_members_and_8192_bytes_and_no_part_of_a_member() -> None:
    def member(key: str, size: int) -> BaggageMember:
        return BaggageMember(key, "", f"{key}={'v' * (size - len(key) - 1)}")

    assert format_baggage([member(f"k{number}", 9) for number in range(70)]).count(",") == 63
    exact = [member("a", 4095), member("b", 4096)]
    assert len(format_baggage(exact)) == 8192
    assert format_baggage([*exact, member("c", 2)]) == format_baggage(exact)
    assert format_baggage([member("a", 8193), member("b", 8192)]) == member("b", 8192).text
    # One that is too large does not keep out those behind it.
    assert format_baggage([member("a", 8000), member("b", 500), member("c", 100)]).endswith(member("c", 100).text)
    assert format_baggage([]) == ""


ODD = st.one_of(
    st.text(max_size=80),
    st.text(alphabet="0123456789abcdef-", max_size=60),
    st.text(alphabet="ab=,; \t%@*1\x7f", max_size=60),
)


@given(st.lists(ODD, max_size=3))
def test_no_text_raises_and_what_is_read_can_be_written_and_read_again(texts: list[str]) -> None:
    parent = parse_traceparent(texts)
    assert parent is None or parse_traceparent([str(parent)]) == parent
    state = parse_tracestate(texts)
    assert parse_tracestate([format_tracestate(state)]) == state
    baggage = parse_baggage(texts)
    assert parse_baggage([format_baggage(baggage)]) == baggage


@pytest.mark.parametrize(
    "text", ["a=" + " " * 200_000 + "\x00", "a=1;" + "\t" * 200_000 + ";", "," * 200_000, "-" * 200_000]
)
def test_reading_takes_time_in_proportion_to_the_length(text: str) -> None:
    """With an expression that goes back, one of these takes minutes; the bound of all tests would end it."""
    assert parse_traceparent([text]) is None
    assert parse_tracestate([text]) == ()
    assert parse_baggage([text]) == ()
