"""Candles that know the funding settled before them, and the fundings that are paid: of one market, in one place."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Protocol

import msgspec

from services.ingest.candle_source import CandleSource, Repair
from shared.domain.candles import RawCandle
from shared.domain.order_flow import SettledFunding


class Fundings(Protocol):
    """The funding of some symbols over time."""

    def rates_at(self, close_time: int) -> dict[str, Decimal]:
        """Return symbol → rate (fraction) for symbols with funding at ``close_time`` (UTC ms); mostly empty."""
        ...

    def next_of(self, symbol: str, now: int) -> tuple[int, Decimal] | None:
        """Return time (UTC ms) and rate of the symbol's first settlement after ``now``; None without one."""
        ...

    def known(self, symbol: str, close_time: int) -> SettledFunding | None:
        """Return the last settlement that the symbol's candle knows which closes at ``close_time`` (UTC ms)."""
        ...

    def settled(self, symbol: str, start: int, end: int) -> Iterator[tuple[int, float]]:
        """Yield time (UTC ms) and rate of the settlements in [start, end) that candles may know, in order."""
        ...


class FundedSource:
    """A candle source whose candles tell the funding that was settled last; see ``CandleSource``.

    fundings: the same that are paid in a replay, so that a strategy sees what it pays.
    """

    def __init__(self, source: CandleSource, fundings: Fundings) -> None:
        self._source = source
        self.fundings = fundings

    @property
    def source(self) -> CandleSource:
        """The candles as they were before they knew of funding."""
        return self._source

    @property
    def symbols(self) -> tuple[str, ...]:
        """In the order in which a step lists their candles."""
        return self._source.symbols

    @property
    def first(self) -> int:
        """Close time (UTC ms) of the first step."""
        return self._source.first

    @property
    def last(self) -> int:
        """Close time (UTC ms) of the last step."""
        return self._source.last

    @property
    def repairs(self) -> tuple[Repair, ...]:
        """What the source put right or states; nothing of a generated one."""
        return tuple(getattr(self._source, "repairs", ()))

    def __len__(self) -> int:
        return len(self._source)

    def steps(self) -> Iterator[tuple[int, tuple[RawCandle, ...]]]:
        """See the port. A candle that tells a funding of its own keeps it."""
        for close_time, candles in self._source.steps():
            yield close_time, tuple([self._funded(candle, close_time) for candle in candles])

    def _funded(self, candle: RawCandle, close_time: int) -> RawCandle:
        if candle.funding is not None:
            return candle
        known = self.fundings.known(candle.symbol, close_time)
        return candle if known is None else msgspec.structs.replace(candle, funding=known)
