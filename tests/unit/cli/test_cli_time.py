"""Whose time the lanes live in, by mode, and which of them have ticks, by layout."""

from __future__ import annotations

import pytest

from cli.settings import Settings
from cli.wiring import lane_policy, service_spec
from shared.bus.topology import Layout


@pytest.mark.parametrize(("mode", "clock"), [("sim", "player"), ("paper", "own"), ("testnet", "own")])
def test_the_players_time_is_for_mode_sim_alone(mode: str, clock: str) -> None:
    """Invariant 2: lock-step is the market's time; where the market is live, the process's own clock counts."""
    assert lane_policy(Settings.model_validate({"mode": mode})).clock == clock


@pytest.mark.parametrize(
    ("layout", "services"), [("split", ("signals", "risk", "execution")), ("fused", ("engine", "execution"))]
)
def test_every_lane_that_keeps_deadlines_ticks(layout: Layout, services: tuple[str, ...]) -> None:
    """SIG-1, EXEC-3: deadlines are kept by ticks, and they are the lane's own."""
    settings = Settings.model_validate({"layout": layout})
    for name in services:
        assert {lane.tick_ms for lane in service_spec(name, settings).lanes} == {1_000}
