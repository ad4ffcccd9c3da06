"""Decides what the faults in force do to one REST request. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from shared.exchange.error_codes import ErrorCode
from simulator.server.faults import Fault, FaultKind, FaultTable
from simulator.server.parameters import Parameters
from simulator.server.rest.answer import Reply

#: Bodies of 503, word for word (docs/binance.md §4.8).
UNKNOWN: Final = "Unknown error, please check your request or try again later."
UNAVAILABLE: Final = "Service Unavailable."
INTERNAL: Final = "Internal error; unable to process your request. Please try again."
_THROTTLED: Final = (
    "Request throttled by system-level protection. Reduce-only/close-position orders are exempt. Please try again."
)
_TIMEOUT: Final = "Timeout waiting for response from backend server. Send status unknown; execution status unknown."


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a request is treated. The defaults mean: carry it out and send the exchange's answer.

    delay_ms: added delay, wall clock, half before the request is carried out and half after.
    executed: the request is carried out. reply: sent in place of the exchange's answer; None = that answer.
    silent: no answer is ever sent. cut: the connection is closed at once.
    """

    delay_ms: float = 0.0
    executed: bool = True
    reply: Reply | None = None
    silent: bool = False
    cut: bool = False


def judge(table: FaultTable, method: str, path: str, parameters: Parameters) -> Verdict:
    """Decide how faults change one request: the first that hits, in the order below, decides.

    A latency fault adds its delay to any outcome. Counts chances and hits: call it once per request.
    """
    if not table.set:
        return Verdict()
    delay = _delay(table, method, path)

    def strikes(kind: FaultKind) -> Fault | None:
        return table.strikes(kind, method=method, path=path)

    if strikes("rest_outage"):
        return Verdict(delay, executed=False, cut=True)
    if strikes("timeout_before_accept"):
        return Verdict(delay, executed=False, silent=True)
    if strikes("timeout_after_accept"):
        return Verdict(delay, silent=True)
    for kind, text in (("unavailable_503", UNAVAILABLE), ("internal_503", INTERNAL)):
        if strikes(kind):  # type: ignore[arg-type]  # a tuple of literals loses their type
            return Verdict(delay, executed=False, reply=Reply(503, {"code": ErrorCode.DISCONNECTED, "msg": text}))
    if not _exempt(method, parameters) and strikes("throttled_503"):
        return Verdict(delay, executed=False, reply=Reply(503, {"code": ErrorCode.REQUEST_THROTTLED, "msg": _THROTTLED}))
    if fault := strikes("unknown_503"):
        return Verdict(delay, executed=fault.executed, reply=Reply(503, {"code": ErrorCode.UNKNOWN, "msg": UNKNOWN}))
    if fault := strikes("backend_timeout_408"):
        return Verdict(delay, executed=fault.executed, reply=Reply(408, {"code": ErrorCode.TIMEOUT, "msg": _TIMEOUT}))
    if fault := strikes("rate_limited_429"):
        return Verdict(delay, executed=False, reply=_limited(429, fault))
    if fault := strikes("banned_418"):
        return Verdict(delay, executed=False, reply=_limited(418, fault))
    return Verdict(delay)


def _delay(table: FaultTable, method: str, path: str) -> float:
    fault = table.strikes("latency", method=method, path=path)
    if fault is None:
        return 0.0
    setter = next((each for each in table.set.values() if each.fault is fault), None)
    return fault.ms + (fault.jitter_ms * table.draw(setter) if setter is not None else 0.0)


def _exempt(method: str, parameters: Parameters) -> bool:
    """Return True for a cancel, reduce-only or close-position request: -1008 never hits those (docs/binance.md §4.8)."""
    return (
        method == "DELETE" or parameters.optional("reduceOnly") == "true" or parameters.optional("closePosition") == "true"
    )


def _limited(status: int, fault: Fault) -> Reply:
    text = "Too many requests; please use the websocket for live updates to avoid polling the API."
    return Reply(status, {"code": ErrorCode.TOO_MANY_REQUESTS, "msg": text}, {"Retry-After": str(fault.retry_after_s)})
