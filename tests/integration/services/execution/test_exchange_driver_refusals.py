"""Intents that execution refuses: acknowledged when somebody else can say so, and given back until then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.execution.drivers.exchange.outbox import Outbox
from tests.support.exchange_driver.scene import SECONDS, Scene, scene


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(tmp_path) as found:
        yield found


async def test_a_refusal_is_given_back_too_as_long_as_neither_store_nor_broker_has_it(
    at: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EXEC-2: a process that was frozen, refused, and was fenced took approved entries away without a word."""
    away = asyncio.Event()
    append = at.store.append

    async def never(*_: Any, **__: Any) -> None:
        await away.wait()

    async with at.running() as process:
        await at.command("halt", "a drill")
        await at.until(lambda: process.core.state.halted is not None)
        at.store.append = never  # type: ignore[method-assign]
        with monkeypatch.context() as patched:
            patched.setattr(Outbox, "_publish", never)
            await at.enter("one")
            await at.until(lambda: any(each.type == "alert" for each in process.driver._outbox.unpublished))
            await process.stop()
        at.store.append = append  # type: ignore[method-assign]
    assert await at.bus.depth("execution") == 1
    assert await at.sent() == []


async def test_without_the_store_a_refusal_that_was_told_is_acknowledged(at: Scene) -> None:
    """EXEC-4: intents do not pile up while nothing can be written."""
    away = asyncio.Event()
    append = at.store.append

    async def never(*_: Any, **__: Any) -> None:
        await away.wait()

    async with at.running() as process:
        await at.command("halt", "a drill")
        await at.until(lambda: process.core.state.halted is not None)
        at.store.append = never  # type: ignore[method-assign]
        await at.enter("one")
        await at.until(lambda: bool(at.ears.alerted("refused.halted")))
        async with asyncio.timeout(SECONDS):
            while await at.bus.depth("execution"):  # noqa: ASYNC110  a queue has no event
                await asyncio.sleep(0.02)
        at.store.append = append  # type: ignore[method-assign]
        away.set()
