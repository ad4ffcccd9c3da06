"""Sends single REST requests in python-binance's AsyncClient: its addresses and its HTTP session with the key.

Of python-binance 1.0.37 (docs/binance.md §2) is replaced:

* the building of a request: it percent-encodes after signing, always signs with the present, and takes four copies of the
  parameters on the way; here the text that is signed is the text that is sent;
* the clock: it adds to the wall clock what the *spot* exchange said once; here ``ExchangeClock`` is asked;
* the recv window and the time limit of a request, which are the same for all calls;
* the reading of answers: it reports code 0 for a body that is not JSON, and keeps only the headers of the last answer;
* closing: it leaves its futures WebSocket open;
* its HTTP session sends GET, PUT and DELETE again by itself when a connection breaks (docs/binance.md §2.2), follows
  redirects to other hosts, and keeps cookies.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from urllib.parse import urlencode

import aiohttp
import msgspec
from aiohttp.client_middlewares import ClientHandlerType, ClientMiddlewareType
from binance.async_client import AsyncClient
from multidict import CIMultiDictProxy
from yarl import URL

from shared.exchange.errors import ExchangeError, rule_of
from shared.exchange.limits.windows import retry_after_ms

Headers = Mapping[str, str]
#: Values that need no percent-encoding.
_PLAIN: Final = re.compile(r"[A-Za-z0-9._-]*")
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}


def _after(ready: Callable[[], Awaitable[None]]) -> ClientMiddlewareType:
    async def leave(request: aiohttp.ClientRequest, send: ClientHandlerType) -> aiohttp.ClientResponse:
        await ready()
        return await send(request)

    return leave


def _encoded(params: Mapping[str, str]) -> str:
    """Return parameters as a query; nearly all are plain, and looking at each of their letters takes longest."""
    if _PLAIN.fullmatch("".join(params.values())):
        return "&".join([f"{name}={value}" for name, value in params.items()])
    return urlencode(params)


class HttpRefusal(Exception):
    """Raised for an answer whose HTTP status is not a success; holds status, body and headers as received."""

    def __init__(self, status: int, body: str, headers: Headers) -> None:
        super().__init__(f"HTTP {status}: {body[:200]}")
        self.status = status
        self.body = body
        self.headers = headers

    def as_error(self, call: str, *, of_order: bool = False) -> ExchangeError:
        """Convert it to an ExchangeError by the error table.

        call: method and path, for the text. of_order: the request was to place, change or cancel an order.
        """
        code, message = _code_and_message(self.body)
        rule = rule_of(self.status, code, self.body, of_order=of_order)
        wait = retry_after_ms(self.headers)
        return ExchangeError(
            rule.action,
            code,
            message or rule.name,
            call=call,
            status=self.status,
            retry_after=wait / 1000 if wait is not None else None,
            sentence=rule.sentence,
        )


class _Refusal(msgspec.Struct):
    code: int = 0
    msg: str = ""


_refusals: Final = msgspec.json.Decoder(_Refusal, strict=False)


def _code_and_message(body: str) -> tuple[int, str]:
    try:
        refusal = _refusals.decode(body)
    except msgspec.DecodeError:  # an HTML page of a gateway, or an empty body: only the status tells what happened
        return 0, body.strip()[:200]
    return refusal.code, refusal.msg


class BinanceClient(AsyncClient):  # type: ignore[misc]  # python-binance ships no types
    """REST client of one account. Build it inside the running event loop; await ``close`` at the end.

    rest_url: address of the futures API. sapi_url: address of the API that tells what a key may do.
    key, secret: None = only calls without a key or signature are possible.
    recv_window_ms: age at which the exchange refuses a signed request. timeout_seconds: longest wait for an answer.
    now: returns the exchange's time, ms.
    on_headers: awaited with the headers of every answer, refusals included.
    """

    def __init__(
        self,
        rest_url: str,
        sapi_url: str,
        key: str | None,
        secret: str | None,
        recv_window_ms: int,
        timeout_seconds: float,
        now: Callable[[], int],
        on_headers: Callable[[Headers], Awaitable[None]],
    ) -> None:
        super().__init__(key, secret, session_params={"cookie_jar": aiohttp.DummyCookieJar()})  # the API sets none
        self._secret = (secret or "").encode()
        self.FUTURES_URL = f"{rest_url}/fapi"
        self.MARGIN_API_URL = f"{sapi_url}/sapi"
        self._recv_window = str(recv_window_ms)
        self._time_limit = aiohttp.ClientTimeout(total=timeout_seconds)
        self._now = now
        self._on_headers = on_headers
        # aiohttp has no public switch for it. A cancel that is sent twice unseen is answered "no such order", and neither
        # the rate limiter nor the outcome of the first one would know of the second.
        self.session._retry_connection = False

    async def request(
        self,
        method: str,
        path: str,
        *,
        version: int,
        signed: bool,
        params: Mapping[str, str],
        signed_at: int | None = None,
        ready: Callable[[], Awaitable[None]] | None = None,
    ) -> bytes:
        """Send one request, once, and return the body of its answer. signed_at: its timestamp, ms; None = now.

        ready: awaited when the request is built, before it leaves; what it raises is raised, and nothing is sent.

        Raises HttpRefusal for a status other than 2xx, aiohttp.ClientError if the connection fails, TimeoutError without an
        answer in time.
        """
        text = self._signed(params, signed_at) if signed else _encoded(params)
        return await self._send(method, self._create_futures_api_uri(path, version=version), text, ready)

    async def key_restrictions(self) -> bytes:
        """Return the answer of GET /sapi/v1/account/apiRestrictions: what the key may do. Raises like ``request``."""
        address = self._create_margin_api_uri("account/apiRestrictions", version=1)
        return await self._send("get", address, self._signed({}, None), None)

    def _signed(self, params: Mapping[str, str], signed_at: int | None) -> str:
        """Return the parameters as they are sent, with time and signature. signed_at: ms; None = now."""
        at = signed_at if signed_at is not None else self._now()
        text = _encoded({**params, "recvWindow": self._recv_window, "timestamp": str(at)})
        return f"{text}&signature={hmac.digest(self._secret, text.encode(), 'sha256').hex()}"

    async def _send(self, method: str, address: str, text: str, ready: Callable[[], Awaitable[None]] | None) -> bytes:
        in_query = method == "get"
        if in_query and text:
            address = f"{address}?{text}"
        async with self.session.request(
            method,
            URL(address, encoded=True),
            data=None if in_query else text.encode(),
            headers=None if in_query else _FORM,
            timeout=self._time_limit,
            allow_redirects=False,  # key and signed order are for this host alone
            middlewares=() if ready is None else (_after(ready),),
        ) as response:
            return await self._handle_response(response)

    async def close(self) -> None:
        """Close the HTTP session and the futures WebSocket, which python-binance leaves open."""
        await self.close_connection()
        await self.ws_future.close()

    async def _handle_response(self, response: aiohttp.ClientResponse) -> bytes:
        headers: CIMultiDictProxy[str] = response.headers
        body = await response.read()
        await self._on_headers(headers)
        if not 200 <= response.status < 300:
            raise HttpRefusal(response.status, body.decode(errors="replace"), headers)
        return body
