"""The backtest against the whole system on its bus: the same decisions, orders, fills and equity, byte for byte."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import uvloop

from cli.play.demo import play
from cli.settings import Settings
from research.backtest import stepwise
from research.backtest.sections import sections_of
from services.signals.strategies import STRATEGIES
from simulator.market.funding import ConstantFunding
from simulator.market.generator import DEFAULT_START, GeneratedMarket
from simulator.recorder import FILES, Recorder
from tests.support.risk.drill import DRILL_RISK

JOURNAL = {"url": "sqlite+aiosqlite:///:memory:"}
EVERY = {"signals": {"strategies": list(STRATEGIES), "drill": True}, "risk": DRILL_RISK}


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("settings", "days", "orders"), [({}, 1.1, False), (EVERY, 0.3, True)], ids=["as it comes", "every strategy"]
)
def test_a_backtest_gives_the_bytes_of_the_system_on_its_bus(
    tmp_path: Path, settings: dict[str, Any], days: float, orders: bool
) -> None:
    """BT-1, invariant 2: no second implementation of anything."""
    whole = Settings.model_validate({"journal": JOURNAL, **settings})
    market = GeneratedMarket(whole.symbols, DEFAULT_START, days, 11)
    with Recorder(tmp_path / "bus") as recorder:
        uvloop.run(play(whole, market, recorder, speed=None))
    with Recorder(tmp_path / "direct") as recorder:
        stepwise.run(sections_of(whole, whole), market, ConstantFunding(whole.symbols, whole.market.funding_rate), recorder)
    for name in FILES:
        assert (tmp_path / "bus" / name).read_bytes() == (tmp_path / "direct" / name).read_bytes(), name
    assert bool((tmp_path / "direct" / "fills.jsonl").read_bytes()) or not orders
    assert recorder.summary.decisions == len(market) * len(market.symbols)


def test_a_backtest_is_of_mode_sim_only() -> None:
    """BT-1: another mode has an exchange that is not simulated."""
    whole = Settings.model_validate({"journal": JOURNAL, "mode": "paper"})
    market = GeneratedMarket(whole.symbols, DEFAULT_START, 0.01, 11)
    with pytest.raises(ValueError, match="mode sim, not paper"):
        stepwise.run(sections_of(whole, whole), market, ConstantFunding(whole.symbols), Recorder(None))
