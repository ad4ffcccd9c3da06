"""Decides what the faults in force do to one REST request. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from shared.exchange.error_codes import ErrorCode
from shared.exchange.errors import RULES
from simulator.server.fault_aims import aim_of
from simulator.server.fault_kinds import FaultKind
from simulator.server.fault_table import FaultTable
from simulator.server.faults import Fault
from simulator.server.parameters import Parameters
from simulator.server.rest.answer import Reply

#: Bodies of 503, word for word (docs/binance.md §4.8).
UNKNOWN: Final = "Unknown error, please check your request or try again later."
UNAVAILABLE: Final = "Service Unavailable."
INTERNAL: Final = RULES[ErrorCode.DISCONNECTED].text
_THROTTLED: Final = RULES[ErrorCode.REQUEST_THROTTLED].text
_TIMEOUT: Final = RULES[ErrorCode.TIMEOUT].text
_LIMITED: Final = "Too many requests; please use the websocket for live updates to avoid polling the API."
#: Kinds that decide the answer: of those that may hit a request, the first in this order does.
DECIDING: Final[tuple[FaultKind, ...]] = (
    "rest_outage",
    "timeout_before_accept",
    "timeout_after_accept",
    "unavailable_503",
    "internal_503",
    "throttled_503",
    "unknown_symbol",
    "error_answer",
    "unknown_503",
    "backend_timeout_408",
    "rate_limited_429",
    "banned_418",
)


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
    """Decide how faults change one request: every latency adds its delay, the first of the others by ``DECIDING`` decides.

    Counts chances and hits: call it once per request.
    """
    if not table.set:
        return Verdict()
    aim = aim_of(method, path, parameters)
    delay = 0.0
    for each in table.met(aim, "latency"):
        delay += each.fault.ms + each.fault.jitter_ms * table.draw(each)
        table.hit(each)
    if any(each.fault.symbol in aim.symbols for each in table.active("delisted")):
        return Verdict(delay, executed=False, reply=_unknown_symbol())
    spared: tuple[FaultKind, ...] = ("throttled_503",) if _exempt(method, parameters) else ()
    found = table.met(aim, *(kind for kind in DECIDING if kind not in spared))
    if not found:
        return Verdict(delay)
    return _decided(table.hit(min(found, key=lambda each: DECIDING.index(each.fault.kind))), delay)


def _decided(fault: Fault, delay: float) -> Verdict:
    match fault.kind:
        case "rest_outage":
            return Verdict(delay, executed=False, cut=True)
        case "timeout_before_accept":
            return Verdict(delay, executed=False, silent=True)
        case "timeout_after_accept":
            return Verdict(delay, silent=True)
        case "unavailable_503":
            return Verdict(delay, executed=False, reply=_error(503, ErrorCode.DISCONNECTED, UNAVAILABLE))
        case "internal_503":
            return Verdict(delay, executed=False, reply=_error(503, ErrorCode.DISCONNECTED, INTERNAL))
        case "throttled_503":
            return Verdict(delay, executed=False, reply=_error(503, ErrorCode.REQUEST_THROTTLED, _THROTTLED))
        case "unknown_symbol":
            return Verdict(delay, executed=False, reply=_unknown_symbol())
        case "error_answer":
            return Verdict(delay, executed=fault.carried_out, reply=_error(400, fault.code, _text_of(fault.code)))
        case "unknown_503":
            return Verdict(delay, executed=fault.carried_out, reply=_error(503, ErrorCode.UNKNOWN, UNKNOWN))
        case "backend_timeout_408":
            return Verdict(delay, executed=fault.carried_out, reply=_error(408, ErrorCode.TIMEOUT, _TIMEOUT))
        case "rate_limited_429":
            return Verdict(delay, executed=False, reply=_limited(429, fault))
        case "banned_418":
            return Verdict(delay, executed=False, reply=_limited(418, fault))
        case kind:
            raise AssertionError(f"{kind} decides no answer")


def _unknown_symbol() -> Reply:
    return _error(400, ErrorCode.BAD_SYMBOL, RULES[ErrorCode.BAD_SYMBOL].text)


def _exempt(method: str, parameters: Parameters) -> bool:
    """Return True for a cancel, reduce-only or close-position request: -1008 never hits those (docs/binance.md §4.8)."""
    return (
        method == "DELETE" or parameters.optional("reduceOnly") == "true" or parameters.optional("closePosition") == "true"
    )


def _text_of(code: int) -> str:
    rule = RULES.get(code)
    return rule.text if rule is not None else "An error of the simulator's making."


def _error(status: int, code: int, text: str) -> Reply:
    return Reply(status, {"code": int(code), "msg": text})


def _limited(status: int, fault: Fault) -> Reply:
    return Reply(status, {"code": ErrorCode.TOO_MANY_REQUESTS, "msg": _LIMITED}, {"Retry-After": str(fault.retry_after_s)})
