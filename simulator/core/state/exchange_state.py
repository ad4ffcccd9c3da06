"""The venue's floor: the pits, the memory of orders, and the acts that change them; the account's money is the till's.

The other modules decide what happens; every act, every execution and every piece of news goes through here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

from shared.config.account import DEFAULT_ACCOUNT, AccountSettings
from simulator.core.margin.brackets import Brackets
from simulator.core.model.algo_orders import AlgoEvent, AlgoOrder, advance_algo
from simulator.core.model.enums import Execution
from simulator.core.model.events import AlgoUpdate, OrderUpdate
from simulator.core.model.filters import Filters
from simulator.core.model.orders import ZERO, Order, OrderEvent, Trade, advance
from simulator.core.model.requests import Refusal
from simulator.core.state.account_ledger import Till
from simulator.core.state.legs import rounded
from simulator.core.state.snapshot import FloorState
from simulator.core.state.symbol_book import Pit, Ticket, Waiting
from simulator.rejections import REASON, Rejection
from simulator.settings import SimulatorSettings

#: Later than any time: no timer is set.
NEVER: Final = 2**63 - 1


def refusal(code: Rejection) -> Refusal:
    """The no with its text."""
    return Refusal(code, REASON[code])


class Floor(Till):
    """See the module. ``news`` grows until it is taken; ``alarm`` is the time of the next timer."""

    def __init__(
        self,
        settings: SimulatorSettings,
        filters: Mapping[str, Filters],
        brackets: Mapping[str, Brackets],
        account: AccountSettings = DEFAULT_ACCOUNT,
    ) -> None:
        super().__init__(settings, filters, brackets, account)
        self._take_over(self.state)

    # ---- state ---------------------------------------------------------------------------------------------------------

    def snapshot(self) -> FloorState:
        """The whole state. It is the floor's own: encode it before anything else happens."""
        self.state.pits = {symbol: pit.state() for symbol, pit in self.pits.items() if not self._untouched(pit)}
        return self.state

    def _untouched(self, pit: Pit) -> bool:
        """True when nothing ever happened in the pit: it need not be written down."""
        silent = pit.last is None and pit.mark is None and pit.bid is None
        fresh = self.fresh(pit.filters, pit.brackets)
        as_set_up = pit.leverage == fresh.leverage and pit.margin_type == fresh.margin_type
        return silent and as_set_up and pit.commission is None and not pit.legs

    def restore(self, state: FloorState) -> None:
        """Go on from a snapshot's state. Pits of symbols that are not traded here any more are left out."""
        for symbol, pit in self.pits.items():
            fresh = self.fresh(pit.filters, pit.brackets)
            fresh.restore(state.pits.get(symbol, fresh.state()))
            self.pits[symbol] = fresh
        self._take_over(state)

    def _take_over(self, state: FloorState) -> None:
        self.open_anew(state)
        self.by_client: dict[str, int] = {}
        self.by_algo_client: dict[str, int] = {}
        tickets = [ticket.order for ticket in (*state.closed.values(), *self.tickets())]
        for order in sorted(tickets, key=lambda order: order.order_id):
            self.by_client[order.client_id] = order.order_id
        algos = [*state.closed_algos.values(), *state.triggered.values(), *(each.algo for each in self.waiting())]
        for algo in sorted(algos, key=lambda algo: algo.algo_id):
            self.by_algo_client[algo.client_algo_id] = algo.algo_id
        self.open = {ticket.order.order_id: ticket for ticket in self.tickets()}
        self.open_algos = {each.algo.algo_id: each for each in self.waiting()}
        self.set_alarm()

    def tickets(self) -> Iterator[Ticket]:
        """Every resting order, by symbol, then as they stand in the queue."""
        for pit in self.pits.values():
            yield from pit.tickets

    def waiting(self) -> Iterator[Waiting]:
        """Every waiting algo order, by symbol."""
        for pit in self.pits.values():
            yield from pit.waiting

    def set_alarm(self) -> None:
        """Look for the next timer: countdowns and good-till dates."""
        times = [*self.state.countdowns.values()]
        times += [ticket.order.good_till for ticket in self.open.values() if ticket.order.good_till]
        times += [each.algo.good_till for each in self.open_algos.values() if each.algo.good_till]
        self.alarm = min(times, default=NEVER)

    # ---- orders --------------------------------------------------------------------------------------------------------

    def next_order_id(self) -> int:
        """A new order id."""
        self.state.orders_made += 1
        return self.state.orders_made

    def next_algo_id(self) -> int:
        """A new algo id."""
        self.state.algos_made += 1
        return self.state.algos_made

    def next_sequence(self) -> int:
        """The end of the queue."""
        self.state.sequence += 1
        return self.state.sequence

    def admit(self, order: Order) -> Ticket:
        """Take an order in hand; it does not rest yet."""
        self.by_client[order.client_id] = order.order_id
        ticket = Ticket(order=order, sequence=self.next_sequence())
        self.news.append(OrderUpdate(execution="NEW", order=order, time=self.time))
        return ticket

    def end(self, ticket: Ticket, event: OrderEvent, code: int = 0) -> None:
        """Cancel or expire an order in hand; ``code`` says why it could not be executed. Then ``settle`` it."""
        ticket.order = advance(ticket.order, event, self.time, code=code)
        execution: Execution = "CANCELED" if event == "cancel" else "EXPIRED"
        self.news.append(OrderUpdate(execution=execution, order=ticket.order, time=self.time))

    def rest(self, ticket: Ticket) -> None:
        """Let it rest in the book."""
        order = ticket.order
        pit = self.pits[order.symbol]
        pit.tickets.append(ticket)
        pit.lines = None
        self.open[order.order_id] = ticket
        if order.good_till:
            self.alarm = min(self.alarm, order.good_till)

    def settle(self, ticket: Ticket) -> None:
        """The acts on an order are done for now: tell the account, and let a closed one leave the book."""
        self.tell_account("ORDER")
        order = ticket.order
        if not order.closed:
            return
        if self.open.pop(order.order_id, None) is not None:
            pit = self.pits[order.symbol]
            pit.tickets.remove(ticket)
            pit.lines = None
        self._remember(ticket)
        algo = self.state.triggered.pop(order.algo_id, None)
        if algo is not None:
            finished = advance_algo(algo, "finish", self.time)
            self.news.append(AlgoUpdate(algo=finished, time=self.time, child=order))
            self._remember_algo(finished)

    def cancel(self, ticket: Ticket) -> Order:
        """Cancel a resting order."""
        self.end(ticket, "cancel")
        self.settle(ticket)
        return ticket.order

    def _remember(self, ticket: Ticket) -> None:
        closed = self.state.closed
        closed[ticket.order.order_id] = ticket
        if len(closed) > self.settings.closed_remembered:
            oldest = closed.pop(next(iter(closed))).order
            if self.by_client.get(oldest.client_id) == oldest.order_id:
                del self.by_client[oldest.client_id]

    def fill(
        self,
        ticket: Ticket,
        quantity: Decimal,
        price: Decimal,
        fee_rate: Decimal,
        *,
        maker: bool,
        fee_limit: Decimal | None = None,
    ) -> None:
        """Execute ``quantity`` of an order at ``price``. ``fee_limit``: a liquidation costs no more than what is there."""
        order, state = ticket.order, self.state
        pit = self.pits[order.symbol]
        leg = pit.leg(order.position_side)
        decimals = self.settings.decimals
        fee = rounded(quantity * price * fee_rate, decimals)
        margin_rate = Decimal(1) / pit.leverage if pit.margin_type == "ISOLATED" else ZERO
        if fee_limit is not None:
            fee = min(fee, fee_limit)
        realized = leg.trade(order.signed(quantity), price, fee, decimals, margin_rate=margin_rate)
        leg.updated = self.time
        state.wallet += realized - fee
        state.trades_made += 1
        trade = Trade(
            id=state.trades_made,
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
        ticket.trades.append(trade)
        executed = order.executed + quantity
        ticket.order = advance(
            order,
            "fill" if executed == order.quantity else "partial_fill",
            self.time,
            executed=executed,
            quote=order.quote + quantity * price,
        )
        liquidated = order.type == "LIQUIDATION"
        self.earn(order.symbol, "REALIZED_PNL", realized, trade.id)
        self.earn(order.symbol, "INSURANCE_CLEAR" if liquidated else "COMMISSION", -fee, trade.id)
        execution: Execution = "CALCULATED" if liquidated else "TRADE"
        self.news.append(OrderUpdate(execution=execution, order=ticket.order, time=self.time, trade=trade))
        self.touch(order.symbol, order.position_side)
        self.money_moved()

    # ---- algo orders ---------------------------------------------------------------------------------------------------

    def wait(self, algo: AlgoOrder, extreme: Decimal) -> Waiting:
        """Let a conditional order wait for its trigger."""
        self.by_algo_client[algo.client_algo_id] = algo.algo_id
        waiting = Waiting(algo=algo, sequence=self.next_sequence(), extreme=extreme)
        pit = self.pits[algo.symbol]
        pit.waiting.append(waiting)
        pit.lines = None
        self.open_algos[algo.algo_id] = waiting
        if algo.good_till:
            self.alarm = min(self.alarm, algo.good_till)
        self.news.append(AlgoUpdate(algo=algo, time=self.time))
        return waiting

    def move_algo(self, algo: AlgoOrder, event: AlgoEvent, *, child: Order | None = None, **changes: object) -> AlgoOrder:
        """The next state of an algo order, told and kept where it belongs; a Waiting that is left goes with ``forget``."""
        moved = advance_algo(algo, event, self.time, **changes)
        self.news.append(AlgoUpdate(algo=moved, time=self.time, child=child))
        if moved.closed:
            self._remember_algo(moved)
        elif moved.status == "TRIGGERED":
            self.state.triggered[moved.algo_id] = moved
        return moved

    def take_out(self, waiting: Waiting) -> None:
        """It waits no longer."""
        pit = self.pits[waiting.algo.symbol]
        pit.waiting.remove(waiting)
        pit.lines = None
        del self.open_algos[waiting.algo.algo_id]

    def cancel_algo(self, waiting: Waiting, event: AlgoEvent = "cancel") -> AlgoOrder:
        """Cancel (or expire) one that waits."""
        self.take_out(waiting)
        waiting.algo = self.move_algo(waiting.algo, event)
        return waiting.algo

    def _remember_algo(self, algo: AlgoOrder) -> None:
        closed = self.state.closed_algos
        closed[algo.algo_id] = algo
        if len(closed) > self.settings.closed_remembered:
            oldest = closed.pop(next(iter(closed)))
            if self.by_algo_client.get(oldest.client_algo_id) == oldest.algo_id:
                del self.by_algo_client[oldest.client_algo_id]

    # ---- looking up ----------------------------------------------------------------------------------------------------

    def find(self, order_id: int, client_id: str) -> Ticket | None:
        """An order, open or remembered, by its id, else by the latest that bore the client id."""
        number = order_id or self.by_client.get(client_id, 0)
        return self.open.get(number) or self.state.closed.get(number)

    def find_algo(self, algo_id: int, client_algo_id: str) -> AlgoOrder | None:
        """An algo order, waiting or remembered, likewise."""
        number = algo_id or self.by_algo_client.get(client_algo_id, 0)
        waiting = self.open_algos.get(number)
        if waiting is not None:
            return waiting.algo
        return self.state.triggered.get(number) or self.state.closed_algos.get(number)
