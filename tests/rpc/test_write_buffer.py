"""What is written in one turn of the loop leaves in one piece."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from chaukas_spec_lite.rpc.transport.write_buffer import FULL, WriteBuffer


class Transport:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.closing = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": "peer"}.get(name, default)


def buffered() -> tuple[WriteBuffer, Transport]:
    transport = Transport()
    return WriteBuffer(cast("asyncio.Transport", transport)), transport


def test_a_turn_is_one_write() -> None:
    async def main() -> None:
        buffer, transport = buffered()
        buffer.write(b"a")
        buffer.write(b"b")
        assert transport.written == []
        await asyncio.sleep(0)
        assert transport.written == [b"ab"]
        await asyncio.sleep(0)
        buffer.write(b"c")
        await asyncio.sleep(0)
        assert transport.written == [b"ab", b"c"]
        assert buffer.get_extra_info("peername") == "peer"
        assert buffer.get_extra_info("socket", 1) == 1

    asyncio.run(main())


def test_much_is_not_held_back() -> None:
    async def main() -> None:
        buffer, transport = buffered()
        buffer.write(b"a" * (FULL - 1))
        assert transport.written == []
        buffer.write(b"b")
        assert [len(data) for data in transport.written] == [FULL]
        await asyncio.sleep(0)
        assert len(transport.written) == 1

    asyncio.run(main())


def test_closing() -> None:
    async def main() -> None:
        buffer, transport = buffered()
        buffer.write(b"last")
        buffer.close()
        assert transport.written == [b"last"]
        assert buffer.is_closing()
        buffer.write(b"too late")
        await asyncio.sleep(0)
        assert transport.written == [b"last"]

    asyncio.run(main())
