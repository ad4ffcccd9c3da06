"""Defines the exchange port: every call that services make to an exchange.

Each exchange has one implementation, and each implementation must pass ``tests/contract/shared/exchange``. All of them keep
these rules:

* ``place``, ``place_batch`` and ``cancel`` return an Outcome; they do not raise when the exchange refuses or the network
  fails. They send again only if it is certain that nothing happened. The exchange refuses a client id that an open order
  has (Binance: -4116; the outcome is Uncertain with doubt "known_id"), so a repeat cannot place a second order.
* Every other call repeats what can be repeated without harm (queries, idempotent settings), then raises ExchangeError.
* Conditional orders have ``book`` "algo"; ``open_orders`` and ``cancel_all`` cover both books.
* Times are UTC ms of the exchange's clock. Prices and quantities of orders are sent as exact decimals.
* Every call waits for the rate limiter (``limits``); what protects a position waits for no other process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from shared.domain.timeframes import Timeframe
from shared.exchange.limits.news import Limited
from shared.exchange.model.account import (
    AccountConfig,
    AccountSummary,
    Balance,
    Bracket,
    Commission,
    Income,
    KeyRights,
    Leverage,
    MarginType,
    PositionRisk,
    SymbolConfig,
)
from shared.exchange.model.market_data import (
    AggTrade,
    BookTicker,
    Depth,
    ExchangeInfo,
    FundingRate,
    FundingTerms,
    Kline,
    MarkPrice,
    TradingSchedule,
)
from shared.exchange.model.orders import AccountTrade, ExchangeOrder, NewOrder, OrderRef
from shared.exchange.model.streams import MarketStream, StreamKind, StreamName, UserStream
from shared.exchange.outcome.outcomes import Outcome, Ready, Refused


class MarketData(Protocol):
    """Market data calls; they need no API key."""

    async def server_time(self) -> int:
        """Query the exchange's time, UTC ms."""
        ...

    def now(self) -> int:
        """The exchange's time by the last measured clock offset, UTC ms; sends nothing."""
        ...

    async def exchange_info(self) -> ExchangeInfo:
        """Read symbols, trading filters and rate limits. A symbol that cannot be read is named in ``left_out``."""
        ...

    async def trading_schedule(self) -> TradingSchedule:
        """Read the sessions of the markets behind TradFi contracts, about a week from yesterday on."""
        ...

    async def klines(
        self, symbol: str, timeframe: Timeframe, *, start: int | None = None, end: int | None = None, limit: int = 500
    ) -> tuple[Kline, ...]:
        """Return candles with an open time in [start, end] (ms), oldest first, at most ``limit`` (≤ 1500).

        Without ``start`` the newest are returned. The last candle may still be running: ``Kline.closed`` is False then, by
        the exchange's clock.
        """
        ...

    async def depth(self, symbol: str, limit: int = 1000) -> Depth:
        """Return a snapshot of the order book. ``limit``: levels on each side, one of 5, 10, 20, 50, 100, 500, 1000."""
        ...

    async def book_ticker(self, symbol: str) -> BookTicker:
        """Return the symbol's best bid and ask."""
        ...

    async def agg_trades(self, symbol: str, *, start: int | None = None, limit: int = 500) -> tuple[AggTrade, ...]:
        """Return aggregated trades since ``start`` (ms), oldest first, at most ``limit``; without ``start`` the newest."""
        ...

    async def mark_prices(self, symbol: str | None = None) -> tuple[MarkPrice, ...]:
        """Return mark price and running funding rate; ``symbol`` None = of all symbols."""
        ...

    async def funding_history(
        self, symbol: str, *, start: int | None = None, end: int | None = None, limit: int = 100
    ) -> tuple[FundingRate, ...]:
        """Return the fundings paid in [start, end] (ms), oldest first, at most ``limit`` (≤ 1000)."""
        ...

    async def funding_terms(self) -> dict[str, FundingTerms]:
        """Return funding interval and rate bounds, by symbol. Symbols with the exchange's default (8 h) may be missing."""
        ...

    def market_stream(
        self,
        names: Sequence[StreamName],
        *,
        silent_after: float | None = None,
        cadence: Mapping[StreamKind, float] | None = None,
    ) -> MarketStream:
        """Return one connection, not yet open, that carries all these streams; open it with ``async with``.

        silent_after: seconds after which the connection ends with StreamLost("silent") if any one of the streams sent no
            frame; None = never (hours may pass without a liquidation).
        cadence: by kind of stream, seconds within which at least one stream of the kind sends its first frame. A connection
            that was open for longer, with none of a kind, was acknowledged only: the next one subscribes in another form.

        Raises ValueError if the streams cannot share a connection; ``together`` returns groups that can.
        """
        ...

    def together(self, names: Sequence[StreamName]) -> list[list[StreamName]]:
        """Split streams into groups that can each share one connection; pass each group to ``market_stream``."""
        ...


class Trading(Protocol):
    """Order and account calls; they need an API key."""

    async def admit(self, order: NewOrder) -> Refused | None:
        """Count an order at the rate limits ahead of ``place``; it may wait for them. Else ``place`` counts it.

        Returns why it cannot leave now; None if it can. An order that is not placed after all stays counted.
        """
        ...

    async def place(self, order: NewOrder, *, signed_at: int | None = None, ready: Ready | None = None) -> Outcome:
        """Send one order and return its outcome.

        Save the order's client id before the call. After a crash in between, query the order by that id with ``order``
        instead of placing it again.

        signed_at: time with which the request is signed, ms of the exchange's clock, in every attempt; None = the time of
            each attempt. The exchange refuses a request that arrives more than the receive window after it (-1021): that is
            Refused, so what a frozen process sends late does nothing.
        ready: asked right before the request leaves; if it returns False NotReady is raised, and nothing was sent.
        """
        ...

    async def place_batch(self, orders: Sequence[NewOrder]) -> tuple[Outcome, ...]:
        """Send several orders; return one outcome for each, in the sequence of ``orders``.

        Conditional orders are sent first, one by one, because the exchange has no batch for them; plain orders follow, at
        most 5 in one request. In both groups orders that only reduce a position go first.
        """
        ...

    async def cancel(self, ref: OrderRef, *, ready: Ready | None = None) -> Outcome:
        """Cancel one order. Refused if it is not open: query it with ``order``. ready: see ``place``."""
        ...

    async def cancel_all(self, symbol: str) -> None:
        """Cancel every open order of the symbol in both books. Raises ExchangeError if either book is not confirmed."""
        ...

    async def order(self, ref: OrderRef) -> ExchangeOrder | None:
        """Query an order, average price included. None if the exchange does not know it, or no longer keeps it."""
        ...

    async def open_orders(self, symbol: str | None = None) -> tuple[ExchangeOrder, ...]:
        """Return the open orders of both books; ``symbol`` None = of all symbols."""
        ...

    async def account_trades(
        self,
        symbol: str,
        *,
        order_id: int | None = None,
        start: int | None = None,
        from_id: int | None = None,
        limit: int = 500,
    ) -> tuple[AccountTrade, ...]:
        """Return the account's own trades of a symbol, oldest first, at most ``limit`` (≤ 1000).

        order_id: only trades of this order. start: only trades since then, ms. from_id: only trades from this id on.
        """
        ...

    async def countdown_cancel(self, symbol: str, ms: int) -> None:
        """Tell the exchange to cancel all plain orders of the symbol in ``ms``, unless this is called again before.

        0 stops the countdown. Conditional orders may stay open: Binance does not document that they are cancelled
        (docs/binance.md §4.4).
        """
        ...

    async def key_rights(self) -> KeyRights:
        """Return what the API key may do. Raises ExchangeError if the exchange refuses the key."""
        ...

    async def account(self) -> AccountSummary:
        """Read the account's totals and balances, USDT."""
        ...

    async def balances(self) -> tuple[Balance, ...]:
        """Read the wallet balances, one for each asset."""
        ...

    async def positions(self, symbol: str | None = None) -> tuple[PositionRisk, ...]:
        """Return the open positions, one for each leg; ``symbol`` None = of all symbols. Flat legs are left out."""
        ...

    async def brackets(self, symbol: str | None = None) -> dict[str, tuple[Bracket, ...]]:
        """Return the margin tiers by symbol, smallest notional first; ``symbol`` None = of all symbols."""
        ...

    async def commission(self, symbol: str) -> Commission:
        """Read our maker and taker fee rates for the symbol, as fractions of notional."""
        ...

    async def account_config(self) -> AccountConfig:
        """Read the account's modes: hedge or one-way, single- or multi-assets, whether it may trade, fee tier."""
        ...

    async def symbol_configs(self, symbol: str | None = None) -> dict[str, SymbolConfig]:
        """Read leverage and margin type, by symbol; ``symbol`` None = all. One that cannot be read is missing."""
        ...

    async def income(
        self, *, symbol: str | None = None, kind: str | None = None, start: int | None = None, limit: int = 100
    ) -> tuple[Income, ...]:
        """Return wallet movements since ``start`` (ms), oldest first, at most ``limit`` (≤ 1000); None = no filter.

        kind: one of the exchange's income types, such as FUNDING_FEE.
        """
        ...

    async def set_leverage(self, symbol: str, leverage: int) -> Leverage:
        """Set the symbol's leverage, a whole number. Idempotent; returns the leverage that now holds."""
        ...

    async def set_margin_type(self, symbol: str, margin_type: MarginType) -> None:
        """Set the symbol's margin type. Idempotent. Raises ExchangeError while a position or an order is open."""
        ...

    async def hedge_mode(self) -> bool:
        """Read the position mode: True = hedge mode, a LONG and a SHORT leg for each symbol."""
        ...

    async def set_hedge_mode(self, on: bool) -> None:
        """Set the position mode. Idempotent. Raises ExchangeError while a position or an order is open."""
        ...

    def user_stream(self) -> UserStream:
        """Return the stream of the account's own events (orders, fills, balances), not yet open; use ``async with``."""
        ...


class TradingExchange(Trading, Limited, Protocol):
    """The calls that live trading makes: orders, account, and the market data that orders are checked against."""

    async def start(self) -> None:
        """Measure the exchange's clock and keep it measured. Raises ExchangeError if the exchange cannot be reached."""
        ...

    async def close(self) -> None:
        """Stop measuring the clock and close the REST connections; streams close with their ``async with``. Idempotent."""
        ...

    def healthy(self) -> bool:
        """Return True if the last attempt reached the exchange and the answer was no server error."""
        ...

    def now(self) -> int:
        """The exchange's time by the last measured clock offset, UTC ms; sends nothing."""
        ...

    async def exchange_info(self) -> ExchangeInfo:
        """Read symbols, trading filters and rate limits. A symbol that cannot be read is named in ``left_out``."""
        ...

    async def trading_schedule(self) -> TradingSchedule:
        """Read the sessions of the markets behind TradFi contracts, about a week from yesterday on."""
        ...

    async def mark_prices(self, symbol: str | None = None) -> tuple[MarkPrice, ...]:
        """Return mark price and running funding rate; ``symbol`` None = of all symbols."""
        ...

    async def funding_history(
        self, symbol: str, *, start: int | None = None, end: int | None = None, limit: int = 100
    ) -> tuple[FundingRate, ...]:
        """Return the fundings paid in [start, end] (ms), oldest first, at most ``limit`` (≤ 1000)."""
        ...


class Exchange(MarketData, TradingExchange, Protocol):
    """All calls of an exchange: market data, orders and account."""
