"""The kill switch as a table, and the figures that pull it (RISK-2, RISK-3)."""

from __future__ import annotations

from decimal import Decimal
from typing import get_args

import pytest
from pydantic import ValidationError

from services.risk.kill_switch import TRANSITIONS, Event, Figures, Loss, advance, events, loss_event, mood_event
from services.risk.settings import RiskSettings
from shared.domain.account import KillSwitch

SETTINGS = RiskSettings()
D = Decimal
EXPECTED = {
    ("NORMAL", "caution"): "CAUTION",
    ("NORMAL", "daily_loss"): "DAY_HALT",
    ("NORMAL", "deep_loss"): "HALTED",
    ("NORMAL", "losing_streak"): "HALTED",
    ("NORMAL", "equity_jump"): "HALTED",
    ("NORMAL", "halt"): "HALTED",
    ("NORMAL", "drawdown"): "FLATTEN",
    ("CAUTION", "recovered"): "NORMAL",
    ("CAUTION", "daily_loss"): "DAY_HALT",
    ("CAUTION", "deep_loss"): "HALTED",
    ("CAUTION", "losing_streak"): "HALTED",
    ("CAUTION", "equity_jump"): "HALTED",
    ("CAUTION", "halt"): "HALTED",
    ("CAUTION", "drawdown"): "FLATTEN",
    ("DAY_HALT", "new_day"): "NORMAL",
    ("DAY_HALT", "deep_loss"): "HALTED",
    ("DAY_HALT", "losing_streak"): "HALTED",
    ("DAY_HALT", "equity_jump"): "HALTED",
    ("DAY_HALT", "halt"): "HALTED",
    ("DAY_HALT", "drawdown"): "FLATTEN",
    ("HALTED", "rearm"): "NORMAL",
    ("HALTED", "drawdown"): "FLATTEN",
    ("FLATTEN", "flat"): "HALTED",
}


@pytest.mark.parametrize("state", get_args(KillSwitch))
@pytest.mark.parametrize("event", get_args(Event))
def test_every_pair_of_state_and_event_does_what_the_table_says(state, event):
    """RISK-3: HALTED is left by ``rearm`` only, FLATTEN by being flat; DAY_HALT ends with the day."""
    assert advance(state, event) == EXPECTED.get((state, event), state)


def test_the_table_names_every_state_and_every_event():
    """RISK-3."""
    assert set(TRANSITIONS) == set(get_args(KillSwitch))
    assert {event for row in TRANSITIONS.values() for event in row} == set(get_args(Event))


def lost(equity: str, base: str = "10000") -> Loss:
    return Loss(D(base), D(base) - D(equity))


@pytest.mark.parametrize(
    ("equity", "event"),
    [
        ("10500", None),
        ("9700.01", None),
        ("9700", "daily_loss"),
        ("9500", "daily_loss"),
        ("9499.99", "deep_loss"),
        ("-1", "deep_loss"),
    ],
)
def test_three_percent_stops_the_day_and_more_than_five_halts(equity, event):
    """RISK-2, exact to the cent."""
    assert loss_event(lost(equity), SETTINGS) == event


@pytest.mark.parametrize(
    ("equity", "rate", "event"),
    [
        ("9850.01", None, None),  # between the limits it stays as it is
        ("9850", None, "caution"),
        ("9900", None, None),
        ("9900.01", None, "recovered"),
        ("10000", "0.5", None),
        ("10000", "0.49", "caution"),
        ("10000", "0.54", None),
        ("10000", "0.55", "recovered"),
        ("9850", "1", "caution"),
        ("9900", "1", None),
    ],
)
def test_caution_has_other_limits_on_the_way_out_than_on_the_way_in(equity, rate, event):
    """RISK-3: 1.5 % of the day or fewer than half of twenty won; hysteresis."""
    figures = Figures(lost(equity), lost("10000"), 0, None if rate is None else D(rate))
    assert mood_event(figures, SETTINGS) == event


@pytest.mark.parametrize(
    ("day", "peak", "streak", "found"),
    [
        ("10000", "10000", 0, ("recovered",)),
        ("10000", "8500.01", 4, ("recovered",)),
        ("10000", "8500", 4, ("drawdown", "recovered")),
        ("10000", "10000", 5, ("losing_streak", "recovered")),
        ("9400", "8500", 5, ("drawdown", "losing_streak", "deep_loss", "caution")),
    ],
)
def test_all_events_come_the_gravest_first(day, peak, streak, found):
    """RISK-2, RISK-3: drawdown 15 % flattens, five losses in a row halt, each exactly at its limit."""
    figures = Figures(lost(day), lost(peak), streak, None)
    assert events(figures, SETTINGS, acknowledged=False) == found


def test_a_deep_loss_that_was_acknowledged_is_a_daily_loss():
    """RISK-3."""
    figures = Figures(lost("9400"), lost("9400"), 0, None)
    assert events(figures, SETTINGS, acknowledged=True) == ("daily_loss", "caution")


def test_without_a_base_nothing_is_lost():
    """RISK-3: an empty account is neither halted nor flattened."""
    assert events(Figures(lost("0", "0"), lost("0", "0"), 0, None), SETTINGS, acknowledged=False) == ("recovered",)
    assert lost("0", "0").fraction == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"caution_loss": "0.01", "caution_loss_release": "0.02"},
        {"caution_win_rate": "0.6", "caution_win_rate_release": "0.5"},
    ],
)
def test_ways_out_that_lie_before_the_ways_in_are_refused(changes):
    """RISK-3."""
    with pytest.raises(ValidationError, match="release"):
        RiskSettings(**changes)
