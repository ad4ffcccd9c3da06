"""The core's auditor: keeps its own books from events and statements, and objects to what cannot be."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Context, Decimal, localcontext

from simulator.core.exchange_core import ExchangeCore
from simulator.core.model.events import AccountUpdate, AlgoUpdate, CoreEvent, FundingPaid, InsurancePaid, OrderUpdate
from simulator.core.model.orders import Order

_WIDE = Context(prec=60)
#: Written down a second time on purpose: the auditor does not believe the exchange's own tables.
_ORDER: Mapping[str, tuple[str, ...]] = {
    "": ("NEW",),
    "NEW": ("NEW", "PARTIALLY_FILLED", "FILLED", "CANCELED", "EXPIRED", "EXPIRED_IN_MATCH"),
    "PARTIALLY_FILLED": ("PARTIALLY_FILLED", "FILLED", "CANCELED", "EXPIRED", "EXPIRED_IN_MATCH"),
}
_ALGO: Mapping[str, tuple[str, ...]] = {
    "": ("NEW",),
    "NEW": ("NEW", "TRIGGERING", "CANCELED", "EXPIRED"),
    "TRIGGERING": ("TRIGGERED", "REJECTED", "EXPIRED"),
    "TRIGGERED": ("FINISHED",),
}


class Objection(AssertionError):
    """What the exchange told cannot be."""


def require(holds: bool, text: object) -> None:
    if not holds:
        raise Objection(text)


class CoreAudit:
    """Books of one account from the news. ``look`` after every call, with the news that it gave."""

    def __init__(self, core: ExchangeCore, wallet: Decimal) -> None:
        self.core = core
        self.money = wallet  # what was paid in, plus trading at the stated prices, fees, funding, transfers
        self.legs: dict[tuple[str, str], Decimal] = {}
        self.orders: dict[int, Order] = {}
        self.filled: dict[int, Decimal] = {}
        self.algos: dict[int, str] = {}
        self.trades: set[int] = set()
        self.wallet = wallet
        self.insurance = Decimal(0)

    def look(self, events: list[CoreEvent]) -> None:
        with localcontext(_WIDE):
            for each in events:
                if isinstance(each, OrderUpdate):
                    self._order(each)
                elif isinstance(each, AlgoUpdate):
                    self._algo(each)
                elif isinstance(each, FundingPaid):
                    self.money += each.amount
                    self.wallet += each.amount
                elif isinstance(each, InsurancePaid):
                    require(each.amount > 0, f"the fund paid {each.amount} for {each}")
                    require(self.orders[each.order_id].executed >= each.quantity, f"{each} is of no execution")
                    self.insurance -= each.amount
                elif isinstance(each, AccountUpdate):
                    if each.reason in ("DEPOSIT", "WITHDRAW"):
                        self.money += each.change
                        self.wallet += each.change
                    require(each.wallet == self.wallet, f"{each} tells a wallet of {each.wallet}, it must be {self.wallet}")
            self._account()

    def _order(self, told: OrderUpdate) -> None:
        order = told.order
        before = self.orders.get(order.order_id)
        follows = _ORDER.get(before.status if before is not None else "", ())
        require(order.status in follows, f"{before} became {order}")
        require(before is not None or told.execution == "NEW", f"the first word of {order} is {told.execution}")
        self.orders[order.order_id] = order
        if told.trade is None:
            require(told.execution not in ("TRADE", "CALCULATED"), f"{told} has no trade")
        else:
            self._trade(told)
        require(order.executed == self.filled.get(order.order_id, 0), f"{order}: trades make {self.filled}")
        require((order.status == "FILLED") == (order.executed == order.quantity), f"{order}")

    def _trade(self, told: OrderUpdate) -> None:
        order, trade = told.order, told.trade
        if trade is None:
            raise Objection(f"{told} has no trade")
        require(trade.id not in self.trades, f"trade {trade.id} was told before")
        self.trades.add(trade.id)
        self.filled[order.order_id] = self.filled.get(order.order_id, Decimal(0)) + trade.quantity
        signed = trade.quantity if trade.side == "BUY" else -trade.quantity
        key = (trade.symbol, trade.position_side)
        before = self.legs.get(key, Decimal(0))
        after = self.legs[key] = before + signed
        if order.reduce_only or order.close_position:
            require(abs(after) < abs(before) and after * before >= 0, f"{order.client_id} only reduces: {before} to {after}")
        require(trade.position_side != "LONG" or after >= 0, f"a LONG leg of {after}")
        require(trade.position_side != "SHORT" or after <= 0, f"a SHORT leg of {after}")
        if order.type == "LIMIT" or order.type == "LIQUIDATION":
            worse = (order.price - trade.price) * signed
            require(worse >= 0, f"{trade} is beyond {order.price}")
        require(trade.commission >= 0 or trade.maker, f"{trade} was paid to take")
        if told.execution == "CALCULATED":
            self.insurance += trade.commission
        self.money -= signed * trade.price + trade.commission
        self.wallet += trade.realized - trade.commission

    def _algo(self, told: AlgoUpdate) -> None:
        algo = told.algo
        before = self.algos.get(algo.algo_id, "")
        require(algo.status in _ALGO.get(before, ()), f"algo {algo.client_algo_id}: {before} became {algo.status}")
        self.algos[algo.algo_id] = algo.status
        require((algo.status in ("TRIGGERED", "FINISHED")) == (algo.order_id > 0), f"{algo} and its child")

    def _account(self) -> None:
        core = self.core
        stated = {(leg.symbol, leg.position_side): leg.quantity for leg in core.positions() if leg.quantity}
        held = {key: quantity for key, quantity in self.legs.items() if quantity}
        require(stated == held, f"positions {stated}, trades say {held}")
        account = core.account()
        require(account.wallet == self.wallet, f"wallet {account.wallet}, the news say {self.wallet}")
        worth = sum((q * (core.mark_price(symbol) or Decimal(0)) for (symbol, _), q in held.items()), Decimal(0))
        require(account.margin_balance == self.money + worth, f"balance {account.margin_balance}, {self.money} + {worth}")
        require(account.margin_balance >= 0, f"the account owes {-account.margin_balance}")
        require(core.insurance == self.insurance, f"the fund has {core.insurance}, the news say {self.insurance}")
        isolated = sum((leg.isolated_wallet for leg in core.positions()), Decimal(0))
        require(account.cross_wallet + isolated == account.wallet, f"{account} with {isolated} isolated")
        conditional = {algo.algo_id for algo in core.open_algo_orders()}
        require(conditional == {key for key, status in self.algos.items() if status == "NEW"}, f"waiting {conditional}")
        resting = {order.order_id for order in core.open_orders()}
        alive = {key for key, order in self.orders.items() if order.status in ("NEW", "PARTIALLY_FILLED")}
        require(resting == alive, f"resting {resting}, told {alive}")
