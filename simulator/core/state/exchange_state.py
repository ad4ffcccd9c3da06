"""State of the simulated exchange: symbol books, orders by id, and the events that their changes cause.

Placing, filling, closing and triggering an order go through ``ExchangeState``. Amendments (``matching/placement.py``),
funding, leverage and margin settings (``margin/``), prices and timers change its fields directly. Account money is kept by
the base class, ``account_ledger.AccountLedger``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

from shared.config.account import DEFAULT_ACCOUNT, AccountSettings
from shared.exchange.error_codes import ErrorCode
from simulator.core.margin.brackets import Brackets
from simulator.core.model.algo_orders import AlgoEvent, AlgoOrder, advance_algo
from simulator.core.model.enums import ExecutionType
from simulator.core.model.events import AlgoUpdate, OrderUpdate
from simulator.core.model.filters import Filters
from simulator.core.model.orders import ZERO, ExecutedTrade, Order, OrderEvent, advance
from simulator.core.model.requests import Refusal
from simulator.core.state.account_ledger import AccountLedger
from simulator.core.state.legs import floored, rounded
from simulator.core.state.snapshot import ExchangeSnapshot
from simulator.core.state.symbol_book import ConditionalOrder, RestingOrder, SymbolBook
from simulator.rejections import REASON
from simulator.settings import SimulatorSettings

#: Time of a timer that is not set; later than any time.
NEVER: Final = 2**63 - 1


def refusal(code: ErrorCode) -> Refusal:
    """Make a refusal with the code's text."""
    return Refusal(code, REASON[code])


class ExchangeState(AccountLedger):
    """Symbol books, open and remembered orders, and timers of one account.

    open, open_algos: open orders by id. by_client, by_algo_client: client id -> id of the latest order with it.
    next_timer: time of the next countdown or good-till date, ms; NEVER if there is none.
    """

    def __init__(
        self,
        settings: SimulatorSettings,
        filters: Mapping[str, Filters],
        brackets: Mapping[str, Brackets],
        account: AccountSettings = DEFAULT_ACCOUNT,
    ) -> None:
        super().__init__(settings, filters, brackets, account)
        self._take_over(self.saved)

    # ---- state ---------------------------------------------------------------------------------------------------------

    def snapshot(self) -> ExchangeSnapshot:
        """Return the whole state. Not a copy: encode it before the next change."""
        self.saved.books = {symbol: book.saved() for symbol, book in self.books.items() if not self._untouched(book)}
        return self.saved

    def _untouched(self, book: SymbolBook) -> bool:
        """Return True if nothing ever changed in the book, so that a snapshot can leave it out."""
        silent = book.last is None and book.mark is None and book.bid is None
        fresh = self.new_book(book.filters, book.brackets)
        as_set_up = book.leverage == fresh.leverage and book.margin_type == fresh.margin_type
        return silent and as_set_up and book.commission is None and not book.legs

    def restore(self, saved: ExchangeSnapshot) -> None:
        """Replace the state by a snapshot's. Books of symbols without filters (no longer traded) are dropped."""
        for symbol, book in self.books.items():
            fresh = self.new_book(book.filters, book.brackets)
            fresh.restore(saved.books.get(symbol, fresh.saved()))
            self.books[symbol] = fresh
        self._take_over(saved)

    def _take_over(self, saved: ExchangeSnapshot) -> None:
        self.replace_saved(saved)
        self.by_client: dict[str, int] = {}
        self.by_algo_client: dict[str, int] = {}
        resting_orders = [resting.order for resting in (*saved.closed.values(), *self.resting_orders())]
        for order in sorted(resting_orders, key=lambda order: order.order_id):
            self.by_client[order.client_id] = order.order_id
        algos = [*saved.closed_algos.values(), *saved.triggered.values(), *(each.algo for each in self.conditional_orders())]
        for algo in sorted(algos, key=lambda algo: algo.algo_id):
            self.by_algo_client[algo.client_algo_id] = algo.algo_id
        self.open = {resting.order.order_id: resting for resting in self.resting_orders()}
        self.open_algos = {each.algo.algo_id: each for each in self.conditional_orders()}
        self.schedule_timer()

    def resting_orders(self) -> Iterator[RestingOrder]:
        """Yield every resting order, by symbol, then by place in the queue."""
        for book in self.books.values():
            yield from book.resting_orders

    def conditional_orders(self) -> Iterator[ConditionalOrder]:
        """Yield every conditional order that has not triggered, by symbol."""
        for book in self.books.values():
            yield from book.conditional_orders

    def schedule_timer(self) -> None:
        """Set ``next_timer`` from all countdowns and good-till dates."""
        times = [*self.saved.countdowns.values()]
        times += [resting.order.good_till for resting in self.open.values() if resting.order.good_till]
        times += [each.algo.good_till for each in self.open_algos.values() if each.algo.good_till]
        self.next_timer = min(times, default=NEVER)

    # ---- orders --------------------------------------------------------------------------------------------------------

    def next_sequence(self) -> int:
        """Return the next time priority: of two orders at one price, the smaller number fills first."""
        self.saved.sequence += 1
        return self.saved.sequence

    def accept(self, order: Order) -> RestingOrder:
        """Register a new order and queue its NEW event. It does not rest yet: see ``rest``."""
        self.by_client[order.client_id] = order.order_id
        resting = RestingOrder(order=order, sequence=self.next_sequence())
        self.events.append(OrderUpdate(execution="NEW", order=order, time=self.time))
        return resting

    def close_order(self, resting: RestingOrder, event: OrderEvent, code: int = 0) -> None:
        """Cancel or expire an order. ``code``: error code of the reason, 0 = none. Call ``settle`` next."""
        resting.order = advance(resting.order, event, self.time, code=code)
        execution: ExecutionType = "CANCELED" if event == "cancel" else "EXPIRED"
        self.events.append(OrderUpdate(execution=execution, order=resting.order, time=self.time))

    def rest(self, resting: RestingOrder) -> None:
        """Put the order into its symbol's book."""
        order = resting.order
        book = self.books[order.symbol]
        book.resting_orders.append(resting)
        book.quiet_band = None
        self.open[order.order_id] = resting
        if order.good_till:
            self.next_timer = min(self.next_timer, order.good_till)

    def settle(self, resting: RestingOrder) -> None:
        """Queue the account update of the order's fills; move a closed order from the book to the remembered ones."""
        self.publish_account("ORDER")
        order = resting.order
        if not order.closed:
            return
        if self.open.pop(order.order_id, None) is not None:
            book = self.books[order.symbol]
            book.resting_orders.remove(resting)
            book.quiet_band = None
        self._remember(resting)
        algo = self.saved.triggered.pop(order.algo_id, None)
        if algo is not None:
            finished = advance_algo(algo, "finish", self.time)
            self.events.append(AlgoUpdate(algo=finished, time=self.time, child=order))
            self._remember_algo(finished)

    def cancel(self, resting: RestingOrder) -> Order:
        """Cancel a resting order."""
        self.close_order(resting, "cancel")
        self.settle(resting)
        return resting.order

    def _remember(self, resting: RestingOrder) -> None:
        closed = self.saved.closed
        closed[resting.order.order_id] = resting
        if len(closed) > self.settings.closed_remembered:
            oldest = closed.pop(next(iter(closed))).order
            if self.by_client.get(oldest.client_id) == oldest.order_id:
                del self.by_client[oldest.client_id]

    def fill(
        self,
        resting: RestingOrder,
        quantity: Decimal,
        price: Decimal,
        fee_rate: Decimal,
        *,
        maker: bool,
        fee_limit: Decimal | None = None,
    ) -> None:
        """Execute ``quantity`` of an order at ``price``; update leg, wallet and income.

        fee_rate: fraction of the notional. fee_limit: highest fee, USDT, for liquidations; None = no limit. No fee takes
        more than the crossed margin balance, and no isolated leg gets more margin than that.
        """
        order, saved = resting.order, self.saved
        book = self.books[order.symbol]
        leg = book.leg(order.position_side)
        decimals = self.settings.decimals
        margin_rate = Decimal(1) / book.leverage if book.margin_type == "ISOLATED" else ZERO
        realized = leg.trade(order.signed(quantity), price, decimals, margin_rate=margin_rate)
        leg.updated = self.time
        saved.wallet += realized
        balance = self.cross_balance()
        if balance < 0 and leg.isolated_wallet > 0 and not realized:
            lent = min(-balance, leg.isolated_wallet)
            leg.isolated_wallet -= lent
            balance += lent
        fee = rounded(quantity * price * fee_rate, decimals)
        if fee > 0:
            fee = min(fee, floored(max(balance, ZERO), decimals))
            if fee_limit is not None:
                fee = min(fee, fee_limit)
        leg.pay(fee)
        saved.wallet -= fee
        trade = ExecutedTrade(
            id=self.next_id(),
            order_id=order.order_id,
            client_id=order.client_id,
            symbol=order.symbol,
            side=order.side,
            position_side=order.position_side,
            price=price,
            quantity=quantity,
            commission=fee,
            realized=realized,
            maker=maker,
            time=self.time,
        )
        resting.trades.append(trade)
        executed = order.executed + quantity
        resting.order = advance(
            order,
            "fill" if executed == order.quantity else "partial_fill",
            self.time,
            executed=executed,
            quote=order.quote + quantity * price,
        )
        liquidated = order.type == "LIQUIDATION"
        if liquidated:
            saved.insurance += fee
        self.record_income(order.symbol, "REALIZED_PNL", realized, trade.id)
        self.record_income(order.symbol, "INSURANCE_CLEAR" if liquidated else "COMMISSION", -fee, trade.id)
        execution: ExecutionType = "CALCULATED" if liquidated else "TRADE"
        self.events.append(OrderUpdate(execution=execution, order=resting.order, time=self.time, trade=trade))
        self.mark_changed(order.symbol, order.position_side)
        self.invalidate_margin()

    # ---- algo orders ---------------------------------------------------------------------------------------------------

    def add_conditional(self, algo: AlgoOrder, extreme: Decimal) -> ConditionalOrder:
        """Add a conditional order to its book. ``extreme``: best price since a trailing one was activated, USDT, else 0."""
        self.by_algo_client[algo.client_algo_id] = algo.algo_id
        conditional = ConditionalOrder(algo=algo, sequence=self.next_sequence(), extreme=extreme)
        book = self.books[algo.symbol]
        book.conditional_orders.append(conditional)
        book.quiet_band = None
        self.open_algos[algo.algo_id] = conditional
        if algo.good_till:
            self.next_timer = min(self.next_timer, algo.good_till)
        self.events.append(AlgoUpdate(algo=algo, time=self.time))
        return conditional

    def move_algo(self, algo: AlgoOrder, event: AlgoEvent, *, child: Order | None = None, **changes: object) -> AlgoOrder:
        """Apply an event to a conditional order, queue its update, and remember it once triggered or closed.

        Raises IllegalTransition. An order that no longer waits must also leave the book: see ``remove_conditional``.
        """
        moved = advance_algo(algo, event, self.time, **changes)
        self.events.append(AlgoUpdate(algo=moved, time=self.time, child=child))
        if moved.closed:
            self._remember_algo(moved)
        elif moved.status == "TRIGGERED":
            self.saved.triggered[moved.algo_id] = moved
        return moved

    def remove_conditional(self, conditional: ConditionalOrder) -> None:
        """Remove a conditional order from its symbol's book."""
        book = self.books[conditional.algo.symbol]
        book.conditional_orders.remove(conditional)
        book.quiet_band = None
        del self.open_algos[conditional.algo.algo_id]

    def cancel_algo(self, conditional: ConditionalOrder, event: AlgoEvent = "cancel") -> AlgoOrder:
        """Cancel or expire a conditional order that has not triggered."""
        self.remove_conditional(conditional)
        conditional.algo = self.move_algo(conditional.algo, event)
        return conditional.algo

    def _remember_algo(self, algo: AlgoOrder) -> None:
        closed = self.saved.closed_algos
        closed[algo.algo_id] = algo
        if len(closed) > self.settings.closed_remembered:
            oldest = closed.pop(next(iter(closed)))
            if self.by_algo_client.get(oldest.client_algo_id) == oldest.algo_id:
                del self.by_algo_client[oldest.client_algo_id]

    # ---- look-up -------------------------------------------------------------------------------------------------------

    def find(self, order_id: int, client_id: str) -> RestingOrder | None:
        """Find an order, open or remembered, by its id (0 = not given), else the latest with the client id."""
        number = order_id or self.by_client.get(client_id, 0)
        return self.open.get(number) or self.saved.closed.get(number)

    def find_algo(self, algo_id: int, client_algo_id: str) -> AlgoOrder | None:
        """Find a conditional order, open or remembered, by its id (0 = not given), else the latest with the client id."""
        number = algo_id or self.by_algo_client.get(client_algo_id, 0)
        conditional = self.open_algos.get(number)
        if conditional is not None:
            return conditional.algo
        return self.saved.triggered.get(number) or self.saved.closed_algos.get(number)
