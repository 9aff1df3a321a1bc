"""The bounded tables of what codecs have worked out before."""

from __future__ import annotations

from chaukas_spec_lite import Event
from chaukas_spec_lite.wellknown import struct_readers, writers
from chaukas_spec_lite.wire.memo import Memo


def misses(memo: Memo[int, int], keys: range) -> int:
    """Look keys up as codecs do; count those that have to be worked out."""
    missed = 0
    for key in keys:
        if memo.get(key) is None:
            missed += 1
            memo.remember(key, key)
    return missed


def test_a_few_more_keys_than_fit_cost_only_themselves() -> None:
    """In a table that makes room for each newcomer, every key would be missed in every turn."""
    memo: Memo[int, int] = Memo(100)
    assert misses(memo, range(110)) == 110
    assert [misses(memo, range(110)) for _ in range(5)] == [10] * 5
    assert len(memo) == 100


def test_keys_that_never_come_again_make_way() -> None:
    """Else what came first would fill the table for ever."""
    memo: Memo[int, int] = Memo(100)
    misses(memo, range(100, 200))
    assert [misses(memo, range(50)) for _ in range(4)] == [50, 50, 50, 1]  # 100 are turned away, and the 101st clears
    assert misses(memo, range(50)) == 0


def test_the_tables_of_structs_keep_nearly_all_of_a_few_keys_too_many() -> None:
    """4,200 keys: most of them are found the second time, in both directions."""
    for memo in (writers._KEYS, struct_readers._KEYS, struct_readers._FIELDS):
        memo.clear()
    event = Event(metadata={f"k{number}": number for number in range(4_200)})
    for _ in range(2):
        assert Event.parse(bytes(event)) == event
    assert len(writers._KEYS) == len(struct_readers._KEYS) == 4_096


class AnyKey(str):
    """Text that claims to be the key "victim"."""

    def __hash__(self) -> int:
        return hash("victim")

    def __eq__(self, other: object) -> bool:
        return True


def test_no_key_is_written_for_another() -> None:
    writers._KEYS.clear()
    assert Event.parse(bytes(Event(metadata={AnyKey("other"): 1}))).metadata == {"other": 1}
    assert Event.parse(bytes(Event(metadata={"victim": 1}))).metadata == {"victim": 1}


def test_values_of_a_key_are_remembered_within_bounds() -> None:
    """Each length of a string is another head of its value."""
    for length in range(20_000):
        data = bytes(Event(metadata={"k": "x" * (length % 127), f"k{length}": 0.1 * length}))
        assert Event.parse(data).metadata == {"k": "x" * (length % 127), f"k{length}": 0.1 * length}
    assert 0 < len(struct_readers._FIELDS) <= 8_192
