"""An event loop in virtual time: when nothing can happen before the next timer, the clock jumps there.

A minute of a frozen process costs what the exchange does in that minute, and a busy machine changes no order of events.
Sockets of this machine deliver at once, so that an empty selector means that nobody has anything to say.
"""

from __future__ import annotations

import asyncio
import contextvars
import selectors
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import FunctionType
from typing import Any, Final
from unittest.mock import patch

from services.execution.drivers.exchange.wakefulness import Wakefulness
from shared.exchange.binance.clock import ExchangeClock
from shared.exchange.exchange_time import ExchangeTime
from tests.support.await_points.victim import VICTIM, Victim

#: 2026-01-05, a Monday without funding or a new day nearby, in UTC seconds.
EPOCH: Final = 1_767_610_860.0
#: What one look at the sockets takes, seconds.
_INSTANT: Final = 1e-6
#: Those that have a clock as a default, bound before it could be replaced.
_CLOCKED: Final[tuple[FunctionType, ...]] = (ExchangeTime.__init__, Wakefulness.__init__, ExchangeClock.__init__)  # type: ignore[assignment]  # mypy sees methods of a class


class _Jumping(selectors.DefaultSelector):
    """``jump``: called with seconds instead of waiting for them."""

    jump: Callable[[float], bool]

    def select(self, timeout: float | None = None) -> Any:
        self.jump(_INSTANT)  # else who waits for the rest of a rounding error would wait for ever
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        if timeout is not None and self.jump(timeout):
            return []
        return super().select(0.05)


class VirtualLoop(asyncio.SelectorEventLoop):
    """Whatever runs in the context of a ``Victim`` passes its gate: turns of tasks, timers, news of sockets."""

    def __init__(self) -> None:
        selector = _Jumping()
        selector.jump = self._jump
        self._virtual = 1_000.0
        self._threads = 0
        super().__init__(selector)

    def time(self) -> float:
        return self._virtual

    def _jump(self, seconds: float) -> bool:
        if self._threads:
            return False
        self._virtual += seconds
        return True

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:
        future = super().run_in_executor(executor, func, *args)
        self._threads += 1
        future.add_done_callback(self._returned)
        return future

    def _returned(self, _: object) -> None:
        self._threads -= 1

    # -- gates --------------------------------------------------------------------------------------------------------

    def call_soon(self, callback: Any, *args: Any, context: Any = None) -> Any:
        victim, inside = _victim(context)
        if victim is None:
            return super().call_soon(callback, *args, context=context)
        return super().call_soon(victim.gate, inside, callback, args, context=inside)

    def call_at(self, when: float, callback: Any, *args: Any, context: Any = None) -> Any:
        victim, inside = _victim(context)
        if victim is None:
            return super().call_at(when, callback, *args, context=context)
        return super().call_at(when, victim.gate, inside, callback, args, context=inside)

    def call_soon_threadsafe(self, callback: Any, *args: Any, context: Any = None) -> Any:
        victim, inside = _victim(context)
        if victim is None:
            return super().call_soon_threadsafe(callback, *args, context=context)
        return super().call_soon_threadsafe(victim.gate, inside, callback, args, context=inside)

    def _add_reader(self, fd: int, callback: Any, *args: Any) -> Any:
        return self._watch("reader", fd, callback, args)

    def _add_writer(self, fd: int, callback: Any, *args: Any) -> Any:
        return self._watch("writer", fd, callback, args)

    def _remove_reader(self, fd: int) -> Any:
        victim = VICTIM.get(None)
        if victim is not None:
            victim.watched.pop(("reader", fd), None)
        return super()._remove_reader(fd)  # type: ignore[misc]  # asyncio's own

    def _remove_writer(self, fd: int) -> Any:
        victim = VICTIM.get(None)
        if victim is not None:
            victim.watched.pop(("writer", fd), None)
        return super()._remove_writer(fd)  # type: ignore[misc]  # asyncio's own

    def _watch(self, kind: str, fd: int, callback: Any, args: tuple[Any, ...]) -> Any:
        add = super()._add_reader if kind == "reader" else super()._add_writer  # type: ignore[misc]  # asyncio's own
        victim, inside = _victim(None)
        if victim is None:
            return add(fd, callback, *args)
        victim.watched[kind, fd] = (callback, args, inside)
        return add(fd, victim.gate, inside, callback, args)

    def look_away(self, victim: Victim) -> None:
        """What arrives for a frozen process waits in its sockets."""
        for kind, fd in victim.watched:
            (super()._remove_reader if kind == "reader" else super()._remove_writer)(fd)  # type: ignore[misc]  # asyncio's own

    def look_again(self, victim: Victim) -> None:
        """Hear its sockets again."""
        for (kind, fd), (callback, args, inside) in list(victim.watched.items()):
            inside.copy().run(self._watch, kind, fd, callback, args)

    def _make_socket_transport(self, *args: Any, **named: Any) -> Any:
        made = super()._make_socket_transport(*args, **named)  # type: ignore[misc]  # asyncio's own
        victim = VICTIM.get(None)
        if victim is not None:
            victim.transports.append(made)
        return made


def _victim(context: Any) -> tuple[Victim | None, Any]:
    if context is None:
        if VICTIM.get(None) is None:
            return None, None
        context = contextvars.copy_context()
    return context.get(VICTIM), context


@contextmanager
def _virtual_clocks(loop: VirtualLoop) -> Iterator[None]:
    def wall() -> float:
        return EPOCH + loop.time()

    clocks: dict[Any, Callable[[], float]] = {time.time: wall, time.monotonic: loop.time}
    saved = [(each, each.__defaults__, each.__kwdefaults__) for each in _CLOCKED]
    for function, positional, named in saved:
        function.__defaults__ = tuple(clocks.get(each, each) if callable(each) else each for each in positional or ())
        function.__kwdefaults__ = {
            name: clocks.get(each, each) if callable(each) else each for name, each in (named or {}).items()
        }
    try:
        with (
            patch.object(time, "time", wall),
            patch.object(time, "time_ns", lambda: int(wall() * 1e9)),
            patch.object(time, "monotonic", loop.time),
            patch.object(time, "clock_gettime_ns", lambda _: int(loop.time() * 1e9)),
        ):
            yield
    finally:
        for function, positional, named in saved:
            function.__defaults__, function.__kwdefaults__ = positional, named


def run_virtually(main: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine to its end in a loop of its own, in virtual time."""
    loop = VirtualLoop()
    with _virtual_clocks(loop):
        try:
            asyncio.set_event_loop(loop)
            return loop.run_until_complete(main)
        finally:
            asyncio.set_event_loop(None)
            loop.close()
