"""The process clock: wall time, which no jump of the wall clock moves."""

from __future__ import annotations

import pytest

from shared.runtime.clock import ProcessClock

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND


class Machine:
    """A machine's two clocks."""

    def __init__(self) -> None:
        self.wall = START
        self.steady = 5 * SECOND

    def clock(self) -> ProcessClock:
        return ProcessClock(lambda: self.wall, lambda: self.steady)

    def wait(self, seconds: float) -> None:
        self.wall += int(seconds * SECOND)
        self.steady += int(seconds * SECOND)


def test_it_is_the_wall_time_in_milliseconds() -> None:
    """Invariant 1."""
    machine = Machine()
    clock = machine.clock()
    machine.wait(1.5)
    assert clock.now() == 1_700_000_001_500


@pytest.mark.parametrize("jump", [-3_600, -2, 2, 3_600])
def test_a_jump_of_the_wall_clock_is_counted_and_not_followed(jump: int) -> None:
    """Invariant 1: neither a signal nor a UTC day ends because somebody sets the clock."""
    machine = Machine()
    clock = machine.clock()
    machine.wall += jump * SECOND
    machine.wait(1)
    assert clock.now() == 1_700_000_001_000
    machine.wait(1)
    assert clock.now() == 1_700_000_002_000
    assert clock.take_jumps() == [jump * 1_000]
    assert clock.take_jumps() == []


def test_small_corrections_are_followed_and_never_backwards() -> None:
    """Invariant 1: a time server moves the clock by milliseconds all day."""
    machine = Machine()
    clock = machine.clock()
    machine.wall += SECOND // 2
    assert clock.now() == 1_700_000_000_500
    machine.wall -= SECOND // 4
    assert clock.now() == 1_700_000_000_500
    machine.wait(1)
    assert clock.now() == 1_700_000_001_250
    assert clock.take_jumps() == []


def test_a_process_frozen_between_its_two_clocks_sees_no_jump() -> None:
    """Invariant 1: SIGSTOP and a paused machine are no jumps."""
    machine = Machine()
    frozen = [True]

    def wall() -> int:
        if frozen and machine.steady > 5 * SECOND:
            frozen.clear()
            machine.wait(60)
        return machine.wall

    clock = ProcessClock(wall, lambda: machine.steady)
    machine.wait(1)
    assert clock.now() == 1_700_000_061_000
    assert clock.take_jumps() == []
