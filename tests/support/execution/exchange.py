"""An exchange of a few lines for execution's tests: it does what a script says, refusals, silence and losses included."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Literal

import msgspec

from shared.domain.account import AccountState, Position
from shared.domain.exchange import CancelOrder, ExchangeEvents, ExchangeRequests, FundingPayment, PlaceOrder
from shared.domain.message import Message
from shared.domain.order_words import OrderStatus
from shared.domain.orders import Fill, Order

#: What becomes of a placed order.
Outcome = Literal[
    "fill", "fill_half", "fill_half_then_expire", "accept", "accept_unreported", "reject", "expire", "drop",
]  # fmt: skip
#: ``trigger`` fills a resting order, ``part`` half of it, ``lose`` expires it; the others concern a symbol.
Happening = tuple[
    Literal["trigger", "part", "lose", "liquidate", "foreign", "outside_close", "outside_open", "fund", "keep_fill"], str
]

#: USDT per unit of quantity, at any price: longs and shorts cost alike.
FEE = Decimal("0.05")
RESTING = ("NEW", "PARTIALLY_FILLED")


def normally(order: Order) -> Outcome:
    """What an exchange does on a good day."""
    return "fill" if order.type == "MARKET" else "accept"


class FakeExchange:
    """One account in one-way mode, whose client ids act once.

    Unrealistic: market orders fill at 100 and conditional ones at their trigger; no book, no margin check, one fee for any
    price; liquidation, funding and strangers only when the script says so; it answers in the step that asks.
    """

    def __init__(self, decide: Callable[[Order], Outcome] = normally, wallet: Decimal = Decimal(10_000)) -> None:
        self.decide = decide
        self.reject_code = -2021
        self.time = 0
        self.orders: dict[str, Order] = {}
        self.placed: list[Order] = []  # every new order that reached the exchange, refused ones included
        self.refused: set[tuple[int, str, bool]] = set()  # (time, symbol, whether it was a closing market order)
        self.foreign: set[str] = set()
        self.position: dict[str, Decimal] = {}
        self.entry: dict[str, Decimal] = {}
        self.wallet = wallet
        self._fills: list[Fill] = []
        self._said: list[Order] = []
        self._count = 0

    def answer(self, asked: ExchangeRequests) -> ExchangeEvents:
        """Do and reply."""
        self._said, self._fills = [], []
        for request in asked.requests:
            if isinstance(request, PlaceOrder):
                self._place(request.order)
            else:
                self._cancel(request)
        return self._events(asked.id)

    def step(self, time: int, happenings: Iterable[Happening] = ()) -> ExchangeEvents:
        """The market moves on, and these things happen in it."""
        self.time = time
        self._said, self._fills = [], []
        funding = []
        for what, name in happenings:
            if what == "fund":
                if self.position.get(name):
                    amount = Decimal("-0.37")
                    self.wallet += amount
                    funding.append(FundingPayment(symbol=name, time=time, rate=Decimal("0.0001"), amount=amount))
            else:
                getattr(self, f"_{what}")(name)
        return self._events("", tuple(funding))

    def resting(self, symbol: str) -> list[Order]:
        return [order for order in self.orders.values() if order.symbol == symbol and order.status in RESTING]

    # -- what may happen ------------------------------------------------------------------------------------------------

    def _place(self, order: Order) -> None:
        known = self.orders.get(order.client_id)
        if known is not None:  # a query
            self._said.append(known)
            return
        outcome = self.decide(order)
        if outcome == "drop":
            if order.reduce_only or order.close_position:
                self.refused.add((self.time, order.symbol, order.reduce_only))
            return
        self.placed.append(order)
        if outcome == "reject" or (order.reduce_only and not self.position.get(order.symbol)):
            self.refused.add((self.time, order.symbol, order.reduce_only))
            self._state(order, status="REJECTED", reject_code=self.reject_code, reject_reason="Refused by the script.")
        elif outcome == "expire":
            self.refused.add((self.time, order.symbol, order.reduce_only))
            self._state(order, status="EXPIRED")
        elif outcome in ("accept", "accept_unreported"):
            self._state(order, status="NEW")
            if outcome == "accept_unreported":
                self._said.pop()
        else:
            self._state(order, status="NEW")
            self._said.pop()
            self._execute(order.client_id, order.quantity if outcome == "fill" else order.quantity / 2)
            if outcome == "fill_half_then_expire":
                self._state(self.orders[order.client_id], status="EXPIRED")

    def _cancel(self, request: CancelOrder) -> None:
        order = self.orders.get(request.client_id)
        if order is None:
            unknown = Order(
                client_id=request.client_id,
                symbol=request.symbol,
                side="BUY",
                type="MARKET",
                quantity=Decimal(0),
                status="REJECTED",
                reject_code=-2011,
                reject_reason="Unknown order sent.",
            )
            self._said.append(unknown)
        elif order.status in RESTING:
            self._state(order, status="CANCELED")
        else:
            self._said.append(order)

    def _trigger(self, client_id: str) -> None:
        order = self.orders[client_id]
        if order.status not in RESTING:
            return
        held = abs(self.position.get(order.symbol, Decimal(0)))
        wanted = held if order.close_position else order.quantity - order.filled
        if wanted == 0:
            self._state(order, status="EXPIRED")
        else:
            self._execute(client_id, wanted)

    def _part(self, client_id: str) -> None:
        order = self.orders[client_id]
        held = abs(self.position.get(order.symbol, Decimal(0)))
        if order.status in RESTING and held:
            self._execute(client_id, held / 2)
            self._state(self.orders[client_id], status="EXPIRED")

    def _keep_fill(self, client_id: str) -> None:
        """The order triggers, but the news of its fill is lost."""
        self._trigger(client_id)
        self._fills.clear()

    def _lose(self, client_id: str) -> None:
        if self.orders[client_id].status in RESTING:
            self._state(self.orders[client_id], status="EXPIRED")

    def _liquidate(self, symbol: str) -> None:
        held = self.position.get(symbol)
        if held:
            self._outside(f"autoclose-{symbol}-{self.time}", symbol, -held, Decimal(50))

    def _outside_close(self, symbol: str) -> None:
        """Someone closes the position by hand; only the account shows it."""
        held = self.position.get(symbol)
        if held:
            self._outside("by-hand", symbol, -held, Decimal(100))
            self._said.pop()
            self._fills.pop()

    def _outside_open(self, symbol: str) -> None:
        self._outside("by-hand-too", symbol, Decimal(1), Decimal(100))
        self._said.pop()
        self._fills.pop()

    def _foreign(self, symbol: str) -> None:
        self._count += 1
        self.foreign.add(f"web_{self._count}")
        self._said.append(
            Order(
                client_id=f"web_{self._count}",
                symbol=symbol,
                side="BUY",
                type="LIMIT",
                quantity=Decimal(1),
                price=Decimal(1),
            )
        )

    # -- books ----------------------------------------------------------------------------------------------------------

    def _outside(self, client_id: str, symbol: str, signed: Decimal, price: Decimal) -> None:
        order = Order(
            client_id=client_id, symbol=symbol, side="BUY" if signed > 0 else "SELL", type="MARKET", quantity=abs(signed)
        )
        self.orders[client_id] = order
        self._book(order, abs(signed), price)
        self._state(order, status="FILLED", filled=abs(signed))

    def _execute(self, client_id: str, quantity: Decimal) -> None:
        order = self.orders[client_id]
        price = order.trigger or Decimal(100)
        held = abs(self.position.get(order.symbol, Decimal(0)))
        cut = order.reduce_only and quantity > held  # it sells no more than there is, and its rest expires
        done = held if cut else quantity
        self._book(order, done, price)
        filled = order.filled + done
        whole = order.close_position or filled >= order.quantity
        status: OrderStatus = "FILLED" if whole else "EXPIRED" if cut else "PARTIALLY_FILLED"
        self._state(order, status=status, filled=filled, average_price=price)

    def _book(self, order: Order, quantity: Decimal, price: Decimal) -> None:
        symbol = order.symbol
        held = self.position.get(symbol, Decimal(0))
        signed = quantity if order.side == "BUY" else -quantity
        realized = Decimal(0)
        if held * signed >= 0:
            self.entry[symbol] = (self.entry.get(symbol, Decimal(0)) * abs(held) + price * quantity) / (abs(held) + quantity)
        else:
            realized = (price - self.entry[symbol]) * -signed
        self.position[symbol] = held + signed
        fee = quantity * FEE
        self.wallet += realized - fee
        self._count += 1
        self._fills.append(
            Fill(
                id=f"f{self._count}",
                client_id=order.client_id,
                symbol=symbol,
                side=order.side,
                quantity=quantity,
                price=price,
                fee=fee,
                realized=realized,
                maker=False,
                time=self.time,
            )
        )

    def _state(self, order: Order, **changes: object) -> None:
        self.orders[order.client_id] = msgspec.structs.replace(order, updated_at=self.time, **changes)
        self._said.append(self.orders[order.client_id])

    def _events(self, reply_to: str, funding: tuple[FundingPayment, ...] = ()) -> ExchangeEvents:
        positions = tuple(
            Position(
                symbol=symbol,
                quantity=held,
                entry_price=self.entry[symbol],
                mark_price=self.entry[symbol],
                unrealized=Decimal(0),
            )
            for symbol, held in sorted(self.position.items())
            if held
        )
        account = AccountState(time=self.time, wallet=self.wallet, equity=self.wallet, positions=positions)
        return ExchangeEvents(
            time=self.time,
            reply_to=reply_to,
            orders=tuple(self._said),
            fills=tuple(self._fills),
            funding=funding,
            account=account,
        )


def converse(core, exchange: FakeExchange, first: Message, hear: Callable[[Message, list[Message]], None]) -> None:
    """Give ``first`` to the core, and every request that follows to the exchange, until nothing more follows.

    ``hear`` gets each message that went in, with what came out. Raises AssertionError when it does not come to rest.
    """
    inbox: list[Message] = [first]
    for _ in range(500):
        if not inbox:
            return
        message = inbox.pop(0)
        outputs = list(core.handle(message))
        hear(message, outputs)
        inbox += [exchange.answer(output) for output in outputs if isinstance(output, ExchangeRequests)]
    raise AssertionError("requests and replies never come to rest")
