"""Answers one REST request: checks rate limits, key, signature and timestamp, then calls the endpoint."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from shared.exchange.error_codes import ErrorCode
from simulator.server.fault_aims import aim_of
from simulator.server.faulty_answers import carry_out
from simulator.server.parameters import Parameters
from simulator.server.refusals import Refused, missing
from simulator.server.rest.context import Caller, Context
from simulator.server.rest.endpoints import BY_PATH, Endpoint
from simulator.server.signing import check_key, check_signature, check_time


@dataclass(frozen=True, slots=True)
class Request:
    """A REST request as received. ``query`` and ``body`` are not decoded; ``key``: header X-MBX-APIKEY, empty if not sent.

    now: wall clock, ms, for rate limits and listen keys.
    """

    method: str
    path: str
    query: str
    body: str
    key: str
    address: str
    now: int


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: HTTP status, body (an object that becomes JSON), headers."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


def answer(context: Context, request: Request) -> Reply:
    """Answer a request; an error is returned as a Reply, never raised as Refused."""
    headers: dict[str, str] = {}
    try:
        endpoint = BY_PATH.get((request.method, request.path))
        if endpoint is None:
            return _no_such(request)
        parameters = Parameters.of(request.query, request.body)
        parameters.check_single()
        headers |= context.limiter.spend(request.address, endpoint.weighs(parameters), request.now)
        _authorise(context, endpoint, parameters, request)
        if endpoint.orders != (0, 0):
            headers |= context.limiter.order(*endpoint.orders, request.now)
        caller = Caller(request.key, request.now)
        body = carry_out(endpoint.handler, aim_of(endpoint.method, endpoint.path, parameters), context, parameters, caller)
        return Reply(200, body, headers)
    except Refused as refused:
        return Reply(refused.status, refused.body, {**headers, **refused.headers})


def _authorise(context: Context, endpoint: Endpoint, parameters: Parameters, request: Request) -> None:
    if endpoint.security == "none":
        return
    secret = check_key(request.key, context.keys)
    if endpoint.security == "signed":
        if "timestamp" not in parameters:
            raise missing("timestamp")  # said before a signature is looked at
        check_signature(request.query, request.body, secret)
        check_time(parameters, context.server_time, strict=context.strict_time)


def _no_such(request: Request) -> Reply:
    """Return the answer to a path that is not served, and to a method that a path does not have."""
    return Reply(404, {"code": ErrorCode.PATH_NOT_FOUND, "msg": f"Path {request.path}, Method {request.method} is invalid"})
