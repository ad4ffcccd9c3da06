"""Carries out the core's requests at the exchange, each in a task of its own, and feeds back the outcome (EXEC-2, EXEC-6).

What only reduces a position leaves at once, and waits for no other request, store or broker. An entry is judged again, then
written ahead, then sent, signed with exactly the time that was written: the exchange refuses it if it comes later than
that. Its request is built while the store writes, and leaves when the store has it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from functools import partial
from typing import Final

import structlog

from services.execution.drivers.exchange.asking import query_with_child
from services.execution.drivers.exchange.first_sends import FirstSends
from services.execution.drivers.exchange.metrics import REQUESTS, WITHHELD
from services.execution.drivers.exchange.money_loop import Handled, MoneyLoop
from services.execution.drivers.exchange.quotes import Quotes
from services.execution.drivers.exchange.write_ahead import WriteAhead
from services.execution.inputs import Answer, RequestKind, Result, Sent, Withheld
from services.execution.plans.admission import SENTENCE
from services.execution.requests import CancelOrder, PlaceOrder, QueryOrder
from shared.exchange.error_codes import TOO_MANY
from shared.exchange.errors import ExchangeError
from shared.exchange.model.orders import ExchangeOrder, NewOrder
from shared.exchange.outcome.outcomes import Accepted, NotReady, Outcome, Ready, Refused
from shared.exchange.port import TradingExchange
from shared.runtime.leadership import Leadership, Standing

log = structlog.get_logger(__name__)

#: An entry whose stamp is older than this share of the receive window is judged and written again instead of being sent.
_FRESH: Final = Decimal("0.5")
#: Why an entry may not leave now, and perhaps may in a moment while it is valid: stream and statements come back.
_PASSING: Final = frozenset({"disconnected", "account_stale"})
_LOOK_S: Final = 0.1
#: Longest waits for the lease's word, and for positions, before a stop leaves after a freeze, seconds.
_LEASE_PATIENCE_S: Final = 0.3
_LOOK_PATIENCE_S: Final = 1.0
#: A reducing order is decided again after a freeze in the midst of its sending, so often.
_TRIES: Final = 3


class Sending:
    """recv_window_ms: how long the exchange takes a signed request. refused: awaited with symbol, code and message of an
    order that was refused, before its answer is fed. failed: called with an error of a query that says more than no answer.
    leadership: None = nobody else can lead.
    """

    def __init__(
        self,
        exchange: TradingExchange,
        loop: MoneyLoop,
        write_ahead: WriteAhead,
        quotes: Quotes,
        recv_window_ms: int,
        *,
        refused: Callable[[str, int, str], Awaitable[None]],
        failed: Callable[[ExchangeError], None],
        leadership: Leadership | None = None,
    ) -> None:
        self._exchange = exchange
        self._loop = loop
        self._log = write_ahead
        self._quotes = quotes
        self._fresh_ms = int(recv_window_ms * _FRESH)
        self._window_s = recv_window_ms / 1000
        self._leadership = leadership
        self.first = FirstSends(alone=leadership is None)
        self._refused = refused
        self._failed = failed

    async def place(self, request: PlaceOrder) -> None:
        """Place an order that only reduces: now.

        A process that was frozen makes sure that it still leads; while the lease cannot be read, only stops leave, until it
        has read the account again.
        """
        await self.first.protective()
        order, asked_at = request.order, self._loop.now()
        for _ in range(_TRIES):
            freezes = self._loop.freezes()
            if self._loop.was_frozen() and not await self._still_reduces(order):
                break
            try:
                await self._placed(order, asked_at, None, self._awake_since(freezes))
            except NotReady:
                continue
            return
        self._end("place", order.client_id, asked_at, "unsent")

    def judged(self, request: PlaceOrder) -> Handled | None:
        """Judge an entry in the turn in which it came, and note that it leaves.

        None if it cannot be judged yet, or may not leave. ``enter`` takes it from there in both cases.
        """
        order = request.order
        quote = self._quotes.streamed(order.symbol)
        if self._log.waiting or quote is None or not self.first.alone:
            return None
        if self._loop.core.confirm(order.client_id, quote, self._loop.now()):
            return None
        return self._noted(order)

    async def enter(self, request: PlaceOrder, sent: Handled | None = None) -> None:
        """Judge an entry again, write it ahead, count it at the rate limits, send it; or feed why it is withheld.

        sent: what ``judged`` returned. While the store answers, the intent and that it leaves are written together: entries
        of the log are in order. While it does not, nothing is judged until it does.
        """
        async with self.first.entry() as left:
            if await self._entered(request.order, sent):
                left.append(True)

    async def cancel(self, request: CancelOrder) -> None:
        """Cancel an order."""
        await self.first.protective()
        asked_at = self._loop.now()
        if self._loop.was_frozen() and await self._standing() != "ours":
            self._end("cancel", request.client_id, asked_at, "unknown")  # it is tried again
            return
        cancelling = self._exchange.cancel(request.ref, ready=self._awake_since(self._loop.freezes()))
        try:
            outcome = await self._outcome("cancel", request.client_id, cancelling)
        except NotReady:
            outcome = None
        self._answer("cancel", request.client_id, asked_at, outcome)

    async def query(self, request: QueryOrder) -> None:
        """Ask once how an order stands, and its child."""
        asked_at = self._loop.now()
        try:
            found = await query_with_child(self._exchange, request.ref)
        except ExchangeError as error:
            self._failed(error)
            self._end("query", request.client_id, asked_at, "unknown")
        except Exception:
            log.exception("answer_unreadable", kind="query", order=request.client_id)
            self._end("query", request.client_id, asked_at, "unknown")
        else:
            order, child = found if found is not None else (None, None)
            self._end("query", request.client_id, asked_at, "done" if order else "absent", order=order, child=child)

    # -- inside -------------------------------------------------------------------------------------------------------

    async def _entered(self, order: NewOrder, sent: Handled | None) -> bool:
        """Send an entry; False if it did not leave."""
        while True:
            sent = sent or await self._confirmed(order)
            if sent is None or sent.poisoned:
                return False
            refused = await self._exchange.admit(order)
            if refused is not None:
                self._answer("place", order.client_id, sent.stamp, refused)
                return False
            try:
                await self._placed(order, sent.stamp, sent.stamp, partial(self._may_leave, order, sent))
            except NotReady:
                sent = None
                continue
            return True

    async def _leads(self, seconds: float) -> bool:
        """Make sure that nobody else leads before what leaves now has become invalid."""
        return self._leadership is None or await self._leadership.sure(seconds, _LEASE_PATIENCE_S)

    async def _standing(self) -> Standing:
        return "ours" if self._leadership is None else await self._leadership.standing(_LEASE_PATIENCE_S)

    async def _confirmed(self, order: NewOrder) -> Handled | None:
        """Judge an entry as soon as that is possible, and note that it leaves; None if it is withheld."""
        while True:
            unwritten = self._log.waiting > 0 and not await self._log.written(self._log.number, self._fresh_ms / 1000)
            quote = await self._quotes.of(order.symbol)
            why = self._loop.core.confirm(order.client_id, quote, self._loop.now())
            if why is not None and why[0] in _PASSING:
                await asyncio.sleep(_LOOK_S)
                continue
            if why is not None:
                word, text = ("unwritten", SENTENCE["unwritten"][1]) if unwritten and why[0] == "expired" else why
                WITHHELD.labels(word).inc()
                self._loop.feed(Withheld(client_id=order.client_id, why=word, text=text))
                return None
            if unwritten:
                continue
            sent = self._noted(order)
            await asyncio.sleep(0)  # the store is asked now, and the request is built while it writes
            return sent

    def _noted(self, order: NewOrder) -> Handled:
        sent = self._loop.feed(Sent(client_id=order.client_id))
        self._log.hurry()
        return sent

    async def _may_leave(self, order: NewOrder, sent: Handled) -> bool:
        """Wait until it is written that an entry leaves; False if that takes so long that the entry must be judged again."""
        written = await self._log.written(sent.number, self._fresh_ms / 1000)
        leads = await self._leads(self._window_s)
        fresh = self._loop.now() - sent.stamp <= self._fresh_ms
        return written and leads and fresh and self._still_wanted(order)

    def _still_wanted(self, order: NewOrder) -> bool:
        """Judge an entry once more when it is signed. A price that the stream does not say was asked for before."""
        why = self._loop.core.confirm(order.client_id, self._quotes.streamed(order.symbol), self._loop.now())
        return why is None or why[0] == "no_price"

    def _awake_since(self, freezes: int) -> Ready:
        """Ask, once a request is signed, whether this process has been awake since it was decided.

        If it freezes after that, the exchange refuses the request for its age.
        """

        async def awake() -> bool:
            return self._loop.freezes() == freezes

        return awake

    async def _still_reduces(self, order: NewOrder) -> bool:
        """Ask whether an order after a freeze is wanted: this process leads; or, of a stop, the store is away and something
        is held.

        On a flat account a stop of an old leader would be left over.
        """
        standing = await self._standing()
        if standing != "unknown" or order.type != "STOP_MARKET":
            return standing == "ours"
        try:
            async with asyncio.timeout(_LOOK_PATIENCE_S):
                return bool(await self._exchange.positions(order.symbol))
        except (TimeoutError, ExchangeError):
            return True  # nothing is known: a stop too many is cancelled later, one too few costs money

    async def _placed(
        self,
        order: NewOrder,
        asked_at: int,
        signed_at: int | None,
        ready: Ready | None = None,
    ) -> None:
        """Place an order and feed what became of it. Raises NotReady."""
        placing = self._exchange.place(order, signed_at=signed_at, ready=ready)
        outcome = await self._outcome("place", order.client_id, placing)
        if isinstance(outcome, Refused):
            await self._refused(order.symbol, outcome.code, outcome.message)
        self._answer("place", order.client_id, asked_at, outcome)

    async def _outcome(self, kind: RequestKind, client_id: str, call: Awaitable[Outcome]) -> Outcome | None:
        """None = the answer cannot be read, by a bug of the adapter or an exchange that is ill in a new way."""
        try:
            return await call
        except NotReady:
            raise
        except Exception:
            log.exception("answer_unreadable", kind=kind, order=client_id)
            return None

    def _answer(self, kind: RequestKind, client_id: str, asked_at: int, outcome: Outcome | None) -> None:
        if isinstance(outcome, Accepted):
            self._end(kind, client_id, asked_at, "stands" if outcome.stood else "done", order=outcome.order)
        elif isinstance(outcome, Refused):
            unsent = outcome.action == "retry" or outcome.code in TOO_MANY
            self._end(kind, client_id, asked_at, "unsent" if unsent else "refused", refused=outcome)
        else:
            self._end(kind, client_id, asked_at, "unknown")

    def _end(
        self,
        kind: RequestKind,
        client_id: str,
        asked_at: int,
        result: Result,
        *,
        order: ExchangeOrder | None = None,
        child: ExchangeOrder | None = None,
        refused: Refused | None = None,
    ) -> None:
        REQUESTS.labels(kind, result).inc()
        answer = Answer(kind=kind, client_id=client_id, result=result, asked_at=asked_at, order=order, child=child)
        if refused is not None:
            answer = Answer(
                kind=kind,
                client_id=client_id,
                result=result,
                asked_at=asked_at,
                code=refused.code,
                message=refused.message,
                sentence=refused.sentence,
                action=refused.action,
            )
        self._loop.feed(answer)
