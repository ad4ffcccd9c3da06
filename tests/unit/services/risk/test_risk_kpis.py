"""The KPIs of RISK-8, by tables that a trader can check by hand."""

from __future__ import annotations

import math
from decimal import Decimal

import msgspec
import pytest

from services.risk.core import RiskCore
from services.risk.equity import EquityBook
from services.risk.growth import DAYS_REMEMBERED, GrowthRecord
from services.risk.kpis import GOALS, Kpis, kpis
from services.risk.results import TRADES_REMEMBERED, EndedTrade
from services.risk.state import RiskState
from shared.domain.account import AccountStatement
from shared.domain.timeframes import DAY, MINUTE
from tests.support.risk.scenes import DAWN, build, control, feed, lost, stated, transfer

D = Decimal
#: 00:00 UTC of 2024-02-01.
FEBRUARY = DAWN + 30 * DAY


def ended(*trades: tuple[str, str]) -> list[EndedTrade]:
    """Trades by (result, amount at risk), USDT."""
    return [
        EndedTrade(intent_id=f"t{number}", result=D(result), risk_amount=D(risk))
        for number, (result, risk) in enumerate(trades)
    ]


def book(*statements: AccountStatement, jump: str = "1") -> EquityBook:
    """The book after these statements; the days begin by themselves."""
    made, day = EquityBook(), -1
    for each in statements:
        if each.time // DAY > day:
            day = each.time // DAY
            made.begin_day(day * DAY)
        made.take(each, day * DAY, D(jump))
    return made


def figures(*statements: AccountStatement, now: int | None = None, jump: str = "1") -> Kpis:
    return kpis([], book(*statements, jump=jump).growth, statements[-1].time if now is None else now)


@pytest.mark.parametrize(
    ("trades", "win_rate", "reward_to_risk", "average_r", "losses_in_row"),
    [
        ([], None, None, None, 0),
        ([("10", "10")], "1", None, "1", 0),
        ([("20", "10"), ("-10", "10")], "0.5", "2", "0.5", 1),
        ([("300", "100"), ("-10", "10"), ("0", "10"), ("-20", "10")], "0.25", "2", "0", 2),
        ([("-1", "1"), ("-1", "1"), ("-1", "1"), ("2", "1"), ("-1", "1")], "0.2", "2", "-0.4", 3),
        ([("5", "0"), ("-5", "10")], "0.5", None, "-0.5", 1),
    ],
    ids=["nothing", "one won", "two R", "a flat trade is not won and ends no row", "longest of two rows", "unknown risk"],
)  # fmt: skip
def test_trades_give_win_rate_reward_to_risk_and_the_longest_row_of_losses(
    trades: list[tuple[str, str]],
    win_rate: str | None,
    reward_to_risk: str | None,
    average_r: str | None,
    losses_in_row: int,
) -> None:
    """RISK-8: R makes trades of different sizes comparable."""
    found = kpis(ended(*trades), GrowthRecord(), DAWN)
    wanted = [None if text is None else D(text) for text in (win_rate, reward_to_risk, average_r)]
    assert [found.win_rate, found.reward_to_risk, found.average_r] == wanted
    assert (found.trades, found.losses_in_row) == (len(trades), losses_in_row)


def test_a_month_is_the_calendars_and_begins_with_the_last_index_before_it() -> None:
    """RISK-8: 2024-02 begins with what January left, and January is told once the record covers all of it."""
    november, december, january = FEBRUARY - 62 * DAY, FEBRUARY - 32 * DAY, FEBRUARY - DAY
    found = figures(
        stated(november, "8000"), stated(december, "10000"), stated(january, "11000"), stated(FEBRUARY + DAY, "12100")
    )
    assert (found.last_month_return, found.month_return) == (D("0.1"), D("0.1"))
    begun_within = figures(stated(january, "11000"), stated(FEBRUARY + DAY, "12100"))
    assert (begun_within.last_month_return, begun_within.month_return) == (None, D("0.1"))
    same_month = figures(stated(FEBRUARY, "100"), stated(FEBRUARY + DAY, "90"))
    assert same_month.month_return == D("-0.1")
    nothing_yet = figures(stated(january, "11000"), now=FEBRUARY + 1)
    assert nothing_yet.month_return == 0


def test_sharpe_is_told_from_thirty_daily_returns_of_days_that_are_over() -> None:
    """RISK-8: mean over sample deviation, times the root of 365; the day that runs does not count."""
    returns = [0.01 if number % 3 else -0.01 for number in range(30)]
    equity, statements = D(10_000), [stated(DAWN, "10000")]
    for number, each in enumerate(returns, 1):
        equity *= 1 + D(str(each))
        statements.append(stated(DAWN + number * DAY, equity))
    last_day = DAWN + 30 * DAY
    running = figures(*statements, now=last_day + MINUTE)
    assert (running.days, running.sharpe) == (29, None)
    over = figures(*statements, now=last_day + DAY)
    mean = sum(returns) / 30
    deviation = math.sqrt(sum((each - mean) ** 2 for each in returns) / 29)
    assert over.days == 30
    assert over.sharpe == pytest.approx(mean / deviation * math.sqrt(365), rel=1e-9)


def test_a_day_without_a_statement_gives_no_daily_return() -> None:
    """RISK-8: a change over two days is no return of one."""
    found = figures(stated(DAWN, "100"), stated(DAWN + DAY, "101"), stated(DAWN + 3 * DAY, "120"), now=DAWN + 9 * DAY)
    assert found.days == 1


def test_equal_returns_have_no_sharpe_ratio() -> None:
    flat = [stated(DAWN + day * DAY, "100") for day in range(40)]
    assert figures(*flat, now=DAWN + 50 * DAY).sharpe is None


def test_drawdown_is_the_deepest_of_the_record_and_rearming_forgets_nothing() -> None:
    """RISK-8: the kill switch begins a new peak by `ict rearm`, the KPI does not."""
    core = build(max_losing_streak=100)
    feed(core, stated(DAWN, "10000"), stated(DAWN + 1, "8000"), control("rearm"), stated(DAWN + 2, "9000"))
    assert kpis_of(core).max_drawdown == D("0.2")


def test_money_that_comes_or_goes_is_no_return_and_no_drawdown() -> None:
    """RISK-8: a deposit doubles the account and changes no figure."""
    found = figures(
        stated(DAWN, "1000"),
        stated(DAWN + 5, "2000", moved=(transfer("1000", DAWN + 3),)),
        stated(DAWN + 9, "2200"),
        stated(DAWN + 20, "1100", moved=(transfer("-1100", DAWN + 15),)),
    )
    assert (found.month_return, found.max_drawdown) == (D("0.1"), D(0))


def test_a_transfer_that_is_told_late_takes_its_return_back() -> None:
    """RISK-8: until it is told it looks like a result, also over midnight."""
    found = figures(
        stated(DAWN, "1000"),
        stated(DAWN + DAY - 5, "1040"),  # 40 of them came in, and nobody said so
        stated(DAWN + DAY, "1040", moved=(transfer("40", DAWN + DAY - 9),)),
        now=DAWN + 5 * DAY,
    )
    assert found.month_return == 0
    assert found.days == 1
    assert found.max_drawdown == 0


def test_equity_that_nobody_can_explain_is_no_return() -> None:
    """RISK-8: what a person accepts as a transfer was none of ours either."""
    core = build(max_equity_jump=D("0.05"))
    feed(core, stated(DAWN, "1000"), stated(DAWN + 5, "2000"))
    assert kpis_of(core).month_return == 0
    feed(core, control("rearm"), stated(DAWN + 9, "2080"))
    assert kpis_of(core).month_return == D("0.04")


def test_an_account_that_was_emptied_goes_on_where_it_was() -> None:
    """RISK-8: everything withdrawn and paid in again is no loss of everything."""
    found = figures(
        stated(DAWN, "1000"),
        stated(DAWN + 1, "1100"),
        stated(DAWN + 5, "0", moved=(transfer("-1100", DAWN + 3),)),
        stated(DAWN + 9, "500", moved=(transfer("500", DAWN + 7),)),
        stated(DAWN + 11, "550"),
    )
    assert (found.month_return, found.max_drawdown) == (D("0.21"), D(0))


def test_a_trade_that_is_told_again_counts_once_with_its_last_result() -> None:
    """RISK-8: a late fee or funding payment changes the result of a trade that was told already."""
    core = build()
    first, again = lost(1, "5"), lost(1, "-3")
    feed(core, stated(DAWN, ended=(first,)), stated(DAWN + 1, ended=(again, lost(2, "0", "failed"))))
    found = kpis_of(core)
    assert (found.trades, found.win_rate, found.average_r) == (1, 0, D("-0.3"))


def test_memory_is_bounded_by_trades_and_by_days() -> None:
    core = build()
    for number in range(DAYS_REMEMBERED + 20):
        over = tuple(lost(number * 10 + each, "1") for each in range(2))
        feed(core, stated(DAWN + number * DAY, ended=over))
    state = msgspec.msgpack.decode(core.snapshot(), type=RiskState)
    assert len(state.ended) == TRADES_REMEMBERED
    assert len(state.equity.growth.closes) == DAYS_REMEMBERED


def test_a_restart_forgets_nothing_and_a_record_of_another_version_begins_anew() -> None:
    """RISK-8: figures outlive the process, and are no reason to refuse a state that limits rest on."""
    core = build()
    feed(core, stated(DAWN, "1000"), stated(DAWN + 1, "1100", ended=(lost(1, "5"),)))
    again = build()
    again.restore(core.snapshot())
    assert kpis_of(again) == kpis_of(core)
    state = msgspec.msgpack.decode(core.snapshot(), type=RiskState)
    state.equity.growth.version += 1
    again.restore(msgspec.msgpack.encode(state))
    assert kpis_of(again).since == -1
    assert kpis_of(again).trades == 1


def test_a_row_of_losses_is_counted_past_trades_that_neither_won_nor_lost() -> None:
    """RISK-3: also past more of them than the share of trades won looks at."""
    core = build(caution_trades=2, max_losing_streak=3, caution_win_rate=D(0), caution_win_rate_release=D(0))
    two = (lost(1, "-1"), lost(2, "-1"))
    flat = tuple(lost(number, "0") for number in range(10, 15))
    feed(core, stated(DAWN, ended=two), stated(DAWN + 1, ended=flat))
    assert msgspec.msgpack.decode(core.snapshot(), type=RiskState).kill_switch == "NORMAL"
    feed(core, stated(DAWN + 2, ended=(lost(3, "-1"),)))
    assert msgspec.msgpack.decode(core.snapshot(), type=RiskState).kill_switch == "HALTED"


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("win_rate", D("0.6"), D("0.59")),
        ("reward_to_risk", D(2), D("1.99")),
        ("losses_in_row", 5, 6),
        ("sharpe", 1.5, 1.49),
        ("max_drawdown", D("0.1199"), D("0.12")),
    ],
)
def test_goals_are_those_of_the_requirement(name: str, good: Decimal | float, bad: Decimal | float) -> None:
    """RISK-8: win rate 60 %, reward to risk 2, five losses in a row, Sharpe 1.5, drawdown below 12 %."""
    assert GOALS[name].is_met(good)
    assert not GOALS[name].is_met(bad)
    assert name in Kpis.__struct_fields__


def kpis_of(core: RiskCore) -> Kpis:
    """The core's figures as its snapshot has them."""
    state = msgspec.msgpack.decode(core.snapshot(), type=RiskState)
    return kpis(state.ended, state.equity.growth, state.now)
