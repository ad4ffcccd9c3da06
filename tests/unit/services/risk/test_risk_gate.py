"""The gate asks every check, reports every failure, and says what it compared (RISK-2)."""

from __future__ import annotations

from decimal import Decimal
from itertools import combinations
from typing import get_args

import pytest

from services.risk.gate import CHECKS, LIMITS, judge, refusals
from services.risk.kill_switch import Figures, Loss
from services.risk.settings import RiskSettings
from shared.domain.intents import Refusal
from tests.support.risk.scenes import application, entry

SETTINGS = RiskSettings()
D = Decimal


def figures(day: str = "0", drawdown: str = "0", streak: int = 0) -> Figures:
    return Figures(Loss(D(10_000), D(day)), Loss(D(10_000), D(drawdown)), streak, None)


def order(**changes: object) -> dict[str, object]:
    return {"order": entry(**changes)}


#: Check -> what passes just so, what breaks it and nothing else, and the numbers of the second.
TABLE: dict[str, tuple[dict[str, object], dict[str, object], tuple[object, object, str]]] = {
    "kill_switch": ({"kill_switch": "CAUTION"}, {"kill_switch": "DAY_HALT"}, (None, None, "")),
    "daily_loss": (
        {"figures": figures(day="299.99")}, {"figures": figures(day="300")},
        (D("0.03"), D("0.03"), "of the day's first equity"),
    ),
    "drawdown": (
        {"figures": figures(drawdown="1499.99")}, {"figures": figures(drawdown="1500")},
        (D("0.15"), D("0.15"), "of the highest equity"),
    ),
    "score_in_caution": (
        {"needed": D(5), "score": D(5)}, {"needed": D(5), "score": D("4.99")},
        (D("4.99"), D(5), "points"),
    ),
    "losing_streak": ({"figures": figures(streak=4)}, {"figures": figures(streak=5)}, (5, 5, "trades")),
    "equity_jump": ({"equity_jump": D("-0.05")}, {"equity_jump": D("-0.0501")}, (D("0.0501"), D("0.05"), "of equity")),
    "trades_per_day": ({"trades_today": 4}, {"trades_today": 5}, (5, 5, "trades")),
    "order_frequency": ({"cooling_until": 1_000}, {"cooling_until": 1_001}, (1, 0, "ms")),
    "position_limit": ({"occupied": {"ETHUSDT"}}, {"occupied": {"ETHUSDT", "SOLUSDT"}}, (2, 2, "positions")),
    "symbol_in_position": ({"occupied": {"ETHUSDT"}}, {"occupied": {"BTCUSDT"}}, (None, None, "")),
    "signal_stale": ({"valid_until": 1_000}, {"valid_until": 999}, (1_000, 999, "UTC ms")),
    "no_account_state": ({}, {"account_age": None}, (None, None, "")),
    "account_stale": ({"account_age": 10_000}, {"account_age": 10_001}, (10_001, 10_000, "ms")),
    "unknown_symbol": ({}, {"instrument_known": False}, (None, None, "")),
    "symbol_closed": ({}, {"closed": True}, (None, None, "")),
    "listing_stale": ({"listing_age": 2_700_000}, {"listing_age": 2_700_001}, (2_700_001, 2_700_000, "ms")),
    "below_minimum": ({}, order(quantity=D(0)), (None, None, "")),
    "fat_finger": (order(notional=D(10_000)), order(notional=D("10000.01")), (D("10000.01"), D(10_000), "USDT")),
    "exposure_limit": (order(exposure=D(3)), order(exposure=D("3.01")), (D("3.01"), D(3), "x equity")),
    "leverage_cap": (order(leverage_limit=10), order(leverage_limit=9), (10, 9, "x")),
    "margin_ratio": (order(margin_ratio=D("0.4999")), order(margin_ratio=D("0.5")), (D("0.5"), D("0.5"), "of equity")),
    "costs_too_high": (order(costs=D("0.2")), order(costs=D("0.201")), (D("0.201"), D("0.2"), "R")),
    "funding_too_high": ({"funding": D("0.001")}, {"funding": D("0.0011")}, (D("0.0011"), D("0.001"), "of the notional")),
    "liquidation_before_stop": (order(liquidation=D("97.9")), order(liquidation=D(98)), (D(98), D(98), "USDT")),
}  # fmt: skip


@pytest.mark.parametrize(("name", "sound", "broken", "numbers"), [(name, *row) for name, row in TABLE.items()], ids=[*TABLE])
def test_each_check_passes_at_its_limit_fails_beyond_and_says_its_numbers(name, sound, broken, numbers):
    """RISK-2."""
    passed, failed = (judge(application(**changes), SETTINGS) for changes in (sound, broken))
    assert refusals(passed) == ()
    assert refusals(failed) == (name,)
    found = next(each for each in failed if each.name == name)
    assert (found.value, found.limit, found.unit) == numbers


def test_numbers_that_the_exchange_did_not_tell_pass_in_mode_sim_only():
    """RISK-2: without margin tiers neither margin nor liquidation can be computed."""
    unknown = order(margin_known=False, margin_ratio=None, liquidation=None)
    assert refusals(judge(application(**unknown), SETTINGS)) == ("margin_ratio", "liquidation_before_stop")
    assert refusals(judge(application(**unknown, sim=True), SETTINGS)) == ()


@pytest.mark.parametrize(
    ("rate", "told", "passes"),
    [(None, True, False), (None, False, True), ("-0.05", True, True), ("0.05", True, False), ("0.05", False, False)],
)
def test_a_funding_payment_that_is_not_known_passes_where_no_exchange_states_it(rate, told, passes):
    """RISK-2: what is received is no reason to refuse."""
    asked = application(funding=None if rate is None else D(rate), real=told)
    assert ("funding_too_high" not in refusals(judge(asked, SETTINGS))) == passes


@pytest.mark.parametrize(("age", "real", "passes"), [(None, True, False), (None, False, True), (10**9, False, True)])
def test_a_list_of_symbols_that_is_not_known_passes_where_no_exchange_states_it(age, real, passes):
    """RISK-2: the simulated exchange has no other filters than the configured ones."""
    assert ("listing_stale" not in refusals(judge(application(listing_age=age, real=real), SETTINGS))) == passes


@pytest.mark.parametrize(("price", "passes"), [("102.01", True), ("102", False), ("101", False), (None, True)])
def test_a_short_must_meet_its_stop_before_its_liquidation(price, passes):
    """RISK-2."""
    short = entry(side="SELL", stop=D(102), liquidation=None if price is None else D(price))
    assert ("liquidation_before_stop" not in refusals(judge(application(order=short), SETTINGS))) == passes


@pytest.mark.parametrize(("age", "refused"), [(-10_000, ()), (-10_001, ("account_stale",))])
def test_an_account_from_the_future_is_refused_like_an_old_one(age, refused):
    """RISK-2: a clock jumped."""
    assert refusals(judge(application(account_age=age), SETTINGS)) == refused


def test_few_entries_make_no_average_to_compare_with():
    """RISK-2."""
    assert refusals(judge(application(**order(average=None, notional=D(10**9))), SETTINGS)) == ()


@pytest.mark.parametrize("state", ["HALTED", "FLATTEN"])
def test_the_graver_states_are_refused_like_the_days_halt(state):
    """RISK-3."""
    assert refusals(judge(application(kill_switch=state), SETTINGS)) == ("kill_switch",)


def test_without_account_the_checks_that_need_it_have_nothing_to_compare():
    """RISK-2: the refusal names what is missing, once."""
    nothing = application(account_age=None, figures=None, order=None)
    assert refusals(judge(nothing, SETTINGS)) == ("no_account_state",)


def reports_every_failure(gate) -> bool:
    """The check: every pair of failures that can be told apart, and all of them, come back whole, in the table's order."""
    if refusals(gate(application(), SETTINGS)):
        return False
    for names in [*((name,) for name in TABLE), *combinations(TABLE, 2)]:
        fields = [field for name in names for field in TABLE[name][1]]
        if len(set(fields)) < len(fields):
            continue
        changes = {field: value for name in names for field, value in TABLE[name][1].items()}
        if refusals(gate(application(**changes), SETTINGS)) != tuple(name for name in TABLE if name in names):
            return False
    everything = application(
        kill_switch="HALTED", needed=D(9), figures=figures("9999", "9999", 99), equity_jump=D(1), trades_today=99,
        cooling_until=10**9, occupied={"BTCUSDT", "ETHUSDT"}, now=10**6, account_age=10**6, instrument_known=False,
        closed=True, funding=None, listing_age=None, order=entry(
            notional=D(10**6), exposure=D(99), leverage=99, margin_ratio=D(9), costs=D(9), liquidation=D(99),
        ),
    )  # fmt: skip
    return refusals(gate(everything, SETTINGS)) == tuple(
        name for name in TABLE if name not in ("no_account_state", "below_minimum")
    )


def test_every_combination_of_failures_is_reported_whole():
    """RISK-2."""
    assert reports_every_failure(judge)


def test_a_gate_that_stops_at_the_first_failure_is_caught():
    """RISK-2."""
    assert not reports_every_failure(
        lambda asked, settings: [each for each in judge(asked, settings) if not each.passed][:1]
    )


@pytest.mark.parametrize("forgotten", TABLE)
def test_a_gate_that_forgets_one_check_is_caught(forgotten):
    """RISK-2."""

    def gate(asked, settings):
        return [each for each in judge(asked, settings) if each.name != forgotten]

    assert not reports_every_failure(gate)


def test_every_limit_is_a_setting() -> None:
    """RISK-2: the page of reasons names it."""
    assert set(LIMITS) < set(CHECKS)
    assert set(LIMITS.values()) <= set(RiskSettings.model_fields)


def test_the_gate_knows_the_whole_vocabulary_in_its_order():
    """RISK-2: the table of this test, too."""
    assert tuple(CHECKS) == get_args(Refusal) == tuple(TABLE)
