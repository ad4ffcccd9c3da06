"""Between two turning points of equity the kill switch is moved alike; what cannot be passed over says so."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.risk.kill_switch import Figures, Loss, advance, events
from services.risk.settings import RiskSettings
from services.risk.state import PendingIntent, RiskState
from services.risk.watching import orders_nothing, turning_points, untouched_by_midnight
from shared.domain.account import AccountState, KillSwitch

SETTINGS = RiskSettings()
USDT = st.decimals("1", "20000", places=2)
TRADING = st.sampled_from(["NORMAL", "CAUTION"])


def state_with(base: Decimal, peak: Decimal, switch: KillSwitch = "NORMAL") -> RiskState:
    state = RiskState(account=AccountState(time=0, wallet=base, equity=base, positions=()))
    state.equity.equity, state.equity.day_base, state.equity.peak = base, base, peak
    state.kill_switch = switch
    return state


def moves(state: RiskState, equity: Decimal) -> list[KillSwitch]:
    """Where the events of an equity move the switch to, one by one; those that leave it where it is are none."""
    book = state.equity
    figures = Figures(Loss(book.day_base, book.day_base - equity), Loss(book.peak, book.peak - equity), 0, None)
    led = [advance(state.kill_switch, each) for each in events(figures, SETTINGS, acknowledged=False)]
    return [each for each in led if each != state.kill_switch]


@given(USDT, USDT, USDT, USDT, TRADING)
def test_equities_between_the_same_turning_points_move_the_switch_alike(
    base: Decimal, peak: Decimal, one: Decimal, other: Decimal, switch: KillSwitch
) -> None:
    """BT-7, RISK-3: so that statements between two of them may be passed over."""
    state = state_with(base, max(base, peak), switch)
    points = turning_points(state, SETTINGS)
    assert points is not None
    assert points[-1] == state.equity.peak
    if all((one - point) * (other - point) > 0 for point in points):
        assert moves(state, one) == moves(state, other)


@pytest.mark.parametrize("switch", ["NORMAL", "CAUTION"])
def test_each_limit_of_risk_is_a_turning_point(switch: KillSwitch) -> None:
    """RISK-3: on its two sides the switch is moved differently; others, as the way out on the way in, are left out."""
    state = state_with(Decimal(10_000), Decimal(12_000), switch)
    points = turning_points(state, SETTINGS)
    assert points is not None
    cent = Decimal("0.01")
    for point in points[:-1]:
        assert moves(state, point - cent) != moves(state, point + cent), point


def test_nothing_may_be_passed_over_while_something_is_on_its_way_or_unbelievable() -> None:
    """RISK-3: an approval that no statement showed yet, a suspect, an account that nobody stated."""
    fresh = state_with(Decimal(10_000), Decimal(10_000))
    assert turning_points(fresh, SETTINGS) is not None
    fresh.pending = [PendingIntent(id="i-1", symbol="BTCUSDT", until=1, notional=Decimal(5))]
    assert turning_points(fresh, SETTINGS) is None
    suspect = state_with(Decimal(10_000), Decimal(10_000))
    suspect.equity.suspect = Decimal(900)
    assert turning_points(suspect, SETTINGS) is None
    assert turning_points(RiskState(), SETTINGS) is None


@pytest.mark.parametrize(
    ("change", "passed_over"),
    [
        ({}, True),
        ({"kill_switch": "HALTED"}, True),
        ({"kill_switch": "DAY_HALT"}, False),
        ({"kill_switch": "CAUTION"}, False),
        ({"kill_switch": "FLATTEN"}, False),
        ({"trades_today": 1}, False),
        ({"deep_loss_acknowledged": True}, False),
        ({"open_trades": ("BTCUSDT",)}, False),
    ],
    ids=["flat", "halted", "day halt", "caution", "flatten", "a trade of the day", "acknowledged", "held"],
)
def test_midnight_is_passed_over_only_where_no_day_is_counted(change: dict[str, object], passed_over: bool) -> None:
    """BT-7, RISK-3: a new day frees a halted day, ends caution and counts trades anew."""
    state = state_with(Decimal(10_000), Decimal(10_000))
    for name, value in change.items():
        setattr(state, name, value)
    assert untouched_by_midnight(state) is passed_over


@pytest.mark.parametrize("switch", ["NORMAL", "CAUTION", "DAY_HALT", "HALTED", "FLATTEN"])
@pytest.mark.parametrize("held", [False, True])
def test_risk_orders_nothing_while_entries_pass_or_nothing_is_held(switch: KillSwitch, held: bool) -> None:
    """BT-7, RISK-3: else every bundle carries its order to withdraw or to flatten."""
    state = state_with(Decimal(10_000), Decimal(10_000))
    state.kill_switch, state.open_trades = switch, ("BTCUSDT",) if held else ()
    assert orders_nothing(state) is (switch in ("NORMAL", "CAUTION") or not held)
