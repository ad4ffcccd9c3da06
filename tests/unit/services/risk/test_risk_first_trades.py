"""The first trades of an account in mode live are sized to execution's cap, so that they are taken and not refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from services.risk.settings import RiskSettings
from services.risk.sizing import CAPPED_BY_FIRST_TRADES, CAPPED_BY_POSITION, UNDER_MINIMUM, size
from shared.domain.account import AccountStatement, EntryCap
from shared.domain.decisions import LimitEntry
from shared.domain.intents import OrderIntent, Verdict, VerdictBundle
from shared.domain.timeframes import MINUTE
from tests.support.execution.desk import Desk, bundle
from tests.support.risk.scenes import DAWN, build, feed, instrument, signal, stated, wishes

D = Decimal
T = DAWN + MINUTE
CAP = EntryCap(trades_left=20, notional=D(200))
BUY, SELL = {"entry": 100.0, "stop": 98.0, "target": 104.0}, {"side": "SELL", "entry": 100.0, "stop": 102.0, "target": 96.0}

# signal, equity, cap, least notional -> quantity, bound, notes
TABLE: dict[str, tuple[dict[str, Any], str, str, str, str, str, tuple[str, ...]]] = {
    "a buy at its bound": (BUY, "10000", "200", "5", "1.998", "100.1", (CAPPED_BY_FIRST_TRADES,)),
    "a sell at its bound": (SELL, "10000", "200", "5", "2.002", "99.9", (CAPPED_BY_FIRST_TRADES,)),
    "below the cap by itself": (BUY, "400", "200", "5", "1.818", "100.1", ()),
    "both caps": (BUY | {"stop": 99.8}, "10000", "200", "5", "2", "100", (CAPPED_BY_POSITION, CAPPED_BY_FIRST_TRADES)),
    "the smallest order is larger": (BUY, "10000", "200", "250", "2.5", "100.1", (CAPPED_BY_FIRST_TRADES,)),
    "the smallest order of a sell": (SELL, "10000", "200", "250", "2.503", "99.9", (CAPPED_BY_FIRST_TRADES,)),
    "the budget is under the minimum": (BUY, "400", "100", "250", "0", "100.1", (CAPPED_BY_FIRST_TRADES, UNDER_MINIMUM)),
}


@pytest.mark.parametrize(("wish", "equity", "cap", "least", "quantity", "bound", "notes"), TABLE.values(), ids=TABLE.keys())
def test_sizes_under_the_cap(
    wish: dict[str, Any], equity: str, cap: str, least: str, quantity: str, bound: str, notes: tuple[str, ...]
) -> None:
    """RISK-1: at its worst price it is worth the cap at most, unless the exchange takes nothing so small."""
    sized = size(
        signal(**wish), instrument("BTCUSDT", notional=least), D(equity), D(0), RiskSettings(), 10, entry_cap=D(cap)
    )
    assert sized.notes == notes
    assert sized.bound == D(bound)
    assert sized.quantity == D(quantity)


def verdict(outputs: list[Any]) -> Verdict:
    (found,) = [each for output in outputs if isinstance(output, VerdictBundle) for each in output.verdicts]
    return found


def intent_of(wish: Any, statement: AccountStatement, at: int) -> OrderIntent:
    """What risk makes of a wish at ``at``, from that statement."""
    core = build(sim=True)
    feed(core, statement)
    found = verdict(feed(core, wishes(at, wish), now=at)).intent
    assert found is not None
    return found


@pytest.mark.parametrize("side", ["BUY", "SELL"])
@pytest.mark.parametrize("kind", ["market", "limit"])
def test_execution_takes_the_entry_that_risk_sized_by_the_statement_of_execution(side: str, kind: str) -> None:
    """RISK-1, EXEC-6: of 1 % of 10,000 USDT nothing was taken before. Both sides state and count the same cap."""
    desk = Desk(first_trades=20)
    statement = next(each for each in desk.driver.messages if isinstance(each, AccountStatement))
    assert statement.entry_cap == CAP
    at = desk.now
    shape: dict[str, Any] = dict(BUY if side == "BUY" else SELL)
    if kind == "limit":
        shape["entry"] = LimitEntry(price=100.0, rests_until=at + 600_000)
    wish = signal(at=at, valid_until=at + 60_000, **shape)
    desk.approve(bundle(intent_of(wish, statement, at)).verdicts[0].intent)  # type: ignore[arg-type]  # it is one
    desk.run(500)
    assert [each for each in desk.alerts if each == "refused"] == []
    assert len(desk.entries()) == 1


def test_the_cap_is_stated_until_the_first_trades_were_made() -> None:
    """EXEC-6: risk learns of its end from the next statement."""
    desk = Desk(first_trades=1)
    desk.enter("t1", quantity=D(1))
    desk.run(6_000, step=500)
    caps = [each.entry_cap for each in desk.driver.messages if isinstance(each, AccountStatement)]
    assert caps[0] == EntryCap(trades_left=1, notional=D(200))
    assert caps[-1] is None
    uncapped = Desk().driver.messages
    assert [each.entry_cap for each in uncapped if isinstance(each, AccountStatement)] == [None]


def test_full_size_follows_the_first_trades_and_is_no_fat_finger() -> None:
    """RISK-2: what was made small from outside says nothing of what is usual."""
    core = build(trades_per_day=100, intents_per_minute=100)
    for number in range(5):
        at = T + number * MINUTE
        feed(core, stated(at - 1, cap=CAP))
        small = verdict(feed(core, wishes(at, signal(at=at)), now=at))
        assert CAPPED_BY_FIRST_TRADES in small.notes
        assert small.intent is not None
        assert small.intent.quantity == D("1.998")
        feed(core, stated(at + 50_000, cap=CAP))
    at = T + 10 * MINUTE
    feed(core, stated(at - 1))
    full = verdict(feed(core, wishes(at, signal(at=at)), now=at))
    assert (full.refusals, full.notes) == ((), ())
    assert full.intent is not None
    assert full.intent.quantity == D("45.474")
