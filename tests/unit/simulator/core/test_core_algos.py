"""Conditional orders: when they trigger, what becomes of them, and what they tell (EXEC-1, binance.md §2.3, §5.3)."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.core.model.events import AlgoUpdate
from simulator.core.model.requests import NewAlgoOrder, Refusal
from tests.support.simulator.core_trader import BTC, ETH, FREE, CoreTrader, D, algo, filters, happened, limit, market

Event = tuple[Any, ...]


def held(quantity: int = 0, **settings: Any) -> CoreTrader:
    """A trader at 100 that is long, short or flat."""
    trader = CoreTrader(**settings)
    if quantity:
        (trader.buy if quantity > 0 else trader.sell)(abs(quantity), client_id="in")
    trader.core.take_events()
    return trader


def play(trader: CoreTrader, *events: Event) -> list[Any]:
    happened_events: list[Any] = []
    for kind, *values in events:
        happened_events += {"trade": trader.trade, "quote": trader.quote, "mark": trader.mark}[kind](*values)
    return happened_events


STOP, TARGET = algo("SELL", "STOP_MARKET", at=95), algo("SELL", "TAKE_PROFIT_MARKET", at=108)
TRAIL = algo("SELL", "TRAILING_STOP_MARKET", 2, callback_rate=5)
TRAIL_FROM = algo("SELL", "TRAILING_STOP_MARKET", 2, callback_rate=5, activate_price=110)
TRAIL_BUY = algo("BUY", "TRAILING_STOP_MARKET", 2, callback_rate=10, activate_price=90)


@pytest.mark.parametrize(
    ("position", "order", "events", "fills"),
    [
        # position, conditional order, events, its executions
        (2, STOP, [("trade", 95.1)], []),
        (2, STOP, [("trade", 95)], [("2", "95")]),  # a touch triggers
        (2, STOP, [("trade", 93)], [("2", "93")]),  # a gap: the new price
        (2, STOP, [("mark", 90)], []),
        (2, STOP, [("quote", 94.8, 94.9, 1, 1)], []),  # quotes trigger nothing
        (2, STOP, [("quote", 95.2, 95.3), ("trade", 95)], [("2", "95")]),  # the worse of quote and place
        (2, STOP, [("quote", 94.6, 94.9), ("trade", 95)], [("2", "94.6")]),
        (2, TARGET, [("trade", 107.9)], []),
        (2, TARGET, [("trade", 108)], [("2", "108")]),
        (2, TARGET, [("trade", 112)], [("2", "112")]),  # a gap: the new price, for better as for worse
        (2, TARGET, [("quote", 111.5, 112), ("trade", 112)], [("2", "111.5")]),
        (-2, algo("BUY", "STOP_MARKET", at=105), [("trade", 107)], [("2", "107")]),
        (-2, algo("BUY", "TAKE_PROFIT_MARKET", at=92), [("trade", 91)], [("2", "91")]),
        (0, algo("BUY", "STOP_MARKET", 3, at=105), [("trade", 106)], [("3", "106")]),  # an entry
        (0, algo("BUY", "TAKE_PROFIT_MARKET", 3, at=95), [("trade", 95)], [("3", "95")]),
        # working type
        (2, algo("SELL", "STOP_MARKET", at=95, working_type="MARK_PRICE"), [("mark", 96), ("trade", 90)], []),
        (2, algo("SELL", "STOP_MARKET", at=95, working_type="MARK_PRICE"), [("trade", 96), ("mark", 95)], [("2", "96")]),
        (2, algo("SELL", "STOP_MARKET", at=95, working_type="MARK_PRICE"), [("trade", 95)], [("2", "95")]),  # no mark yet
        # STOP and TAKE_PROFIT become limits
        (2, algo("SELL", "STOP", 2, at=95, price=94), [("trade", 94.5)], [("2", "94.5")]),
        (2, algo("SELL", "STOP", 2, at=95, price=96), [("trade", 94.5)], []),
        (2, algo("SELL", "STOP", 2, at=95, price=96), [("trade", 94.5), ("trade", 96.1)], [("2", "96")]),
        (2, algo("SELL", "TAKE_PROFIT", 2, at=108, price=107), [("trade", 108)], [("2", "108")]),
        (2, algo("SELL", "STOP", 2, at=95, price=96, time_in_force="IOC"), [("trade", 94.5), ("trade", 97)], []),
        # trailing: 5 % off the best price since it began
        (2, TRAIL, [("trade", 95.1)], []),
        (2, TRAIL, [("trade", 95)], [("2", "95")]),
        (2, TRAIL, [("trade", 120), ("trade", 114.1)], []),
        (2, TRAIL, [("trade", 120), ("trade", 110), ("trade", 100)], [("2", "110")]),
        (2, TRAIL_FROM, [("trade", 105), ("trade", 90)], []),  # not begun
        (2, TRAIL_FROM, [("trade", 110), ("trade", 104.5)], [("2", "104.5")]),
        (2, TRAIL_FROM, [("trade", 115), ("trade", 109.3)], []),
        (0, TRAIL_BUY, [("trade", 95), ("trade", 200)], []),
        (0, TRAIL_BUY, [("trade", 90), ("trade", 80), ("trade", 87.9)], []),
        (0, TRAIL_BUY, [("trade", 90), ("trade", 80), ("trade", 88)], [("2", "88")]),
        (0, algo("BUY", "TRAILING_STOP_MARKET", 2, callback_rate=10, working_type="MARK_PRICE"),
         [("mark", 80), ("trade", 130), ("mark", 88)], [("2", "130")]),
    ],
)  # fmt: skip
def test_when_a_conditional_order_triggers(
    position: int, order: NewAlgoOrder, events: list[Event], fills: list[tuple[str, str]]
) -> None:
    """BT-1, EXEC-1: by its working price, on touch; the child gets the market, or rests as a limit."""
    trader = held(position)
    placed = trader.place_algo(order)
    play(trader, *events)
    assert [row[1:] for row in trader.fills(placed.client_algo_id)] == fills


def test_the_story_of_a_conditional_order_and_its_child() -> None:
    """EXEC-2, EXEC-4: NEW, TRIGGERING, TRIGGERED with the child's id, the child's own news, FINISHED when that is closed."""
    trader = held(2)
    trader.place_algo(algo("SELL", "STOP", 2, at=95, price=96, client_algo_id="s"))
    assert happened(trader.core.take_events()) == [("s", "algo NEW")]
    events = trader.trade(94)
    assert happened(events) == [("s", "algo TRIGGERING"), ("s", "algo TRIGGERED"), ("s", "NEW")]
    child = trader.order("s")
    assert (trader.algo("s").order_id, child.algo_id) == (child.order_id, trader.algo("s").algo_id)
    assert (child.type, child.original_type, child.stop_price, child.price) == ("LIMIT", "STOP", D(95), D(96))
    assert [each.client_algo_id for each in trader.core.algo_orders()] == ["s"]
    assert trader.core.open_algo_orders() == []
    events = trader.trade(97, 1)
    assert happened(events) == [("s", "TRADE")]
    events = trader.trade(97)
    assert happened(events) == [("s", "TRADE"), ("s", "algo FINISHED")]
    (finished,) = [each for each in events if isinstance(each, AlgoUpdate)]
    assert finished.child is not None
    assert (finished.child.executed, finished.child.average_price) == (D(2), D(96))


def test_a_cancelled_child_finishes_its_algo_order() -> None:
    """EXEC-4: the child lives in the order book, and is cancelled there."""
    trader = held(2)
    trader.place_algo(algo("SELL", "STOP", 2, at=95, price=96, client_algo_id="s"))
    trader.trade(94)
    refusal = trader.core.cancel_algo(trader.tick(), client_algo_id="s")
    assert isinstance(refusal, Refusal)
    assert refusal.code == -2011
    trader.core.cancel(BTC, trader.tick(), client_id="s")
    assert happened(trader.core.take_events()) == [("s", "CANCELED"), ("s", "algo FINISHED")]


def test_a_trailing_order_tells_when_it_begins() -> None:
    """EXEC-2: a second NEW with ``ia`` true."""
    trader = held(2)
    trader.place_algo(TRAIL_FROM)
    (first,) = [each for each in trader.core.take_events() if isinstance(each, AlgoUpdate)]
    (second,) = [each for each in trader.trade(111) if isinstance(each, AlgoUpdate)]
    assert (first.algo.activated, second.algo.activated, second.algo.status) == (False, True, "NEW")


@pytest.mark.parametrize(
    ("position", "order", "settings", "status", "code"),
    [
        (0, algo("SELL", "STOP_MARKET", at=95), {}, "EXPIRED", -2022),  # nothing to close
        (0, algo("SELL", "STOP_MARKET", 1, at=95, reduce_only=True), {}, "REJECTED", -2022),
        (-1, algo("SELL", "STOP_MARKET", 1, at=95, reduce_only=True), {}, "REJECTED", -2022),  # the wrong side
        (0, algo("BUY", "STOP_MARKET", 2_000, at=105), {}, "REJECTED", -2019),
        (0, algo("BUY", "STOP_MARKET", 4_000, at=105), {"leverage": 150, "starting_wallet": D(10**6)}, "REJECTED", -2027),
        (0, algo("BUY", "STOP", 1, at=105, price=107, time_in_force="GTX"), {}, "REJECTED", -5022),
        (0, algo("BUY", "STOP", 1, at=105, price=104, time_in_force="FOK"), {}, "REJECTED", -5021),
    ],
)
def test_a_child_that_cannot_be_is_refused_at_the_trigger(
    position: int, order: NewAlgoOrder, settings: dict[str, Any], status: str, code: int
) -> None:
    """EXEC-6: no margin is asked before; the algo order says why, and no order came of it."""
    trader = held(position, **settings)
    placed = trader.place_algo(order)
    trader.core.take_events()
    events = play(trader, ("trade", 105 if order.side == "BUY" else 95))
    name = placed.client_algo_id
    assert happened(events) == [(name, "algo TRIGGERING"), (name, f"algo {status}")]
    assert (trader.algo(name).code, trader.algo(name).order_id) == (code, 0)
    assert trader.algo(name).reason
    assert trader.fills(name) == []


def test_close_position_covers_what_is_there_when_it_triggers() -> None:
    """EXEC-3: added to meanwhile; what another exit has closed is gone, and it expires."""
    trader = held(2)
    trader.place_algo(algo("SELL", "STOP_MARKET", at=95, client_algo_id="one"))
    trader.place_algo(algo("SELL", "STOP_MARKET", 5, at="94.9", reduce_only=True, client_algo_id="two"))
    trader.buy("0.5")
    trader.trade(94)
    assert trader.fills("one") == [("one", "2.5", "94")]
    assert (trader.order("one").close_position, trader.algo("two").code) == (True, -2022)


def test_a_reduce_only_trigger_takes_the_position_and_no_more() -> None:
    """EXEC-1: the rest expires."""
    trader = held(2)
    trader.place_algo(algo("SELL", "STOP_MARKET", 5, at=95, reduce_only=True, client_algo_id="s"))
    events = trader.trade(95)
    assert happened(events)[-3:] == [("s", "TRADE"), ("s", "EXPIRED"), ("s", "algo FINISHED")]
    assert trader.quantity() == 0


def test_price_protection_waits_until_mark_and_last_price_agree() -> None:
    """EXEC-1: |mark - last| beyond triggerProtect holds the trigger back."""
    trader = held(2, filters={BTC: filters(BTC, trigger_protect=D("0.02"))})
    trader.mark(100)
    trader.place_algo(algo("SELL", "STOP_MARKET", at=95, price_protect=True, client_algo_id="safe"))
    trader.trade(95)
    assert trader.algo("safe").status == "NEW"
    trader.mark(96.5)
    trader.trade(95.1)
    assert trader.algo("safe").status == "NEW"  # near enough now, but not reached any more
    trader.trade(95)
    assert trader.algo("safe").status == "FINISHED"


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (algo("SELL", "STOP_MARKET", at=100), -2021),
        (algo("SELL", "STOP_MARKET", at=101), -2021),
        (algo("BUY", "STOP_MARKET", 1, at=100), -2021),
        (algo("SELL", "TAKE_PROFIT_MARKET", at=100), -2021),
        (algo("BUY", "TAKE_PROFIT_MARKET", 1, at=100), -2021),
        (algo("SELL", "STOP_MARKET", at=95, working_type="MARK_PRICE"), -2021),  # the mark is at 90
        (algo("SELL", "TRAILING_STOP_MARKET", 1, callback_rate=1, activate_price=100), -2021),
        (algo("BUY", "TRAILING_STOP_MARKET", 1, callback_rate=1, activate_price=100), -2021),
        (algo("SELL", "STOP_MARKET", at=95, symbol="DOGEUSDT"), -1121),
        (algo("SELL", "STOP_MARKET", at=95, client_algo_id="a b"), -4015),
        (algo("SELL", "STOP_MARKET", at=95, client_algo_id="autoclose-7"), -4015),
        (algo("SELL", "STOP_MARKET", at=95, client_algo_id="taken"), -4116),
        (algo("SELL", "STOP_MARKET"), -1102),  # no trigger
        (algo("SELL", "STOP_MARKET", 1, at=95, close_position=True), -4137),
        (algo("SELL", "STOP_MARKET", None, at=95, close_position=False), -1102),
        (algo("SELL", "STOP_MARKET", None, at=95, reduce_only=True), -1106),
        (algo("SELL", "STOP", None, at=95, price=94), -4136),
        (algo("SELL", "STOP_MARKET", at=95, price=94), -1106),
        (algo("SELL", "STOP", 1, at=95), -1102),
        (algo("SELL", "STOP_MARKET", at=95, callback_rate=1), -1106),
        (algo("SELL", "STOP_MARKET", at=95, activate_price=110), -1106),
        (algo("SELL", "TRAILING_STOP_MARKET", 1), -1102),
        (algo("SELL", "TRAILING_STOP_MARKET", 1, callback_rate=1, at=95), -1106),
        (algo("SELL", "TRAILING_STOP_MARKET", 1, callback_rate="0.05"), -1102),
        (algo("SELL", "TRAILING_STOP_MARKET", 1, callback_rate=21), -1102),
        (algo("SELL", "STOP_MARKET", at="95.05"), -4014),
        (algo("SELL", "STOP_MARKET", at="NaN"), -1102),
        (algo("SELL", "STOP_MARKET", "0.0001", at=95), -4023),
        (algo("SELL", "STOP_MARKET", "0.01", at=95), -4164),
        (algo("SELL", "STOP_MARKET", at=95, position_side="LONG"), -4061),
        (algo("SELL", "STOP_MARKET", at=95, time_in_force="GTD"), -5040),
        (algo("SELL", "STOP_MARKET", at=95, good_till=10**12), -1106),
    ],
)
def test_a_conditional_order_that_cannot_be_is_refused_with_binances_code(order: NewAlgoOrder, code: int) -> None:
    """EXEC-6: the code says why, and nothing changed."""
    trader = held(1)
    trader.place_algo(algo("BUY", "STOP_MARKET", 1, at=200, client_algo_id="taken"))
    trader.mark(90)
    assert trader.refused(order) == code


def test_the_algo_book_has_a_bound_over_all_symbols_and_is_no_part_of_the_order_book() -> None:
    """EXEC-6: -4045; open orders and algo orders do not see each other; each is cancelled by its own call."""
    trader = held(1, settings=FREE.model_copy(update={"max_conditional_orders": 2}))
    trader.place_algo(algo("SELL", "STOP_MARKET", at=95, client_algo_id="a"))
    trader.place_algo(algo("BUY", "STOP_MARKET", 1, at=105, symbol=ETH, client_algo_id="b"))
    assert trader.refused(algo("SELL", "STOP_MARKET", 1, at=94)) == -4045
    trader.place(limit("BUY", 1, 90, client_id="a"))  # the same id in the other book
    assert [order.client_id for order in trader.core.open_orders()] == ["a"]
    assert [order.client_id for order in trader.core.cancel_all(BTC, trader.tick())] == ["a"]
    assert [each.client_algo_id for each in trader.core.open_algo_orders(ETH)] == ["b"]
    assert [each.status for each in trader.core.cancel_all_algos(BTC, trader.tick())] == ["CANCELED"]
    assert trader.core.cancel_all_algos("DOGEUSDT", trader.tick()) == []
    first = trader.algo("a")
    assert trader.core.algo_order(algo_id=first.algo_id) == first
    again = trader.place_algo(algo("SELL", "STOP_MARKET", at=94, client_algo_id="a"))  # the id is free again
    assert trader.algo("a").algo_id == again.algo_id > first.algo_id


def test_orders_of_two_kinds_at_one_price_go_stops_liquidation_targets_limits() -> None:
    """BT-1: the rule of one price."""
    trader = held(0, starting_wallet=D(10**6))
    trader.buy(10)
    trader.sell(5, symbol=ETH)
    trader.place(limit("SELL", 1, 105, client_id="limit"))
    trader.place_algo(algo("SELL", "TAKE_PROFIT_MARKET", 1, at=106, client_algo_id="target"))
    trader.place_algo(algo("BUY", "STOP_MARKET", 1, at=106, client_algo_id="stop"))
    trader.trade(106)
    # The limit lies beyond the gap: the price passed it first.
    assert [row[0] for row in trader.fills()[2:]] == ["limit", "stop", "target"]


def test_a_market_order_is_not_reached_by_conditional_orders_of_its_own() -> None:
    """BT-1: own executions are no trades of the market: they trigger nothing."""
    trader = held(0, half_spread_bps=D(100))
    trader.place_algo(algo("BUY", "STOP_MARKET", 1, at=100.5, client_algo_id="s"))
    trader.place(market("BUY", 1))
    assert (trader.fills()[0][2], trader.algo("s").status) == ("101", "NEW")


@pytest.mark.parametrize(
    ("second", "code"),
    [
        (algo("SELL", "STOP_MARKET", at=94), -4130),
        (algo("SELL", "TAKE_PROFIT_MARKET", at=106), -4130),
        (algo("SELL", "STOP_MARKET", 1, at=94), None),  # by quantity, as many as one likes
        (algo("BUY", "STOP_MARKET", at=106), None),  # of the other direction
        (algo("SELL", "STOP_MARKET", at=94, symbol=ETH), None),
    ],
)
def test_one_close_position_order_of_a_side_and_kind(second: NewAlgoOrder, code: int | None) -> None:
    """EXEC-3, EXEC-6: a stop and a take-profit beside each other, not two stops; -4130 says that one stands."""
    trader = held(1)
    trader.place_algo(algo("SELL", "STOP_MARKET", at=95, client_algo_id="stop"))
    trader.place_algo(algo("SELL", "TAKE_PROFIT_MARKET", at=105, client_algo_id="target"))
    if code is None:
        trader.place_algo(second)
        return
    assert trader.refused(second) == code
    trader.core.cancel_all_algos(BTC, trader.tick())
    trader.place_algo(second)


def test_each_leg_of_a_hedge_has_its_own_close_position_orders() -> None:
    """EXEC-3: LONG's stop and SHORT's are two sides."""
    trader = CoreTrader()
    trader.core.set_hedge_mode(True, trader.tick())
    trader.buy(1, position_side="LONG")
    trader.sell(1, position_side="SHORT")
    trader.place_algo(algo("SELL", "STOP_MARKET", at=95, position_side="LONG"))
    trader.place_algo(algo("BUY", "STOP_MARKET", at=105, position_side="SHORT"))
    assert trader.refused(algo("BUY", "STOP_MARKET", at=106, position_side="SHORT")) == -4130


@pytest.mark.parametrize(
    ("check", "limit_code", "market_code", "child"),
    [("off", None, None, "FINISHED"), ("limit", -4118, None, "FINISHED"), ("all", -4118, -4118, "REJECTED")],
)
def test_open_reduce_only_orders_that_cover_the_position_keep_others_from_closing_it(
    check: str, limit_code: int | None, market_code: int | None, child: str
) -> None:
    """EXEC-3, EXEC-6: -4118 by the setting: for no order, for LIMIT, or also for MARKET and the child of a stop."""
    trader = held(2, settings=FREE.model_copy(update={"reduce_only_check": check}))
    trader.place(limit("SELL", 2, 110, reduce_only=True, client_id="rests"))
    trader.place_algo(algo("SELL", "STOP_MARKET", at=95, client_algo_id="stop"))
    for order, code in (
        (limit("SELL", 1, 111, reduce_only=True, client_id="more"), limit_code),
        (market("SELL", "0.5", reduce_only=True), market_code),
    ):
        if code is None:
            trader.place(order)
        else:
            assert trader.refused(order) == code
    trader.core.cancel(BTC, trader.tick(), client_id="more")
    trader.trade(94)
    assert trader.algo("stop").status == child
    assert (trader.quantity() == 0) == (child == "FINISHED")
    if child == "REJECTED":
        assert trader.algo("stop").code == -4118
