"""Settings that could not work are refused where they are typed."""

from __future__ import annotations

from typing import get_args

import pytest
from pydantic import ValidationError

from services.signals.settings import ObFvgSettings, SignalsSettings, StrategyName
from services.signals.strategies import STRATEGIES


def test_every_strategy_has_a_name_that_settings_accept():
    """SIG-8: the two lists cannot drift apart."""
    assert set(STRATEGIES) == set(get_args(StrategyName))


def test_drill_strategies_are_exactly_those_that_settings_refuse_without_the_flag():
    for name, strategy in STRATEGIES.items():
        if strategy.drill:
            with pytest.raises(ValidationError, match="drill"):
                SignalsSettings(strategies=(name,))
        else:
            assert SignalsSettings(strategies=(name,)).drill is False
        assert SignalsSettings(strategies=(name,), drill=True).strategies == (name,)


@pytest.mark.parametrize(
    "wrong",
    [
        {"strategies": ()},
        {"strategies": ("martingale",)},
        {"strategies": ("ob_fvg", "ob_fvg")},
        {"patience_closes": 300},
        {"unknown": 1},
        {"deadline_ms": 0},
    ],
)
def test_wrong_signals_settings_are_refused(wrong):
    with pytest.raises(ValidationError):
        SignalsSettings(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"min_stop_distance": 0.05},
        {"max_stop_distance": 0.5, "reward_risk": 2.0},
        {"entry_score": 5.6},
        {"timeframe": "3m"},
        {"stop_buffer": 0.0},
    ],
)
def test_wrong_strategy_settings_are_refused(wrong):
    with pytest.raises(ValidationError):
        ObFvgSettings(**wrong)
