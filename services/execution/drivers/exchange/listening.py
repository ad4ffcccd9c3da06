"""Hears the account's user stream, and opens it again whenever it ends; what was missed in between is asked for (EXEC-4)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec
import structlog

from services.execution.drivers.exchange.money_loop import MoneyLoop
from services.execution.drivers.exchange.readiness import Readiness
from services.execution.inputs import Connected, News
from shared.domain.symbols import is_symbol
from shared.exchange.errors import ExchangeError
from shared.exchange.model.orders import ExchangeOrder
from shared.exchange.model.streams import StreamLost
from shared.exchange.model.user_events import (
    AccountUpdate,
    AlgoUpdate,
    ConfigUpdate,
    MarginCall,
    OrderUpdate,
    Unnamed,
    UserEvent,
)
from shared.exchange.port import TradingExchange
from shared.exchange.settings import StreamSettings

log = structlog.get_logger(__name__)

_FUNDING: Final = "FUNDING_FEE"
#: Longest pause between two attempts, seconds: trading again within five seconds after any fault (OPS-9).
LONGEST_PAUSE_S: Final = 3.0


class Listening:
    """Callbacks: opened = the stream is open anew; missed = something may have changed that did not arrive; set_up = the
    account's settings were changed; funded = funding was paid; paid_in = a fee was paid in this asset; failed = the listen
    key was refused; presence = True for an order by which a process only shows itself.
    """

    def __init__(
        self,
        exchange: TradingExchange,
        loop: MoneyLoop,
        settings: StreamSettings,
        readiness: Readiness,
        *,
        opened: Callable[[], None],
        missed: Callable[[], None],
        set_up: Callable[[], None],
        funded: Callable[[], None],
        paid_in: Callable[[str], None],
        failed: Callable[[ExchangeError], None],
        presence: Callable[[ExchangeOrder], bool],
    ) -> None:
        self._exchange = exchange
        self._loop = loop
        self._settings = settings
        self._readiness = readiness
        self._opened = opened
        self._missed = missed
        self._set_up = set_up
        self._funded = funded
        self._paid_in = paid_in
        self._failed = failed
        self._presence = presence

    async def run(self) -> None:
        """Listen until cancelled."""
        pause = 0.0
        while True:
            await asyncio.sleep(pause)
            try:
                async with self._exchange.user_stream() as stream:
                    self._readiness.stream_open()
                    self._loop.feed(Connected(open=True))
                    self._opened()
                    pause = 0.0
                    async for event in stream:
                        self.take(event)
            except StreamLost as lost:
                cause = lost.__cause__
                if isinstance(cause, ExchangeError):
                    self._failed(cause)
                self._readiness.stream_down(f"{lost.reason}: {lost}")
                self._loop.feed(Connected(open=False))
                log.warning("user_stream_lost", reason=lost.reason, text=str(lost), seconds=pause)
                if lost.reason == "refused":
                    pause = min(max(pause * 2, self._settings.backoff_first_s), LONGEST_PAUSE_S)

    def take(self, event: UserEvent) -> None:
        """Feed one event, if it says something of orders or account."""
        if isinstance(event, OrderUpdate | AlgoUpdate) and self._presence(event.order):
            return
        named = _without_strangers(event)
        if named is not None and self._loop.feed(News(event=named)).poisoned:
            self._missed()
        if isinstance(event, ConfigUpdate):
            self._set_up()
        elif isinstance(event, AccountUpdate) and event.reason == _FUNDING:
            self._funded()
        elif isinstance(event, OrderUpdate) and event.fill is not None:
            self._paid_in(event.fill.commission_asset)
        elif isinstance(event, Unnamed) and not event.readable:
            self._missed()


def _without_strangers(event: UserEvent) -> UserEvent | None:
    """The event without symbols that messages cannot carry (delivery contracts); None if the core has no use for it."""
    if isinstance(event, OrderUpdate | AlgoUpdate):
        return event if is_symbol(event.order.symbol) else None
    if isinstance(event, AccountUpdate):
        positions = tuple(each for each in event.positions if is_symbol(each.symbol))
        return msgspec.structs.replace(event, positions=positions)
    return event if isinstance(event, MarginCall) else None
