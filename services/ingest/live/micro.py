"""One second of a symbol's high-rate streams as one message: spread, imbalance, what takers did (ICT-14).

Best bid and ask come from the book ticker, the imbalance from the local book (of the best level alone while that is not in
sequence), the deltas are sums since the last message.
"""

from __future__ import annotations

from services.ingest.live.book import LocalBook
from shared.domain.control import Micro
from shared.exchange.model.market_data import AggTrade, BookTicker
from shared.exchange.model.streams import LiquidationEvent


class MicroMeter:
    """One symbol."""

    def __init__(self, symbol: str, max_age_ms: int) -> None:
        self._symbol = symbol
        self._max_age_ms = max_age_ms
        self._ticker: BookTicker | None = None
        self._delta = 0.0
        self._liquidated = 0.0
        self._told = -1

    def ticker(self, ticker: BookTicker) -> None:
        """Best bid and ask; one that is older than what is known changes nothing."""
        known = self._ticker
        if known is None or (ticker.time, ticker.update) >= (known.time, known.update):
            self._ticker = ticker

    def trade(self, trade: AggTrade) -> None:
        """A taker's trade: bought counts up, sold counts down, base currency."""
        self._delta += -trade.quantity if trade.buyer_maker else trade.quantity

    def liquidation(self, forced: LiquidationEvent) -> None:
        """A forced order of somebody, base currency."""
        self._liquidated += forced.quantity if forced.side == "BUY" else -forced.quantity

    def take(self, now: int, book: LocalBook | None) -> Micro | None:
        """The message of what came since the last one; None without a fresh best bid and ask: old flow misleads."""
        delta, liquidated = self._delta, self._liquidated
        self._delta = self._liquidated = 0.0
        ticker = self._ticker
        if ticker is None or now - ticker.time > self._max_age_ms or now <= self._told:
            return None
        if not 0.0 < ticker.bid <= ticker.ask:
            return None  # crossed for an instant, or one side empty: there is no valid spread
        imbalance = book.imbalance() if book is not None else None
        if imbalance is None:
            both = ticker.bid_quantity + ticker.ask_quantity
            imbalance = (ticker.bid_quantity - ticker.ask_quantity) / both if both > 0.0 else 0.0
        self._told = now
        return Micro(
            symbol=self._symbol,
            time=now,
            bid=ticker.bid,
            ask=ticker.ask,
            imbalance=max(-1.0, min(1.0, imbalance)),
            trade_delta=delta,
            liquidated=liquidated,
        )
