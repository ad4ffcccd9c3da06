"""Runs a scenario with one strike, and returns what was seen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from tests.support.await_points.scenarios import SCENARIOS
from tests.support.await_points.virtual_loop import run_virtually
from tests.support.await_points.world import Change, Life, World, world

Strike = Literal[
    "none",  # only count
    "kill",  # SIGKILL; the next process starts a little later
    "stop",  # SIGSTOP for longer than the receive window and the lease, then SIGCONT; nobody else leads
    "overtaken",  # the same, and a successor leads before the SIGCONT
    "end",  # SIGTERM; the next process starts when it has ended
]
#: Until another process has noticed and taken over, seconds.
_TAKEOVER_S: Final = 2.0
#: A process that was asked to stop has ended by then: ``leave_s`` and ``flush_s`` of execution's driver, with room, seconds.
_END_S: Final = 15.0
#: What a frozen process misses: the receive window (1.5 s) and the lease, with room, seconds.
_FROZEN_S: Final = 6.0
#: What a thawed process still wants to send has left by then, seconds.
_CALM_S: Final = 2.0
#: A statement and the news of it take 5 s; an exit that protects nothing is taken away when two statements were flat, 10 s.
_TIDY_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Seen:
    """turns: points counted. violations: see ``Watch``. bare_ms: longest time without a stop. what: each point's callback.
    alerts: their keys."""

    turns: int
    violations: tuple[str, ...]
    bare_ms: float
    what: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()
    notes: str = ""


def struck(scenario: str, strike: Strike, point: int, spill: Path, change: Change | None = None) -> Seen:
    """Run one scenario, struck before its turn ``point``."""
    seen: Seen = run_virtually(_struck(scenario, strike, point, spill, change or (lambda driver: None)))
    return seen


async def _struck(scenario: str, strike: Strike, point: int, spill: Path, change: Change) -> Seen:
    async with world(spill, change) as at:
        life = await at.start()
        await at.ready(rearm=True)
        what: list[str] = []
        note: Callable[[int, Any], None] | None = None
        if strike == "none":
            note = lambda _, callback: what.append(name_of(callback))  # noqa: E731  a callback
        life.victim.arm(point, _blow(life, strike), note)
        playing = asyncio.create_task(_played(at, scenario), name="scenario")
        since = await _strike(at, strike) if strike != "none" else None
        await playing
        turns = life.victim.turns
        wrong = await _at_rest(at, since)
        alerts = [each.key for each in at.scene.ears.alerts]
        sent = [f"{round((time - 1000) * 1000)} {name}" for time, name, _ in at.watch.arrived]
        notes = "\n".join([*sent, f"held {at.watch.held()}, rests {at.watch.resting()}"]) + "\n"
        notes += "\n".join(f"{each.key}: {each.text}" for each in at.scene.ears.alerts[-12:])
        return Seen(turns, (*at.watch.violations, *wrong), at.watch.longest, tuple(what), tuple(alerts), notes)


async def _at_rest(at: World, since: float | None) -> list[str]:
    """What is still wrong when statements and tidying have had their time."""
    await asyncio.sleep(_CALM_S)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _TIDY_S
    while (wrong := at.watch.judge(at.scene.ears, since)) and loop.time() < deadline:  # noqa: ASYNC110  a state, no event
        await asyncio.sleep(0.5)
    return wrong


async def _played(at: World, scenario: str) -> None:
    with suppress(TimeoutError):  # the watch has said it
        await SCENARIOS[scenario](at)


async def _strike(at: World, strike: Strike) -> float | None:
    """Wait for the strike and let follow what follows; returns when a successor took over."""
    life = at.lives[-1]
    try:
        async with asyncio.timeout(60):
            await life.victim.struck.wait()
    except TimeoutError:
        return None  # the scenario has fewer turns this time
    if strike == "end":
        await _ended(at, life)
    await asyncio.sleep(_TAKEOVER_S)
    since = None
    if strike != "stop":
        await life.bus.cut()
        await at.start()
        since = asyncio.get_running_loop().time()
    if strike in ("stop", "overtaken"):
        await asyncio.sleep(_FROZEN_S - _TAKEOVER_S)
        life.victim.thaw()
    return since if strike == "overtaken" else None


def _blow(life: Life, strike: Strike) -> Callable[[], None]:
    if strike == "end":
        return lambda: life.process.task.cancel() and None
    return lambda: life.victim.become("dead" if strike == "kill" else "frozen")


async def _ended(at: World, life: Life) -> None:
    """Wait for the end of a process that was asked to stop, and judge what it leaves behind (EXEC-8)."""
    await asyncio.wait({life.process.task}, timeout=_END_S)
    if not life.process.task.done():
        at.watch.say(f"8 asked to stop, it runs for {_END_S:g} s and longer")
    if at.watch.held() and not at.watch.stops():
        at.watch.say(f"4 it ends and leaves {at.watch.held()} without a stop")
    entries = [each for each in at.watch.resting() if each in at.watch.approved]
    if entries:
        at.watch.say(f"8 it ends and leaves entries that rest: {entries}")
    life.victim.become("dead")


def name_of(callback: Any) -> str:
    """What a turn is, for people: the coroutine of a task, or the callback."""
    task = getattr(callback, "__self__", None)
    if isinstance(task, asyncio.Task):
        return f"{task.get_name()}: {task.get_coro().__qualname__}"  # type: ignore[union-attr]  # every coroutine has one
    return getattr(callback, "__qualname__", type(callback).__name__)
