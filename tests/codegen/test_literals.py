"""Values of number and string literals."""

from __future__ import annotations

import pytest

from codegen.literals import integer, string


@pytest.mark.parametrize(
    ("literal", "value"), [("0", 0), ("017", 15), ("0x1F", 31), ("-0X1f", -31), ("123", 123), ("00", 0), ("-5", -5)]
)
def test_integer(literal: str, value: int) -> None:
    assert integer(literal) == value


def test_endless_integer_is_beyond_every_limit() -> None:
    assert integer("9" * 100_000) > 2**64
    assert integer("-0x" + "f" * 100_000) < -(2**64)
    assert integer("0" * 100_000 + "7") == 7


@pytest.mark.parametrize(
    ("literals", "value"),
    [
        (['"a"', "'b'"], "ab"),
        ([r'"\a\b\f\n\r\t\v\\\'\"\?"'], "\a\b\f\n\r\t\v\\'\"?"),
        ([r'"\x41\X42\103\7\18"'], "ABC\7\0018"),
        ([r'"\u00e9\U0001F600é"'], "é\U0001f600é"),
        ([r'"\xc3"', r'"\xa9"'], "é"),
        ([r'"\xA\xag"'], "\n\ng"),
        ([r'"a\ud83d\ude00b\uD83D\uDE00\U0000d83d\ude00"'], "a\U0001f600b\U0001f600\U0001f600"),
    ],
)
def test_string(literals: list[str], value: str) -> None:
    assert string(*literals) == value


@pytest.mark.parametrize("literal", [r'"\xff"', r'"\ud800"', r'"\ude00\ud83d"', r'"\U00110000"'])
def test_string_that_is_no_text(literal: str) -> None:
    with pytest.raises(ValueError, match=r"codec can't|chr\(\) arg not in range"):
        string(literal)
