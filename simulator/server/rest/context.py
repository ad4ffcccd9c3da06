"""What the endpoints work on, and who asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from simulator.core.model.requests import Refusal
from simulator.server.limits import RateLimiter
from simulator.server.listen_keys import ListenKeys
from simulator.server.parameters import Parameters
from simulator.server.refusals import Refused, bad_symbol
from simulator.server.session import MarketSession
from simulator.tape.grid import Grid
from simulator.tape.tape_market import SymbolMarket

_Answer = TypeVar("_Answer")


@dataclass(slots=True)
class Context:
    """``keys``: API key → secret. ``pace``: market ms that go by in one ms of a client's clock, for its countdowns.

    ``skew``: what a fault adds to the server time, ms. ``strict_time``: refuse timestamps outside of the window.
    """

    session: MarketSession
    limiter: RateLimiter
    listen_keys: ListenKeys
    keys: dict[str, str]
    pace: float = 1.0
    skew: int = 0
    strict_time: bool = True

    @property
    def server_time(self) -> int:
        """What the exchange says the time is, ms."""
        return self.session.time + self.skew

    def symbol(self, parameters: Parameters, name: str = "symbol") -> str:
        """A symbol that is traded here. Raises Refused -1102, -1121."""
        symbol = parameters.text(name)
        if symbol not in self.session.market:
            raise bad_symbol()
        return symbol

    def maybe_symbol(self, parameters: Parameters) -> str | None:
        """The symbol, None when it was not sent."""
        return self.symbol(parameters) if "symbol" in parameters else None

    def market(self, parameters: Parameters, name: str = "symbol") -> SymbolMarket:
        """The market of the symbol."""
        return self.session.market[self.symbol(parameters, name)]

    def grid(self, symbol: str) -> Grid:
        return self.session.grids[symbol]

    def checked(self, answer: _Answer | Refusal) -> _Answer:
        """Publish the core's new events and return its answer. Raises Refused if it is a refusal."""
        self.session.publish()
        if isinstance(answer, Refusal):
            raise Refused(int(answer.code), answer.message)
        return answer


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, by ``key`` (empty without one), and when on the clock that limits and listen keys live by (ms)."""

    key: str
    now: int


SUCCESS: dict[str, Any] = {"code": 200, "msg": "success"}


def within(rows: list[Any], time_of: Any, parameters: Parameters, default: int, most: int) -> list[Any]:
    """The rows between startTime and endTime: the first ``limit`` from a start, else the latest."""
    start, end = parameters.maybe_integer("startTime"), parameters.maybe_integer("endTime")
    limit = max(1, min(parameters.integer("limit", default), most))
    chosen = [row for row in rows if (start is None or time_of(row) >= start) and (end is None or time_of(row) <= end)]
    return chosen[-limit:] if start is None else chosen[:limit]
