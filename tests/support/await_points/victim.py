"""A process within the process: its turns are counted, and at a chosen one it dies or stands still."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import Context, ContextVar, copy_context
from typing import TYPE_CHECKING, Any, Literal, cast

if TYPE_CHECKING:
    from tests.support.await_points.virtual_loop import VirtualLoop

VICTIM: ContextVar[Victim] = ContextVar("victim")
#: How often what is left of a process is told to end.
_BURIALS = 10
#: What it does at its next turn.
State = Literal[
    "running",
    "frozen",  # as by SIGSTOP: it does nothing, and everything that is for it waits
    "dead",  # as by SIGKILL: no turn of it ever comes
    "buried",  # the judgement is over; what is left may run out
]


class Victim:
    """Everything that runs in its context, and in what that starts. ``turns``: how many it had since ``arm``.

    ``struck``: set when the chosen turn came, before it was taken.
    """

    def __init__(self) -> None:
        self.state: State = "running"
        self.turns = 0
        self.struck = asyncio.Event()
        self.watched: dict[tuple[str, int], tuple[Any, tuple[Any, ...], Context]] = {}
        self.transports: list[Any] = []
        self.tasks: set[asyncio.Task[Any]] = set()
        self._parked: list[tuple[Any, tuple[Any, ...], Context]] = []
        self._at = 0
        self._strike: Callable[[], None] = lambda: None
        self._watching: Callable[[int, Any], None] | None = None
        self.context = copy_context()
        self.context.run(VICTIM.set, self)

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Run ``work`` as the process."""
        return self.context.run(lambda: asyncio.get_running_loop().create_task(work, name=name))

    def arm(self, at: int, strike: Callable[[], None], watching: Callable[[int, Any], None] | None = None) -> None:
        """Count from here; at turn ``at`` (from 1; 0 = never) ``strike`` is called. watching: called with each turn."""
        self.turns, self._at, self._strike, self._watching = 0, at, strike, watching

    def gate(self, inside: Context, callback: Any, args: tuple[Any, ...]) -> None:
        """One turn."""
        if self.state == "running":
            self.turns += 1
            if self._watching is not None:
                self._watching(self.turns, callback)
            if self.turns == self._at:
                self._strike()
                self.struck.set()
        if self.state in ("running", "buried"):
            callback(*args)
        else:
            self._parked.append((callback, args, inside))

    def become(self, state: State) -> None:
        """Die or stand still now."""
        self.state = state
        _loop().look_away(self)
        if state == "dead":
            for transport in self.transports:
                found = transport.get_extra_info("socket")
                with suppress(OSError, AttributeError):
                    found._sock.shutdown(socket.SHUT_RDWR)

    def thaw(self) -> None:
        """SIGCONT: go on where it stood."""
        self.state = "running"
        loop = _loop()
        loop.look_again(self)
        self._go_on(loop)

    async def bury(self) -> None:
        """Let what is left run out: nobody judges any more."""
        loop = _loop()
        self.state = "buried"
        for transport in self.transports:
            self.context.copy().run(transport.abort)
        for task in list(self.tasks):
            self.context.copy().run(task.cancel)
        self._go_on(loop)
        for _ in range(_BURIALS):
            alive = [task for task in self.tasks if not task.done()]
            if not alive:
                return
            await asyncio.wait(alive, timeout=5)
            for task in alive:
                self.context.copy().run(task.cancel)
        raise AssertionError(f"these do not end: {[task.get_coro() for task in self.tasks if not task.done()]}")

    def _go_on(self, loop: VirtualLoop) -> None:
        parked, self._parked = self._parked, []
        for callback, args, inside in parked:
            loop.call_soon(callback, *args, context=inside)


def _loop() -> VirtualLoop:
    return cast("VirtualLoop", asyncio.get_running_loop())


def noting_tasks(loop: asyncio.AbstractEventLoop, work: Any, **named: Any) -> asyncio.Task[Any]:
    """A task factory that remembers whose tasks they are."""
    task = asyncio.Task(work, loop=loop, **named)
    victim = VICTIM.get(None) if named.get("context") is None else named["context"].get(VICTIM)
    if victim is not None:
        victim.tasks.add(task)
        task.add_done_callback(victim.tasks.discard, context=Context())
    return task
