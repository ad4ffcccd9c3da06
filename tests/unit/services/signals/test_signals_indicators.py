"""Indicators have the numbers of TA-Lib (SIG-4): recorded from its batch functions on 150 closes, see the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from services.signals.indicators import deviation, ema, macd, rsi, sma

RECORDED: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "support" / "signals" / "recorded_talib.json").read_text(encoding="utf-8")
)
CLOSES: list[float] = RECORDED["prices"]
ENDS = range(len(CLOSES) - 29, len(CLOSES) + 1)


def near(expected: list[float]) -> Any:
    return pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_averages_and_deviations_are_those_of_ta_lib() -> None:
    assert [sma(CLOSES[:end], 20) for end in ENDS] == near(RECORDED["sma"])
    assert [deviation(CLOSES[:end], 20) for end in ENDS] == near(RECORDED["deviation"])
    assert ema(CLOSES, 20)[-30:] == near(RECORDED["ema"])


def test_relative_strength_and_macd_are_those_of_ta_lib() -> None:
    assert rsi(CLOSES, 14)[-30:] == near(RECORDED["rsi"])
    line, average = macd(CLOSES, 12, 26, 9)
    assert line[-30:] == near(RECORDED["macd"])
    assert average[-30:] == near(RECORDED["macd_signal"])
    assert len(line) == len(average) == len(CLOSES) - 33


def test_another_period_is_noticed() -> None:
    """The specimen."""
    assert rsi(CLOSES, 15)[-30:] != near(RECORDED["rsi"])


@pytest.mark.parametrize(
    "asked", [lambda: sma([1.0], 2), lambda: ema([], 1), lambda: rsi([1.0, 2.0], 2), lambda: sma([1.0], 0)]
)
def test_too_few_prices_are_refused(asked: Any) -> None:
    with pytest.raises(ValueError, match="too few"):
        asked()


def test_prices_that_stand_still_have_no_strength() -> None:
    """As in TA-Lib."""
    assert rsi([5.0] * 20, 14) == [0.0] * 6
