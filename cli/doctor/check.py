"""One check of the doctor: its outcome, and the runner that bounds and isolates it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from shared.runtime.process.exits import Exit

Verdict = Literal["ok", "warn", "fail"]
#: Seconds that a check may take.
PATIENCE: Final = 3.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check found. ``next``: what to type or do now, empty when nothing is to be done.

    ``unreachable``: it failed because something that should answer does not.
    """

    name: str
    verdict: Verdict
    text: str
    next: str = ""
    unreachable: bool = False

    def as_json(self) -> dict[str, Any]:
        """Name, verdict, text, next and unreachable."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Check:
    """A check by name. ``run`` may raise: then the check failed with what it raised."""

    name: str
    run: Callable[[], Awaitable[Outcome]]
    next: str = ""  # what to do when it does not come to an end


async def examine(checks: Sequence[Check], patience: float = PATIENCE) -> list[Outcome]:
    """Run all checks at the same time, each for at most ``patience`` seconds; outcomes in the order of the checks."""
    return list(await asyncio.gather(*(_bounded(check, patience) for check in checks)))


async def _bounded(check: Check, patience: float) -> Outcome:
    task = asyncio.ensure_future(check.run())
    done, _ = await asyncio.wait({task}, timeout=patience)
    if not done:
        task.cancel()  # not waited for: what hangs may hang on
        return Outcome(check.name, "fail", f"no answer within {patience:g} s", check.next, unreachable=True)
    try:
        return task.result()
    except Exception as error:  # noqa: BLE001  one check that breaks must not hide the others
        text = " ".join(str(error).split()) or type(error).__name__
        return Outcome(check.name, "fail", f"{type(error).__name__}: {text[:300]}", check.next)


def exit_code(outcomes: Sequence[Outcome]) -> Exit:
    """4 when a dependency is unreachable, else 1 when a check failed, else 0."""
    if any(outcome.unreachable for outcome in outcomes):
        return Exit.UNREACHABLE
    return Exit.NEGATIVE if any(outcome.verdict == "fail" for outcome in outcomes) else Exit.OK
