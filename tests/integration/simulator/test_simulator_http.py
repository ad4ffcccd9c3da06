"""What a plain HTTP client gets for requests that no client library makes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from simulator.server.serving import Server
from simulator.server.settings import TEST_KEY, TEST_SECRET
from simulator.server.signing import sign
from tests.support.simulator.protocol_server import STEP, a_server

KEY = {"X-MBX-APIKEY": TEST_KEY}


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with a_server(speed=STEP) as running:
        yield running


async def ask(server: Server, method: str, path: str, /, **request: Any) -> tuple[int, Any]:
    """Status and JSON of an answer."""
    async with aiohttp.ClientSession(headers=KEY) as http, http.request(method, f"{server.url}{path}", **request) as answer:
        return answer.status, await answer.json()


def signed(text: str) -> str:
    return f"{text}&signature={sign(text, TEST_SECRET)}"


async def test_a_wrong_method_is_a_path_that_does_not_exist(server: Server) -> None:
    """EXEC-6: HTTP 404 with -5000."""
    status, body = await ask(server, "PATCH", "/fapi/v1/order")
    assert (status, body) == (404, {"code": -5000, "msg": "Path /fapi/v1/order, Method PATCH is invalid"})


async def test_a_body_of_more_than_a_mebibyte_is_refused_in_the_exchanges_form(server: Server) -> None:
    """EXEC-6: HTTP 413 and a code; the next request is served."""
    status, body = await ask(server, "POST", "/fapi/v1/order", data=b"a" * (2**20 + 1))
    assert (status, body["code"]) == (413, -1013)
    assert (await ask(server, "GET", "/fapi/v1/ping"))[0] == 200


async def test_a_get_with_a_body_is_refused(server: Server) -> None:
    """EXEC-6: though query and signature are right."""
    query = signed("timestamp=1736121600000")
    assert (await ask(server, "GET", f"/fapi/v1/openOrders?{query}"))[0] == 200
    status, body = await ask(server, "GET", f"/fapi/v1/openOrders?{query}", data={"symbol": "BTCUSDT"})
    assert (status, body["code"]) == (403, -1101)


async def test_a_body_that_is_not_what_it_says_is_refused(server: Server) -> None:
    """EXEC-6: broken compression is a bad request."""
    status, body = await ask(server, "POST", "/fapi/v1/order", data=b"no gzip", headers={"Content-Encoding": "gzip"})
    assert (status, body["code"]) == (400, -1013)


@pytest.mark.parametrize("signature", ["é", "\u20ac" * 64, "%FF"])
async def test_a_signature_that_is_no_ascii_is_a_wrong_signature(signature: str, server: Server) -> None:
    """EXEC-6: -1022 in query and body."""
    text = f"timestamp=1736121600000&signature={signature}".encode()
    assert (await ask(server, "DELETE", "/fapi/v1/order", data=text))[1]["code"] == -1022


async def test_a_request_that_cannot_be_parsed_is_refused_in_the_exchanges_form_and_not_logged(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """EXEC-6: an address of more than 8,190 bytes, and bytes that are no HTTP; the server is not at fault."""
    caplog.set_level(logging.WARNING)
    status, body = await ask(server, "GET", f"/fapi/v1/depth?symbol={'A' * 9_000}")
    assert (status, body["code"]) == (414, -1013)
    host, _, port = server.url.removeprefix("http://").partition(":")
    for line in (b"GET /fapi/v1/depth?symbol=\xff\xfe HTTP/1.1", b"nothing", b"GET / HTTP/9.9"):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(line + b"\r\nHost: x\r\n\r\n")
        answer = await reader.read()
        writer.close()
        assert b" 400 " in answer
        assert b'"code":-1013' in answer
    assert caplog.records == []


async def test_a_client_that_waits_before_its_body_is_asked_for_it(server: Server) -> None:
    """EXEC-1: curl sends a large body only after 100 Continue."""
    host, _, port = server.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"POST /fapi/v1/order HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\nExpect: 100-continue\r\n\r\n")
    async with asyncio.timeout(30):
        assert await reader.readline() == b"HTTP/1.1 100 Continue\r\n"
        writer.write(b"side=BUY"[:7])
        await reader.readline()
        assert b" 401 " in await reader.readline()
    writer.close()
