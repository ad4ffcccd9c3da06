"""python-binance's AsyncClient with its traps closed: where it points, what it sends, what it makes of an answer.

python-binance signs and sends. Ours are the clock offset (its own comes from the *spot* clock, once), the recv window (its
class attribute overrides every call's), the time limit, the reading of answers (it makes code 0 of a body that is not JSON,
and keeps the headers of the last answer only), and the closing (it leaves its futures WebSocket open).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

import aiohttp
import msgspec
from binance.async_client import AsyncClient
from multidict import CIMultiDictProxy

from shared.exchange.errors import ExchangeError, rule_of
from shared.exchange.limits.windows import retry_after_ms

Headers = Mapping[str, str]


class HttpRefusal(Exception):
    """An answer that is not a success, unread: status, body, headers."""

    def __init__(self, status: int, body: str, headers: Headers) -> None:
        super().__init__(f"HTTP {status}: {body[:200]}")
        self.status = status
        self.body = body
        self.headers = headers

    def as_error(self, call: str) -> ExchangeError:
        """What it means, by the table."""
        code, message = _code_and_message(self.body)
        rule = rule_of(self.status, code, self.body)
        wait = retry_after_ms(self.headers)
        return ExchangeError(
            rule.action,
            code,
            message or rule.meaning,
            call=call,
            status=self.status,
            retry_after=wait / 1000 if wait is not None else None,
        )


class _Refusal(msgspec.Struct):
    code: int = 0
    msg: str = ""


_refusals: Final = msgspec.json.Decoder(_Refusal, strict=False)


def _code_and_message(body: str) -> tuple[int, str]:
    try:
        refusal = _refusals.decode(body)
    except msgspec.DecodeError:  # a gateway's page, or nothing: the status has to say it
        return 0, body.strip()[:200]
    return refusal.code, refusal.msg


class BinanceClient(AsyncClient):  # type: ignore[misc]  # python-binance ships no types
    """See the module. Build it inside the running loop."""

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

    async def request(self, method: str, path: str, *, version: int, signed: bool, params: Mapping[str, Any]) -> bytes:
        """One request, sent once; the body of a success. Raises HttpRefusal, aiohttp.ClientError, TimeoutError."""
        data = dict(params)
        batch = data.get("batchOrders")
        if batch is None:
            body: bytes = await self._request_futures_api(method, path, signed, version=version, data=data)
            return body
        # Signed and sent as it stands here: a form encoded after signing would not match its signature.
        data["batchOrders"] = quote(batch)
        return await self._request_futures_api(method, path, signed, version=version, data=data, force_params=True)  # type: ignore[no-any-return]  # see above

    async def key_restrictions(self) -> bytes:
        """GET /sapi/v1/account/apiRestrictions: what the key may do. Raises like ``request``."""
        body: bytes = await self._request_margin_api("get", "account/apiRestrictions", True, data={})
        return body

    async def close(self) -> None:
        """Close what python-binance opened, its futures WebSocket too."""
        await self.close_connection()
        await self.ws_future.close()

    async def _handle_response(self, response: aiohttp.ClientResponse) -> bytes:
        headers: CIMultiDictProxy[str] = response.headers
        body = await response.read()
        await self._on_headers(headers)
        if not 200 <= response.status < 300:
            raise HttpRefusal(response.status, body.decode(errors="replace"), headers)
        return body
