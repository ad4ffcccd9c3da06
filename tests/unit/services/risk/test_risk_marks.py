"""Risk between two statements: what is held is valued at every mark price, and entries are judged by it too (RISK-5)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from services.risk.core import RiskCore
from services.risk.overview import RiskOverview
from shared.domain.account import MarginTier, Position
from shared.domain.control import ClockTick, MarkPrices
from shared.domain.intents import RiskOrder, VerdictBundle
from shared.domain.message import Message
from shared.domain.timeframes import DAY, MINUTE
from tests.support.risk.scenes import DAWN, build, control, feed, marks, position, signal, stated, transfer, wishes

SECOND = 1_000
TIERS = {"BTCUSDT": (MarginTier(floor=Decimal(0), maintenance_rate=Decimal("0.01"), cum=Decimal(0), max_leverage=20),)}


def long_and_short(**changes: object) -> RiskCore:
    """10,000 USDT at dawn with 30 BTC long and 20 ETH short, both from 100."""
    core = build(**({"account_age_ms": 10_000} | changes))
    feed(core, stated(DAWN, "10000", position("BTCUSDT", "30"), position("ETHUSDT", "-20"), tiers=TIERS))
    return core


def equity(core: RiskCore) -> Decimal:
    account = core._state.marked or core._state.account
    assert account is not None
    return account.equity


def held(core: RiskCore, symbol: str) -> Position:
    assert core._state.marked is not None
    (found,) = [each for each in core._state.marked.positions if each.symbol == symbol]
    return found


def refusals(core: RiskCore, at: int = DAWN + MINUTE) -> tuple[str, ...]:
    (ruled,) = [each for each in feed(core, wishes(at, signal("SOLUSDT", at))) if isinstance(each, VerdictBundle)]
    return ruled.verdicts[0].refusals


def shown(core: RiskCore) -> RiskOverview:
    found = core.overview()["risk"]
    assert isinstance(found, RiskOverview)
    return found


def test_profit_equity_and_margin_follow_each_mark_price() -> None:
    core = long_and_short()
    feed(core, marks(DAWN + SECOND, BTCUSDT=101.5, ETHUSDT=99.0))
    assert equity(core) == Decimal(10_000) + 45 + 20
    assert (held(core, "BTCUSDT").unrealized, held(core, "BTCUSDT").mark_price) == (45, Decimal("101.5"))
    assert held(core, "ETHUSDT").unrealized == 20
    feed(core, marks(DAWN + 2 * SECOND, BTCUSDT=100.0))
    assert equity(core) == Decimal(10_020)


def test_maintenance_margin_follows_where_the_tiers_are_known_and_stays_as_stated_elsewhere() -> None:
    core = build()
    needing = [
        Position(
            symbol=symbol, quantity=Decimal(10), entry_price=Decimal(100), mark_price=Decimal(100), unrealized=Decimal(0),
            maintenance_margin=Decimal(10),
        )
        for symbol in ("BTCUSDT", "ETHUSDT")
    ]  # fmt: skip
    feed(core, stated(DAWN, "10000", *needing, tiers=TIERS))
    feed(core, marks(DAWN + 1, BTCUSDT=120.0, ETHUSDT=120.0))
    assert (held(core, "BTCUSDT").maintenance_margin, held(core, "ETHUSDT").maintenance_margin) == (12, 10)


def test_older_prices_and_those_of_before_the_statement_change_nothing() -> None:
    """Invariant 3: also when they come twice."""
    core = long_and_short()
    feed(core, marks(DAWN, BTCUSDT=50.0))
    feed(
        core,
        marks(DAWN + 2 * SECOND, BTCUSDT=101.0),
        marks(DAWN + SECOND, BTCUSDT=60.0),
        marks(DAWN + 2 * SECOND, BTCUSDT=70.0),
    )
    assert equity(core) == Decimal(10_030)


def test_prices_of_what_is_not_held_change_nothing() -> None:
    core = long_and_short()
    before = core.snapshot()
    feed(core, marks(DAWN, SOLUSDT=7.0))
    assert core.snapshot() == before


def test_the_figures_that_a_person_sees_are_at_the_newest_mark_price_and_say_of_when_it_is() -> None:
    """RISK-8: until the next statement, which has the exchange's own."""
    core = long_and_short()
    assert shown(core).marked_at is None
    feed(core, marks(DAWN + SECOND, BTCUSDT=99.0))
    assert (shown(core).marked_at, shown(core).stated_at) == (DAWN + SECOND, DAWN)
    assert (shown(core).equity, shown(core).day_result) == (9_970, -30)
    feed(core, stated(DAWN + 2 * SECOND, "9965"))
    assert shown(core).marked_at is None


def test_before_a_statement_and_after_an_old_one_nobody_knows_what_is_held() -> None:
    """The position may have been closed since, and what it would lose now would be nobody's loss."""
    assert feed(build(), marks(DAWN, BTCUSDT=7.0)) == []
    core = long_and_short()
    feed(core, marks(DAWN + 10_001, BTCUSDT=7.0))
    assert equity(core) == Decimal(10_000)
    assert core._state.kill_switch == "NORMAL"


@pytest.mark.parametrize(("price", "refused"), [(90.01, False), (90.0, True)])  # a loss of 2.997 and of 3 % of 10,000
def test_a_loss_refuses_entries_before_it_is_stated(price: float, refused: bool) -> None:
    """RISK-2: by the first mark price that says so. The switch itself moves by the exchange's own statement."""
    core = long_and_short(account_age_ms=600_000, max_positions=3)
    assert feed(core, marks(DAWN + SECOND, BTCUSDT=price)) == []
    assert ("daily_loss" in refusals(core)) == refused
    assert core._state.kill_switch == "NORMAL"


def test_a_price_cannot_make_an_entry_pass_that_the_statement_refuses() -> None:
    """RISK-2: the worse of the two counts."""
    core = build(account_age_ms=600_000, max_positions=3)
    feed(core, stated(DAWN, "10000", position("BTCUSDT", "298")))
    assert "exposure_limit" in refusals(core)
    feed(core, marks(DAWN + MINUTE, BTCUSDT=300.0))
    assert "exposure_limit" in refusals(core, DAWN + MINUTE + 1)


WRONG = [marks(DAWN + SECOND, BTCUSDT=price) for price in (40.0, 170.0, 300.0)]


@pytest.mark.parametrize("wrong", WRONG, ids=["too low", "too high", "far too high"])
@pytest.mark.parametrize(
    "after",
    [
        [marks(DAWN + 2 * SECOND, BTCUSDT=100.0)],
        [control("rearm")],
        [stated(DAWN + 3 * SECOND, "11000", position("BTCUSDT", "30"), moved=(transfer("1000", DAWN + 2 * SECOND),))],
        [ClockTick(time=DAWN + DAY)],
        [ClockTick(time=DAWN + DAY), control("rearm")],
    ],
    ids=["right again", "re-armed", "a deposit", "a new day", "re-armed on a new day"],
)
def test_a_wrong_price_of_the_feed_closes_nothing_and_leaves_no_trace(wrong: MarkPrices, after: list[Message]) -> None:
    """RISK-3: what nobody signed moves neither the switch nor the figures that it is judged by."""
    one, other = long_and_short(sim=False), long_and_short(sim=False)
    for core in (one, other):
        feed(core, control("rearm"))
    told = feed(one, wrong)
    feed(other, ClockTick(time=wrong.time))
    for message in after:
        told += feed(one, message)
        feed(other, message)
    assert not [each for each in told if isinstance(each, RiskOrder)]
    end = stated(DAWN + DAY + SECOND, "9990", position("BTCUSDT", "30"), asked_at=DAWN + DAY)
    feed(one, end)
    feed(other, end)
    assert one.snapshot() == other.snapshot()
    assert one._state.kill_switch == "NORMAL"


def test_a_wrong_price_beside_what_nobody_can_explain_leaves_the_days_limits_alive() -> None:
    """Security C4: a person who accepts the jump accepts what the exchange stated."""
    core = build(account_age_ms=10_000, max_equity_jump=Decimal("0.05"))
    feed(core, stated(DAWN, "10000", position("BTCUSDT", "200")), stated(DAWN + 1, "11000", position("BTCUSDT", "200")))
    assert core._state.kill_switch == "HALTED"
    feed(core, marks(DAWN + SECOND, BTCUSDT=40.0), stated(DAWN + 2 * SECOND, "11000", position("BTCUSDT", "200")))
    feed(core, control("rearm"))
    assert core._state.equity.day_base == Decimal(11_000)
    feed(core, stated(DAWN + 3 * SECOND, "10450", position("BTCUSDT", "200")))
    assert core._state.kill_switch == "DAY_HALT"


def test_a_price_that_only_the_feed_tells_makes_no_entry_larger() -> None:
    """RISK-1: a size rests on the equity that the exchange stated, or on less."""
    budgets = []
    for price in (100.0, 130.0, 96.0):
        core = long_and_short(account_age_ms=600_000, max_positions=3)
        feed(core, marks(DAWN + SECOND, BTCUSDT=price))
        (ruled,) = [each for each in feed(core, wishes(DAWN + MINUTE, signal("SOLUSDT"))) if isinstance(each, VerdictBundle)]
        intent = ruled.verdicts[0].intent
        assert intent is not None
        budgets.append(intent.risk_budget)
    assert budgets == [Decimal(100), Decimal(100), Decimal("98.8")]


def test_a_restart_between_two_marks_knows_the_same() -> None:
    """Invariant 3."""
    one, other = long_and_short(), build(account_age_ms=10_000)
    feed(one, marks(DAWN + SECOND, BTCUSDT=97.0))
    other.restore(one.snapshot())
    for core in (one, other):
        feed(core, marks(DAWN + SECOND, BTCUSDT=80.0), marks(DAWN + 2 * SECOND, ETHUSDT=103.0))
    assert one.snapshot() == other.snapshot()
    assert equity(one) == Decimal(10_000) - 90 - 60
