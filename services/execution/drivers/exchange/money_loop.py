"""The money loop: every input of the core is stamped, handled and written here, and its requests leave in the same turn.

Nothing in here waits. The requests of one input start in the order of their urgency; what they meet is their own affair.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec
import structlog

from services.execution.alerts import alert
from services.execution.core import ExecutionCore
from services.execution.drivers.exchange import log_entries
from services.execution.drivers.exchange.log_entries import Saved
from services.execution.drivers.exchange.metrics import REFUSED, TAKEN
from services.execution.drivers.exchange.outbox import Outbox
from services.execution.drivers.exchange.wakefulness import Wakefulness
from services.execution.drivers.exchange.write_ahead import WriteAhead
from services.execution.inputs import Connected, Input, Statement
from services.execution.requests import PlaceOrder, QueryAccount, Request
from shared.bus.port import InvalidMessage
from shared.domain.control import ClockTick
from shared.domain.message import Message
from shared.exchange.exchange_time import ExchangeTime

log = structlog.get_logger(__name__)


#: An alert that an input of a kind could not be handled holds for so long, ms.
_SAID_FOR_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of an input.

    number: of its entry in the log, 0 = it was not written. requests: how many it caused. poisoned: why the core could not
    handle it, which is a bug; the state is as it was before. Empty = it did.
    """

    stamp: int
    number: int
    requests: int
    poisoned: str = ""


class MoneyLoop:
    """``start``: starts a request at the exchange. ``changed``: called after every input. ``led_until``: when an earlier
    process last asked for the account, which only a leader does, UTC ms; 0 = none did.
    """

    def __init__(
        self,
        make: Callable[[], ExecutionCore],
        clock: ExchangeTime,
        outbox: Outbox,
        *,
        start: Callable[[Request], None],
        changed: Callable[[Message | Input], None],
        awake: Wakefulness,
    ) -> None:
        self._make = make
        self._clock = clock
        self._awake = awake
        self._outbox = outbox
        self._start = start
        self._changed = changed
        self._last = 0
        self.led_until = 0
        self._log: WriteAhead | None = None
        self._poisoned_at: dict[str, int] = {}
        self.core = make()

    def written_to(self, write_ahead: WriteAhead) -> None:
        """Write every input from now on."""
        self._log = write_ahead

    def snapshot(self) -> bytes:
        """Encode the whole state."""
        outbox = self._outbox
        saved = Saved(
            core=self.core.snapshot(),
            now=self._last,
            published=outbox.published,
            numbered=outbox.numbered,
            unpublished=outbox.unpublished,
        )
        return log_entries.save(saved)

    def resume(self, state: bytes | None, log_: tuple[bytes, ...]) -> bool:
        """Take up what an earlier process has written; its requests are not sent again.

        False if there was nothing, or nothing that this version can read: then the exchange's statement is all there is.
        """
        if state is not None:
            try:
                saved = log_entries.saved(state)
                self.core.restore(saved.core)
            except msgspec.DecodeError as error:
                log.warning("state_unreadable", error=str(error))
                self.core = self._make()
                return False
            self._last = saved.now
            self._outbox.resume(saved.published, saved.numbered, saved.unpublished)
        self._replay(log_, tell=True)
        self._clock.start_at(self._last)
        self.led_until = self.core.state.stated_at
        return state is not None or bool(log_)

    def feed(self, taken: Message | Input) -> Handled:
        """Handle one input now."""
        now, began = self._clock.now(), time.perf_counter()
        self._awake.look(now)
        if self._awake.woke():
            self.feed(Connected(open=self.core.state.connected, woken=True))
        if self._awake.must_read():
            self._start(QueryAccount())
        if isinstance(taken, Statement):
            self._awake.stated(taken.asked_at)
        try:
            effects = self.core.handle(taken, now)
        except Exception as error:
            log.exception("core_failed", taken=type(taken).__name__)
            self._rebuild(taken, error, now)
            return Handled(stamp=now, number=0, requests=0, poisoned=f"{type(error).__name__}: {error}")
        self._last = now
        self._outbox.put(effects.messages)
        number = self._write(taken, now, bool(effects.requests or effects.messages))
        for request in effects.urgent_first():
            self._start(request)
        for why in effects.refused:
            REFUSED.labels(why).inc()
        TAKEN.observe(time.perf_counter() - began)
        self._changed(taken)
        return Handled(stamp=now, number=number, requests=len(effects.requests))

    def now(self) -> int:
        """Return the exchange's time, UTC ms, never backwards."""
        return self._clock.now()

    def was_frozen(self) -> bool:
        """True if this process stood still for too long and has not read the account since: only stops may leave."""
        return self._awake.look(self._clock.now())

    def freezes(self) -> int:
        """How often this process stood still for too long."""
        self._awake.look(self._clock.now())
        return self._awake.times

    def tell(self, *messages: Message) -> None:
        """Publish what is not the core's."""
        self._outbox.put(messages, of_core=False)

    def published(self, number: int) -> None:
        """Write how far messages were published."""
        if self._log is not None:
            self._log.add(log_entries.published_entry(number))

    # -- inside -------------------------------------------------------------------------------------------------------

    def _write(self, taken: Message | Input, now: int, has_effects: bool) -> int:
        """Write an input; a tick only where time may have changed something."""
        idle = isinstance(taken, ClockTick) and not has_effects and not self.core.state.plans
        if self._log is None or idle:
            return 0
        return self._log.add(log_entries.taken_entry(taken, now))

    def _replay(self, entries: tuple[bytes, ...], *, tell: bool) -> None:
        for entry in entries:
            try:
                taken, now = log_entries.read(entry)
            except (InvalidMessage, msgspec.DecodeError) as error:
                log.warning("log_entry_unreadable", error=str(error))  # the exchange's statement makes up for it
                continue
            if isinstance(taken, int):
                self._outbox.forget_published(taken)
                continue
            try:
                effects = self.core.handle(taken, now)
            except Exception:  # it was handled once, so this version handles it otherwise
                log.exception("log_entry_not_handled", taken=type(taken).__name__)
                continue
            self._last = max(self._last, now)
            if tell:
                self._outbox.put(effects.messages)

    def _rebuild(self, taken: Message | Input, error: Exception, now: int) -> None:
        """Make the state again as it was before the input that the core could not handle."""
        self.core = self._make()
        base, tail = self._log.history if self._log is not None else (None, ())
        if base is not None:
            self.core.restore(log_entries.saved(base).core)
        entries = tuple(each for each in tail if not isinstance(log_entries.read(each)[0], int))
        self._replay(entries, tell=False)
        kind = type(taken).__name__
        if now - self._poisoned_at.get(kind, 0) < _SAID_FOR_MS:
            return
        self._poisoned_at[kind] = now
        text = f"an input could not be handled ({kind}: {error}); it is left out: report it with the log"
        self.tell(alert("critical", f"poisoned.{kind}", text, now))


def is_entry(request: Request) -> bool:
    """An order that may increase a position: it is judged again and written before it leaves."""
    return isinstance(request, PlaceOrder) and not request.order.protects
