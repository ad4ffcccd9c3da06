"""What `ict exchange record --orders` does with a test account: the smallest orders of each kind, and meant refusals.

At the end the symbol has neither orders nor a position, whatever happened between.
"""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Final

from cli.exchange.questions import Question
from shared.domain.instruments import Instrument
from shared.domain.order_words import Side
from shared.exchange.errors import ExchangeError
from shared.exchange.model.orders import NewOrder, OrderRef
from shared.exchange.outcome.outcomes import Accepted, Outcome
from shared.exchange.port import Exchange

#: Where the resting order and the stop stand, as a part of the price: too far to be filled, near enough to be taken.
_BELOW: Final = Decimal("0.98")
_ABOVE: Final = Decimal("1.02")
#: More than the smallest notional, because the price moves between question and order.
_ROOM: Final = Decimal("1.3")
#: Finer than any symbol's step.
_TOO_FINE: Final = Decimal("0.00000001")


class SmallTrades:
    """Places and removes the smallest orders of one symbol; await ``clear`` at the end in any case."""

    def __init__(self, exchange: Exchange, symbol: str) -> None:
        self._exchange = exchange
        self._symbol = symbol
        self._instrument: Instrument
        self._price = Decimal(0)
        self._quantity = Decimal(0)

    def questions(self) -> list[Question]:
        """In the order in which they must be asked."""
        resting = OrderRef(symbol=self._symbol, client_id=self._id())
        stop = OrderRef(symbol=self._symbol, client_id=self._id(), book="algo")
        exchange = self._exchange
        return [
            ("price and smallest quantity", self.prepare),
            ("a resting limit order", lambda: self._rest(resting.client_id)),
            ("the same id again (refused)", lambda: self._rest(resting.client_id)),
            ("that order", lambda: exchange.order(resting)),
            ("its cancellation", lambda: exchange.cancel(resting)),
            ("its cancellation again (refused)", lambda: exchange.cancel(resting)),
            ("too fine a quantity (refused)", lambda: self._market("BUY", self._quantity + _TOO_FINE)),
            ("a market entry", lambda: self._market("BUY", self._quantity)),
            ("its position", lambda: exchange.positions(self._symbol)),
            ("a stop that closes it", lambda: self._close_at(_BELOW, stop.client_id)),
            ("a second such stop", lambda: self._close_at(_BELOW, self._id())),
            ("a stop on the wrong side (refused)", lambda: self._close_at(_ABOVE, self._id())),
            ("a target", self._target),
            ("open orders", lambda: exchange.open_orders(self._symbol)),
            ("the stop", lambda: exchange.order(stop)),
            ("the stop's cancellation", lambda: exchange.cancel(stop)),
        ]

    async def prepare(self) -> None:
        """Learn price and smallest quantity. Raises ExchangeError, and KeyError if the symbol is not traded."""
        rules = (await self._exchange.exchange_info()).symbols[self._symbol]
        self._instrument = rules.instrument()
        ticker = await self._exchange.book_ticker(self._symbol)
        self._price = Decimal(str(ticker.ask))
        least = max(rules.min_quantity, rules.min_notional * _ROOM / self._price)
        self._quantity = self._instrument.quantity(least) + (rules.step_size if least % rules.step_size else 0)

    async def in_use(self) -> str | None:
        """Say what the account has of this symbol already: ``clear`` would take that away too. None = nothing."""
        try:
            orders = await self._exchange.open_orders(self._symbol)
            positions = await self._exchange.positions(self._symbol)
        except ExchangeError as error:
            return f"the account cannot be read: {str(error)[:200]}"
        if orders or positions:
            return f"{self._symbol} has {len(orders)} open orders and {len(positions)} positions already"
        return None

    async def clear(self) -> list[str]:
        """Cancel every order of the symbol and close its position; return what could not be done. Raises nothing."""
        left: list[str] = []
        try:
            await self._exchange.cancel_all(self._symbol)
        except ExchangeError as error:
            left.append(f"orders of {self._symbol}: {str(error)[:200]}")
        try:
            for position in await self._exchange.positions(self._symbol):
                side: Side = "SELL" if position.quantity > 0 else "BUY"
                done = await self._market(side, abs(position.quantity), reduce_only=True)
                if not isinstance(done, Accepted):
                    left.append(f"{position.quantity} {self._symbol}: {done}")
        except ExchangeError as error:
            left.append(f"positions of {self._symbol}: {str(error)[:200]}")
        return left

    async def _rest(self, client_id: str) -> Outcome:
        return await self._exchange.place(
            NewOrder(
                client_id=client_id,
                symbol=self._symbol,
                side="BUY",
                type="LIMIT",
                quantity=self._quantity,
                price=self._at(_BELOW),
            )
        )

    async def _market(self, side: Side, quantity: Decimal, *, reduce_only: bool = False) -> Outcome:
        return await self._exchange.place(
            NewOrder(
                client_id=self._id(),
                symbol=self._symbol,
                side=side,
                type="MARKET",
                quantity=quantity,
                reduce_only=reduce_only,
            )
        )

    async def _close_at(self, part: Decimal, client_id: str) -> Outcome:
        return await self._exchange.place(
            NewOrder(
                client_id=client_id,
                symbol=self._symbol,
                side="SELL",
                type="STOP_MARKET",
                trigger=self._at(part),
                close_position=True,
            )
        )

    async def _target(self) -> Outcome:
        return await self._exchange.place(
            NewOrder(
                client_id=self._id(),
                symbol=self._symbol,
                side="SELL",
                type="TAKE_PROFIT_MARKET",
                quantity=self._quantity,
                trigger=self._at(_ABOVE),
                reduce_only=True,
            )
        )

    def _at(self, part: Decimal) -> Decimal:
        return self._instrument.price(self._price * part)

    @staticmethod
    def _id() -> str:
        return f"ict-rec-{uuid.uuid4().hex[:16]}"
