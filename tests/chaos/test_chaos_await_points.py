"""SIGKILL, SIGSTOP and SIGTERM at every point at which execution's driver waits, from intent to flat (invariants 3 and 4).

In one process and in virtual time, with the real adapter at a simulator's server. Here every scenario is struck at points
spread evenly over its life; ``make soak`` strikes at every one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from services.execution.drivers.exchange import driver
from tests.support.await_points import specimens
from tests.support.await_points.scenarios import SCENARIOS
from tests.support.await_points.striking import Strike, struck
from tests.support.await_points.world import Change

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]

STRIKES: tuple[Strike, ...] = ("kill", "stop", "overtaken", "end")
#: Points of each scenario and strike that the normal suite takes.
POINTS = int(os.environ.get("ICT_TEST_POINTS", "8"))
EVERY = ("strike", STRIKES), ("scenario", tuple(SCENARIOS))


@cache
def _points(scenario: str, spill: Path) -> tuple[str, ...]:
    """Every turn that the driver has in the scenario, by name; undisturbed, nothing is wrong."""
    seen = struck(scenario, "none", 0, spill)
    assert seen.violations == ()
    return seen.what


def _faults(
    scenario: str, strike: Strike, points: Iterator[int] | range, spill: Path, change: Change | None = None
) -> list[str]:
    """What was wrong, each with its point and what the driver was about to do there."""
    what, found = _points(scenario, spill), []
    for point in points:
        seen = struck(scenario, strike, point, spill / f"{strike}-{point}", change)
        if seen.violations:
            found.append(f"{strike} before turn {point} ({what[point - 1]}): {seen.violations}\n{seen.notes}")
    return found


@pytest.mark.parametrize(*EVERY[0])
@pytest.mark.parametrize(*EVERY[1])
def test_struck_while_it_waits_nothing_is_sent_twice_and_nothing_stays_bare(
    tmp_path: Path, scenario: str, strike: Strike
) -> None:
    """EXEC-2, EXEC-3, invariants 3 and 4: for entry, stop, targets, resize, moved stop, cancel, flatten."""
    count = len(_points(scenario, tmp_path))
    assert count > 50, "the scenario has lost its life"
    step = max(1, count // POINTS)
    offset = 1 + STRIKES.index(strike) * step // len(STRIKES)  # each kind of strike takes points of its own
    assert _faults(scenario, strike, range(offset, count + 1, step), tmp_path) == []


@pytest.mark.soak
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize(*EVERY[0])
@pytest.mark.parametrize(*EVERY[1])
def test_struck_at_every_single_point(tmp_path: Path, scenario: str, strike: Strike) -> None:
    """EXEC-2, EXEC-3, invariants 3 and 4: all of them."""
    assert _faults(scenario, strike, range(1, len(_points(scenario, tmp_path)) + 1), tmp_path) == []


def test_a_stop_whose_answer_waits_in_the_socket_of_a_frozen_process_is_not_taken_for_lost(tmp_path: Path) -> None:
    """EXEC-3: nothing is closed at the market because the process slept; it first reads what it was answered."""
    points = range(8, 80, 6)
    woken = {point: struck("ladder", "stop", point, tmp_path / str(point)).alerts for point in points}
    assert not {point: alerts for point, alerts in woken.items() if any(each.startswith("close_wanted") for each in alerts)}


@pytest.mark.parametrize(
    ("change", "strike", "invariant"),
    [
        (specimens.sends_before_it_has_written, "kill", "3 "),
        (specimens.signs_with_a_fresh_time, "overtaken", "3 "),
        (specimens.forgets_to_query, "kill", "7 "),
    ],
    ids=lambda each: getattr(each, "__name__", str(each)),
)
def test_a_driver_with_a_fault_is_caught_at_some_point(
    tmp_path: Path, change: Change, strike: Strike, invariant: str
) -> None:
    """EXEC-2: the specimens of this harness, struck from the intent on until one point shows the fault."""
    for point in range(1, 40):
        seen = struck("stopped", strike, point, tmp_path / str(point), change)
        if any(each.startswith(invariant) for each in seen.violations):
            return
    pytest.fail(f"no point shows that it {change.__name__}")


def test_a_driver_that_is_deaf_to_prices_is_caught_undisturbed(tmp_path: Path) -> None:
    """SIG-7: its voided entry rests on."""
    seen = struck("voided", "none", 0, tmp_path, specimens.is_deaf_to_prices)
    assert any(each.startswith("7 ") for each in seen.violations)


def test_a_driver_that_ends_at_once_is_caught_at_some_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """EXEC-8: a specimen that neither cancels its entry nor waits for its stop."""

    async def at_once(*parts: object) -> None:
        """Leave nothing behind in order."""

    monkeypatch.setattr(driver, "leave", at_once)
    for point in range(1, 60):
        seen = struck("stopped", "end", point, tmp_path / str(point))
        if any(each.startswith(("4 it ends", "8 it ends")) for each in seen.violations):
            return
    pytest.fail("no point shows it")
