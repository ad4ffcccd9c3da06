"""Waits for an event: cheaply, and with a time limit that does not cancel the waiting task.

``asyncio.timeout`` ends a wait by cancelling the task that waits; before Python 3.13 a cancellation that races the event can
stay pending and strike at a later await. A commit loop must not have that risk: here the wait is a task of its own.
"""

from __future__ import annotations

import asyncio
from typing import Protocol


class Event(Protocol):
    """An event that is set or not, and can be waited for: ``asyncio.Event`` or ``Wake``."""

    def is_set(self) -> bool: ...

    async def wait(self) -> object: ...


class Wake:
    """What ``asyncio.Event`` does, at a third of its cost: a lane waits for its next message thousands of times a second."""

    def __init__(self) -> None:
        self._set = False
        self._waiters: list[asyncio.Future[None]] = []

    def is_set(self) -> bool:
        return self._set

    def set(self) -> None:
        """Set it, and wake who waits."""
        if not self._set:
            self._set = True
            for waiter in self._waiters:
                if not waiter.done():
                    waiter.set_result(None)

    def clear(self) -> None:
        self._set = False

    async def wait(self) -> None:
        """Wait until it is set. Who was woken has been woken, also if it was cleared since."""
        if self._set:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            await waiter
        finally:
            self._waiters.remove(waiter)


async def wait_at_most(event: Event, seconds: float) -> bool:
    """Wait for the event. Returns True as soon as it is set, False after ``seconds``."""
    if event.is_set():
        return True
    waiter = asyncio.ensure_future(event.wait())
    try:
        done, _ = await asyncio.wait({waiter}, timeout=seconds)
    finally:
        waiter.cancel()
    return bool(done)
