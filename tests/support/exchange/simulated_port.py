"""The matching core behind the exchange port, in this process: no server, no socket, and the same conformance suite.

Time is handed in; news go to every open user stream the moment they happen. Faults are the protocol server's business.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final

from shared.exchange.error_codes import ErrorCode
from shared.exchange.errors import RULES, ExchangeError
from shared.exchange.limits.news import LimitsNews
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
    ExchangeInfo,
    FundingRate,
    MarkPrice,
    SymbolRules,
    TradingSchedule,
)
from shared.exchange.model.orders import AccountTrade, ExchangeOrder, NewOrder, OrderRef
from shared.exchange.model.streams import UserStream
from shared.exchange.outcome.outcomes import Accepted, NotReady, Outcome, Ready, Refused, Uncertain
from simulator.core.exchange_core import ExchangeCore
from simulator.core.model.algo_orders import AlgoOrder
from simulator.core.model.orders import Order
from simulator.core.model.requests import NewAlgoOrder, Refusal
from simulator.port_models import asked, bracket_of, event_of, order_of, position_of, trade_of, without_average
from tests.support.exchange.simulated_user_stream import SimulatedUserStream

_ASSET: Final = "USDT"
_ZERO: Final = Decimal(0)
#: Age at which a signed request is refused.
RECV_WINDOW_MS: Final = 1_500


class SimulatedPort:
    """``port.TradingExchange`` on a ExchangeCore. ``clock``: the core's time, ms. Call ``pump`` after moving its market."""

    def __init__(self, core: ExchangeCore, symbols: Sequence[str], clock: Callable[[], int]) -> None:
        self.core = core
        self._symbols = tuple(symbols)
        self._clock = clock
        self._streams: list[SimulatedUserStream] = []

    async def start(self) -> None:
        self.pump()

    async def close(self) -> None:
        self.cut_streams()

    def healthy(self) -> bool:
        return True

    def now(self) -> int:
        return self._clock()

    def pump(self) -> None:
        """Give out what happened since the last time."""
        for happened in self.core.take_events():
            event = event_of(happened)
            if event is not None:
                for stream in self._streams:
                    stream.put(event)

    def cut_streams(self) -> None:
        """Every user stream ends, as when the line is cut."""
        self.pump()
        for stream in self._streams:
            stream.cut()
        self._streams.clear()

    # -- orders -------------------------------------------------------------------------------------------------------

    async def admit(self, order: NewOrder) -> Refused | None:
        return None

    async def place(self, order: NewOrder, *, signed_at: int | None = None, ready: Ready | None = None) -> Outcome:
        if ready is not None and not await ready():
            raise NotReady(order.client_id)
        if signed_at is not None and self.now() - signed_at > RECV_WINDOW_MS:
            return _late()
        request = asked(order)
        if isinstance(request, Refused):
            return request
        done: Order | AlgoOrder | Refusal
        if isinstance(request, NewAlgoOrder):
            done = self.core.place_algo(request, self.now())
        else:
            done = self.core.place(request, self.now())
        self.pump()
        if isinstance(done, Refusal):
            standing = self._standing(order) if done.code == ErrorCode.CLOSE_POSITION_ORDER_EXISTS else None
            return self._no(done) if standing is None else Accepted(order=standing, stood=True)
        return Accepted(order=without_average(order_of(done)))

    async def place_batch(self, orders: Sequence[NewOrder]) -> tuple[Outcome, ...]:
        outcomes: dict[int, Outcome] = {}
        for index, order in sorted(enumerate(orders), key=lambda each: not each[1].protects):
            outcomes[index] = await self.place(order)
        return tuple(outcomes[index] for index in range(len(orders)))

    async def cancel(self, ref: OrderRef, *, ready: Ready | None = None) -> Outcome:
        if ready is not None and not await ready():
            raise NotReady(ref.client_id)
        now = self.now()
        if ref.book == "algo":
            gone = self.core.cancel_algo(now, algo_id=0 if ref.client_id else ref.id, client_algo_id=ref.client_id)
            self.pump()
            return self._no(gone) if isinstance(gone, Refusal) else Accepted(order=None)
        done = self.core.cancel(ref.symbol, now, order_id=0 if ref.client_id else ref.id, client_id=ref.client_id)
        self.pump()
        return self._no(done) if isinstance(done, Refusal) else Accepted(order=without_average(order_of(done)))

    async def cancel_all(self, symbol: str) -> None:
        self.core.cancel_all(symbol, self.now())
        self.core.cancel_all_algos(symbol, self.now())
        self.pump()

    async def order(self, ref: OrderRef) -> ExchangeOrder | None:
        if ref.book == "algo":
            algo = self.core.algo_order(algo_id=0 if ref.client_id else ref.id, client_algo_id=ref.client_id)
            return order_of(algo) if algo is not None else None
        found = self.core.order(ref.symbol, order_id=0 if ref.client_id else ref.id, client_id=ref.client_id)
        return order_of(found) if found is not None else None

    async def open_orders(self, symbol: str | None = None) -> tuple[ExchangeOrder, ...]:
        plain = [order_of(each) for each in self.core.open_orders(symbol)]
        return (*plain, *(order_of(each) for each in self.core.open_algo_orders(symbol)))

    async def account_trades(
        self,
        symbol: str,
        *,
        order_id: int | None = None,
        start: int | None = None,
        from_id: int | None = None,
        limit: int = 500,
    ) -> tuple[AccountTrade, ...]:
        found = [
            trade_of(trade)
            for trade in self.core.trades(symbol, order_id=order_id or 0)
            if (start is None or trade.time >= start) and (from_id is None or trade.id >= from_id)
        ]
        return tuple(found[:limit] if from_id is not None or start is not None else found[-limit:])

    async def countdown_cancel(self, symbol: str, ms: int) -> None:
        self._done(self.core.countdown(symbol, ms, self.now()), "countdownCancelAll")

    # -- account ------------------------------------------------------------------------------------------------------

    async def key_rights(self) -> KeyRights:
        return KeyRights(trade=True, withdraw=False, ip_restricted=True)

    async def account(self) -> AccountSummary:
        stated = self.core.account()
        return AccountSummary(
            wallet=stated.wallet,
            unrealized=stated.unrealized,
            margin_balance=stated.margin_balance,
            available=stated.available,
            initial_margin=stated.initial_margin,
            maintenance_margin=stated.maintenance_margin,
            cross_wallet=stated.cross_wallet,
            balances=await self.balances(),
            multi_assets=False,
        )

    async def balances(self) -> tuple[Balance, ...]:
        stated = self.core.account()
        return (
            Balance(
                asset=_ASSET,
                wallet=stated.wallet,
                cross_wallet=stated.cross_wallet,
                cross_unrealized=stated.cross_unrealized,
                available=stated.available,
                updated_at=stated.updated,
            ),
        )

    async def positions(self, symbol: str | None = None) -> tuple[PositionRisk, ...]:
        return tuple(position_of(each) for each in self.core.positions(symbol) if each.quantity)

    async def brackets(self, symbol: str | None = None) -> dict[str, tuple[Bracket, ...]]:
        names = self._symbols if symbol is None else (symbol,)
        return {name: tuple(bracket_of(row) for row in self.core.brackets(name).rows) for name in names}

    async def commission(self, symbol: str) -> Commission:
        rates = self.core.commission(symbol)
        return Commission(symbol=symbol, maker=rates.maker, taker=rates.taker)

    async def symbol_configs(self, symbol: str | None = None) -> dict[str, SymbolConfig]:
        found = {}
        for name in self._symbols if symbol is None else (symbol,):
            config = self.core.config(name)
            kind: MarginType = "cross" if config.margin_type == "CROSSED" else "isolated"
            found[name] = SymbolConfig(
                symbol=name, margin_type=kind, leverage=config.leverage, max_notional=config.max_notional
            )
        return found

    async def income(
        self, *, symbol: str | None = None, kind: str | None = None, start: int | None = None, limit: int = 100
    ) -> tuple[Income, ...]:
        found = [
            Income(symbol=each.symbol, kind=each.type, amount=each.amount, asset=_ASSET, time=each.time, id=str(each.id))
            for each in self.core.income(symbol)
            if (kind is None or each.type == kind) and (start is None or each.time >= start)
        ]
        return tuple(found[-limit:])

    async def set_leverage(self, symbol: str, leverage: int) -> Leverage:
        done = self.core.set_leverage(symbol, leverage, self.now())
        self.pump()
        if isinstance(done, Refusal):
            raise self._error(done, "leverage")
        return Leverage(symbol=symbol, leverage=done.leverage, max_notional=done.max_notional)

    async def set_margin_type(self, symbol: str, margin_type: MarginType) -> None:
        word = self.core.set_margin_type(symbol, "CROSSED" if margin_type == "cross" else "ISOLATED", self.now())
        self._done(word, "marginType")

    async def hedge_mode(self) -> bool:
        return self.core.hedge_mode

    async def set_hedge_mode(self, on: bool) -> None:
        self._done(self.core.set_hedge_mode(on, self.now()), "positionSide/dual")

    def user_stream(self) -> UserStream:
        return SimulatedUserStream(self._streams)

    def watch_limits(self, tell: Callable[[LimitsNews], None]) -> None:
        """It has no limits."""

    async def account_config(self) -> AccountConfig:
        return AccountConfig(hedge=self.core.hedge_mode, multi_assets=False, may_trade=True, fee_tier=0)

    # -- market: what the account's half needs ------------------------------------------------------------------------

    async def exchange_info(self) -> ExchangeInfo:
        symbols = {}
        for name in self._symbols:
            filters = self.core.filters(name)
            if filters is None:
                continue
            symbols[name] = SymbolRules(
                symbol=name,
                status="TRADING",
                contract="PERPETUAL",
                base=name.removesuffix(_ASSET),
                quote=_ASSET,
                tick_size=filters.tick_size,
                min_price=filters.min_price,
                max_price=filters.max_price,
                step_size=filters.step_size,
                min_quantity=filters.min_quantity,
                max_quantity=filters.max_quantity,
                market_max_quantity=filters.market_max_quantity,
                min_notional=filters.min_notional,
                price_up=filters.multiplier_up or filters.max_price,
                price_down=filters.multiplier_down or _ZERO,
                max_orders=filters.max_orders or 200,
                listed_at=0,
            )
        return ExchangeInfo(time=self.now(), symbols=symbols, limits=())

    async def trading_schedule(self) -> TradingSchedule:
        return TradingSchedule(time=self.now(), markets={})

    async def mark_prices(self, symbol: str | None = None) -> tuple[MarkPrice, ...]:
        if symbol is not None and symbol not in self._symbols:
            raise ExchangeError("refuse", ErrorCode.BAD_SYMBOL, "Invalid symbol.", call="premiumIndex", status=400)
        found = {name: self.core.mark_price(name) for name in (self._symbols if symbol is None else (symbol,))}
        return tuple(
            MarkPrice(symbol=name, time=self.now(), mark=mark, index=mark, funding_rate=_ZERO, next_funding=0)
            for name, mark in found.items()
            if mark is not None
        )

    async def funding_history(
        self, symbol: str, *, start: int | None = None, end: int | None = None, limit: int = 100
    ) -> tuple[FundingRate, ...]:
        return ()  # the core is told rates, and keeps none

    # -- inside -------------------------------------------------------------------------------------------------------

    def _standing(self, order: NewOrder) -> ExchangeOrder | None:
        """The open order that closes the position on the same side in the same way."""
        wanted = (order.side, order.type, order.position_side)
        listed = (order_of(each) for each in self.core.open_algo_orders(order.symbol))
        return next(
            (each for each in listed if each.close_position and (each.side, each.type, each.position_side) == wanted), None
        )

    def _no(self, refusal: Refusal) -> Refused | Uncertain:
        code = int(refusal.code)
        if code == ErrorCode.DUPLICATED_CLIENT_ORDER_ID:
            return Uncertain(doubt="known_id", until=self.now(), message=refusal.message)
        rule = RULES[code]
        return Refused(code=code, message=refusal.message, action=rule.action, sentence=rule.sentence)

    def _done(self, refusal: Refusal | None, call: str) -> None:
        self.pump()
        if refusal is not None and RULES[int(refusal.code)].action != "stands":
            raise self._error(refusal, call)

    def _error(self, refusal: Refusal, call: str) -> ExchangeError:
        rule = RULES.get(int(refusal.code))
        action = rule.action if rule is not None else "refuse"
        return ExchangeError(action, int(refusal.code), refusal.message, call=call, status=400)


def _late() -> Refused:
    rule = RULES[ErrorCode.INVALID_TIMESTAMP]
    text = "Timestamp for this request is outside of the recvWindow."
    return Refused(code=ErrorCode.INVALID_TIMESTAMP, message=text, action=rule.action, sentence=rule.sentence)
