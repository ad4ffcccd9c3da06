"""Closes and cancels straight at the exchange, with orders under an operator's ids. It needs no service, broker or store.

Everything that can leave at once does: entries are cancelled and positions are closed together, then what the account
still shows is closed again until it is flat or the time is over, then exits without a position are cancelled. Closing twice
is harmless, because every close is reduce-only.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from shared.domain.client_ids import client_order_id
from shared.domain.order_words import Side, reduces_its_leg
from shared.exchange.errors import ExchangeError
from shared.exchange.model.account import PositionRisk
from shared.exchange.model.orders import ExchangeOrder, NewOrder
from shared.exchange.outcome.outcomes import Accepted, Outcome, Uncertain
from shared.exchange.port import Exchange

#: Between two readings of positions, seconds.
_PAUSE_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that was tried. ``done`` False: it was refused, or what became of it is not known."""

    symbol: str
    what: str
    outcome: str
    done: bool


@dataclass(frozen=True, slots=True)
class Result:
    """What was done, and what is left: positions, entries that rest, exits that nothing needs; in words."""

    acts: tuple[Act, ...]
    left: tuple[str, ...]


class Direct:
    """The hands of an operator at one account. ``run`` names this run, so that its ids are no other run's."""

    def __init__(self, exchange: Exchange, lineage: str, run: str, patience: float = 20.0) -> None:
        self._exchange = exchange
        self._lineage = lineage
        self._run = run
        self._patience = patience
        self._acts: list[Act] = []
        self._largest: Mapping[str, Decimal] = {}
        self._sent = 0

    async def cancel(self) -> Result:
        """Cancel every order that may increase a position. Raises ExchangeError if open orders cannot be read."""
        orders = await self._exchange.open_orders()
        await asyncio.gather(*(self._cancel(order, "entry") for order in orders if increases(order)))
        left = [f"{each.symbol}: entry {each.client_id}" for each in await self._exchange.open_orders() if increases(each)]
        return Result(tuple(self._acts), tuple(left))

    async def flatten(self) -> Result:
        """Close every position, and cancel every order that a flat account does not need.

        Raises ExchangeError if positions cannot be read at all. Orders that cannot be read are told as left.
        """
        deadline = time.monotonic() + self._patience
        filters = asyncio.create_task(self._read_largest(), name="largest orders")
        try:
            (positions, symbols), _ = await asyncio.gather(self._close_all(deadline), self._cancel_entries())
            while True:
                left = await self._tidy(positions, symbols)
                # An entry may have filled while it was cancelled: flat is what is flat after the last cancel.
                positions = await self._positions_after(positions, deadline)
                if not positions or time.monotonic() > deadline:
                    break
                positions, more = await self._close_all(deadline)
                symbols |= more
        finally:
            filters.cancel()
        held = [f"{each.symbol}: {each.quantity:+f} is still held" for each in positions]
        return Result(tuple(self._acts), (*held, *left))

    # -- inside -------------------------------------------------------------------------------------------------------

    async def _close_all(self, deadline: float) -> tuple[list[PositionRisk], set[str]]:
        """Close what is held, again and again until nothing is, or the time is over.

        Returns what is still held, and every symbol in which something was.
        """
        positions, symbols = await self._positions_after(None, deadline), set[str]()
        while positions:
            symbols |= {each.symbol for each in positions}
            await asyncio.gather(*map(self._close, positions))
            positions = await self._positions_after(positions, deadline)
            if time.monotonic() > deadline:
                break
            if positions:
                await asyncio.sleep(_PAUSE_S)
        return positions, symbols

    async def _cancel_entries(self) -> None:
        orders = await self._orders()
        await asyncio.gather(*(self._cancel(order, "entry") for order in orders or () if increases(order)))

    async def _tidy(self, positions: Iterable[PositionRisk], symbols: set[str]) -> list[str]:
        """Cancel the orders of flat legs; returns what is left of them, in words."""
        held = {(each.symbol, each.side) for each in positions}
        orders = await self._orders()
        if orders is None:
            flat = symbols - {symbol for symbol, _ in held}
            await asyncio.gather(*(self._cancel_all(symbol) for symbol in sorted(flat)))
            return ["open orders cannot be read: look at the exchange for entries that rest"]
        orphans = [each for each in orders if increases(each) or (each.symbol, each.position_side) not in held]
        await asyncio.gather(*(self._cancel(each, "entry" if increases(each) else "exit") for each in orphans))
        if not orphans:
            return []
        remaining = {each.client_id for each in await self._orders() or ()}
        return [f"{each.symbol}: order {each.client_id}" for each in orphans if each.client_id in remaining]

    async def _close(self, position: PositionRisk) -> None:
        side: Side = "SELL" if position.quantity > 0 else "BUY"
        parts = parts_of(abs(position.quantity), self._largest.get(position.symbol))
        await asyncio.gather(*(self._place(position, side, part) for part in parts))

    async def _place(self, position: PositionRisk, side: Side, quantity: Decimal) -> None:
        self._sent += 1
        order = NewOrder(
            client_id=client_order_id("o", self._lineage, self._run, self._sent),
            symbol=position.symbol,
            side=side,
            type="MARKET",
            quantity=quantity,
            reduce_only=position.side == "BOTH",  # in hedge mode the leg says it
            position_side=position.side,
        )
        self._note(position.symbol, f"close {side} {quantity:f}", await self._exchange.place(order))

    async def _cancel(self, order: ExchangeOrder, kind: str) -> None:
        price = order.trigger or order.price
        what = f"cancel {kind} {order.side} {order.quantity:f} at {price:f}"
        self._note(order.symbol, what, await self._exchange.cancel(order.ref))

    async def _cancel_all(self, symbol: str) -> None:
        try:
            await self._exchange.cancel_all(symbol)
        except ExchangeError as error:
            self._acts.append(Act(symbol, "cancel all orders", str(error), done=False))
        else:
            self._acts.append(Act(symbol, "cancel all orders", "done", done=True))

    def _note(self, symbol: str, what: str, outcome: Outcome) -> None:
        if isinstance(outcome, Accepted):
            self._acts.append(Act(symbol, what, "done", done=True))
        elif isinstance(outcome, Uncertain):
            self._acts.append(Act(symbol, what, f"not known ({outcome.doubt}); the account is read again", done=False))
        else:
            self._acts.append(Act(symbol, what, f"refused: {outcome.code} {outcome.message}", done=False))

    async def _positions(self) -> list[PositionRisk]:
        return [each for each in await self._exchange.positions() if each.quantity]

    async def _positions_after(self, before: list[PositionRisk] | None, deadline: float) -> list[PositionRisk]:
        """What is held; what was held ``before``, if that cannot be read until ``deadline``.

        before: None = nothing was read yet. Then an error that lasts until then, or that a person must mend, is raised.
        """
        while True:
            try:
                return await self._positions()
            except ExchangeError as error:
                if before is None and error.action != "retry":
                    raise
                if time.monotonic() > deadline:
                    if before is None:
                        raise
                    return before
                await asyncio.sleep(_PAUSE_S)

    async def _orders(self) -> tuple[ExchangeOrder, ...] | None:
        """Open orders; None if they cannot be read: positions are closed all the same."""
        try:
            return await self._exchange.open_orders()
        except ExchangeError:
            return None

    async def _read_largest(self) -> None:
        """Learn the largest market orders. Nothing waits for it: a close that is too large is refused, and then split."""
        while not self._largest:
            with suppress(ExchangeError):  # then it stays refused, is told, and is asked again
                info = await self._exchange.exchange_info()
                self._largest = {symbol: rules.market_max_quantity for symbol, rules in info.symbols.items()}
                return
            await asyncio.sleep(_PAUSE_S)


def increases(order: ExchangeOrder) -> bool:
    """True for an order that may open or increase a position."""
    reduces = order.reduce_only or order.close_position or reduces_its_leg(order.side, order.position_side)
    return not reduces


def parts_of(quantity: Decimal, largest: Decimal | None) -> list[Decimal]:
    """Split a quantity into market orders that the exchange takes: each at most ``largest``; None or 0 = no bound."""
    parts = []
    while largest and quantity > largest:
        parts.append(largest)
        quantity -= largest
    return [*parts, quantity]
