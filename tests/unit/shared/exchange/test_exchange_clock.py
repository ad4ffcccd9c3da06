"""The exchange's clock between two measurements: nobody who sets the wall clock moves it."""

from __future__ import annotations

from shared.exchange.binance.clock import ExchangeClock


async def test_a_jump_of_the_wall_clock_changes_neither_the_time_nor_the_next_measurement() -> None:
    """EXEC-2, OPS-9: stamps, deadlines and signatures are in this time."""
    steady, wall, theirs = [100.0], [5_000.0], [6_000_000]

    async def ask() -> int:
        return theirs[0]

    clock = ExchangeClock(ask, 3, 60.0, local=lambda: steady[0], wall=lambda: wall[0])
    assert clock.now() == 5_000_000, "until it is measured, ours serves"
    await clock.measure()
    assert clock.now() == 6_000_000
    wall[0] += 3_600.0
    steady[0] += 1.0
    theirs[0] += 1_000
    assert clock.now() == 6_001_000
    await clock.measure()
    assert clock.now() == 6_001_000
