"""Reads the account as the exchange states it: regularly, and whenever news may have been missed (EXEC-4).

Statements never wait for orders, nor long for the prices of assets that fees are paid in. Each read fails alone: without
balances or positions there is no statement; open orders are read as ``order_reads`` says, and one symbol that cannot be
read leaves the others as they are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import structlog

from services.execution.alerts import alert
from services.execution.drivers.exchange.metrics import STATEMENTS
from services.execution.drivers.exchange.money_loop import MoneyLoop
from services.execution.drivers.exchange.order_reads import OrderReads
from services.execution.drivers.exchange.readiness import Readiness
from services.execution.drivers.exchange.side_reads import SideRead
from services.execution.drivers.exchange.transfer_reading import TransferReading
from services.execution.inputs import FUNDINGS_EVERY_MS, TIERS_EVERY_MS, Statement
from shared.domain.account import MarginTier, NextFunding
from shared.domain.symbols import is_symbol
from shared.exchange.error_codes import TOO_MANY, ErrorCode
from shared.exchange.errors import ExchangeError
from shared.exchange.model.account import Balance, Bracket, PositionRisk
from shared.exchange.model.orders import ExchangeOrder
from shared.exchange.port import TradingExchange
from shared.runtime.waiting import wait_at_most

log = structlog.get_logger(__name__)

_ASSET: Final = "USDT"
#: Longest wait for open orders, and then for prices, once balances and positions are there.
_ORDERS_PATIENCE_S: Final = 2.0
#: Longest wait for the prices of assets that fees are paid in; what comes later is of the next statement.
_PRICES_PATIENCE_S: Final = 0.5

#: The mark prices of all symbols together weigh as much as those of so many one by one.
_ALL_WEIGH: Final = 10

#: Longest pause between two statements while a trade lives, seconds: a lost event of a stop must show within ``naked_ms``.
_WATCHFUL_S: Final = 2.0

#: Open orders, and the symbols of which they are all; None = every symbol.
_Orders = tuple[tuple[ExchangeOrder, ...], frozenset[str] | None]


class AccountSync:
    """symbols: those that are traded. every: seconds. failed: called with an error of a read. presence: True for an
    order by which a process only shows itself. transfers: reads and feeds those that no event may have told;
    False = that failed.
    """

    def __init__(
        self,
        exchange: TradingExchange,
        loop: MoneyLoop,
        symbols: Sequence[str],
        every: float,
        readiness: Readiness,
        failed: Callable[[ExchangeError], None],
        presence: Callable[[ExchangeOrder], bool],
        transfers: Callable[[], Coroutine[Any, Any, bool]],
    ) -> None:
        self._exchange = exchange
        self._loop = loop
        self._symbols = tuple(symbols)
        self._every = every
        self._readiness = readiness
        self._failed = failed
        self._presence = presence
        self._transfers = TransferReading(loop, transfers)
        self._wanted = asyncio.Event()
        self._whole = True
        self._isolated = False
        self._reads = OrderReads()
        self._unknown: set[str] = set()
        self._paid_in: set[str] = set()
        self._unpriced: set[str] = set()
        self._pricing: dict[str, asyncio.Task[Decimal | None]] = {}
        wanted = self._wanted.set
        self._tiers = SideRead("margin tiers", self._read_tiers, TIERS_EVERY_MS, wanted)
        self._fundings = SideRead("next fundings", self._read_fundings, FUNDINGS_EVERY_MS, wanted)

    def ask(self, *, whole: bool = False) -> None:
        """Ask for one now. whole: news may have been missed, so that orders of every symbol are read."""
        self._whole |= whole
        self._wanted.set()

    def paid_in(self, asset: str) -> None:
        """A fee was paid in this asset: its price is asked for with the next statement, which comes at once."""
        if asset not in ("", _ASSET) and asset not in self._paid_in:
            self._paid_in.add(asset)
            self.ask()

    async def run(self) -> None:
        """Read until cancelled."""
        try:
            while True:
                await wait_at_most(self._wanted, self._pause())
                self._wanted.clear()
                if not await self.read():
                    await asyncio.sleep(min(1.0, self._every))
        finally:
            for asking in self._pricing.values():
                asking.cancel()
            self._tiers.cancel()
            self._fundings.cancel()
            self._transfers.cancel()

    async def read(self) -> bool:
        """Read one statement and feed it; False if the exchange did not give balances and positions."""
        whole, self._whole = self._whole, False
        asked_at = self._loop.now()
        orders_read = asyncio.ensure_future(self._orders(whole))
        try:
            balances, positions = await asyncio.gather(
                self._exchange.balances(), self._exchange.positions(), return_exceptions=True
            )
            orders, listed = await self._at_most(orders_read)
        finally:
            orders_read.cancel()
        for answer in (balances, positions):
            if isinstance(answer, BaseException):
                self._whole |= whole
                STATEMENTS.labels("none").inc()
                self._unread(answer)
                return False
        assert not isinstance(balances, BaseException)
        assert not isinstance(positions, BaseException)
        legs = tuple(each for each in positions if is_symbol(each.symbol))
        try:
            wallet, unrealized = await self._purse(balances, legs)
        except ExchangeError as error:
            self._whole |= whole
            STATEMENTS.labels("none").inc()
            self._unread(error)
            return False
        await self._transfers.look(wallet, unseen=whole or not self._loop.core.state.connected)
        self._readiness.answered()
        STATEMENTS.labels("all" if listed is None or listed >= set(self._symbols) - self._unknown else "part").inc()
        statement = Statement(
            time=self._loop.now(),
            asked_at=asked_at,
            wallet=wallet,
            equity=wallet + unrealized,
            legs=legs,
            orders=tuple(each for each in orders if not self._presence(each)),
            listed=listed,
            fee_prices=await self._prices(balances),
            tiers=self._tiers.take(self._loop.now()),
            next_fundings=self._fundings.take(self._loop.now()),
        )
        self._loop.feed(statement)
        return True

    # -- inside -------------------------------------------------------------------------------------------------------

    def _pause(self) -> float:
        """Seconds until the next one: soon while something could be bare, or rests, that a lost event would hide."""
        return min(self._every, _WATCHFUL_S) if self._loop.core.state.plans else self._every

    async def _purse(self, balances: Sequence[Balance], legs: Iterable[PositionRisk]) -> tuple[Decimal, Decimal]:
        """The wallet and what is won and not realised, USDT, both of one answer.

        Positions are another answer than balances. A position that closes between the two is in the wallet already, or not
        yet: by its leg its result would count twice, or not at all. Balances tell the profit of crossed positions only;
        while isolated ones are held, and once after that, the account is asked, which tells that of all.
        """
        isolated = any(each.isolated_wallet for each in legs)
        asks, self._isolated = isolated or self._isolated, isolated
        if asks:
            account = await self._exchange.account()
            return next((each.wallet for each in account.balances if each.asset == _ASSET), Decimal(0)), account.unrealized
        purse = next((each for each in balances if each.asset == _ASSET), None)
        return (purse.wallet, purse.cross_unrealized) if purse is not None else (Decimal(0), Decimal(0))

    @staticmethod
    async def _at_most(reading: asyncio.Task[_Orders]) -> _Orders:
        """The orders that were read; none if that takes too long, so that balances and positions are not kept waiting."""
        await asyncio.wait({reading}, timeout=_ORDERS_PATIENCE_S)
        return reading.result() if reading.done() else ((), frozenset())

    async def _orders(self, whole: bool) -> _Orders:
        """Open orders of all symbols (None), or of those that were due and could be read; never raises for the exchange."""
        busy = self._busy()
        readable = (busy | set(self._symbols)) - self._unknown
        symbols = self._reads.due(readable, busy, self._loop.now(), whole=whole)
        if symbols is None:
            try:
                return _named(await self._exchange.open_orders()), None
            except ExchangeError as error:
                self._unread(error)
            symbols = self._reads.instead(readable, busy)
        read = await asyncio.gather(*(self._exchange.open_orders(each) for each in symbols), return_exceptions=True)
        found: list[ExchangeOrder] = []
        listed: set[str] = set()
        for symbol, orders in zip(symbols, read, strict=True):
            if isinstance(orders, BaseException):
                self._unlisted(symbol, orders)
            else:
                found += orders
                listed.add(symbol)
        return _named(found), frozenset(listed)

    def _busy(self) -> set[str]:
        """Symbols in which a trade or an order of ours lives, or a position stands."""
        state = self._loop.core.state
        exposed = {plan.symbol for plan in state.plans.values()}
        exposed |= {each.symbol for each in state.positions.values() if each.stated}
        return exposed | {state.orders[client_id].request.symbol for client_id in state.strays if client_id in state.orders}

    def _unlisted(self, symbol: str, error: BaseException) -> None:
        if isinstance(error, ExchangeError) and error.code == ErrorCode.BAD_SYMBOL:
            self._unknown.add(symbol)
            now = self._loop.now()
            text = f"{symbol}: the exchange knows no such symbol any more; its open orders are not read from now on"
            self._loop.tell(alert("critical", f"unknown_symbol.{symbol}", text, now))
        else:
            self._unread(error)

    def _unread(self, error: BaseException) -> None:
        if isinstance(error, ExchangeError):
            self._failed(error)
            log.warning("account_not_read", error=str(error))
        elif isinstance(error, Exception):
            log.error("account_not_read", exc_info=error)
        else:
            raise error
        self._readiness.unanswered(str(error))

    async def _read_tiers(self) -> Mapping[str, tuple[MarginTier, ...]]:
        read = await self._exchange.brackets()
        return {symbol: tuple(map(_tier, read[symbol])) for symbol in self._symbols if symbol in read}

    async def _read_fundings(self) -> Mapping[str, NextFunding]:
        as_of, mark_prices = self._loop.now(), self._exchange.mark_prices
        if len(self._symbols) < _ALL_WEIGH:
            found = [row for rows in await asyncio.gather(*map(mark_prices, self._symbols)) for row in rows]
        else:
            found = list(await mark_prices())
        return {
            each.symbol: NextFunding(rate=each.funding_rate, due=each.next_funding, as_of=as_of)
            for each in found
            if each.symbol in self._symbols and each.next_funding > 0
        }

    async def _prices(self, balances: Iterable[Balance]) -> dict[str, Decimal | None]:
        """Prices in USDT of the assets that fees may be paid in: those of the wallet, and those that fees were paid in.

        Those that are not told in a moment are as they were last: a statement does not wait for them.
        """
        assets = sorted(({each.asset for each in balances if each.wallet} | self._paid_in) - {_ASSET})
        for asset in assets:
            if asset not in self._pricing or self._pricing[asset].done():
                self._pricing[asset] = asyncio.create_task(self._price(asset), name=f"price of {asset}")
        asked = {asset: self._pricing[asset] for asset in assets}
        if asked:
            await asyncio.wait(asked.values(), timeout=_PRICES_PATIENCE_S)
        known = self._loop.core.state.fee_prices
        return {asset: price.result() if price.done() else known.get(asset) for asset, price in asked.items()}

    async def _price(self, asset: str) -> Decimal | None:
        try:
            (mark,) = await self._exchange.mark_prices(f"{asset}{_ASSET}")
        except ExchangeError as error:
            if error.action != "refuse" or error.code in TOO_MANY:
                return self._loop.core.state.fee_prices.get(asset)
            if asset in self._paid_in and asset not in self._unpriced:
                self._unpriced.add(asset)
                text = f"a fee was paid in {asset}, which has no price in USDT: results leave such fees out"
                self._loop.tell(alert("critical", f"fee_asset.{asset}", text, self._loop.now()))
            return None
        return mark.mark


def _tier(bracket: Bracket) -> MarginTier:
    return MarginTier(
        floor=bracket.floor,
        maintenance_rate=bracket.maintenance_rate,
        cum=bracket.cum,
        max_leverage=bracket.max_leverage,
    )


def _named(orders: Iterable[ExchangeOrder]) -> tuple[ExchangeOrder, ...]:
    """Those whose symbol messages can carry; delivery contracts (BTCUSD_240329) are not traded."""
    return tuple(each for each in orders if is_symbol(each.symbol))
