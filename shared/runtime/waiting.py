"""Waiting for an event, but not for ever, without ever cancelling the waiter.

``asyncio.timeout`` ends a wait by cancelling the task; on Python 3.11 and 3.12 a timeout that expires in the very turn in which
the event is set leaves that cancellation pending, and it strikes at the task's next await. A commit loop died of it once in
some hundred runs. Here the waiting itself is a task of its own, and nothing else can be hit.
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
