"""Watching over tasks: the first that ends says why, and all can be ended."""

from __future__ import annotations

import asyncio

from shared.runtime.supervision import end_all, first_end


async def forever() -> None:
    await asyncio.Event().wait()


async def broken() -> None:
    raise ValueError("a bug")


async def brief() -> None:
    return


async def test_the_error_of_the_first_task_that_fails_is_returned() -> None:
    tasks = [asyncio.create_task(forever()), asyncio.create_task(broken())]
    error = await first_end(tasks)
    assert isinstance(error, ValueError)
    assert str(error) == "a bug"
    await end_all(tasks)


async def test_a_task_that_merely_returns_counts_as_failed() -> None:
    error = await first_end([asyncio.create_task(brief(), name="watch")])
    assert isinstance(error, RuntimeError)
    assert str(error) == "watch ended"


async def test_a_task_that_was_cancelled_is_told_by_its_name() -> None:
    task = asyncio.create_task(forever(), name="lane p0")
    task.cancel()
    error = await first_end([task])
    assert isinstance(error, asyncio.CancelledError)
    assert error.args == ("lane p0",)


async def test_who_stops_waiting_leaves_the_tasks_alone() -> None:
    task = asyncio.create_task(forever())
    waiting = asyncio.create_task(first_end([task]))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert not task.done()
    await end_all([task])


async def test_ending_waits_for_what_a_task_does_last() -> None:
    done: list[str] = []

    async def tidy() -> None:
        try:
            await forever()
        finally:
            await asyncio.sleep(0)
            done.append("tidied")

    task = asyncio.create_task(tidy())
    await asyncio.sleep(0)
    await end_all([task, asyncio.create_task(broken())])
    assert done == ["tidied"]
