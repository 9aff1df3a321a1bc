"""Messages of other implementations and encoded ones are taken; what they are typed as is what their stubs say."""

import asyncio
from typing import Any, ClassVar

from typing_extensions import assert_type

from chaukas_spec_lite import BlockingChaukasClient, BlockingExporter, Emitted, Event, EventBatch, EventExporter
from chaukas_spec_lite.message.official import BufMessage, EncodedMessage, OfficialMessage


class Descriptor:
    full_name = "chaukas.spec.common.v1.Event"


class Official:
    """As types-protobuf declares messages."""

    DESCRIPTOR: Descriptor = Descriptor()

    def SerializeToString(self, *, deterministic: bool = False) -> bytes:
        return b"\x0a\x02e1"


class Generated(Official):
    """As other generators of stubs do."""

    DESCRIPTOR: ClassVar[Descriptor] = Descriptor()  # type: ignore[misc]  # pyright: ignore[reportIncompatibleVariableOverride]


class Buf:
    """As protobuf-py declares them."""

    type_name = "chaukas.spec.common.v1.Event"

    def to_binary(self, *, write_unknown_fields: bool = True) -> bytes:
        return b"\x0a\x02e1"

    @classmethod
    def desc(cls) -> Any:
        return cls


official: OfficialMessage = Official()
buf: BufMessage = Buf()
given: list[EncodedMessage] = [official, buf, b"\x0a\x02e1", bytearray(), memoryview(b"")]
for each in given[:3]:
    assert_type(Event.parse(each), Event)


class Sender:
    async def send(self, encoded_events: object, /) -> None:
        pass


async def record() -> None:
    async with EventExporter(Sender()) as exporter:
        assert_type(exporter.emit(Official()), Emitted)
        exporter.emit(Buf())
        exporter.emit(b"\x0a\x02e1")


asyncio.run(record())
with BlockingExporter(Sender()) as blocking:
    blocking.emit(Official())


def send(client: BlockingChaukasClient) -> None:
    client.ingest_event(Official())
    client.ingest_events([Official(), Event(), b"\x0a\x02e1"])
    client.ingest_events(EventBatch())
    client.ingest_events(Official())
