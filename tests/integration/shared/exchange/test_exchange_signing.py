"""What is signed is what is sent, also where a symbol has to be percent-encoded."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest
from aiohttp import web

from shared.exchange.binance.client import BinanceClient

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
        url, url, key="key", secret="secret", recv_window_ms=1_000, timeout_seconds=5.0, on_headers=ignore
    )
    try:
        await client.request(method, path, version=1, signed=True, params=parameters)
    finally:
        await client.close()
        await runner.cleanup()
    (query,) = received
    signed, _, signature = query.partition("&signature=")
    assert ENCODED in signed
    assert signature == hmac.new(b"secret", signed.encode(), hashlib.sha256).hexdigest()
