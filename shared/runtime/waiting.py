"""Waits for an event with a time limit, without cancelling the waiting task.

``asyncio.timeout`` ends a wait by cancelling the task that waits; before Python 3.13 a cancellation that races the event can
stay pending and strike at a later await. A commit loop must not have that risk: here the wait is a task of its own.
"""

from __future__ import annotations

import asyncio


async def wait_at_most(event: asyncio.Event, seconds: float) -> bool:
    """Wait for the event. Returns True as soon as it is set, False after ``seconds``."""
    if event.is_set():
        return True
    waiter = asyncio.ensure_future(event.wait())
    try:
        done, _ = await asyncio.wait({waiter}, timeout=seconds)
    finally:
        waiter.cancel()
    return bool(done)
