"""The doctor's runner: every check is bounded and isolated, and the exit code says the worst."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from cli.doctor import machine
from cli.doctor.check import Check, Outcome, examine, exit_code
from shared.runtime.process.exits import Exit

GOOD = Outcome("good", "ok", "fine")
BAD = Outcome("bad", "fail", "broken", "mend it")
WARNED = Outcome("odd", "warn", "odd")
GONE = Outcome("gone", "fail", "silent", unreachable=True)


async def good() -> Outcome:
    return GOOD


async def test_check_that_hangs_fails_as_unreachable_in_its_time() -> None:
    async def hangs() -> Outcome:
        await asyncio.Event().wait()
        raise AssertionError

    began = time.monotonic()
    hung, fine = await examine([Check("hung", hangs, "wake it"), Check("good", good)], patience=0.05)
    assert time.monotonic() - began < 2
    assert (hung.verdict, hung.unreachable, hung.next) == ("fail", True, "wake it")
    assert fine == GOOD


async def test_check_that_swallows_its_cancellation_holds_nobody_up() -> None:
    let_go = asyncio.Event()

    async def stubborn() -> Outcome:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await let_go.wait()
        return GOOD

    (outcome,) = await asyncio.wait_for(examine([Check("stubborn", stubborn)], patience=0.05), 5)
    let_go.set()
    assert outcome.unreachable


async def test_check_that_raises_fails_with_its_error_and_the_others_go_on() -> None:
    async def raises() -> Outcome:
        raise ZeroDivisionError("a\nb")

    broken, fine = await examine([Check("broken", raises, "report it"), Check("good", good)])
    assert (broken.verdict, broken.text, broken.next) == ("fail", "ZeroDivisionError: a b", "report it")
    assert fine == GOOD


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ([GOOD, WARNED], Exit.OK),
        ([GOOD, BAD], Exit.NEGATIVE),
        ([BAD, GONE], Exit.UNREACHABLE),
    ],
)
def test_exit_code_says_the_worst(outcomes: list[Outcome], code: Exit) -> None:
    assert exit_code(outcomes) == code


def test_disk_is_measured_where_the_journal_will_be(tmp_path: Path) -> None:
    outcome = machine.disk(f"sqlite:///{tmp_path}/not/yet/journal.sqlite")
    assert str(tmp_path) in outcome.text


def test_full_disk_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 50_000_000}))
    assert machine.disk(f"sqlite:///{tmp_path}/j.sqlite").verdict == "fail"
