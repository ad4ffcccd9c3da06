"""The hand at the exchange: what a request needs is sent, asked for, cancelled, until its outcome is known (EXEC-2).

Part of the gateway's shell: the core says what to do, and hears what became of it.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog
from prometheus_client import Counter

from services.gateway.acts import Ask, Cancel, Find, Search, Send
from services.gateway.core import GatewayCore
from services.gateway.inquiry import inquire, search
from shared.domain.exchange import CancelOrder, ExchangeRequest
from shared.exchange.error_codes import ErrorCode
from shared.exchange.errors import RULES, ExchangeError
from shared.exchange.model.orders import ExchangeOrder, NewOrder, OrderRef
from shared.exchange.outcome.outcomes import Accepted, Lost, Refused, Uncertain
from shared.exchange.outcome.resolve import cancel_for_certain, place_for_certain, settle
from shared.exchange.port import TradingExchange
from shared.exchange.settings import ExchangeSettings

log = structlog.get_logger(__name__)

_REQUESTS: Final = Counter("ict_gateway_requests_total", "Orders and cancels by what became of them", ["act", "ended"])


class Hand:
    """``save``: keep the core's state; raises Fenced when another replica is the hand now, and then nothing is sent.

    ``alert``: tell a person (key, text, time of the venue). ``halt``: stop entries (code, sentence, the venue's text).
    ``refused``: called with symbol, code and message of an order that was refused, before that is told.
    """

    def __init__(
        self,
        exchange: TradingExchange,
        core: GatewayCore,
        patience: ExchangeSettings,
        resends: int,
        *,
        save: Callable[[], Awaitable[None]],
        alert: Callable[[str, str, int], None],
        halt: Callable[[int, str, str], None],
        refused: Callable[[str, int, str], Awaitable[None]],
    ) -> None:
        self._exchange = exchange
        self._core = core
        self._patience = patience
        self._resends = resends
        self._save = save
        self._alert = alert
        self._halt = halt
        self._refused = refused
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def symbol(self, symbol: str, requests: Sequence[ExchangeRequest]) -> None:
        """In order; the symbol's next request waits, other symbols do not."""
        async with self._locks[symbol]:
            for request in requests:
                await self._request(request)

    async def _request(self, request: ExchangeRequest) -> None:
        client_id = request.client_id if isinstance(request, CancelOrder) else request.order.client_id
        act = self._core.act_of(request, self._exchange.now())
        try:
            if isinstance(act, Send):
                await self._send(act.order)
            elif isinstance(act, Find):
                await self._find(act.order, act.open)
            elif isinstance(act, Ask):
                await self._ask(act.ref)
            elif isinstance(act, Cancel):
                await self._cancel(act.ref)
            elif isinstance(act, Search):
                await self._search(act.symbol, act.client_id)
        except ExchangeError as error:  # a question that failed: execution hears nothing of this id, and asks again
            if error.action == "halt":
                self._halt(error.code, error.sentence, error.message)
            _REQUESTS.labels(type(act).__name__.lower(), "unanswered").inc()
            log.warning("no answer on an order", order=client_id, error=str(error))

    async def _send(self, order: NewOrder) -> None:
        """Save, then send; what certainly never arrived may be sent again."""
        for resends_left in reversed(range(self._resends + 1)):
            held = self._core.held_back(order)
            if held is not None:
                _REQUESTS.labels("place", "held_back").inc()
                code = held.code or ErrorCode.NEW_ORDER_REJECTED
                text = f"not sent, entries are halted: {held.why}"
                self._core.refused(order.client_id, code, text, self._exchange.now())
                return
            await self._save()
            outcome = await place_for_certain(self._exchange, order, self._patience)
            if not (isinstance(outcome, Refused) and outcome.code == ErrorCode.NO_SUCH_ORDER and resends_left):
                await self._placed(order, outcome)
                return
            self._core.sending_again(order.client_id, self._exchange.now())

    async def _find(self, order: NewOrder, open_: Uncertain) -> None:
        """Sent before, by a process that died or lost the answer: first find out, then send only what never arrived."""
        outcome = await settle(self._exchange, open_, order.ref, "placed", self._patience)
        if isinstance(outcome, Refused):
            self._core.sending_again(order.client_id, self._exchange.now())
            await self._send(order)
            return
        await self._placed(order, outcome)

    async def _placed(self, order: NewOrder, outcome: Accepted | Refused | Lost) -> None:
        now = self._exchange.now()
        _REQUESTS.labels("place", type(outcome).__name__.lower()).inc()
        if isinstance(outcome, Accepted):
            assert outcome.order is not None, "placing is answered with the order"
            if outcome.stood:
                self._core.stands(order.client_id, outcome.order)
                self._alert(f"stands.{order.client_id}", _standing(order, outcome.order), now)
            else:
                self._core.told(order.client_id, outcome.order)
        elif isinstance(outcome, Refused):
            await self._refused(order.symbol, outcome.code, outcome.message)
            self._core.refused(order.client_id, outcome.code, outcome.message, now)
            self._halt_on(outcome)
        else:
            text = f"{order.symbol}: whether order {order.client_id} exists cannot be found out; look at the exchange"
            self._alert(f"lost.{order.client_id}", text, now)

    def _halt_on(self, refused: Refused) -> None:
        if refused.action == "halt":
            self._halt(refused.code, refused.sentence, refused.message)

    async def _ask(self, ref: OrderRef) -> None:
        found = await inquire(self._exchange, ref)
        if found is None:
            self._core.not_found(ref.symbol, ref.client_id, self._exchange.now())
        else:
            self._core.told(ref.client_id, *found)

    async def _cancel(self, ref: OrderRef) -> None:
        outcome = await cancel_for_certain(self._exchange, ref, self._patience)
        _REQUESTS.labels("cancel", type(outcome).__name__.lower()).inc()
        if isinstance(outcome, Refused):
            self._halt_on(outcome)
        if isinstance(outcome, Accepted) and outcome.order is not None:
            self._core.told(ref.client_id, outcome.order)
        elif not isinstance(outcome, Lost):
            await self._ask(ref)  # it may have been filled, or triggered, a moment before

    async def _search(self, symbol: str, client_id: str) -> None:
        found = await search(self._exchange, symbol, client_id)
        if found is None:
            self._core.not_found(symbol, client_id, self._exchange.now())
            return
        self._core.told(client_id, *found)
        if not found[0].over:
            await self._cancel(OrderRef(symbol=symbol, client_id=client_id, book=found[0].book))


def _standing(wanted: NewOrder, standing: ExchangeOrder) -> str:
    sentence = RULES[ErrorCode.CLOSE_POSITION_ORDER_EXISTS].sentence
    ours, theirs = f"{wanted.type} at {wanted.trigger}", f"{standing.client_id} at {standing.trigger}"
    return f"{wanted.symbol}: {ours} not placed, {theirs} stands: {sentence}"
