"""The first trades of an account in mode live are small; nothing is entered beside what is liquidated before its stop."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from services.execution.inputs import Statement
from services.execution.plans.admission import Quote
from services.execution.requests import PlaceOrder
from services.execution.service import make_core
from services.execution.settings import ExecutionSettings
from shared.config.settings import CommonSettings
from shared.domain.control import Alert
from shared.domain.instruments import Instrument
from shared.domain.listing import InstrumentList
from shared.exchange.model.account import PositionRisk
from tests.support.approval.pairs import OPERATOR_KEYS, OWN_KEYS
from tests.support.execution.desk import BTC, INSTRUMENTS, START, Desk, bundle, intent

D = Decimal


def refused(desk: Desk) -> list[str]:
    return [each.text for each in desk.driver.messages if isinstance(each, Alert) and ".first_trades." in each.key]


def trade(desk: Desk, number: int, quantity: str = "1") -> None:
    """Enter at 100 and let the stop close it."""
    desk.price(100)
    desk.run(500)
    desk.enter(f"t{number}", quantity=D(quantity), close_time=desk.now)
    desk.run(500)
    desk.price(94)
    desk.run(12_000, step=500)
    assert desk.held() == 0


def test_a_large_entry_among_the_first_trades_is_refused_with_what_is_left_and_what_lifts_the_cap() -> None:
    """EXEC-6: 2 at 100.5 are 201 USDT, one more than the cap; 1.99 are 199.995."""
    desk = Desk(first_trades=20)
    desk.enter()
    assert desk.entries() == []
    (text,) = refused(desk)
    assert "it is 201.00 USDT, and each of the next 20 trades" in text
    assert "may be 200.00" in text
    assert "execution.first_trades_acknowledged" in text
    desk.enter("small", quantity=D("1.99"), close_time=START + 1)
    assert desk.held() == D("1.99")


def test_the_cap_ends_after_the_first_trades_and_the_count_outlives_a_restart() -> None:
    """EXEC-6, EXEC-2: a trade counts once, when it first holds something; an entry that bought nothing does not count."""
    desk = Desk(first_trades=2)
    trade(desk, 1)
    assert desk.core.state.trades_opened == 1
    desk.price(100)
    desk.driver.weather.writes = False
    desk.enter("never", quantity=D(1), close_time=desk.now)
    desk.run(12_000, step=500)
    desk.driver.weather.writes = True
    assert desk.core.state.trades_opened == 1
    desk.driver.restart(desk.core.snapshot())
    desk.run(2_500, step=500)
    desk.enter("large", close_time=desk.now)
    assert "each of the next 1 trades" in refused(desk)[-1]
    trade(desk, 2)
    desk.price(100)
    desk.enter("full", close_time=desk.now)
    desk.run(500)
    assert desk.held() == 2
    assert desk.core.state.trades_opened == 3


def test_an_emptied_store_counts_from_the_beginning() -> None:
    """EXEC-6: unknown is none."""
    desk = Desk(first_trades=1)
    trade(desk, 1)
    desk.driver.restart(None)
    desk.run(2_500, step=500)
    desk.price(100)
    desk.enter("large", close_time=desk.now)
    assert "each of the next 1 trades" in refused(desk)[-1]


def test_the_smallest_order_of_the_exchange_may_be_larger_than_the_cap() -> None:
    """EXEC-6: of a minimum of 250 USDT at 100 the least is 2.5, with its bound 251.25; one step more is too much."""
    desk = Desk(first_trades=20)
    least = msgspec.structs.replace(INSTRUMENTS[BTC], min_notional=D(250))
    others: tuple[Instrument, ...] = tuple(each for symbol, each in INSTRUMENTS.items() if symbol != BTC)
    desk.driver.give(InstrumentList(time=START, instruments=(least, *others), closures=()))
    desk.enter("more", quantity=D("2.501"))
    assert desk.entries() == []
    desk.enter("least", quantity=D("2.5"), close_time=START + 1, risk_budget=D(100))
    assert desk.held() == D("2.5")


def test_the_cap_is_asked_again_at_the_moment_of_sending() -> None:
    """EXEC-2: what was admitted by another process, or before a setting was changed, does not pass."""
    desk = Desk()
    effects = desk.core.handle(bundle(intent("w1", desk.now)), desk.now)
    (order,) = [each.order for each in effects.requests if isinstance(each, PlaceOrder)]
    quote = Quote(time=desk.now, bid=D("99.99"), ask=D("100.01"))
    assert desk.core.confirm(order.client_id, quote, desk.now) is None
    snapshot = desk.core.snapshot()
    guarded = Desk(first_trades=20).core
    guarded.restore(snapshot)
    why = guarded.confirm(order.client_id, quote, desk.now)
    assert why is not None
    assert why[0] == "first_trades"


@pytest.mark.parametrize(
    ("mode", "acknowledged", "capped"), [("live", False, 20), ("live", True, 0), ("testnet", False, 0), ("paper", False, 0)]
)
def test_only_mode_live_caps_unless_that_is_acknowledged(mode: str, acknowledged: bool, capped: int) -> None:
    """EXEC-6: no setting of another mode reaches it by mistake."""
    common = CommonSettings.model_validate({"mode": "testnet", "approval": OWN_KEYS, "operator": OPERATOR_KEYS}).model_copy(
        update={"mode": mode}
    )
    core = make_core(common, ExecutionSettings(first_trades_acknowledged=acknowledged))
    assert core._first_trades == capped


@pytest.mark.parametrize(
    ("side", "held", "liquidation", "why"),
    [
        ("BUY", 1, "95.1", "liquidated_first"),
        ("BUY", 1, "95", "liquidated_first"),
        ("BUY", 1, "94.9", None),
        ("BUY", 1, "0", None),
        ("BUY", -1, "104", None),
        ("SELL", -1, "104.9", "liquidated_first"),
        ("SELL", -1, "105.1", None),
    ],
)
def test_an_entry_beside_a_position_that_is_liquidated_before_the_stop_does_not_leave(
    side: Any, held: int, liquidation: str, why: str | None
) -> None:
    """RISK-2, fault 15: asked at sending, where the position's figures are known; stops at 95 and 105."""
    desk = Desk()
    effects = desk.core.handle(bundle(intent("w1", desk.now, side=side, exits=_exits(side))), desk.now)
    (order,) = [each.order for each in effects.requests if isinstance(each, PlaceOrder)]
    leg = PositionRisk(
        symbol=BTC, side="BOTH", quantity=D(held), entry=D(100), break_even=D(100), mark=D(100), unrealized=D(0),
        liquidation=D(liquidation), notional=D(100 * held), isolated_wallet=D(0), initial_margin=D(10),
        maintenance_margin=D(1), updated_at=desk.now,
    )  # fmt: skip
    stated = Statement(time=desk.now, asked_at=desk.now, wallet=D(1_000), equity=D(1_000), legs=(leg,), orders=())
    desk.core.handle(stated, desk.now)
    quote = Quote(time=desk.now, bid=D("99.99"), ask=D("100.01"))
    found = desk.core.confirm(order.client_id, quote, desk.now)
    assert (found[0] if found is not None else None) == why


def _exits(side: str) -> Any:
    one = intent("x").exits[0]
    return (msgspec.structs.replace(one, price=D(110) if side == "BUY" else D(90)),)
