"""Waiting for an event, but not for ever, without ever cancelling the waiter.

``asyncio.timeout`` ends a wait by cancelling the task that waits; before Python 3.13 a cancellation that races the event can
stay pending and strike at a later await. A commit loop must not have that risk: here the wait is a task of its own.
"""

from __future__ import annotations

import asyncio


async def wait_at_most(event: asyncio.Event, seconds: float) -> bool:
    """True as soon as the event is set, False after ``seconds`` without it."""
    if event.is_set():
        return True
    waiter = asyncio.ensure_future(event.wait())
    try:
        done, _ = await asyncio.wait({waiter}, timeout=seconds)
    finally:
        waiter.cancel()
    return bool(done)
