"""The matching core's events as the port's user events (EXEC-9): one event each, or none."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from shared.exchange.model import user_events
from shared.exchange.model.orders import NewOrder
from shared.exchange.outcome.outcomes import Refused
from simulator.core.model.events import FundingPaid, LeverageChange, MarginCall
from simulator.core.model.requests import NewAlgoOrder
from simulator.port_models import asked, event_of, order_of
from tests.support.simulator.core_trader import BTC, CoreTrader, algo, limit

D = Decimal


def told(trader: CoreTrader) -> list[user_events.UserEvent | None]:
    return [event_of(each) for each in trader.core.take_events()]


def test_a_fill_is_an_order_update_and_an_account_update() -> None:
    """EXEC-5: quantity, price and fee of the execution, then the wallet and the leg."""
    trader = CoreTrader(taker_fee=D("0.001"))
    trader.buy("0.5")
    taken, filled, account = (event for event in told(trader) if event is not None)
    assert isinstance(taken, user_events.OrderUpdate)
    assert (taken.execution, taken.fill) == ("NEW", None)
    assert isinstance(filled, user_events.OrderUpdate)
    assert filled.fill is not None
    assert (filled.fill.quantity, filled.fill.price, filled.fill.commission) == (D("0.5"), D(100), D("0.05"))
    assert filled.order.status == "FILLED"
    assert isinstance(account, user_events.AccountUpdate)
    assert account.wallets[0].asset == "USDT"
    assert [(leg.symbol, leg.side, leg.quantity) for leg in account.positions] == [(BTC, "BOTH", D("0.5"))]


def test_a_conditional_order_is_told_of_its_own_and_by_its_child() -> None:
    """EXEC-1: triggered, it shows what its child traded."""
    trader = CoreTrader()
    trader.buy("0.5")
    trader.place_algo(algo("SELL", "STOP_MARKET", "0.5", at=90, client_algo_id="stop"))
    events = told(trader)
    assert isinstance(events[-1], user_events.AlgoUpdate)
    assert (events[-1].order.client_id, events[-1].order.status) == ("stop", "NEW")
    trader.core.on_trade(BTC, D(89), trader.tick(), None)
    statuses = [event.order.status for event in told(trader) if isinstance(event, user_events.AlgoUpdate)]
    assert statuses[-1] in ("TRIGGERED", "FINISHED", "FILLED")
    assert order_of(trader.algo("stop")).book == "algo"


def test_changes_of_leverage_and_margin_calls_are_told_and_funding_comes_with_the_account() -> None:
    """EXEC-5: what the stream has no event for is not invented."""
    trader = CoreTrader()
    trader.core.set_leverage(BTC, 7, trader.tick())
    change = LeverageChange(symbol=BTC, leverage=7, time=5)
    assert event_of(change) == user_events.ConfigUpdate(time=5, symbol=BTC, leverage=7)
    call = MarginCall(time=5, cross_wallet=D(1), positions=tuple(trader.core.positions()))
    assert event_of(call) == user_events.MarginCall(time=5, symbols=tuple(each.symbol for each in call.positions))
    assert event_of(FundingPaid(symbol=BTC, time=5, rate=D(0), mark_price=D(1), amount=D(0))) is None


@pytest.mark.parametrize(
    ("changes", "time_in_force"),
    [
        ({}, None),
        ({"type": "LIMIT", "price": D(99)}, "GTC"),
        ({"type": "LIMIT", "price": D(99), "time_in_force": "IOC"}, "IOC"),
    ],
)
def test_plain_orders_are_asked_for_as_the_adapter_would(changes: dict[str, Any], time_in_force: str | None) -> None:
    """EXEC-1: a price without a time in force is good till cancelled."""
    fields = {"client_id": "a", "symbol": BTC, "side": "BUY", "type": "MARKET", "quantity": D(1), **changes}
    found = asked(NewOrder(**fields))
    assert not isinstance(found, Refused | NewAlgoOrder)
    assert found.time_in_force == time_in_force


def test_order_that_the_adapter_would_not_send_is_refused() -> None:
    """EXEC-1: the same border before both exchanges."""
    refused = asked(NewOrder(client_id="a:b", symbol=BTC, side="BUY", type="MARKET", quantity=D(1)))
    assert isinstance(refused, Refused)
    assert refused.code == -4015


def test_conditional_order_becomes_an_algo_order() -> None:
    """EXEC-1: it goes to the book of its own."""
    stop = asked(NewOrder(client_id="s", symbol=BTC, side="SELL", type="STOP_MARKET", trigger=D(90), close_position=True))
    assert isinstance(stop, NewAlgoOrder)
    assert (stop.trigger_price, stop.close_position) == (D(90), True)


def test_a_resting_order_is_told_in_its_book() -> None:
    """EXEC-9."""
    trader = CoreTrader()
    order = order_of(trader.place(limit("BUY", 1, 99, client_id="l")))
    assert (order.book, order.client_id, order.status, order.price) == ("plain", "l", "NEW", D(99))
