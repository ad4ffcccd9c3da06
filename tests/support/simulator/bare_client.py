"""A reference client that does nothing but what it is told: signed REST requests, streams, one WebSocket API connection.

It knows no retry, no reconnect and no cache, so that a test sees what the exchange sends and nothing else.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from simulator.server.serving import Server
from simulator.server.settings import TEST_KEY, TEST_SECRET

#: Seconds until an answer or a message must have come, and for which silence must have lasted.
SOON: Final = 10.0
SILENCE: Final = 0.3


@dataclass(frozen=True)
class Answer:
    """An answer: HTTP status, JSON body, headers."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def code(self) -> int:
        """The error code; 0 for an answer that is no error."""
        return int(self.body["code"]) if self.status != 200 else 0


class Socket:
    """A connection that has read nothing yet."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket

    async def heard(self) -> dict[str, Any]:
        """The next message."""
        return dict(json.loads(await asyncio.wait_for(self._socket.receive_str(), SOON)))

    async def heard_until(self, kind: str) -> dict[str, Any]:
        """The next event of a type; others are passed over."""
        while (event := await self.heard()).get("e") != kind:
            pass
        return event

    async def silent(self) -> bool:
        """Whether nothing comes for a while."""
        try:
            await asyncio.wait_for(self._socket.receive(), SILENCE)
        except TimeoutError:
            return True
        return False

    async def cut(self) -> bool:
        """Whether the next thing heard is the end of the connection."""
        message = await asyncio.wait_for(self._socket.receive(), SOON)
        return message.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.ERROR)

    async def send(self, **command: Any) -> None:
        """Send a command and wait for no answer."""
        await self._socket.send_str(json.dumps(command))

    async def say(self, **command: Any) -> dict[str, Any]:
        """Send a command; the next message, which answers it."""
        return await self.say_text(json.dumps(command))

    async def say_text(self, text: str) -> dict[str, Any]:
        """Send a text as it is; the next message, which answers it."""
        await self._socket.send_str(text)
        return await self.heard()

    async def call(self, method: str, /, **params: Any) -> dict[str, Any]:
        """Ask the WebSocket API, signed as its documents say: parameters sorted by name, not encoded."""
        params |= {"apiKey": TEST_KEY, "timestamp": int(time.time() * 1000)}
        text = "&".join(f"{name}={json.dumps(params[name], ensure_ascii=False).strip(chr(34))}" for name in sorted(params))
        params["signature"] = hmac.new(TEST_SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
        return await self.say(id=1, method=method, params=params)

    @property
    def open(self) -> bool:
        return not self._socket.closed


class BareClient:
    """One account's client. ``patience``: seconds that it waits for an answer."""

    def __init__(self, server: Server, http: aiohttp.ClientSession) -> None:
        self._server = server
        self._http = http
        self.patience = SOON

    async def ask(self, method: str, path: str, /, *, signed: bool = True, **parameters: object) -> Answer:
        """Send a request. Raises TimeoutError without an answer in time, aiohttp.ClientError for a cut connection."""
        query = urlencode(parameters)
        if signed:
            query = urlencode({**parameters, "timestamp": int(time.time() * 1000)})
            query += "&signature=" + hmac.new(TEST_SECRET.encode(), query.encode(), hashlib.sha256).hexdigest()
        limit = aiohttp.ClientTimeout(total=self.patience)
        url = URL(f"{self._server.url}{path}?{query}", encoded=True)  # as it was signed
        async with self._http.request(method, url, headers={"X-MBX-APIKEY": TEST_KEY}, timeout=limit) as answer:
            return Answer(answer.status, await answer.json(), dict(answer.headers))

    async def get(self, path: str, /, *, signed: bool = True, **parameters: object) -> Any:
        """The body of an answer that is no error."""
        return await self._done("GET", path, signed=signed, **parameters)

    async def do(self, method: str, path: str, /, **parameters: object) -> Any:
        """The same for a signed request that changes something."""
        return await self._done(method, path, **parameters)

    async def _done(self, method: str, path: str, /, *, signed: bool = True, **parameters: object) -> Any:
        answer = await self.ask(method, path, signed=signed, **parameters)
        assert answer.status == 200, answer
        return answer.body

    async def price(self, symbol: str = "BTCUSDT") -> Decimal:
        """The last price."""
        return Decimal((await self.get("/fapi/v2/ticker/price", signed=False, symbol=symbol))["price"])

    async def rest_limit(self, name: str = "one", symbol: str = "BTCUSDT", quantity: str = "0.010") -> Answer:
        """Ask for a limit buy that rests 3 % below the price."""
        price = (await self.price(symbol) * Decimal("0.97")).quantize(Decimal("0.1"))
        return await self.ask(
            "POST", "/fapi/v1/order", symbol=symbol, side="BUY", type="LIMIT", timeInForce="GTC", quantity=quantity,
            price=str(price), newClientOrderId=name,
        )  # fmt: skip

    async def market(self, side: str = "BUY", quantity: str = "0.010", symbol: str = "BTCUSDT", **more: object) -> Answer:
        """Ask for a market order."""
        return await self.ask(
            "POST", "/fapi/v1/order", symbol=symbol, side=side, type="MARKET", quantity=quantity, **more
        )  # fmt: skip

    async def stop(self, name: str = "stop", symbol: str = "BTCUSDT", below: str = "0.95") -> Answer:
        """Ask for a stop that closes the long position."""
        price = (await self.price(symbol) * Decimal(below)).quantize(Decimal("0.1"))
        return await self.ask(
            "POST", "/fapi/v1/algoOrder", algoType="CONDITIONAL", symbol=symbol, side="SELL", type="STOP_MARKET",
            triggerPrice=str(price), closePosition="true", workingType="MARK_PRICE", clientAlgoId=name,
        )  # fmt: skip

    async def exists(self, name: str = "one", symbol: str = "BTCUSDT") -> bool:
        """Whether the exchange knows an order of this client id."""
        answer = await self.ask("GET", "/fapi/v1/order", symbol=symbol, origClientOrderId=name)
        assert answer.code in (0, -2013), answer
        return answer.code == 0

    async def socket(self, path: str) -> Socket:
        """Open a connection. Raises aiohttp.WSServerHandshakeError when it is refused."""
        return Socket(await self._http.ws_connect(f"{self._server.sockets_url}{path}"))

    async def listen_key(self) -> str:
        """The account's listen key, as POST gives it."""
        return str((await self.get_key("POST"))["listenKey"])

    async def get_key(self, method: str) -> Any:
        """POST, PUT or DELETE of the listen key."""
        return await self._done(method, "/fapi/v1/listenKey", signed=False)

    async def user(self) -> Socket:
        """A connection for user events."""
        return await self.socket(f"/private/ws?listenKey={await self.listen_key()}")


@asynccontextmanager
async def bare_client(server: Server) -> AsyncIterator[BareClient]:
    async with aiohttp.ClientSession() as http:
        http._retry_connection = False  # it would send GET, PUT and DELETE again by itself when a connection breaks
        yield BareClient(server, http)
