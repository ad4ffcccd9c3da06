"""backtesting.py and `ict backtest` answer one question: the EMA 20/50 cross with a stop of 0.5 % and a target of 1 %."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.clients.scripts import SCRIPTS
from tests.support.clients.venvs import python_or_report
from tests.support.research.ema_cross import Candles, alike, disagreement, foreign, generated, loop, product, recorded

SCRIPT = SCRIPTS / "with_backtesting.py"


def agrees(candles: Candles, where: Path) -> None:
    """All three agree, and nearly all trades of ours are theirs, minute by minute."""
    theirs = foreign(python_or_report("backtesting"), SCRIPT, candles)
    assert disagreement(loop(candles), theirs) == []
    ours = product(candles, where)
    assert disagreement(ours, theirs) == []
    assert alike(ours, theirs) >= 0.99 * len(theirs.trades)


def test_a_generated_month_is_traded_as_backtesting_py_trades_it(tmp_path: Path) -> None:
    """BT-1: trades and final equity, on a market that is always there."""
    agrees(generated(tmp_path / "candles.csv", days=30, seed=7), tmp_path)


@pytest.mark.timeout(1_800)  # half a million minutes through cores that see every one of them
def test_a_real_year_is_traded_as_backtesting_py_trades_it(market_data: Path, tmp_path: Path) -> None:
    """BT-1: BTCUSDT spot 2023, 1,536 trades and 947,009 of 1,000,000 by the reference."""
    candles = recorded(tmp_path / "candles.csv", market_data / "market" / "BTCUSDT-spot-1m-2023.parquet")
    reference = loop(candles)
    assert (len(reference.trades), round(reference.equity)) == (1_536, 947_009)
    agrees(candles, tmp_path)
