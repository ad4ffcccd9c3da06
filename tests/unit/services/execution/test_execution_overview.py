"""What execution shows of itself: positions in R, orders, and what keeps entries back."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from services.execution.overview import ExecutionOverview
from tests.support.execution.desk import BTC, ETH, START, Desk, control

D = Decimal


def shown(desk: Desk) -> ExecutionOverview:
    found = desk.core.overview()["execution"]
    assert isinstance(found, ExecutionOverview)
    return found


def restated(desk: Desk) -> ExecutionOverview:
    """After a statement of the account, which brings the mark price."""
    desk.driver.state_account()
    desk.run(0)
    return shown(desk)


def test_a_flat_account_shows_its_wallet_and_nothing_else() -> None:
    desk = Desk()
    found = shown(desk)
    assert (found.wallet, found.positions, found.orders, found.halted, found.frozen) == (
        desk.exchange.wallet, (), (), None, {},
    )  # fmt: skip


def test_a_position_shows_entry_mark_stop_and_what_it_has_won_in_r() -> None:
    """EXEC-2: 2 bought at 100.01 with 10 at risk; at 104 that is 7.98 USDT, or 0.798 R."""
    desk = Desk()
    desk.enter()
    desk.price(104)
    found = restated(desk)
    (leg,) = found.positions
    trade = leg.trade
    assert trade is not None
    assert (leg.symbol, leg.quantity, leg.foreign, leg.mark_price) == (BTC, D(2), D(0), D(104))
    assert (trade.side, trade.quantity, trade.entry_price, trade.stop, trade.protected) == (
        "BUY",
        D(2),
        D("100.01"),
        D(95),
        True,
    )
    assert (trade.unrealized, trade.unrealized_r, trade.risk_amount) == (D("7.98"), D("0.798"), D(10))
    assert found.unprotected == ()


def test_a_short_wins_when_the_price_falls() -> None:
    desk = Desk()
    desk.enter(side="SELL")
    desk.price(96)
    (leg,) = restated(desk).positions
    assert leg.trade is not None
    assert (leg.quantity, leg.trade.unrealized_r) == (D(-2), D("0.798"))


def test_orders_that_live_are_shown_with_their_purpose_and_those_that_are_over_are_not() -> None:
    """EXEC-2: the filled entry is over; stop and target stand."""
    desk = Desk()
    desk.enter()
    found = {order.purpose: order for order in shown(desk).orders}
    assert set(found) == {"stop", "target"}
    assert (found["stop"].type, found["stop"].trigger, found["stop"].quantity) == ("STOP_MARKET", D(95), None)
    assert (found["target"].trigger, found["target"].quantity, found["target"].status) == (D(110), D(2), "NEW")


def test_a_position_of_others_stands_apart_and_freezes_the_symbol() -> None:
    """EXEC-4: somebody buys in the app."""
    desk = Desk()
    desk.person(3, ETH)
    desk.run(10_000)
    found = restated(desk)
    (leg,) = found.positions
    assert (leg.symbol, leg.quantity, leg.foreign, leg.trade) == (ETH, D(3), D(3), None)
    assert found.frozen[ETH].reason == "foreign"


def test_our_part_of_a_shared_leg_is_counted_by_our_own_entry() -> None:
    """EXEC-4: R is that of the trade, not of what somebody added at another price."""
    desk = Desk()
    desk.enter()
    desk.price(104)
    desk.person(5)
    desk.run(3_000)
    (leg,) = restated(desk).positions
    assert leg.trade is not None
    assert (leg.quantity, leg.foreign, leg.trade.quantity, leg.trade.unrealized_r) == (D(7), D(5), D(2), D("0.798"))


def test_an_entry_that_rests_is_an_order_and_no_position() -> None:
    desk = Desk()
    desk.enter(kind="limit", price=D(99), bound=D(99), rests_until=START + 60_000)
    found = shown(desk)
    assert found.positions == ()
    assert [(each.purpose, each.price) for each in found.orders] == [("entry", D(99))]


def test_a_halt_is_shown_with_its_reason() -> None:
    """RISK-7: whoever looks reads who stopped entries."""
    desk = Desk()
    desk.driver.give(control("halt"))
    found = shown(desk)
    assert found.halted is not None
    assert "a test" in found.halted.why


def test_looking_changes_nothing() -> None:
    desk = Desk()
    desk.enter()
    desk.person(1, ETH)
    before = desk.core.snapshot()
    msgspec.json.encode(desk.core.overview())
    assert desk.core.snapshot() == before
