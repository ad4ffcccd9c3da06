"""The WebSocket API (``/ws-fapi/v1``): calls REST endpoints by method name (docs/binance.md §4.1). Pure.

A request is ``{"id", "method", "params"}``. The signature covers the parameters sorted by name, as ``name=value&…``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import msgspec

from shared.exchange.error_codes import ErrorCode
from simulator.server.fault_aims import aim_of
from simulator.server.faulty_answers import carry_out
from simulator.server.parameters import Parameters
from simulator.server.refusals import Refused, missing
from simulator.server.rest.answer import Reply
from simulator.server.rest.context import Caller, Context
from simulator.server.rest.endpoints import BY_PATH, Endpoint
from simulator.server.signing import check_key, check_signature, check_time

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
}


@dataclass(frozen=True, slots=True)
class Call:
    """One request. ``values``: the parameters as text, in the form in which they are signed."""

    id: Any
    endpoint: Endpoint
    values: dict[str, str]

    @property
    def parameters(self) -> Parameters:
        """Return the parameters in the form that the endpoints read."""
        return Parameters(self.values)


def read_call(text: str) -> Call | dict[str, Any]:
    """Parse a request; a malformed one gives the error answer to send."""
    try:
        asked = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return _error(None, Refused(ErrorCode.UNKNOWN, "Invalid JSON."))
    if not isinstance(asked, dict):
        return _error(None, Refused(ErrorCode.UNKNOWN, "Invalid request."))
    number, params = asked.get("id"), asked.get("params", {})
    place = METHODS.get(str(asked.get("method")))
    if place is None or not isinstance(params, dict):
        return _error(number, Refused(ErrorCode.UNKNOWN, f"Unknown method {asked.get('method')!r}."))
    return Call(number, BY_PATH[place], {name: _text(value) for name, value in params.items() if value is not None})


def answer_call(context: Context, call: Call, address: str, now: int) -> dict[str, Any]:
    """Answer a request; errors are returned as answers too. ``now``: wall clock, ms."""
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
    return {"id": call.id, "status": 200, "result": body, "rateLimits": []}


def failed(call: Call, reply: Reply) -> dict[str, Any]:
    """Convert a REST reply that a fault made into an answer of this API."""
    return {"id": call.id, "status": reply.status, "error": reply.body, "rateLimits": []}


def _authorise(context: Context, call: Call) -> str:
    """Check key, signature and timestamp and return the API key. Raises Refused."""
    if call.endpoint.security == "none":
        return ""
    key = call.values.get("apiKey", "")
    secret = check_key(key, context.keys)
    if "signature" not in call.values:
        raise missing("signature")
    signed = "&".join(f"{name}={call.values[name]}" for name in sorted(call.values) if name != "signature")
    check_signature(f"{signed}&signature={call.values['signature']}", "", secret)
    check_time(call.parameters, context.server_time, strict=context.strict_time)
    return key


def _error(number: Any, refused: Refused) -> dict[str, Any]:
    return {"id": number, "status": refused.status, "error": refused.body, "rateLimits": []}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
