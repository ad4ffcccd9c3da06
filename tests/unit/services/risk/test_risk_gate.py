"""The gate asks every check and reports every failure (RISK-2)."""

from __future__ import annotations

from itertools import combinations
from typing import get_args

import pytest

from services.risk.gate import CHECKS, Application, refusals
from services.risk.settings import RiskSettings
from shared.domain.intents import Refusal

SETTINGS = RiskSettings()
SOUND = {
    "symbol": "BTCUSDT",
    "valid_until": 1_000,
    "now": 1_000,
    "kill_switch": "NORMAL",
    "day_limit_reached": False,
    "trades_today": 4,
    "occupied": frozenset({"ETHUSDT"}),
    "account_known": True,
    "instrument_known": True,
    "closed": False,
}
#: What breaks each check, and nothing else. Full and already in the symbol is the one pair that shares a field.
BREAKS = {
    "kill_switch": {"kill_switch": "DAY_HALT"},
    "daily_loss": {"day_limit_reached": True},
    "trades_per_day": {"trades_today": 5},
    "position_limit": {"occupied": frozenset({"ETHUSDT", "SOLUSDT"})},
    "symbol_in_position": {"occupied": frozenset({"BTCUSDT"})},
    "signal_stale": {"now": 1_001},
    "no_account_state": {"account_known": False},
    "unknown_symbol": {"instrument_known": False},
    "symbol_closed": {"closed": True},
}


def reports_every_failure(judge) -> bool:
    """The check: every subset of failures comes back whole, in the order of the vocabulary."""
    for count in range(len(BREAKS) + 1):
        for names in combinations(BREAKS, count):
            fields = dict(SOUND)
            for name in names:
                fields |= BREAKS[name]
            if {"position_limit", "symbol_in_position"} <= set(names):
                fields["occupied"] = frozenset({"BTCUSDT", "ETHUSDT"})
            if judge(Application(**fields), SETTINGS) != names:
                return False
    return True


def test_every_combination_of_failures_is_reported_whole():
    assert reports_every_failure(refusals)


def test_a_gate_that_stops_at_the_first_failure_is_caught():
    assert not reports_every_failure(lambda application, settings: refusals(application, settings)[:1])


@pytest.mark.parametrize("forgotten", BREAKS)
def test_a_gate_that_forgets_one_check_is_caught(forgotten):
    def judge(application, settings):
        return tuple(refusal for refusal in refusals(application, settings) if refusal != forgotten)

    assert not reports_every_failure(judge)


def test_the_gate_and_sizing_know_the_whole_vocabulary():
    assert {*CHECKS, "below_minimum"} == set(get_args(Refusal))


def test_halted_is_refused_like_the_days_halt():
    assert refusals(Application(**SOUND | {"kill_switch": "HALTED"}), SETTINGS) == ("kill_switch",)
