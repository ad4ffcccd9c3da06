"""The objects that every endpoint is called with: the exchange (Context) and the caller (Caller)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeVar

from shared.exchange.error_codes import ErrorCode
from simulator.core.model.requests import Refusal
from simulator.server.fault_table import FaultTable
from simulator.server.limits import RateLimiter
from simulator.server.listen_keys import ListenKeys
from simulator.server.parameters import Parameters
from simulator.server.records import Records
from simulator.server.refusals import Refused, bad_symbol, illegal
from simulator.server.session import MarketSession
from simulator.tape.grid import Grid
from simulator.tape.tape_market import SymbolMarket

_Answer = TypeVar("_Answer")


@dataclass(slots=True)
class Context:
    """The simulated exchange as endpoints see it.

    keys: API key → secret. pace: market ms per real ms, by which countdowns of clients are lengthened.
    skew: offset that clock-skew faults add to the server time, ms. strict_time: refuse timestamps outside recvWindow.
    faults: the faults in force. alias: the exchange's name of the account.
    """

    session: MarketSession
    limiter: RateLimiter
    listen_keys: ListenKeys
    keys: dict[str, str]
    records: Records = field(default_factory=Records)
    pace: float = 1.0
    skew: int = 0
    strict_time: bool = True
    faults: FaultTable = field(default_factory=lambda: FaultTable(0))
    alias: str = "Sim"

    @property
    def server_time(self) -> int:
        """Return the exchange's time as clients see it: the market's clock plus ``skew``, ms."""
        return self.session.time + self.skew

    def symbol(self, parameters: Parameters, name: str = "symbol") -> str:
        """Return the symbol of the request. Raises Refused: -1102 if it was not sent, -1121 if it is not traded here."""
        symbol = parameters.text(name)
        if symbol not in self.session.market:
            raise bad_symbol()
        return symbol

    def maybe_symbol(self, parameters: Parameters) -> str | None:
        """Return the symbol of the request; None if it was not sent. Raises Refused -1121 if it is not traded here."""
        return self.symbol(parameters) if "symbol" in parameters else None

    def market(self, parameters: Parameters, name: str = "symbol") -> SymbolMarket:
        """Return the market data of the request's symbol. Raises Refused as ``symbol`` does."""
        return self.session.market[self.symbol(parameters, name)]

    def grid(self, symbol: str) -> Grid:
        """Return price tick and quantity step of a symbol."""
        return self.session.grids[symbol]

    def checked(self, answer: _Answer | Refusal) -> _Answer:
        """Queue the core's new events, then return its answer. Raises Refused if the core refused."""
        self.session.publish()
        if isinstance(answer, Refusal):
            raise Refused(int(answer.code), answer.message)
        return answer


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent the request. ``key``: API key, empty if not sent; ``now``: wall clock, ms."""

    key: str
    now: int


SUCCESS: dict[str, Any] = {"code": 200, "msg": "success"}


def within(rows: list[Any], time_of: Any, parameters: Parameters, default: int, most: int) -> list[Any]:
    """Select rows between startTime and endTime: the first ``limit`` if startTime was sent, else the latest ``limit``.

    default, most: default and largest ``limit``. time_of: time of a row, ms. Raises Refused -1023 if startTime is after
    endTime, -1130 for a limit outside its range (ccxt #14498: reproduced there above 1000).
    """
    start, end = parameters.maybe_integer("startTime"), parameters.maybe_integer("endTime")
    if start is not None and end is not None and start > end:
        raise Refused(ErrorCode.START_TIME_GREATER_THAN_END_TIME)
    limit = parameters.integer("limit", default)
    if not 1 <= limit <= most:
        raise illegal("limit", str(limit))
    chosen = [row for row in rows if (start is None or time_of(row) >= start) and (end is None or time_of(row) <= end)]
    return chosen[-limit:] if start is None else chosen[:limit]
