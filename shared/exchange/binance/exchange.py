"""Implements the exchange port for Binance USDⓈ-M futures: market data, account and settings; orders are in ``orders``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from shared.domain.timeframes import Timeframe
from shared.exchange.binance import endpoints
from shared.exchange.binance.orders import BinanceOrders
from shared.exchange.binance.rest import Rest
from shared.exchange.binance.stream_forms import Forms
from shared.exchange.binance.streams import BinanceMarketStream, together
from shared.exchange.binance.user_stream import BinanceUserStream
from shared.exchange.binance.wire import account as wire_account
from shared.exchange.binance.wire import exchange_info as wire_info
from shared.exchange.binance.wire import market_data
from shared.exchange.binance.wire import rest as wire_rest
from shared.exchange.binance.wire.streams import Route
from shared.exchange.errors import ExchangeError
from shared.exchange.limits.news import LimitsNews
from shared.exchange.limits.parts import Part
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
from shared.exchange.model.streams import MarketStream, StreamKind, StreamName, UserStream
from shared.exchange.settings import ADDRESSES, Endpoint, ExchangeSettings
from shared.store.port import StateStore

T = TypeVar("T")

_MAINNET_SAPI: Final = "https://api.binance.com"


class BinanceExchange(BinanceOrders):
    """Implements ``port.Exchange``. Build it inside the running event loop; await ``start`` first and ``close`` last.

    endpoint: decides the addresses that the settings leave empty.
    store: where processes share the count of the rate limits; None = this process counts alone. part: of which kind this
    process is, which decides how much of the request weight it may use.
    """

    def __init__(
        self, endpoint: Endpoint, settings: ExchangeSettings, store: StateStore | None, part: Part = "rest"
    ) -> None:
        rest_url, stream_url = settings.addresses(endpoint)
        self._is_own_address = rest_url not in {rest for rest, _ in ADDRESSES.values()}
        self._tells_rights = self._is_own_address or endpoint == "mainnet"
        sapi_url = rest_url if self._is_own_address else _MAINNET_SAPI
        super().__init__(Rest(rest_url, sapi_url, settings, store, rest_url, part), settings)
        self._stream_url = stream_url
        self._part = part
        self._forms: dict[Route, Forms] = {"public": Forms(), "market": Forms()}
        self._clock_task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self._rest.clock.measure()
        self._clock_task = asyncio.create_task(self._rest.clock.run(self._rest.clock_failed), name="exchange clock")

    async def close(self) -> None:
        if self._clock_task is not None:
            self._clock_task.cancel()
            await asyncio.gather(self._clock_task, return_exceptions=True)
        await self._rest.close()

    def healthy(self) -> bool:
        return self._rest.healthy

    def now(self) -> int:
        return self._rest.clock.now()

    def watch_limits(self, tell: Callable[[LimitsNews], None]) -> None:
        self._rest.watch_limits(tell)

    # -- market -------------------------------------------------------------------------------------------------------

    async def server_time(self) -> int:
        return (await self._rest.call(endpoints.TIME, {}, wire_rest.ServerTime)).server_time

    async def exchange_info(self) -> ExchangeInfo:
        info = (await self._rest.call(endpoints.EXCHANGE_INFO, {}, wire_info.Info)).value()
        self._rest.learn_limits(info.limits)
        return info

    async def trading_schedule(self) -> TradingSchedule:
        answer = await self._rest.call(endpoints.TRADING_SCHEDULE, {}, wire_info.Schedule)
        return self._rest.reading(endpoints.TRADING_SCHEDULE, answer.value)

    async def klines(
        self, symbol: str, timeframe: Timeframe, *, start: int | None = None, end: int | None = None, limit: int = 500
    ) -> tuple[Kline, ...]:
        params = _given(symbol=symbol, interval=timeframe, startTime=start, endTime=end, limit=limit)
        rows = await self._rest.call(endpoints.KLINES, params, list[market_data.KlineRow])
        now = self.now()
        return tuple(market_data.kline_of(row, symbol, timeframe, now) for row in rows)

    async def depth(self, symbol: str, limit: int = 1000) -> Depth:
        answer = await self._rest.call(endpoints.DEPTH, _given(symbol=symbol, limit=limit), market_data.DepthAnswer)
        return answer.value(symbol)

    async def book_ticker(self, symbol: str) -> BookTicker:
        return (await self._rest.call(endpoints.BOOK_TICKER, _given(symbol=symbol), market_data.Ticker)).value()

    async def agg_trades(self, symbol: str, *, start: int | None = None, limit: int = 500) -> tuple[AggTrade, ...]:
        params = _given(symbol=symbol, startTime=start, limit=limit)
        return tuple(
            row.value(symbol) for row in await self._rest.call(endpoints.AGG_TRADES, params, list[market_data.AggTradeRow])
        )

    async def mark_prices(self, symbol: str | None = None) -> tuple[MarkPrice, ...]:
        found: market_data.Premium | list[market_data.Premium] = await self._rest.call(
            endpoints.PREMIUM_INDEX, _given(symbol=symbol), market_data.PREMIUMS
        )
        return tuple(each.value() for each in _listed(found))

    async def funding_history(
        self, symbol: str, *, start: int | None = None, end: int | None = None, limit: int = 100
    ) -> tuple[FundingRate, ...]:
        params = _given(symbol=symbol, startTime=start, endTime=end, limit=limit)
        return tuple(row.value() for row in await self._rest.call(endpoints.FUNDING_RATE, params, list[market_data.Funding]))

    async def funding_terms(self) -> dict[str, FundingTerms]:
        rows = await self._rest.call(endpoints.FUNDING_INFO, {}, list[market_data.FundingInfo])
        return {row.symbol: row.value() for row in rows}

    def market_stream(
        self,
        names: Sequence[StreamName],
        *,
        silent_after: float | None = None,
        cadence: Mapping[StreamKind, float] | None = None,
    ) -> MarketStream:
        return BinanceMarketStream(
            self._stream_url, names, self._forms, self._settings.stream, silent_after=silent_after, cadence=cadence
        )

    def together(self, names: Sequence[StreamName]) -> list[list[StreamName]]:
        return together(names, self._settings.stream.streams_per_connection)

    # -- account ------------------------------------------------------------------------------------------------------

    async def key_rights(self) -> KeyRights:
        await self.balances()  # raises for a key that the exchange refuses, also where it does not tell the key's rights
        if not self._tells_rights:
            return KeyRights(trade=None, withdraw=None, ip_restricted=None)
        try:
            body = await self._rest.key_restrictions()
        except ExchangeError as error:
            if error.status == 404 and self._is_own_address:
                return KeyRights(trade=None, withdraw=None, ip_restricted=None)
            raise
        return wire_rest.decode(body, wire_account.Restrictions).value()

    async def account(self) -> AccountSummary:
        return (await self._rest.call(endpoints.ACCOUNT, {}, wire_account.Account)).value()

    async def balances(self) -> tuple[Balance, ...]:
        return tuple(row.value() for row in await self._rest.call(endpoints.BALANCE, {}, list[wire_account.BalanceRow]))

    async def positions(self, symbol: str | None = None) -> tuple[PositionRisk, ...]:
        rows = await self._rest.call(endpoints.POSITIONS, _given(symbol=symbol), list[wire_account.PositionRow])
        return tuple(row.value() for row in rows if row.position_amt)

    async def brackets(self, symbol: str | None = None) -> dict[str, tuple[Bracket, ...]]:
        found: wire_account.Brackets | list[wire_account.Brackets] = await self._rest.call(
            endpoints.BRACKETS, _given(symbol=symbol), wire_account.BRACKETS
        )
        return {each.symbol: each.value() for each in _listed(found)}

    async def commission(self, symbol: str) -> Commission:
        return (await self._rest.call(endpoints.COMMISSION, _given(symbol=symbol), wire_account.CommissionRate)).value()

    async def account_config(self) -> AccountConfig:
        return (await self._rest.call(endpoints.ACCOUNT_CONFIG, {}, wire_account.AccountSetup)).value()

    async def symbol_configs(self, symbol: str | None = None) -> dict[str, SymbolConfig]:
        rows = await self._rest.call(endpoints.SYMBOL_CONFIG, _given(symbol=symbol), list[wire_account.SymbolSetup])
        return {row.symbol: config for row in rows if (config := row.value()) is not None}

    async def income(
        self, *, symbol: str | None = None, kind: str | None = None, start: int | None = None, limit: int = 100
    ) -> tuple[Income, ...]:
        params = _given(symbol=symbol, incomeType=kind, startTime=start, limit=limit)
        rows = await self._rest.call(endpoints.INCOME, params, list[wire_account.IncomeRow])
        return tuple(sorted((row.value() for row in rows), key=lambda income: income.time))

    async def set_leverage(self, symbol: str, leverage: int) -> Leverage:
        params = _given(symbol=symbol, leverage=leverage)
        return (await self._rest.call(endpoints.LEVERAGE, params, wire_account.LeverageSet)).value()

    async def set_margin_type(self, symbol: str, margin_type: MarginType) -> None:
        word = "CROSSED" if margin_type == "cross" else "ISOLATED"
        await self._set(endpoints.MARGIN_TYPE, _given(symbol=symbol, marginType=word))

    async def hedge_mode(self) -> bool:
        return (await self._rest.call(endpoints.POSITION_MODE, {}, wire_account.PositionMode)).dual_side_position

    async def set_hedge_mode(self, on: bool) -> None:
        await self._set(endpoints.SET_POSITION_MODE, {"dualSidePosition": on})

    def user_stream(self) -> UserStream:
        return BinanceUserStream(
            self._stream_url, self._new_key, self._keep_key, self._close_key, self._user, self._settings.stream
        )

    async def _set(self, endpoint: endpoints.Endpoint, params: dict[str, object]) -> None:
        """Change a setting; if the exchange answers that it already has that value, that is a success."""
        try:
            await self._rest.call(endpoint, params, wire_rest.Done)
        except ExchangeError as error:
            if error.action != "stands":
                raise

    async def _new_key(self) -> str:
        return (await self._rest.call(endpoints.LISTEN_KEY, {}, wire_rest.ListenKey)).listen_key

    async def _close_key(self) -> None:
        """End the listen key; the guardian does not, because the key is the account's, and execution hears by it."""
        if self._part == "guardian":
            return
        await self._rest.call(endpoints.CLOSE_LISTEN_KEY, {}, wire_rest.Done)

    async def _keep_key(self) -> str:
        """Renew the listen key and return it; empty if the answer does not repeat it."""
        return (await self._rest.call(endpoints.KEEP_LISTEN_KEY, {}, wire_rest.KeptListenKey)).listen_key


def _given(**params: Any) -> dict[str, object]:
    return {name: value for name, value in params.items() if value is not None}


def _listed(found: T | list[T]) -> list[T]:
    """Return a list in any case: Binance answers with a bare object if the request named a symbol."""
    return found if isinstance(found, list) else [found]
