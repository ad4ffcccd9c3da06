"""What is signed is what is sent, also where a symbol has to be percent-encoded."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from shared.exchange.binance.client import BinanceClient, HttpRefusal

NOW = 1_700_000_000_000
SYMBOL = "币安人生USDT"
ENCODED = "%E5%B8%81%E5%AE%89%E4%BA%BA%E7%94%9FUSDT"


@pytest.mark.parametrize(
    ("method", "path", "parameters"),
    [
        ("post", "order", {"symbol": SYMBOL}),
        ("get", "order", {"symbol": SYMBOL}),
        ("delete", "order", {"symbol": SYMBOL}),
        ("post", "batchOrders", {"batchOrders": f'[{{"symbol":"{SYMBOL}"}}]'}),
    ],
)
async def test_symbol_of_chinese_letters_is_encoded_before_it_is_signed(
    method: str, path: str, parameters: dict[str, Any]
) -> None:
    """The exchange answers -1022 to a signature of anything but the bytes that it receives."""
    received: list[str] = []

    async def receive(request: web.Request) -> web.Response:
        received.append(request.raw_path.partition("?")[2] or (await request.read()).decode())
        return web.json_response({})

    async with client_of(receive) as client:
        await client.request(method, path, version=1, signed=True, params=parameters)
    (query,) = received
    signed, _, signature = query.partition("&signature=")
    assert ENCODED in signed
    assert signature == hmac.new(b"secret", signed.encode(), hashlib.sha256).hexdigest()


@pytest.mark.parametrize("value", ["a+b", "50%", "a b", "é", "a&side=BUY", "1:2/3"])
async def test_a_value_with_other_than_plain_letters_is_encoded_before_it_is_signed(value: str) -> None:
    """EXEC-6: and arrives as it was; a value cannot smuggle in another parameter."""
    received: list[tuple[str, dict[str, str]]] = []

    async def receive(request: web.Request) -> web.Response:
        received.append(((await request.read()).decode(), dict(await request.post())))
        return web.json_response({})

    async with client_of(receive) as client:
        await client.request("post", "order", version=1, signed=True, params={"note": value, "side": "SELL"})
    ((body, form),) = received
    signed, _, signature = body.partition("&signature=")
    assert (form["note"], form["side"]) == (value, "SELL")
    assert signature == hmac.new(b"secret", signed.encode(), hashlib.sha256).hexdigest()


@pytest.mark.parametrize("method", ["get", "post", "delete"])
async def test_a_redirect_is_refused_and_takes_no_key_to_another_host(method: str) -> None:
    """OPS-7: review H6. Followed, key and signed order would reach whoever the answer names."""
    elsewhere: list[str] = []

    async def receive(request: web.Request) -> web.Response:
        if request.host.startswith("localhost"):
            elsewhere.append(request.path)
            return web.json_response({})
        return web.Response(status=307, headers={"Location": f"http://localhost:{request.url.port}/fapi/v1/order"})

    async with client_of(receive) as client:
        with pytest.raises(HttpRefusal) as refused:
            await client.request(method, "order", version=1, signed=True, params={"symbol": "BTCUSDT"})
    assert refused.value.status == 307
    assert elsewhere == []


@asynccontextmanager
async def client_of(receive: Callable[[web.Request], Awaitable[web.Response]]) -> AsyncIterator[BinanceClient]:
    """A client of a server that answers everything by ``receive``."""

    async def ignore(_: object) -> None:
        return None

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", receive)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    url = f"http://{host}:{port}"
    client = BinanceClient(
        url, url, key="key", secret="secret", recv_window_ms=1_000, timeout_seconds=5.0, now=lambda: NOW, on_headers=ignore
    )
    try:
        yield client
    finally:
        await client.close()
        await runner.cleanup()
