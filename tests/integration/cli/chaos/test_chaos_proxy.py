"""The proxy before a server of a chaos drill: it passes, and is cut, silent or slow, and well again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from cli.chaos.proxy import Proxy


@pytest.fixture
async def echo() -> AsyncIterator[Proxy]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, Proxy("127.0.0.1", server.sockets[0].getsockname()[1]) as proxy:
        yield proxy


async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, word: bytes = b"a\n") -> bytes:
    writer.write(word)
    async with asyncio.timeout(5):
        return await reader.readline()


async def test_it_passes_both_ways(echo: Proxy) -> None:
    assert await say(*await asyncio.open_connection("127.0.0.1", echo.port)) == b"a\n"


async def test_cut_ends_connections_and_takes_none(echo: Proxy) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", echo.port)
    assert await say(reader, writer) == b"a\n"
    echo.be("cut")
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)
    there, onward = await asyncio.open_connection("127.0.0.1", echo.port)
    onward.write(b"b\n")
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await there.readexactly(1)
    echo.be("pass")
    assert await say(*await asyncio.open_connection("127.0.0.1", echo.port)) == b"a\n"


async def test_silent_keeps_everything_until_it_is_well(echo: Proxy) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", echo.port)
    echo.be("silent")
    writer.write(b"a\n")
    answer = asyncio.create_task(reader.readline())
    done, _ = await asyncio.wait({answer}, timeout=0.3)
    assert not done
    echo.be("pass")
    async with asyncio.timeout(5):
        assert await answer == b"a\n"


async def test_slow_is_late_and_loses_nothing(echo: Proxy) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", echo.port)
    echo.be("slow")
    began = time.monotonic()
    assert await say(reader, writer) == b"a\n"
    assert time.monotonic() - began >= 0.4
