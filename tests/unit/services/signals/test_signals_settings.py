"""Settings that could not work are refused where they are typed."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from services.signals.contract import faults
from services.signals.settings import SignalsSettings
from services.signals.strategies import STRATEGIES
from services.signals.strategies.ob_fvg import MVP, ObFvgSettings
from shared.domain.incoherent import Incoherent


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_built_in_strategy_has_its_section_and_keeps_the_contract(name):
    """SIG-8: its settings stand under its name, each with default, description and range."""
    assert SignalsSettings.model_fields[name].annotation is STRATEGIES[name].settings
    assert list(faults(STRATEGIES[name])) == []


def test_the_defaults_of_the_first_strategy_are_its_preset_mvp():
    """SIG-3: later strategies are measured against these numbers, so they do not move unnoticed."""
    assert STRATEGIES["ob_fvg"].presets["mvp"] is MVP
    assert ObFvgSettings() == MVP
    assert MVP.model_fields_set == set(ObFvgSettings.model_fields)


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


def test_a_preset_is_what_the_strategy_runs_with() -> None:
    """SIG-3: the MVP's exact defaults, by name."""
    signals = SignalsSettings(presets={"ob_fvg": "mvp"})
    (enabled,) = signals.enabled()
    assert enabled.settings == MVP
    assert SignalsSettings.model_validate(signals.model_dump()) == signals


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"presets": {"ob_fvg": "mpv"}}, "no preset mpv; it has mvp"),
        ({"presets": {"ote": "mvp"}, "strategies": ("ote",)}, "has no preset mvp; it has none"),
        ({"presets": {"ote": "mvp"}}, "not among strategies"),
        ({"presets": {"ob_fvg": "mvp"}, "ob_fvg": {"reward_risk": 3.0}}, "take one of the two out"),
        ({"presets": {"ob_fgv": "mvp"}}, "ob_fgv"),
    ],
)
def test_a_preset_that_cannot_be_meant_is_refused(wrong: dict[str, Any], says: str) -> None:
    """SIG-3: which of two would win is never guessed."""
    with pytest.raises((ValidationError, Incoherent), match=says):
        SignalsSettings(**wrong)
