"""Waits for the first of several tasks to end, and ends all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any


async def first_end(tasks: Iterable[asyncio.Task[Any]]) -> BaseException:
    """Wait until one of ``tasks``, which are meant to run for ever, has ended; return why.

    That is its error, CancelledError with the task's name if it was cancelled, RuntimeError if it merely returned. Waiting
    can be cancelled without touching the tasks. Raises ValueError for no tasks at all.
    """
    done, _ = await asyncio.wait(set(tasks), return_when=asyncio.FIRST_COMPLETED)
    task = done.pop()
    if task.cancelled():
        return asyncio.CancelledError(task.get_name())
    return task.exception() or RuntimeError(f"{task.get_name()} ended")


async def end_all(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel ``tasks`` and wait until each has ended; what they raise meanwhile is dropped."""
    ending = list(tasks)
    for task in ending:
        task.cancel()
    await asyncio.gather(*ending, return_exceptions=True)
