"""When the exchange refuses, by a fault of its own, what would protect a position. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any, Final

from simulator.ledger.record import FaultOver, FaultSet, Line
from simulator.ledger.spans import Span, joined

#: Where a stop is placed, and where an order is: a market order protects too, for it closes.
_STOPS: Final = ("POST", "/fapi/v1/algoOrder")
#: Kinds after which the exchange has carried nothing out, whatever they say of it.
_NEVER: Final = frozenset(
    {
        "timeout_before_accept", "unavailable_503", "internal_503", "rate_limited_429", "banned_418", "rest_outage",
        "unknown_symbol",
    }
)  # fmt: skip
#: Kinds that carry a request out unless told otherwise.
_MAYBE: Final = frozenset({"unknown_503", "backend_timeout_408", "error_answer"})
#: Kinds under which signed requests are refused by their time, or a symbol takes nothing.
_WHOLLY: Final = frozenset({"clock_skew", "delisted"})
#: A client that was told to wait so long may wait so long, s.
_WAITS: Final = frozenset({"rate_limited_429", "banned_418"})


def refuses_stops(fields: dict[str, Any]) -> bool:
    """True for a fault under which a conditional order may be refused, or left without an outcome that helps."""
    kind = fields["kind"]
    if kind in _WHOLLY:
        return True
    if kind not in _NEVER and not (kind in _MAYBE and not fields.get("executed", kind != "error_answer")):
        return False
    method, path = _STOPS
    return fnmatchcase(method, fields.get("method", "*")) and fnmatchcase(path, fields.get("path", "*"))


def refusing(lines: Sequence[Line], end: int) -> dict[str, list[Span]]:
    """Return by symbol, or ``*`` for every one, when stops could not be placed; ``end``: ms, of faults that never ended."""
    since: dict[int, FaultSet] = {}
    found: dict[str, list[Span]] = {}

    def over(fault: FaultSet, at: int, hits: int) -> None:
        wait = 1_000 * int(fault.fields.get("retry_after_s", 1)) if fault.fields["kind"] in _WAITS and hits else 0
        found.setdefault(str(fault.fields.get("symbol", "*")), []).append(Span(fault.at, at + wait))

    for line in lines:
        if isinstance(line, FaultSet) and refuses_stops(line.fields):
            since[line.number] = line
        elif isinstance(line, FaultOver) and line.number in since:
            over(since.pop(line.number), line.at, line.hits)
    for fault in since.values():
        over(fault, end, 1)
    return {symbol: joined(spans) for symbol, spans in found.items()}
