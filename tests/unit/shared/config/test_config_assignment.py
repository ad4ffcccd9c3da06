"""OPS-1: a process takes the symbols and timeframes that its settings name."""

from __future__ import annotations

import pytest

from shared.config.assignment import assigned_partitions, assigned_timeframes, symbols_of
from shared.domain.timeframes import TIMEFRAMES

SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
PINNED = {"BTCUSDT": 0, "ETHUSDT": 1, "SOLUSDT": 1}


def test_a_star_takes_everything() -> None:
    """The default: also partitions without a symbol, which still say at every close that they have nothing."""
    assert assigned_partitions(["*"], SYMBOLS, 3, PINNED) == (0, 1, 2)
    assert assigned_timeframes(["*"], TIMEFRAMES) == TIMEFRAMES


def test_a_glob_takes_the_partitions_of_its_symbols() -> None:
    """BTC* is partition 0 alone."""
    assert assigned_partitions(["BTC*"], SYMBOLS, 3, PINNED) == (0,)
    assert symbols_of(1, SYMBOLS, 3, PINNED) == ("ETHUSDT", "SOLUSDT")


def test_a_glob_that_cuts_a_partition_is_refused_with_the_way_out() -> None:
    """Half a partition would leave the other half to nobody."""
    with pytest.raises(ValueError, match="ETHUSDT and SOLUSDT share partition 1"):
        assigned_partitions(["ETH*"], SYMBOLS, 3, PINNED)


def test_globs_that_match_nothing_are_refused() -> None:
    """A process that takes nothing is a typo."""
    with pytest.raises(ValueError, match="matches none"):
        assigned_partitions(["DOGE*"], SYMBOLS, 3, PINNED)
    with pytest.raises(ValueError, match="matches none"):
        assigned_timeframes(["2m"], TIMEFRAMES)
