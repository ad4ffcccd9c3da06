"""Laws of the KPIs: transfers change nothing, sizes change nothing, figures stay in their bounds."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.risk.equity import EquityBook
from services.risk.growth import GrowthRecord
from services.risk.kpis import Kpis, kpis
from services.risk.results import EndedTrade
from shared.domain.account import AccountStatement
from shared.domain.timeframes import DAY
from tests.support.risk.scenes import DAWN, stated, transfer

D = Decimal
STEP = DAY // 4
#: The results of a quarter of a day each, per mille; and what is moved before each, percent of the equity.
RESULTS = st.lists(st.integers(-40, 45), min_size=1, max_size=180)
MOVES = st.lists(st.integers(-90, 300), min_size=180, max_size=180)
TRADES = st.lists(st.tuples(st.integers(-50, 100), st.integers(1, 20)), max_size=40)


def told(statements: list[AccountStatement]) -> Kpis:
    book, day = EquityBook(), -1
    for each in statements:
        if each.time // DAY > day:
            day = each.time // DAY
            book.begin_day(day * DAY)
        book.take(each, day * DAY, D(1000))
    return kpis([], book.growth, statements[-1].time)


def history(results: list[int], moves: list[int]) -> list[AccountStatement]:
    """Statements a quarter of a day apart: in between, money is moved and then something is won or lost."""
    equity, statements = D(1000), [stated(DAWN, "1000")]
    for number, (result, move) in enumerate(zip(results, moves, strict=False), 1):
        at = DAWN + number * STEP
        amount = equity * move / 100
        equity = (equity + amount) * (1000 + result) / 1000
        statements.append(stated(at, equity, moved=(transfer(amount, at - 1),) if amount else ()))
    return statements


@given(RESULTS, MOVES)
def test_transfers_change_no_figure(results: list[int], moves: list[int]) -> None:
    """RISK-8: returns, Sharpe ratio and drawdown are those of an account that nobody paid into or out of."""
    with_moves, without = told(history(results, moves)), told(history(results, [0] * len(results)))
    for name in ("month_return", "last_month_return", "sharpe", "max_drawdown"):
        one, other = getattr(with_moves, name), getattr(without, name)
        assert (one is None) == (other is None), name
        if one is not None:
            assert float(one) == pytest.approx(float(other), rel=1e-5, abs=1e-9), name
    assert (with_moves.days, with_moves.since) == (without.days, without.since)


@given(RESULTS)
def test_returns_and_drawdown_are_those_of_the_equity_itself_where_nothing_is_moved(results: list[int]) -> None:
    """RISK-8: counted here from the statements alone."""
    statements = history(results, [0] * len(results))
    equities = [float(each.account.equity) for each in statements]
    deepest = max(1 - low / max(equities[: number + 1]) for number, low in enumerate(equities))
    assert float(told(statements).max_drawdown or 0) == pytest.approx(deepest, abs=1e-9)
    month = [each for each in statements if each.time < DAWN + 30 * DAY]  # January 2024, in which the record begins
    found = told(month).month_return
    assert found is not None
    assert float(found) == pytest.approx(float(month[-1].account.equity) / 1000 - 1, abs=1e-9)


@given(TRADES, st.integers(2, 50))
def test_figures_of_trades_do_not_depend_on_their_size(trades: list[tuple[int, int]], factor: int) -> None:
    """RISK-8: ten times the account trades ten times the size, and is no better."""

    def figures(scale: int) -> Kpis:
        ended = [
            EndedTrade(intent_id=str(number), result=D(result * scale), risk_amount=D(risk * scale))
            for number, (result, risk) in enumerate(trades)
        ]
        return kpis(ended, GrowthRecord(), DAWN)

    one, other = figures(1), figures(factor)
    assert one == other
    assert one.win_rate is None or 0 <= one.win_rate <= 1
    assert one.reward_to_risk is None or one.reward_to_risk > 0
    assert 0 <= one.losses_in_row <= sum(result < 0 for result, _ in trades)
