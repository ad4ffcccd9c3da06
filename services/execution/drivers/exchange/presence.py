"""Asks over the account itself whether another process leads it, and answers when it does (EXEC-4).

Two deployments with two stores share nothing but the account, and may even have the same ids. So whoever wants to lead
places an order that can never trade, the *question*; whoever leads hears of it and places another, the *answer*. Both are
conditional orders that only reduce, of the least quantity, at half the price; they stand for seconds. Of two who ask at
once the one whose question came first leads.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from decimal import Decimal
from typing import Final

import structlog

from services.execution.leading import Sign, first_of
from services.execution.state import remember
from shared.domain.client_ids import PresenceKind, presence_id, presence_kind
from shared.domain.instruments import Instrument
from shared.exchange.errors import ExchangeError
from shared.exchange.model.orders import ExchangeOrder, NewOrder, OrderRef
from shared.exchange.outcome.outcomes import Accepted, Refused
from shared.exchange.port import TradingExchange

log = structlog.get_logger(__name__)

#: Seconds after a question in which the account is looked at for answers, one look at the end of each.
_LOOKS_S: Final = (0.4, 0.8)
#: Seconds for which an answer stands: longer than whoever asks looks.
_ANSWER_S: Final = 4.0
#: Whatever is older than this when it is seen was left over by a process that died, ms.
_LEFT_OVER_MS: Final = 60_000
#: Ids that are remembered: of questions that were heard, and of orders of this process.
_REMEMBERED: Final = 100


class Presence:
    """found: called while leading with the answer of another who thinks that he leads."""

    def __init__(self, exchange: TradingExchange, lineage: str, found: Callable[[Sign], None]) -> None:
        self._exchange = exchange
        self._lineage = lineage
        self._found = found
        self._mine: dict[str, None] = {}
        self._known: dict[str, None] = {}
        self._answering: asyncio.Task[None] | None = None
        self._where: tuple[Instrument, Decimal] | None = None
        self._leads = False
        self._led_at = 0
        self._asked_again = False

    async def lead(self, instrument: Instrument) -> None:
        """Answer from now on. Raises ExchangeError: do it again."""
        self._where = (instrument, await self._price(instrument.symbol))
        self._led_at = self._exchange.now()
        self._leads = True

    async def ask(self, instrument: Instrument) -> Sign | None:
        """Ask who leads; returns the sign of another who does, or who asked before; else this process leads from now on.

        If the exchange takes no question the others show themselves by their first orders only. Raises ExchangeError: ask
        again.
        """
        await self.lead(instrument)
        self._leads, asked_at = False, self._led_at
        question = await self._placed("question")
        if question is not None:
            other = await self._look(question, asked_at)
            if other is not None:
                return other
        self._leads = True  # and answers whoever has asked since it did so itself
        return None

    def take(self, order: ExchangeOrder, now: int) -> bool:
        """Take the news of an order; True if it was a question or an answer, which nobody else need know of. now: UTC ms."""
        kind = presence_kind(order.client_id)
        if kind is None:
            return False
        at = order.created_at or order.updated_at
        fresh = not order.over and at > max(self._led_at, now - _LEFT_OVER_MS)  # else of a process that died
        if not self._leads or order.client_id in self._mine or not fresh:
            return True
        if not remember(self._known, order.client_id, _REMEMBERED):
            return True  # the stream and statements both tell of it
        if kind == "answer":
            self._found(Sign("answer", order.client_id, order.symbol, order.updated_at))
        elif self._answering is not None and not self._answering.done():
            self._asked_again = True
        else:
            self._answering = asyncio.create_task(self._answer(), name="execution answers who leads")
        return True

    async def close(self) -> None:
        """Answer no more."""
        self._leads = False
        if self._answering is not None:
            self._answering.cancel()
            await asyncio.wait({self._answering})

    # -- inside -------------------------------------------------------------------------------------------------------

    async def _look(self, question: NewOrder, asked_at: int) -> Sign | None:
        standing: tuple[ExchangeOrder, ...] = ()
        try:
            for seconds in _LOOKS_S:
                await asyncio.sleep(seconds)
                standing = await self._exchange.open_orders()
                other = first_of(standing, frozenset(self._mine), question.client_id, asked_at)
                if other is not None:
                    return other
        finally:
            await self._withdraw(question)
        await self._clear(standing)
        return None

    async def _answer(self) -> None:
        """Answer, and once more if somebody asked meanwhile: he may look when this answer is gone."""
        while True:
            self._asked_again = False
            answer = await self._placed("answer")
            if answer is None:
                return
            try:
                await asyncio.sleep(_ANSWER_S)
            finally:
                await self._withdraw(answer)
            if not self._asked_again:
                return

    async def _placed(self, kind: PresenceKind) -> NewOrder | None:
        assert self._where is not None, "whoever leads has asked before"
        instrument, price = self._where
        try:  # it may have led for days: half of an old price could trigger at once
            price = await self._price(instrument.symbol)
        except ExchangeError as error:
            log.info("price_not_read", symbol=instrument.symbol, error=str(error))
        half = price / 2
        order = NewOrder(
            client_id=presence_id(kind, self._lineage, secrets.token_hex(13)),
            symbol=instrument.symbol,
            side="SELL",
            type="STOP_MARKET",
            quantity=instrument.min_quantity,
            trigger=half - half % instrument.tick_size,
            reduce_only=True,
        )
        remember(self._mine, order.client_id, _REMEMBERED)
        outcome = await self._exchange.place(order)
        if isinstance(outcome, Refused):
            log.warning("presence_not_shown", kind=kind, code=outcome.code, message=outcome.message)
            return None
        return order  # also one of which nothing is known: it may stand

    async def _price(self, symbol: str) -> Decimal:
        (mark,) = await self._exchange.mark_prices(symbol)
        return mark.mark

    async def _withdraw(self, order: NewOrder) -> None:
        await self._cancelled(OrderRef(symbol=order.symbol, client_id=order.client_id, book=order.book))

    async def _clear(self, standing: tuple[ExchangeOrder, ...]) -> None:
        """Cancel what a process of this deployment left over when it died."""
        left_behind = (each for each in standing if presence_kind(each.client_id) and each.client_id not in self._mine)
        for each in left_behind:
            if each.client_id[4:8] == self._lineage:
                await self._cancelled(each.ref)

    async def _cancelled(self, ref: OrderRef) -> None:
        outcome = await self._exchange.cancel(ref)
        if not isinstance(outcome, Accepted):
            log.info("presence_not_withdrawn", order=ref.client_id, outcome=str(outcome))
