"""Sends single REST requests with python-binance's AsyncClient, with seven of its behaviours replaced.

python-binance 1.0.37 (docs/binance.md §2) signs and sends. Replaced are:

* the clock offset: it asks the *spot* exchange, once; ``ExchangeClock`` sets it here;
* the recv window: its class attribute overrides the one given to a call, so the attribute is set;
* the time limit of a request;
* the timestamp: it always signs with the present, here a caller may give the time that decided the request;
* the reading of answers: it reports code 0 for a body that is not JSON, and keeps only the headers of the last answer;
* closing: it leaves its futures WebSocket open;
* its HTTP session sends GET, PUT and DELETE again by itself when a connection breaks (docs/binance.md §2.2).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

import aiohttp
import msgspec
from aiohttp.client_middlewares import ClientHandlerType, ClientMiddlewareType
from binance.async_client import AsyncClient
from multidict import CIMultiDictProxy

from shared.exchange.errors import ExchangeError, rule_of
from shared.exchange.limits.windows import retry_after_ms

Headers = Mapping[str, str]
#: Under this name the time to sign with travels through python-binance; it is taken out before it would be sent.
_SIGNED_AT: Final = "ict signed at"


def _after(ready: Callable[[], Awaitable[None]]) -> ClientMiddlewareType:
    async def leave(request: aiohttp.ClientRequest, send: ClientHandlerType) -> aiohttp.ClientResponse:
        await ready()
        return await send(request)

    return leave


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
        on_headers: Callable[[Headers], Awaitable[None]],
    ) -> None:
        super().__init__(key, secret)
        self.FUTURES_URL = f"{rest_url}/fapi"
        self.MARGIN_API_URL = f"{sapi_url}/sapi"
        self.REQUEST_RECVWINDOW = recv_window_ms
        self.REQUEST_TIMEOUT = aiohttp.ClientTimeout(total=timeout_seconds)
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
        params: Mapping[str, Any],
        signed_at: int | None = None,
        ready: Callable[[], Awaitable[None]] | None = None,
    ) -> bytes:
        """Send one request, once, and return the body of its answer. signed_at: its timestamp, ms; None = now.

        ready: awaited when the request is built, before it leaves; what it raises is raised, and nothing is sent.

        Raises HttpRefusal for a status other than 2xx, aiohttp.ClientError if the connection fails, TimeoutError without an
        answer in time.
        """
        data = dict(params)
        if ready is not None:
            data["requests_params"] = {"middlewares": (_after(ready),)}  # python-binance passes them to aiohttp
        if signed_at is not None:
            data[_SIGNED_AT] = signed_at
        batch = data.get("batchOrders")
        if batch is None:
            body: bytes = await self._request_futures_api(method, path, signed, version=version, data=data)
            return body
        # Percent-encode the batch before python-binance 1.0.37 signs it, and send it as a query: aiohttp would encode the
        # form only after signing, and the signature would not match (-1022).
        data["batchOrders"] = quote(batch)
        return await self._request_futures_api(method, path, signed, version=version, data=data, force_params=True)  # type: ignore[no-any-return]  # python-binance ships no types

    async def key_restrictions(self) -> bytes:
        """Return the answer of GET /sapi/v1/account/apiRestrictions: what the key may do. Raises like ``request``."""
        body: bytes = await self._request_margin_api("get", "account/apiRestrictions", True, data={})
        return body

    def _generate_signature(self, data: dict[str, Any], uri_encode: bool = True) -> str:
        """Sign; python-binance has just set the timestamp to the present."""
        signed_at = data.pop(_SIGNED_AT, None)
        if signed_at is not None:
            data["timestamp"] = signed_at
        signature: str = super()._generate_signature(data, uri_encode)
        return signature

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
