"""The kill switch as a table, and the losses that pull it (RISK-2, RISK-3)."""

from __future__ import annotations

from decimal import Decimal
from typing import get_args

import pytest

from services.risk.kill_switch import TRANSITIONS, Event, advance, loss_event
from services.risk.settings import RiskSettings
from shared.domain.account import KillSwitch

EXPECTED = {
    ("NORMAL", "daily_loss"): "DAY_HALT",
    ("NORMAL", "deep_loss"): "HALTED",
    ("NORMAL", "halt"): "HALTED",
    ("DAY_HALT", "new_day"): "NORMAL",
    ("DAY_HALT", "deep_loss"): "HALTED",
    ("DAY_HALT", "halt"): "HALTED",
    ("HALTED", "rearm"): "NORMAL",
}


@pytest.mark.parametrize("state", get_args(KillSwitch))
@pytest.mark.parametrize("event", get_args(Event))
def test_every_pair_of_state_and_event_does_what_the_table_says(state, event):
    """RISK-3: HALTED is left by ``rearm`` only; DAY_HALT ends with the day."""
    assert advance(state, event) == EXPECTED.get((state, event), state)


def test_the_table_names_every_state():
    assert set(TRANSITIONS) == set(get_args(KillSwitch))


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
    assert loss_event(Decimal(10_000), Decimal(equity), RiskSettings()) == event
