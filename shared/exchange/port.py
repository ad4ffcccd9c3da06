"""The exchange port: everything that services ask of an exchange (EXEC-9).

One implementation for each exchange; each must pass ``tests/contract/shared/exchange``. Contract, beside the signatures:

* Orders: ``place`` and ``cancel`` return an Outcome; neither a refusal of the exchange nor a fault of the network raises.
  They never send twice. The same client id of an order that lives is refused (Binance: -4116), never doubled.
* Everything else raises ExchangeError, after the retries that are harmless (reads, settings that can be set twice).
* Conditional orders are ordinary orders with ``book`` "algo"; ``open_orders`` and ``cancel_all`` cover both books.
* Times are ms of the exchange's clock. Prices and quantities go out as exact decimals.
* Calls wait for the rate limiter, which all processes of a deployment share; protection goes first, bulk reads last.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from shared.domain.timeframes import Timeframe
from shared.exchange.model.account import (
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
)
from shared.exchange.model.orders import AccountTrade, ExchangeOrder, NewOrder, OrderRef
from shared.exchange.model.streams import MarketStream, StreamName, UserStream
from shared.exchange.outcome.outcomes import Outcome


class MarketData(Protocol):
    """Market data: the half of the exchange that needs no key."""

    async def server_time(self) -> int:
        """Ask for the exchange's time; UTC ms."""
        ...

    def now(self) -> int:
        """The exchange's time by the last measured clock offset, UTC ms; sends nothing."""
        ...

    async def exchange_info(self) -> ExchangeInfo:
        """Read symbols, trading filters and rate limits."""
        ...

    async def klines(
        self, symbol: str, timeframe: Timeframe, *, start: int | None = None, end: int | None = None, limit: int = 500
    ) -> tuple[Kline, ...]:
        """Candles that opened in [start, end], oldest first, at most ``limit`` (≤ 1500); without ``start`` the newest.

        The last one may still run: see ``Kline.closed``, which is by the exchange's clock.
        """
        ...

    async def depth(self, symbol: str, limit: int = 1000) -> Depth:
        """A snapshot of the book; ``limit`` levels a side, one of 5, 10, 20, 50, 100, 500, 1000."""
        ...

    async def book_ticker(self, symbol: str) -> BookTicker:
        """Read best bid and ask of the symbol."""
        ...

    async def agg_trades(self, symbol: str, *, start: int | None = None, limit: int = 500) -> tuple[AggTrade, ...]:
        """Trades since ``start``, oldest first."""
        ...

    async def mark_prices(self, symbol: str | None = None) -> tuple[MarkPrice, ...]:
        """Mark price and running funding, of one symbol or of all."""
        ...

    async def funding_history(
        self, symbol: str, *, start: int | None = None, end: int | None = None, limit: int = 100
    ) -> tuple[FundingRate, ...]:
        """Fundings that were paid, oldest first, at most ``limit`` (≤ 1000)."""
        ...

    async def funding_terms(self) -> dict[str, FundingTerms]:
        """Interval and bounds of the symbols that differ from the exchange's default (8 h)."""
        ...

    def market_stream(self, names: Sequence[StreamName], *, silent_after: float | None = None) -> MarketStream:
        """One connection for these streams, which must belong on one route: see ``route`` of the implementation.

        ``silent_after``: seconds without a frame *of any one of the streams* until StreamLost("silent"); None = no watch
        (liquidations may be rare). Raises ValueError when the streams cannot share a connection.
        """
        ...

    def together(self, names: Sequence[StreamName]) -> list[list[StreamName]]:
        """The streams, grouped as connections must carry them: by route, and no more than the exchange allows on one."""
        ...


class Trading(Protocol):
    """Orders and account: the half of the exchange that needs a key."""

    async def place(self, order: NewOrder) -> Outcome:
        """Send one order, once. Persist its client id first: after a crash in between, ask for it by that id."""
        ...

    async def place_batch(self, orders: Sequence[NewOrder]) -> tuple[Outcome, ...]:
        """Send several, each with an outcome of its own, in order. At most 5 plain ones travel together; there is no batch
        for conditional orders, so those are sent one by one, protection first."""
        ...

    async def cancel(self, ref: OrderRef) -> Outcome:
        """Cancel one order. Refused when it is not open: ask for it to learn why."""
        ...

    async def cancel_all(self, symbol: str) -> None:
        """Cancel every open order of the symbol, of both books. Raises ExchangeError when either cannot be confirmed."""
        ...

    async def order(self, ref: OrderRef) -> ExchangeOrder | None:
        """The order as it is now, with its average price; None when the exchange knows none (any more)."""
        ...

    async def open_orders(self, symbol: str | None = None) -> tuple[ExchangeOrder, ...]:
        """What is open, of both books, of one symbol or of all."""
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
        """Our executions, oldest first, at most ``limit`` (≤ 1000)."""
        ...

    async def countdown_cancel(self, symbol: str, ms: int) -> None:
        """Cancel all plain orders of the symbol in ``ms`` unless told again; 0 = call it off. Conditional ones may stay."""
        ...

    async def key_rights(self) -> KeyRights:
        """What our key may do. Raises ExchangeError when the exchange refuses the key."""
        ...

    async def account(self) -> AccountSummary:
        """Read the account's totals and balances, USDT."""
        ...

    async def balances(self) -> tuple[Balance, ...]:
        """Read the wallet balances, one for each asset."""
        ...

    async def positions(self, symbol: str | None = None) -> tuple[PositionRisk, ...]:
        """Open positions; flat legs are left out."""
        ...

    async def brackets(self, symbol: str | None = None) -> dict[str, tuple[Bracket, ...]]:
        """Margin tables by symbol, smallest tier first."""
        ...

    async def commission(self, symbol: str) -> Commission:
        """Read our maker and taker fee rates for the symbol, as fractions of notional."""
        ...

    async def symbol_configs(self, symbol: str | None = None) -> dict[str, SymbolConfig]:
        """Read leverage and margin type, by symbol; ``symbol`` None = all."""
        ...

    async def income(
        self, *, symbol: str | None = None, kind: str | None = None, start: int | None = None, limit: int = 100
    ) -> tuple[Income, ...]:
        """Movements of the wallet, oldest first, at most ``limit`` (≤ 1000)."""
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
        """Open the stream of the account's own events: orders, fills, balances."""
        ...


class TradingExchange(Trading, Protocol):
    """What trading needs of an exchange: orders, account, and the market data that they are checked against."""

    async def start(self) -> None:
        """Connect, measure the clock. Raises ExchangeError when the exchange cannot be reached."""
        ...

    async def close(self) -> None:
        """Close everything that is open, streams included. Idempotent."""
        ...

    def healthy(self) -> bool:
        """True if the last calls were answered."""
        ...

    def now(self) -> int:
        """The exchange's time by the last measured clock offset, UTC ms; sends nothing."""
        ...

    async def exchange_info(self) -> ExchangeInfo:
        """Read symbols, trading filters and rate limits."""
        ...

    async def mark_prices(self, symbol: str | None = None) -> tuple[MarkPrice, ...]:
        """Mark price and running funding, of one symbol or of all."""
        ...

    async def funding_history(
        self, symbol: str, *, start: int | None = None, end: int | None = None, limit: int = 100
    ) -> tuple[FundingRate, ...]:
        """Fundings that were paid, oldest first, at most ``limit`` (≤ 1000)."""
        ...


class Exchange(MarketData, TradingExchange, Protocol):
    """The whole exchange: market data, orders, account."""
