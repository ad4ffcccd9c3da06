"""`ict backtest` against a bare loop over floats that shares no line with it (backtesting.py: ``tests/clients``)."""

from __future__ import annotations

import pytest

from tests.support.research.ema_cross import Candles, Found, alike, disagreement, generated, loop, product


@pytest.fixture(scope="module")
def candles(tmp_path_factory: pytest.TempPathFactory) -> Candles:
    return generated(tmp_path_factory.mktemp("candles") / "candles.csv", days=6, seed=7)


@pytest.fixture(scope="module")
def ours(candles: Candles, tmp_path_factory: pytest.TempPathFactory) -> Found:
    return product(candles, tmp_path_factory.mktemp("ours"))


def test_the_backtest_trades_as_a_bare_loop_does(candles: Candles, ours: Found) -> None:
    """BT-1: the same trades in the same minutes, and the equity that follows from them."""
    reference = loop(candles)
    assert len(reference.trades) > 20
    assert disagreement(ours, reference) == []
    assert alike(ours, reference) >= len(reference.trades) - 1


def test_averages_that_see_one_candle_of_the_future_are_told_apart(candles: Candles, ours: Found) -> None:
    """BT-5: the comparison catches a specimen that leaks."""
    assert disagreement(ours, loop(candles, ahead=1))
