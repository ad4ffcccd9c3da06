"""Carries the core's requests to the exchange, each as a task of its own, and feeds back what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final, Protocol

import structlog

from services.guardian.messages import (
    Answer,
    Book,
    Cancel,
    Close,
    Filters,
    Input,
    Place,
    Positions,
    ReadBook,
    ReadPositions,
    Result,
    SymbolFilters,
    Unread,
)
from shared.exchange.error_codes import TOO_MANY, ErrorCode
from shared.exchange.errors import NOT_THERE, ExchangeError
from shared.exchange.model.account import PositionRisk
from shared.exchange.model.market_data import ExchangeInfo
from shared.exchange.model.orders import ExchangeOrder, NewOrder, OrderRef
from shared.exchange.model.streams import UserStream
from shared.exchange.outcome.outcomes import Accepted, Outcome, Refused
from shared.runtime.supervision import end_all

log = structlog.get_logger(__name__)

_RULES_EVERY_S: Final = 3_600.0
_RULES_AGAIN_S: Final = 10.0
#: The exchange's word for a closePosition order that is refused because one stands.
_STANDS: Final = ErrorCode.CLOSE_POSITION_ORDER_EXISTS


class GuardedExchange(Protocol):
    """What the guardian needs of an exchange; each call as in ``shared.exchange.port``."""

    async def start(self) -> None: ...
    async def close(self) -> None: ...
    def now(self) -> int: ...
    async def exchange_info(self) -> ExchangeInfo: ...
    async def positions(self) -> tuple[PositionRisk, ...]: ...
    async def conditional_orders(self, symbol: str | None = None) -> tuple[ExchangeOrder, ...]: ...
    async def place(self, order: NewOrder) -> Outcome: ...
    async def cancel(self, ref: OrderRef) -> Outcome: ...
    def user_stream(self) -> UserStream: ...


class Hand:
    """Does at the exchange what the core asks for. now: the core's time, ms; feed: takes what came of it."""

    def __init__(self, exchange: GuardedExchange, now: Callable[[], int], feed: Callable[[Input], None]) -> None:
        self._exchange = exchange
        self._now = now
        self._feed = feed
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, request: ReadPositions | ReadBook | Place | Close | Cancel) -> None:
        """Send a request; it is answered in any case, and waits for no other."""
        task = asyncio.create_task(self._do(request), name=f"guardian {type(request).__name__}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def end(self) -> None:
        """Give up whatever is not answered."""
        await end_all(tuple(self._tasks))

    async def learn_filters(self) -> None:
        """Keep the exchange's filters known, until cancelled."""
        while True:
            pause = _RULES_EVERY_S
            try:
                rules = (await self._exchange.exchange_info()).symbols
                found = {
                    name: SymbolFilters(tick=each.tick_size, market_max=each.market_max_quantity)
                    for name, each in rules.items()
                }
                self._feed(Filters(found))
            except ExchangeError as error:
                log.warning("guardian_filters_unread", error=str(error), seconds=_RULES_AGAIN_S)
                pause = _RULES_AGAIN_S
            await asyncio.sleep(pause)

    async def _do(self, request: ReadPositions | ReadBook | Place | Close | Cancel) -> None:
        match request:
            case ReadPositions() | ReadBook():
                self._feed(await self._read(request))
            case Place() | Close():
                self._feed(await self._answered(request, self._exchange.place(request.order)))
            case Cancel():
                self._feed(await self._answered(request, self._exchange.cancel(request.ref)))

    async def _read(self, request: ReadPositions | ReadBook) -> Input:
        asked_at = self._now()
        try:
            if isinstance(request, ReadPositions):
                return Positions(asked_at=asked_at, rows=await self._exchange.positions())
            orders = await self._exchange.conditional_orders(request.symbol)
            return Book(symbol=request.symbol, asked_at=asked_at, orders=orders)
        except Exception as error:  # noqa: BLE001  whatever it is, a reading that fails must not end what protects
            log.warning("guardian_read_failed", what=type(request).__name__, error=f"{type(error).__name__}: {error}")
            return Unread(request)

    async def _answered(self, request: Place | Close | Cancel, sending: Coroutine[Any, Any, Outcome]) -> Input:
        try:
            outcome = await sending
        except ExchangeError as error:
            return Answer(request=request, result="passing", text=str(error))
        except Exception as error:  # the core waits for an answer: without one it would never try again
            log.exception("guardian_request_crashed", what=type(request).__name__)
            return Answer(request=request, result="unknown", text=f"{type(error).__name__}: {error}")
        result, text = _meaning(outcome)
        standing = outcome.order if isinstance(outcome, Accepted) and outcome.stood else None
        log.info("guardian_answer", what=type(request).__name__, result=result, text=text)
        return Answer(request=request, result=result, text=text, standing=standing)


def _meaning(outcome: Outcome) -> tuple[Result, str]:
    """Return what an outcome means for the core, and the exchange's words."""
    if isinstance(outcome, Accepted):
        return ("proved" if outcome.stood else "accepted"), ""
    if not isinstance(outcome, Refused):  # an earlier copy of it stands (-4116), or nobody knows
        return ("accepted" if outcome.doubt == "known_id" else "unknown"), f"{outcome.doubt}: {outcome.message}"
    text = f"{outcome.code} {outcome.message}"
    if outcome.code == _STANDS:
        return "proved", text
    if outcome.code == ErrorCode.ORDER_WOULD_IMMEDIATELY_TRIGGER:
        return "beyond", text
    if outcome.code in NOT_THERE:
        return "gone", text
    passes = outcome.action != "refuse" or not outcome.code or outcome.code in TOO_MANY
    return ("passing" if passes else "refused"), text
