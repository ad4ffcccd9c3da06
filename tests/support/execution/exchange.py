"""A model exchange for execution's tests: one account in one-way or hedge mode, both books of orders; pure and exact.

Prices move by ``move``; an order trades at the price half a spread away. Unrealistic: no margin check, no funding, a market
order finds ``depth`` at once and its rest expires.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

import msgspec

from shared.exchange.error_codes import ErrorCode
from shared.exchange.model.account import PositionRisk
from shared.exchange.model.orders import AccountTrade, ExchangeOrder, NewOrder, OrderRef
from shared.exchange.model.user_events import (
    AccountUpdate,
    AlgoUpdate,
    Executed,
    OrderUpdate,
    PositionChange,
    UserEvent,
    WalletChange,
)
from tests.support.execution.shares import against_the_mode, attribute, name_of, only_reduces, over_its_leg, symbol_and_leg

ZERO = Decimal(0)
FEE = Decimal("0.0005")
replace = msgspec.structs.replace


@dataclass
class ModelExchange:
    """``refuse``: code with which a new order is refused, 0 = it is taken. ``said``: events not yet fetched.

    ``position`` and what is kept beside it: by leg (``shares.leg_name``). ``hedge``: the account is in hedge mode. ``ours``:
    what of a position was opened by orders whose client id begins with ``ict``; others' reductions take others' part first.
    ``beyond``: what closes of ours at the market took beyond our part, that is of others. ``arrived``: every new order that
    reached the exchange, refused ones too. ``sold_of_others``: (symbol, client id, quantity) of what orders of ours took off
    beyond ours; not of the stop that closes the whole position, which may.
    """

    time: int = 0
    price: dict[str, Decimal] = field(default_factory=dict)
    spread: Decimal = Decimal("0.02")
    depth: Decimal = Decimal(1_000)
    wallet: Decimal = Decimal(10_000)
    liquidation: Decimal = ZERO
    tick: Decimal = Decimal("0.1")
    market_maximum: Decimal | None = None
    child_fails: bool = False
    hedge: bool = False
    refuse: Callable[[NewOrder], int] = lambda order: 0
    position: dict[str, Decimal] = field(default_factory=dict)
    ours: dict[str, Decimal] = field(default_factory=dict)
    beyond: dict[str, Decimal] = field(default_factory=dict)
    entry: dict[str, Decimal] = field(default_factory=dict)
    changed_at: dict[str, int] = field(default_factory=dict)
    orders: dict[int, ExchangeOrder] = field(default_factory=dict)
    trades: list[AccountTrade] = field(default_factory=list)
    arrived: list[NewOrder] = field(default_factory=list)
    refused: list[tuple[int, NewOrder, int]] = field(default_factory=list)
    said: list[UserEvent] = field(default_factory=list)
    sold_of_others: list[tuple[str, str, Decimal]] = field(default_factory=list)
    number: int = 0

    # -- requests -----------------------------------------------------------------------------------------------------

    def place(self, order: NewOrder) -> ExchangeOrder | int:
        """Take an order, and trade it if it is marketable. Returns it as accepted, or the code of the refusal."""
        self.arrived.append(order)
        code = self._refusal(order)
        if code:
            self.refused.append((self.time, order, code))
            return code
        self.number += 1
        taken = ExchangeOrder(
            symbol=order.symbol, id=self.number, client_id=order.client_id, book=order.book, side=order.side,
            type=order.type, status="NEW", quantity=order.quantity or ZERO, executed=ZERO, updated_at=self.time,
            price=order.price or ZERO, trigger=order.trigger or ZERO, time_in_force=order.time_in_force or "",
            reduce_only=order.reduce_only, close_position=order.close_position, created_at=self.time,
            position_side=order.position_side,
        )  # fmt: skip
        self._now(taken)
        if taken.book == "plain":
            self._match(taken.id)
        return taken

    def cancel(self, ref: OrderRef) -> ExchangeOrder | int:
        """End a living order. Returns it, or the code of the refusal."""
        order = self.find(ref)
        if order is None or order.over or order.status == "TRIGGERED":
            return int(ErrorCode.CANCEL_REJECTED)
        return self._now(replace(order, status="CANCELED"))

    def find(self, ref: OrderRef) -> ExchangeOrder | None:
        """The newest order of that name."""
        for order in reversed(self.orders.values()):
            named = order.id == ref.id if ref.id else order.client_id == ref.client_id
            if named and order.book == ref.book and order.symbol == ref.symbol:
                return order
        return None

    def child_of(self, order: ExchangeOrder) -> ExchangeOrder | None:
        return self.orders.get(order.child_id)

    def standing(self, symbol: str, side: str) -> ExchangeOrder | None:
        """The living stop that closes the whole position on a side."""
        for order in self.living(symbol):
            if order.close_position and order.type == "STOP_MARKET" and order.side == side:
                return order
        return None

    def living(self, symbol: str | None = None) -> list[ExchangeOrder]:
        return [each for each in self.orders.values() if not each.over and symbol in (None, each.symbol)]

    def names(self) -> list[str]:
        """The legs that something may be held in: every symbol's one, and those of hedge mode that were ever traded."""
        return [*self.price, *(name for name in self.position if name not in self.price)]

    def legs(self) -> tuple[PositionRisk, ...]:
        return tuple(
            PositionRisk(
                symbol=symbol, side=leg, quantity=held, entry=self.entry[name], break_even=ZERO,
                mark=self.price[symbol], unrealized=ZERO, liquidation=self.liquidation, notional=ZERO,
                isolated_wallet=ZERO, initial_margin=ZERO, maintenance_margin=ZERO, updated_at=self.changed_at[name],
            )
            for name, held in self.position.items()
            if held
            for symbol, leg in [symbol_and_leg(name)]
        )  # fmt: skip

    def switch(self, *, hedge: bool) -> int:
        """Change the position mode; the code of the refusal, 0 = it is done."""
        if hedge == self.hedge:
            return int(ErrorCode.NO_NEED_TO_CHANGE_POSITION_SIDE)
        if self.living():
            return int(ErrorCode.POSITION_SIDE_CHANGE_EXISTS_OPEN_ORDERS)
        if any(self.position.values()):
            return int(ErrorCode.POSITION_SIDE_CHANGE_EXISTS_QUANTITY)
        self.hedge = hedge
        return 0

    # -- the market ---------------------------------------------------------------------------------------------------

    def move(self, symbol: str, price: Decimal) -> None:
        """The price moves there: conditional orders trigger, then resting ones trade."""
        self.price[symbol] = price
        for order in self.living(symbol):
            if order.book == "algo" and order.status == "NEW" and self._triggers(order):
                self._trigger(order)
        for order in self.living(symbol):
            if order.book == "plain":
                self._match(order.id)

    def close_by_exchange(self, name: str, prefix: str = "autoclose-") -> None:
        """Liquidation or deleveraging: the exchange closes the whole position of a leg."""
        held = self.position.get(name, ZERO)
        if held:
            self.market(name, -held, f"{prefix}{self.number}", reduce_only=not self.hedge)

    def market(self, name: str, signed: Decimal, client_id: str, *, reduce_only: bool = False) -> None:
        """A market order that the core did not send, in a symbol or a leg of it."""
        symbol, leg = symbol_and_leg(name)
        self.place(
            NewOrder(
                client_id=client_id, symbol=symbol, side="BUY" if signed > 0 else "SELL", type="MARKET",
                quantity=abs(signed), reduce_only=reduce_only, position_side=leg,
            )
        )  # fmt: skip

    # -- inside -------------------------------------------------------------------------------------------------------

    def _refusal(self, order: NewOrder) -> int:
        held = self.position.get(name_of(order), ZERO)
        against = held > 0 if order.side == "SELL" else held < 0
        if any(each.client_id == order.client_id for each in self.living(order.symbol)):
            return int(ErrorCode.DUPLICATED_CLIENT_ORDER_ID)
        if code := against_the_mode(order, hedge=self.hedge):
            return code
        if not order.client_id.startswith(("autoclose", "adl", "web")):
            code = self.refuse(order)
            if code:
                return code
            most = self.market_maximum
            if most is not None and order.type != "LIMIT" and not order.close_position and (order.quantity or ZERO) > most:
                return int(ErrorCode.QTY_GREATER_THAN_MAX_QTY)
        if any(price is not None and price % self.tick for price in (order.price, order.trigger)):
            return int(ErrorCode.PRICE_NOT_INCREASED_BY_TICK_SIZE)
        whole_stop = order.book == "algo" and order.close_position and order.type == "STOP_MARKET"
        if whole_stop and self.standing(order.symbol, order.side) is not None:
            return int(ErrorCode.CLOSE_POSITION_ORDER_EXISTS)
        if order.book == "algo" and self._triggers(order):
            return int(ErrorCode.ORDER_WOULD_IMMEDIATELY_TRIGGER)
        if order.book == "plain" and only_reduces(order) and (not against or over_its_leg(order, held)):
            return int(ErrorCode.REDUCE_ONLY_REJECT)
        return 0

    def _triggers(self, order: NewOrder | ExchangeOrder) -> bool:
        price, trigger = self.price[order.symbol], order.trigger or ZERO
        falls = (order.side == "SELL") == (order.type == "STOP_MARKET")
        return price <= trigger if falls else price >= trigger

    def _trigger(self, order: ExchangeOrder) -> None:
        held = self.position.get(name_of(order), ZERO)
        against = held > 0 if order.side == "SELL" else held < 0
        if not against:
            self._now(replace(order, status="EXPIRED", reason="no position"))
            return
        if self.child_fails:
            self._now(replace(order, status="REJECTED", reason="-4118"))
            return
        self.number += 1
        child = self.number
        self._now(replace(order, status="TRIGGERED", child_id=child))
        quantity = abs(held) if order.close_position else order.quantity
        self._now(
            ExchangeOrder(
                symbol=order.symbol, id=child, client_id=f"child{child}", book="plain", side=order.side, type="MARKET",
                status="NEW", quantity=quantity, executed=ZERO, updated_at=self.time, reduce_only=not self.hedge,
                original_type=order.type, close_position=order.close_position, created_at=self.time,
                position_side=order.position_side,
            )
        )  # fmt: skip
        self._match(child)
        self._now(replace(self.orders[order.id], status="FINISHED"))

    def _match(self, number: int) -> None:
        order = self.orders[number]
        if order.over:
            return
        half = self.spread / 2
        price = self.price[order.symbol] + (half if order.side == "BUY" else -half)
        limit = order.type == "LIMIT"
        marketable = not limit or (price <= order.price if order.side == "BUY" else price >= order.price)
        open_ = order.quantity - order.executed
        if only_reduces(order):
            held = self.position.get(name_of(order), ZERO)
            open_ = min(open_, max(ZERO, held if order.side == "SELL" else -held))
        quantity = min(open_, self.depth) if marketable else ZERO
        if quantity:
            self._trade(order, quantity, price)
            order = self.orders[number]
        rests = limit and order.time_in_force != "IOC"
        if not order.over and not rests:
            self._now(replace(order, status="EXPIRED"))

    def _trade(self, order: ExchangeOrder, quantity: Decimal, price: Decimal) -> None:
        name, held = name_of(order), self.position.get(name_of(order), ZERO)
        signed = quantity if order.side == "BUY" else -quantity
        realized = ZERO
        if held * signed >= 0:
            before = self.entry.get(name, ZERO) * abs(held)
            self.entry[name] = (before + price * quantity) / (abs(held) + quantity)
        else:
            realized = (price - self.entry[name]) * (min(abs(held), quantity) * (1 if held > 0 else -1))
            if abs(signed) > abs(held):
                self.entry[name] = price
        attribute(self, order, held, signed)
        self.position[name], self.changed_at[name] = held + signed, self.time
        fee = price * quantity * FEE
        self.wallet += realized - fee
        executed = order.executed + quantity
        average = ((order.average_price or ZERO) * order.executed + price * quantity) / executed
        self.trades.append(
            AccountTrade(
                symbol=order.symbol, id=len(self.trades) + 1, order_id=order.id, side=order.side,
                position_side=order.position_side, price=price, quantity=quantity, quote=price * quantity, commission=fee,
                commission_asset="USDT", realized=realized, maker=False, time=self.time,
            )
        )  # fmt: skip
        fill = Executed(
            trade_id=len(self.trades), quantity=quantity, price=price, commission=fee, commission_asset="USDT",
            realized=realized, maker=False, time=self.time,
        )  # fmt: skip
        status = "FILLED" if executed == order.quantity else "PARTIALLY_FILLED"
        self._now(replace(order, status=status, executed=executed, average_price=average), fill)
        change = PositionChange(
            symbol=order.symbol, side=order.position_side, quantity=held + signed, entry=self.entry[name], break_even=ZERO,
            unrealized=ZERO, isolated_wallet=ZERO,
        )  # fmt: skip
        wallet = WalletChange(asset="USDT", wallet=self.wallet, cross_wallet=self.wallet, change=ZERO)
        self.said.append(AccountUpdate(time=self.time, reason="ORDER", wallets=(wallet,), positions=(change,)))

    def _now(self, order: ExchangeOrder, fill: Executed | None = None) -> ExchangeOrder:
        order = replace(order, updated_at=self.time)
        self.orders[order.id] = order
        if order.book == "algo":
            self.said.append(AlgoUpdate(time=self.time, order=order))
        else:
            word = "TRADE" if fill is not None else order.status if order.status in ("NEW", "CANCELED") else "EXPIRED"
            self.said.append(OrderUpdate(time=self.time, execution=word, order=order, fill=fill))
        return order
