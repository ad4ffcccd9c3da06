"""The exchange's floor: markets, account and book, and the acts that change them. Every fill goes through here.

``placement`` (requests) and ``matching`` (candles) decide what happens; the venue does it and keeps the news of the message
in hand: the orders that changed and the fills, in the order in which they happened.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from shared.domain.account import AccountState, Position
from shared.domain.exchange import FundingPayment
from shared.domain.ids import derive
from shared.domain.instruments import Instrument
from shared.domain.orders import Fill, Order
from simulator.account import ZERO, Account, rounded
from simulator.book import Book
from simulator.liquidity import layers, on_tick
from simulator.orders import OrderEvent, Resting, advance, is_closed, only_reduces, signed
from simulator.rejections import REASON, Rejection
from simulator.settings import SimulatorSettings

#: Client ids of liquidations begin like this, as on Binance; nobody else's may.
AUTOCLOSE = "autoclose-"


class Market(msgspec.Struct, kw_only=True):
    """A symbol's last candle. ``price``: the last price, also the mark; ``taken``/``made``: our taker and maker quantity
    out of this candle's ``volume``, base currency."""

    price: Decimal
    volume: float
    taken: Decimal = ZERO
    made: Decimal = ZERO


class VenueState(msgspec.Struct, kw_only=True):
    """All that the venue knows. ``time``: close of the last market step, ms; ``closed``: the last closed orders by client
    id, oldest first; ``skipped``: nonsense candles ignored, by symbol."""

    account: Account
    time: int = 0
    placed: int = 0
    markets: dict[str, Market] = msgspec.field(default_factory=dict)
    resting: list[Resting] = msgspec.field(default_factory=list)
    closed: dict[str, Order] = msgspec.field(default_factory=dict)
    skipped: dict[str, int] = msgspec.field(default_factory=dict)


class Venue:
    """See the module. ``orders`` and ``fills`` are the news of the message in hand; ``begin`` empties them."""

    def __init__(self, settings: SimulatorSettings, instruments: Mapping[str, Instrument]) -> None:
        self.settings = settings
        self.instruments = dict(instruments)
        self._take_over(VenueState(account=Account(wallet=settings.starting_wallet, decimals=settings.decimals)))

    def begin(self) -> None:
        """A new message: no news yet."""
        self.orders: list[Order] = []
        self.fills: list[Fill] = []

    def state(self) -> VenueState:
        """The whole state, for a snapshot."""
        self._state.resting = self.book.all()
        return self._state

    def restore(self, state: VenueState) -> None:
        """Go on from a snapshot's state."""
        self._take_over(state)

    @property
    def time(self) -> int:
        """Close of the last market step, ms."""
        return self._state.time

    @time.setter
    def time(self, time: int) -> None:
        self._state.time = time

    def marks(self) -> dict[str, Decimal]:
        """The mark price of every symbol that has a position: its last price."""
        return {symbol: self.markets[symbol].price for symbol in self.account.holdings}

    def known(self, client_id: str) -> Order | None:
        """The order of this client id as it is now; None if it never came or is long closed."""
        resting = self.book.get(client_id)
        return resting.order if resting is not None else self._state.closed.get(client_id)

    def admit(self, order: Order) -> Resting:
        """Take an order in hand; it does not rest yet."""
        self._state.placed += 1
        return Resting(order=order, sequence=self._state.placed)

    def reject(self, order: Order, rejection: Rejection) -> Order:
        """Refuse an order at placement; a repeat of its client id gets the same answer."""
        rejected = advance(order, "reject", self.time, reject_code=int(rejection), reject_reason=REASON[rejection])
        if rejection is not Rejection.INVALID_CL_ORD_ID_LEN:  # no id at all: nothing to know it by
            self._remember(rejected)
        return rejected

    def end(self, resting: Resting, event: OrderEvent, rejection: Rejection | None = None) -> None:
        """Cancel or expire an order in hand; ``rejection`` says why it could not be executed. Then ``settle`` it."""
        reason = {} if rejection is None else {"reject_code": int(rejection), "reject_reason": REASON[rejection]}
        resting.order = advance(resting.order, event, self.time, **reason)

    def settle(self, resting: Resting) -> None:
        """The acts on an order are done for now: state the result, and let a closed one leave the book."""
        self.orders.append(resting.order)
        if is_closed(resting.order):
            self.book.remove(resting)
            self._remember(resting.order)

    def reducible(self, order: Order) -> Decimal:
        """How much of the position the order's side can close, base currency."""
        position = self.account.quantity(order.symbol)
        return abs(position) if position * signed(order, Decimal(1)) < 0 else ZERO

    def fill(self, resting: Resting, quantity: Decimal, price: Decimal, fee_rate: Decimal, *, maker: bool) -> None:
        """Execute ``quantity`` of an order at ``price``."""
        order = resting.order
        realized, fee = self.account.trade(order.symbol, signed(order, quantity), price, fee_rate)
        resting.value += quantity * price
        resting.fills += 1
        filled = order.filled + quantity
        resting.order = advance(
            order,
            "fill" if filled == order.quantity else "partial_fill",
            self.time,
            filled=filled,
            average_price=rounded(resting.value / filled, self.settings.decimals),
        )
        self.fills.append(
            Fill(
                id=f"{order.client_id}-{resting.fills}",
                client_id=order.client_id,
                symbol=order.symbol,
                side=order.side,
                quantity=quantity,
                price=price,
                fee=fee,
                realized=realized,
                maker=maker,
                time=self.time,
            )
        )

    def take(self, resting: Resting, base: Decimal) -> None:
        """Execute an order at the market, from ``base`` on, layer by layer; one with a limit stops where that is reached.

        ``base`` is at or better than the limit's price (the caller looked), so the first layer fills, at the limit at worst.
        An order that only reduces takes no more than the position, and what is left of it expires.
        """
        order = resting.order
        market = self.markets[order.symbol]
        reduces = only_reduces(order)
        quantity = min(resting.remaining, self.reducible(order)) if reduces else resting.remaining
        found = layers(
            base,
            order.side,
            quantity,
            volume=market.volume,
            taken=market.taken,
            settings=self.settings,
            instrument=self.instruments[order.symbol],
        )
        for number, layer in enumerate(found):
            price = layer.price
            if order.price is not None and signed(order, price - order.price) > 0:
                if number:
                    break
                price = order.price
            self.fill(resting, layer.quantity, price, self.settings.taker_fee, maker=False)
            market.taken += layer.quantity
        if reduces and not is_closed(resting.order) and not self.reducible(order):
            self.end(resting, "expire")

    def affords(self, order: Order, quantity: Decimal, price: Decimal) -> bool:
        """True when equity covers the initial margin that would be bound after ``quantity`` more of the order at ``price``.

        Bound: positions at mark and resting limit orders that can open one, all at the settings' leverage. A trade that
        leaves the position no larger needs none. -2019 when False.
        """
        symbol = order.symbol
        before = self.account.quantity(symbol)
        after = before + signed(order, quantity)
        if abs(after) <= abs(before):
            return True
        marks = self.marks()
        beside = self.account.notional(marks) - (abs(before) * marks[symbol] if before else ZERO)
        waiting = sum(
            (
                resting.remaining * resting.level
                for resting in self.book.all()
                if resting.order.type == "LIMIT" and not resting.order.reduce_only
            ),
            ZERO,
        )
        needed = beside + waiting + abs(after) * price
        return needed <= self.account.equity(marks) * self.settings.leverage

    def underwater(self) -> bool:
        """True when equity has come down to the maintenance margin."""
        marks = self.marks()
        return self.account.equity(marks) <= self.settings.maintenance_rate * self.account.notional(marks)

    def autoclose(self, symbol: str) -> None:
        """Liquidate a position: a MARKET order at the price at which equity is zero (the account loses no more than it has).

        No fee: what the margin still held is the clearing fee. Every resting order that could open a position is cancelled;
        exit orders stay, as they do when a position closes otherwise. Simple: whole position, one tier.
        """
        position = self.account.quantity(symbol)
        instrument = self.instruments[symbol]
        order = Order(
            client_id=AUTOCLOSE + derive(symbol, self.time),
            symbol=symbol,
            side="sell" if position > 0 else "buy",
            type="MARKET",
            quantity=abs(position),
            reduce_only=True,
            updated_at=self.time,
        )
        price = on_tick(self.account.bankruptcy_price(symbol, self.marks()), instrument, up=position > 0)
        resting = self.admit(order)
        self.fill(resting, order.quantity, price, ZERO, maker=False)
        self.settle(resting)
        for other in self.book.all():
            if not only_reduces(other.order):
                self.end(other, "cancel")
                self.settle(other)

    def fund(self, symbol: str, rate: Decimal) -> FundingPayment:
        """Pay or receive funding on an open position."""
        amount = self.account.fund(symbol, self.markets[symbol].price, rate)
        return FundingPayment(symbol=symbol, time=self.time, rate=rate, amount=amount)

    def account_state(self) -> AccountState:
        """The account as the exchange states it now."""
        account = self.account
        positions = []
        for symbol in sorted(account.holdings):
            held, mark = account.holdings[symbol], self.markets[symbol].price
            entry = rounded(held.cost / held.quantity, self.settings.decimals)
            positions.append(
                Position(
                    symbol=symbol,
                    quantity=held.quantity,
                    entry_price=entry,
                    mark_price=mark,
                    unrealized=held.unrealized(mark),
                )
            )
        equity = account.wallet + sum((position.unrealized for position in positions), ZERO)
        return AccountState(time=self.time, wallet=account.wallet, equity=equity, positions=tuple(positions))

    def _remember(self, order: Order) -> None:
        closed = self._state.closed
        closed[order.client_id] = order
        if len(closed) > self.settings.closed_remembered:
            del closed[next(iter(closed))]

    def _take_over(self, state: VenueState) -> None:
        self._state = state
        self.account = state.account
        self.markets = state.markets
        self.skipped = state.skipped
        self.book = Book(state.resting)
        self.begin()
