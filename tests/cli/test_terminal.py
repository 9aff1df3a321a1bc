"""Text of events does nothing to a terminal, and takes the room it is given."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from chaukas_spec_lite.cli.terminal import fit
from chaukas_spec_lite.printable import ASCII, Glyphs, cells, cut, glyphs_for, one_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mred\x1b[0m", r"a\x1b[31mred\x1b[0m"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("\x9b31m \x90 \u2028 \x7f", r"\x9b31m \x90 \x7f"),
        ("two\r\n\tlines", "two lines"),
        ("user\u202egpj.exe", r"user\u202egpj.exe"),
        ("\u2066x\u2069\ufeff", r"\u2066x\u2069\ufeff"),
        ("\ud800", r"\ud800"),
        ("e" + "\u0301" * 50, "e" + "\u0301" * 4),
        ("👩\u200d💻 ช่วยแปล שלום", "👩\u200d💻 ช่วยแปล שלום"),
        ("[bold]no markup[/] :smile:", "[bold]no markup[/] :smile:"),
    ],
)
def test_text_is_made_harmless(text: str, shown: str) -> None:
    assert one_line(text) == shown


def test_no_control_character_of_unicode_gets_through() -> None:
    for code in range(sys.maxunicode + 1):
        char = chr(code)
        if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") or unicodedata.bidirectional(char) in (
            *("LRE", "RLE", "LRO", "RLO", "PDF"),
            *("LRI", "RLI", "FSI", "PDI"),
        ):
            assert char == " " or char not in one_line(f"a{char}b"), hex(code)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "cp437", "shift_jis", "cp1255", "utf-8"])
@given(text=st.text(max_size=30), cells=st.integers(0, 40))
def test_text_fits_its_room_and_its_encoding(encoding: str, text: str, cells: int) -> None:
    fitted = fit(one_line(text, encoding), cells, glyphs_for(encoding))
    fitted.encode(encoding)
    assert cell_len(fitted) == cells
    assert "\n" not in fitted


def test_wide_characters_count_twice_and_a_cut_is_marked() -> None:
    assert fit("コードコード", 6, Glyphs()) == "コー… "
    assert fit("abcdef", 4, ASCII) == "abc~"
    assert fit("abc", 5, ASCII) == "abc  "


def test_writing_from_right_to_left_is_isolated() -> None:
    assert fit("שלום", 6, Glyphs()) == "\u2068שלום\u2069  "


@pytest.mark.parametrize(("encoding", "glyphs"), [("utf-8", Glyphs()), ("ascii", ASCII), ("cp437", ASCII)])
def test_glyphs_are_those_that_the_encoding_has(encoding: str, glyphs: Glyphs) -> None:
    assert glyphs_for(encoding) == glyphs


@given(text=st.text(max_size=30), room=st.integers(0, 40))
def test_text_is_cut_to_its_room_without_rich(text: str, room: int) -> None:
    line = one_line(text)
    shortened = cut(line, room, "…")
    assert cells(shortened) <= room
    assert shortened == line if cells(line) <= room else shortened.endswith("…" if room else "")


def test_cells_are_those_that_rich_counts() -> None:
    for text in ["abc", "コード", "e\u0301", "שלום", "ช่วยแปล", "—…•"]:
        assert cells(text) == cell_len(text), text
