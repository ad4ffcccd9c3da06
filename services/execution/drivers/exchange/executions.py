"""Asks the exchange for what no event said: executions of a symbol, and funding payments."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Final

import structlog

from services.execution.drivers.exchange.income_rows import read_rows
from services.execution.drivers.exchange.money_loop import MoneyLoop
from services.execution.inputs import Executions, Paid
from services.execution.requests import QueryExecutions
from shared.domain.account import FundingPayment
from shared.domain.symbols import is_symbol
from shared.exchange.errors import ExchangeError
from shared.exchange.model.orders import AccountTrade, ExchangeOrder, OrderRef
from shared.exchange.port import TradingExchange
from shared.runtime.waiting import wait_at_most

log = structlog.get_logger(__name__)

#: Binance keeps a query of trades within seven days of its start.
_FARTHEST_MS: Final = 7 * 86_400_000 - 60_000
_KIND: Final = "FUNDING_FEE"
_ZERO: Final = Decimal(0)


async def query_executions(exchange: TradingExchange, loop: MoneyLoop, request: QueryExecutions, page: int) -> None:
    """Read every execution of a symbol since a time, with the orders whose owner is not known, and feed them.

    Raises ExchangeError. page: trades in one query.
    """
    asked_at = loop.now()
    since = max(request.since, asked_at - _FARTHEST_MS)
    trades = list(await exchange.account_trades(request.symbol, start=since, limit=page))
    last = trades
    while len(last) >= page:
        last = list(await exchange.account_trades(request.symbol, from_id=trades[-1].id + 1, limit=page))
        trades += last
    orders = await _orders_of(exchange, loop, request.symbol, trades)
    loop.feed(Executions(symbol=request.symbol, asked_at=asked_at, trades=tuple(trades), orders=orders))


async def _orders_of(
    exchange: TradingExchange, loop: MoneyLoop, symbol: str, trades: list[AccountTrade]
) -> tuple[ExchangeOrder, ...]:
    known = {
        number
        for order in loop.core.state.orders.values()
        if order.request.symbol == symbol
        for number in (order.child_id if order.book == "algo" else order.order_id,)
    }
    unknown = dict.fromkeys(trade.order_id for trade in trades if trade.order_id not in known)
    found = [await exchange.order(OrderRef(symbol=symbol, id=order_id)) for order_id in unknown]
    return tuple(order for order in found if order is not None)


class Funding:
    """Funding payments by query: a payment may be listed late, so each query reaches back; the core counts each once.

    every, overlap: seconds. failed: called with an error of a query.
    """

    def __init__(
        self,
        exchange: TradingExchange,
        loop: MoneyLoop,
        every: float,
        overlap: float,
        failed: Callable[[ExchangeError], None],
    ) -> None:
        self._exchange = exchange
        self._loop = loop
        self._every = every
        self._overlap_ms = int(overlap * 1000)
        self._failed = failed
        self._wanted = asyncio.Event()
        self._until = 0
        self._known: set[str] = set()

    def ask(self) -> None:
        """A payment was made: ask for it now."""
        self._wanted.set()

    async def run(self) -> None:
        """Ask until cancelled."""
        while True:
            self._wanted.clear()
            try:
                await self.read()
            except ExchangeError as error:
                self._failed(error)
                log.warning("funding_not_read", error=str(error))
            await wait_at_most(self._wanted, self._every)

    async def read(self) -> None:
        """Read the payments since the last query, and a while before it; feed those not fed yet. Raises ExchangeError."""
        now = self._loop.now()
        since = min(self._until or now, now) - self._overlap_ms
        rows = await read_rows(self._exchange, _KIND, since)
        new = [row for row in rows if row.id not in self._known and is_symbol(row.symbol)]
        rates = await self._rates({row.symbol for row in new})
        if new:
            payments = (
                FundingPayment(
                    symbol=row.symbol, time=row.time, rate=rates.get(row.symbol, _ZERO), amount=row.amount, id=row.id
                )
                for row in new
            )
            self._loop.feed(Paid(payments=tuple(payments)))
        self._known = {row.id for row in rows}
        self._until = now

    async def _rates(self, symbols: set[str]) -> dict[str, Decimal]:
        found: dict[str, Decimal] = {}
        for symbol in sorted(symbols):
            try:
                history = await self._exchange.funding_history(symbol, limit=1)
            except ExchangeError as error:  # the amount counts; the rate is for the reader
                log.warning("funding_rate_not_read", symbol=symbol, error=str(error))
                continue
            found |= {each.symbol: each.rate for each in history}
        return found
