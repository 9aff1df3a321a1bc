"""Headers that are remembered: whatever comes, the bytes and the headers are those of hpack."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from hpack import Decoder, Encoder, HeaderTuple, HPACKDecodingError, NeverIndexedHeaderTuple
from hypothesis import given
from hypothesis import strategies as st

from chaukas_spec_lite.rpc.transport.headers import (
    RedactedDecoder,
    RedactedEncoder,
    RememberingDecoder,
    RememberingEncoder,
)

NAMES = st.sampled_from([b":status", b"te", b"grpc-status", b"x"])
VALUES = st.sampled_from([b"200", b"0", b"trailers", b"y" * 40])
KINDS = st.sampled_from([HeaderTuple, NeverIndexedHeaderTuple])
BLOCKS = st.lists(st.builds(lambda kind, name, value: kind(name, value), KINDS, NAMES, VALUES), max_size=3)
SIZES = st.sampled_from([None, None, None, 0, 40, 120, 4096])
FEW = st.sampled_from([[(b"x", b"y")], [(b"te", b"trailers")], [(b"x", b"z" * 30), (b"te", b"trailers")]])
STEPS = st.lists(st.tuples(SIZES, st.one_of(BLOCKS, FEW)), max_size=30)
HEADERS = [(b":status", b"200"), (b"x", b"y")]


@given(STEPS)
def test_they_are_what_hpack_makes_of_them(steps: list[tuple[int | None, list[HeaderTuple]]]) -> None:
    encoder, plain_encoder = RememberingEncoder(), Encoder()
    decoder, plain_decoder = RememberingDecoder(), Decoder()
    for size, headers in steps:
        if size is not None:
            encoder.header_table_size = plain_encoder.header_table_size = size
        data = encoder.encode(headers)
        assert data == plain_encoder.encode(headers)
        found = decoder.decode(data, raw=True)
        plain = list(plain_decoder.decode(data, raw=True))
        assert found == plain == headers
        assert list(map(type, found)) == list(map(type, plain))


RESIZINGS = st.lists(st.sampled_from([0, 40, 50, 120, 4096]), max_size=3)


@given(st.lists(st.tuples(RESIZINGS, st.one_of(BLOCKS, FEW)), max_size=30))
def test_sizes_that_are_set_several_times_between_two_blocks(steps: list[tuple[list[int], list[HeaderTuple]]]) -> None:
    """A table that shrinks and grows again has lost entries, though neither its size nor its newest entry says so."""
    encoder, decoder, plain_decoder = RememberingEncoder(), RememberingDecoder(), Decoder()
    for sizes, headers in steps:
        for size in sizes:
            encoder.header_table_size = size
        block = encoder.encode(headers)
        assert decoder.decode(block, raw=True) == list(plain_decoder.decode(block, raw=True)) == headers


def test_a_size_is_told_though_it_is_set_twice() -> None:
    encoder, decoder = RememberingEncoder(), Decoder()
    decoder.decode(encoder.encode(HEADERS))
    for size in (100, 100):
        encoder.header_table_size = size
    decoder.max_allowed_table_size = 100
    assert decoder.decode(encoder.encode(HEADERS), raw=True) == HEADERS
    for size in range(10_000):
        encoder.header_table_size = size
    decoder.max_allowed_table_size = 9_999
    block = encoder.encode(HEADERS)
    assert len(block) < 300, "each of them was told"
    assert decoder.decode(block, raw=True) == HEADERS


def test_repetitions_are_not_worked_out_again() -> None:
    encoder, decoder = RememberingEncoder(), RememberingDecoder()
    blocks = [encoder.encode(HEADERS) for _ in range(4)]
    assert blocks[0] != blocks[1], "the first one puts a header into the table"
    assert blocks[1] is blocks[2]
    assert blocks[1] is blocks[3]
    lists = [decoder.decode(block) for block in blocks]
    assert lists[0] == lists[3]
    lists[3].clear()
    assert decoder.decode(blocks[3]) == lists[0], "who gets a list may change it"


def test_nothing_is_remembered_from_before_a_header_was_added() -> None:
    """Wrong, it would send one call's headers with another one, or read an error's status as that of a success."""
    one, other = [(b"x", b"y")], [(b"te", b"trailers")]
    encoder, plain_encoder, decoder = RememberingEncoder(), Encoder(), RememberingDecoder()
    for headers in (one, one, one, other, one, one, other, other):
        block = encoder.encode(headers)
        assert block == plain_encoder.encode(headers)
        assert decoder.decode(block, raw=True) == headers


def test_what_is_known_is_known_as_text() -> None:
    encoder, decoder = RememberingEncoder(), RememberingDecoder()
    text = [(":status", "200"), NeverIndexedHeaderTuple("x", "y")]
    assert encoder.known(text) is None
    block = encoder.encode([(b":status", b"200"), NeverIndexedHeaderTuple(b"x", b"y")])
    assert encoder.known(text) == encoder.known(text) == block
    assert encoder.known([(":status", "200"), HeaderTuple("x", "y")]) is None, "this one may be indexed"
    assert decoder.known(block) is None
    decoder.decode(block, raw=True)
    for _ in range(2):
        found = decoder.known(block)
        assert found == text
        assert [type(header) for header in found] == [HeaderTuple, NeverIndexedHeaderTuple]
    for odd in [(b"content-length", b"5")], [(b":status", b"103")]:
        block = encoder.encode(odd)
        for _ in range(2):
            decoder.decode(block, raw=True)
            block = encoder.encode(odd)
        assert decoder.known(block) is None


@pytest.mark.parametrize(
    ("encoders", "decoders"), [(RememberingEncoder, RememberingDecoder), (RedactedEncoder, RedactedDecoder)]
)
def test_nothing_of_them_is_logged(encoders: Any, decoders: Any, caplog: pytest.LogCaptureFixture) -> None:
    """hpack's decoder logs all of them; a client of another kind may not have marked any."""
    caplog.set_level(logging.DEBUG)
    encoder, decoder, other = encoders(), decoders(), Encoder()
    secret = (b"authorization", b"Bearer sesame")
    for headers in ([secret], [NeverIndexedHeaderTuple(*secret)]):
        for huffman in (True, False):
            assert decoder.decode(encoder.encode(headers, huffman), raw=True) == headers
    with pytest.raises(HPACKDecodingError) as caught:
        decoder.decode(b"\0\xff\xff\xff\xff\xff\xff\xff" + secret[1])
    assert "sesame" not in str(caught.value)
    assert caught.value.__suppress_context__
    assert not [record for record in caplog.records if record.name.startswith("hpack")]
    other.encode([(b"of", b"others")])
    assert "others" in caplog.text, "hpack logs nothing for others either"


def test_memory_is_bounded() -> None:
    encoder, decoder = RememberingEncoder(), RememberingDecoder()
    for number in range(500):
        secret = NeverIndexedHeaderTuple(b"x", str(number).encode() * (number % 2 * 300 + 1))
        assert decoder.decode(encoder.encode([secret]), raw=True) == [secret]
        assert len(encoder._memory._known) < 70
        assert len(decoder._memory._known) < 70
