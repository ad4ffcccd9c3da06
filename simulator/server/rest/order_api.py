"""The WebSocket API (``/ws-fapi/v1``): calls REST endpoints by method name (docs/binance.md §4.1). Pure.

A request is ``{"id", "method", "params"}``. The signature covers the parameters sorted by name, as ``name=value&…``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from shared.exchange.error_codes import ErrorCode
from simulator.server.fault_aims import aim_of
from simulator.server.faulty_answers import carry_out
from simulator.server.parameters import Parameters
from simulator.server.refusals import Refused, illegal, missing
from simulator.server.rest.answer import Reply
from simulator.server.rest.context import Caller, Context
from simulator.server.rest.endpoints import BY_PATH, Endpoint
from simulator.server.signing import check_key, check_payload, check_time

#: WebSocket API method → REST method and path of the endpoint that does the same.
METHODS: Final[dict[str, tuple[str, str]]] = {
    "order.place": ("POST", "/fapi/v1/order"),
    "order.modify": ("PUT", "/fapi/v1/order"),
    "order.cancel": ("DELETE", "/fapi/v1/order"),
    "order.status": ("GET", "/fapi/v1/order"),
    "algoOrder.place": ("POST", "/fapi/v1/algoOrder"),
    "algoOrder.cancel": ("DELETE", "/fapi/v1/algoOrder"),
    "account.balance": ("GET", "/fapi/v2/balance"),
    "v2/account.balance": ("GET", "/fapi/v3/balance"),
    "account.position": ("GET", "/fapi/v2/positionRisk"),
    "v2/account.position": ("GET", "/fapi/v3/positionRisk"),
    "account.status": ("GET", "/fapi/v2/account"),
    "v2/account.status": ("GET", "/fapi/v3/account"),
    "depth": ("GET", "/fapi/v1/depth"),
    "ticker.price": ("GET", "/fapi/v2/ticker/price"),
    "ticker.book": ("GET", "/fapi/v1/ticker/bookTicker"),
    "userDataStream.start": ("POST", "/fapi/v1/listenKey"),
    "userDataStream.ping": ("PUT", "/fapi/v1/listenKey"),
    "userDataStream.stop": ("DELETE", "/fapi/v1/listenKey"),
}


#: Parameter of a request, and of the connection's address: answers show ``rateLimits``.
_SHOW_LIMITS: Final = "returnRateLimits"


@dataclass(frozen=True, slots=True)
class Call:
    """One request. ``values``: the parameters as text, in the form in which they are signed.

    shows_limits: its answer shows the rate limits.
    """

    id: int | str | None
    endpoint: Endpoint
    values: dict[str, str]
    shows_limits: bool = True

    @property
    def parameters(self) -> Parameters:
        """Return the parameters in the form that the endpoints read."""
        return Parameters(self.values)


def shows_limits(query: str) -> bool:
    """Return whether a connection with this query string shows rate limits unless a request says otherwise."""
    return dict(parse_qsl(query)).get(_SHOW_LIMITS, "true").lower() != "false"


def read_call(text: str, *, show_limits: bool = True) -> Call | dict[str, Any]:
    """Parse a request; a malformed one gives the error answer to send. ``show_limits``: see ``shows_limits``."""
    number = None
    try:
        asked = _json(text)
        number = _id(asked.get("id"))
        endpoint = _endpoint(asked.get("method"))
        values = _values(asked.get("params"))
        show_limits = Parameters(values).flag(_SHOW_LIMITS, show_limits)
    except Refused as refused:
        return _error(number, refused)
    return Call(number, endpoint, values, show_limits)


def answer_call(context: Context, call: Call, address: str, now: int) -> dict[str, Any]:
    """Answer a request, without its rate limits; errors are returned as answers too. ``now``: wall clock, ms."""
    try:
        context.limiter.spend(address, call.endpoint.weighs(call.parameters), now)
        key = _authorise(context, call)
        if call.endpoint.orders != (0, 0):
            context.limiter.order(*call.endpoint.orders, now)
        endpoint, parameters = call.endpoint, call.parameters
        aim = aim_of(endpoint.method, endpoint.path, parameters)
        body = carry_out(endpoint.handler, aim, context, parameters, Caller(key, now))
    except Refused as refused:
        return _error(call.id, refused)
    return {"id": call.id, "status": 200, "result": body}


def failed(call: Call, reply: Reply) -> dict[str, Any]:
    """Convert a REST reply that a fault made into an answer of this API."""
    return {"id": call.id, "status": reply.status, "error": reply.body}


def _authorise(context: Context, call: Call) -> str:
    """Check what the endpoint asks for (key, signature, timestamp) and return the API key. Raises Refused."""
    if call.endpoint.security == "none":
        return ""
    key = call.values.get("apiKey", "")
    secret = check_key(key, context.keys)
    if call.endpoint.security == "signed":
        if "timestamp" not in call.parameters:
            raise missing("timestamp")  # said before a signature is looked at
        signed = "&".join(f"{name}={call.values[name]}" for name in sorted(call.values) if name != "signature")
        check_payload(signed, call.values.get("signature", ""), secret)
        check_time(call.parameters, context.server_time, strict=context.strict_time)
    return key


def _error(number: int | str | None, refused: Refused) -> dict[str, Any]:
    return {"id": number, "status": refused.status, "error": refused.body}


def _json(text: str) -> dict[str, Any]:
    """Return the request. Raises Refused unless it is a JSON object."""
    try:
        asked = msgspec.json.decode(text)
    except (ValueError, RecursionError) as error:
        raise Refused(ErrorCode.UNKNOWN, "Invalid JSON.") from error
    if not isinstance(asked, dict):
        raise Refused(ErrorCode.UNKNOWN, "Invalid request: not an object.")
    return asked


def _id(number: object) -> int | str | None:
    """Return the request's id. Raises Refused unless it is a whole number, a text or null."""
    if number is None or isinstance(number, str) or type(number) is int:
        return number
    raise illegal("id", str(number))


def _endpoint(method: object) -> Endpoint:
    """Return the endpoint that a method stands for. Raises Refused for an unknown one."""
    place = METHODS.get(method) if isinstance(method, str) else None
    if place is None:
        raise Refused(ErrorCode.UNKNOWN, f"Unknown method {method!r}.")
    return BY_PATH[place]


def _values(params: object) -> dict[str, str]:
    """Return the parameters as text; null counts as not sent. Raises Refused unless they are an object."""
    if params is not None and not isinstance(params, dict):
        raise Refused(ErrorCode.UNKNOWN, "Invalid request: 'params' must be an object.")
    return {name: _text(name, value) for name, value in (params or {}).items() if value is not None}


def _text(name: str, value: object) -> str:
    """Return a parameter as it is signed. Raises Refused -1102 for a list or an object: no parameter is one."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float):
        raise missing(name)
    return str(value)
