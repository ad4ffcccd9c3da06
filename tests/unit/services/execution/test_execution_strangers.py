"""Strangers at the exchange, and positions that are not what our trades say."""

from __future__ import annotations

import msgspec

from services.execution.settings import ExecutionSettings
from shared.domain.control import Alert
from tests.support.execution.desk import BTC, ETH, MINUTE, Desk, bundle, control, core, intent
from tests.support.execution.exchange import FakeExchange

# -- strangers and mismatches -----------------------------------------------------------------------------------------------


def test_a_foreign_order_is_told_once_and_left_alone() -> None:
    """EXEC-4: never adopted, whatever is heard of it."""
    desk = Desk()
    desk.step(("foreign", BTC))
    for _ in range(3):
        desk.now += MINUTE
        order = min(desk.exchange.foreign)
        news = desk.exchange.step(desk.now, [("foreign", BTC)])
        desk.give(
            msgspec.structs.replace(news, orders=tuple(msgspec.structs.replace(o, client_id=order) for o in news.orders))
        )
    assert desk.alerts == [("warning", "foreign")]
    assert desk.trail == []


def test_a_foreign_fill_is_told_and_not_booked() -> None:
    """EXEC-4."""
    desk = Desk()
    desk.verdict(intent())
    desk.step(("liquidate", BTC))
    liquidation = next(order for order in desk.exchange.orders.values() if order.client_id.startswith("autoclose-"))
    stray = msgspec.structs.replace(desk.exchange.step(4 * MINUTE), orders=(liquidation,))
    desk.give(stray)  # the exchange repeats itself after the trade is over
    assert ("warning", "foreign") not in desk.alerts
    other = Desk()
    news = desk.exchange.step(5 * MINUTE)
    fill = msgspec.structs.replace(_some_fill(desk), client_id="web_9", id="f-x")
    other.give(msgspec.structs.replace(news, fills=(fill,)))
    assert other.alerts == [("warning", "foreign")]


def _some_fill(desk: Desk):
    exchange = FakeExchange()
    (entry,) = core().handle(bundle(intent()))
    return exchange.answer(entry).fills[0]


def test_the_memory_of_foreign_ids_is_bounded() -> None:
    """Invariant 6."""
    desk = Desk(settings=ExecutionSettings(foreign_remembered=3))
    for _ in range(10):
        desk.step(("foreign", BTC))
    assert len(desk.core.state.foreign) == 3


def test_a_position_that_is_not_ours_freezes_the_symbol_until_rearmed() -> None:
    """EXEC-4, invariant 7: no further intent there; other symbols go on; frozen again while it stays."""
    desk = Desk()
    desk.step(("outside_open", BTC))
    desk.step()
    assert desk.alerts == [("critical", "frozen")]
    desk.verdict(intent("a", BTC, 3 * MINUTE), intent("b", ETH, 3 * MINUTE))
    assert [alert.key for alert in desk.of(Alert)][1:] == ["refused.symbol_frozen.a"]
    assert desk.trail[0] == ["+entry"]
    desk.give(control("rearm"))
    assert desk.core.state.frozen == {}
    desk.step()
    assert desk.alerts[-1] == ("critical", "frozen")


def test_a_position_that_differs_from_ours_freezes_and_keeps_its_stop() -> None:
    """EXEC-4: more is held than our trade bought; the stop covers it, the trade goes on."""
    desk = Desk()
    desk.verdict(intent())
    desk.step(("outside_open", BTC))
    desk.step()
    assert desk.alerts == [("critical", "frozen")]
    assert len(desk.exchange.resting(BTC)) == 2
    assert list(desk.core.state.trades) == [BTC]


def test_an_account_that_is_flat_for_one_step_only_is_not_believed() -> None:
    """Invariant 7: a stale account must not take a live stop away."""
    desk = Desk()
    desk.verdict(intent())
    news = desk.exchange.step(2 * MINUTE)
    desk.give(msgspec.structs.replace(news, account=msgspec.structs.replace(news.account, positions=())))
    desk.now = 2 * MINUTE
    desk.step()
    desk.step()
    assert desk.alerts == [("critical", "frozen")]
    assert len(desk.exchange.resting(BTC)) == 2
