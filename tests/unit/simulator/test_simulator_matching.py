"""What one candle does to resting orders: candles as rows, the expected fills beside them (BT-1).

Costs are off and liquidity is endless unless a test is about them. The market stands at 100 when the orders are placed.
"""

from __future__ import annotations

import pytest

from shared.exchange.error_codes import ErrorCode
from shared.exchange.model.orders import NewOrder
from simulator.rejections import REASON
from simulator.settings import SimulatorSettings
from tests.support.simulator.simulated_trader import BTC, FREE, D, Row, Trader, brief, ends, limit, market, stop, target

FILL = tuple[str, str, str]


def held(position: int, *exits: NewOrder, settings: SimulatorSettings = FREE, leverage: int = 125) -> Trader:
    """A trader at 100 that is long (positive) or short, or flat, with these orders resting."""
    trader = Trader(settings, leverage=leverage).at(100)
    if position:
        trader.send(market("in", "BUY" if position > 0 else "SELL", abs(position)))
    placed = trader.send(*exits)
    assert {o.status for o in placed.orders} <= {"NEW"}
    return trader


LONG = (stop("stop", "SELL", 95), target("target", "SELL", 108))
SHORT = (stop("stop", "BUY", 105), target("target", "BUY", 92))


@pytest.mark.parametrize(
    ("position", "exits", "row", "expected"),
    [
        # position, exits, (open, high, low, close), fills
        (2, LONG, (100, 107, 96, 101), []),
        (2, LONG, (100, 107, 95, 101), [("stop", "2", "95")]),  # a touch triggers
        (2, LONG, (100, 107, 90, 101), [("stop", "2", "95")]),
        (2, LONG, (100, 108, 96, 101), [("target", "2", "108")]),
        (2, LONG, (100, 112, 96, 101), [("target", "2", "108")]),
        (2, LONG, (100, 112, 90, 111), [("stop", "2", "95")]),  # both inside: the stop wins
        (2, LONG, (93, 107, 90, 101), [("stop", "2", "93")]),  # gap beyond the stop: the open
        (2, LONG, (93, 112, 90, 101), [("stop", "2", "93")]),
        (2, LONG, (109, 112, 96, 101), [("target", "2", "109")]),  # gap beyond the target: the open as well
        (2, LONG, (109, 112, 90, 101), [("target", "2", "109")]),  # the open is the first price: no doubt here
        (-2, SHORT, (100, 104, 93, 101), []),
        (-2, SHORT, (100, 105, 93, 101), [("stop", "2", "105")]),
        (-2, SHORT, (100, 109, 93, 101), [("stop", "2", "105")]),
        (-2, SHORT, (100, 104, 92, 101), [("target", "2", "92")]),
        (-2, SHORT, (100, 109, 90, 91), [("stop", "2", "105")]),
        (-2, SHORT, (107, 109, 93, 101), [("stop", "2", "107")]),
        (-2, SHORT, (107, 109, 90, 101), [("stop", "2", "107")]),
        (-2, SHORT, (91, 104, 90, 101), [("target", "2", "91")]),
        (-2, SHORT, (91, 109, 90, 101), [("target", "2", "91")]),
    ],
)
def test_stop_and_target_of_a_position(position: int, exits: tuple[NewOrder, ...], row: Row, expected: list[FILL]) -> None:
    """BT-1: in doubt the stop was first; in a gap both fill at the first price that was traded."""
    trader = held(position, *exits)
    assert brief(trader.step(row).fills) == expected


@pytest.mark.parametrize(
    ("order", "row", "expected"),
    [
        (limit("e", "BUY", 2, 95), (100, 102, 95.1, 99), []),
        (limit("e", "BUY", 2, 95), (100, 102, 95, 99), []),  # touched is not traded through
        (limit("e", "BUY", 2, 95), (100, 102, 94.9, 99), [("e", "2", "95")]),
        (limit("e", "BUY", 2, 95), (95, 102, 95, 99), []),  # opens on it, goes away from it
        (limit("e", "BUY", 2, 95), (92, 102, 90, 99), [("e", "2", "95")]),  # a gap: it rested at its price
        (limit("e", "SELL", 2, 105), (100, 105, 99, 99), []),
        (limit("e", "SELL", 2, 105), (100, 105.1, 99, 99), [("e", "2", "105")]),
        (limit("e", "SELL", 2, 105), (108, 109, 99, 99), [("e", "2", "105")]),
        (stop("e", "BUY", 105, 2), (100, 104.9, 99, 99), []),
        (stop("e", "BUY", 105, 2), (100, 105, 99, 99), [("e", "2", "105")]),
        (stop("e", "BUY", 105, 2), (107, 109, 99, 99), [("e", "2", "107")]),
        (stop("e", "SELL", 95, 2), (100, 101, 95, 99), [("e", "2", "95")]),
        (stop("e", "SELL", 95, 2), (93, 101, 92, 99), [("e", "2", "93")]),
        (target("e", "BUY", 95, 2), (100, 101, 95, 99), [("e", "2", "95")]),
        (target("e", "BUY", 95, 2), (93, 101, 92, 99), [("e", "2", "93")]),
        (target("e", "SELL", 105, 2), (107, 109, 99, 99), [("e", "2", "107")]),
    ],
)
def test_an_entry_of_every_type_and_side(order: NewOrder, row: Row, expected: list[FILL]) -> None:
    """BT-1: limits fill at their price when traded through, triggers fire on touch and get the first price."""
    assert brief(held(0, order).step(row).fills) == expected


def test_a_touch_fills_limits_when_the_settings_say_so() -> None:
    """BT-1: limit_fills = touch."""
    settings = FREE.model_copy(update={"limit_fills": "touch"})
    assert brief(held(0, limit("e", "BUY", 2, 95), settings=settings).step((100, 102, 95, 99)).fills) == [("e", "2", "95")]
    assert brief(held(0, limit("e", "SELL", 2, 105), settings=settings).step((100, 105, 99, 99)).fills) == [
        ("e", "2", "105")
    ]


BRACKET_LONG = (stop("stop", "SELL", 92), target("target", "SELL", 108))
BRACKET_SHORT = (stop("stop", "BUY", 108), target("target", "BUY", 92))


@pytest.mark.parametrize(
    ("orders", "row", "fills", "statuses"),
    [
        # The entry fills late, the stop after it; the high was behind: the target met no position and is gone.
        (
            (limit("entry", "BUY", 1, 95), *BRACKET_LONG),
            (100, 110, 90, 105),
            [("entry", "1", "95"), ("stop", "1", "92")],
            {"target": "EXPIRED", "entry": "FILLED", "stop": "FILLED"},
        ),
        # The low stays above the stop: the position is held to the close.
        (
            (limit("entry", "BUY", 1, 95), *BRACKET_LONG),
            (100, 107, 93, 105),
            [("entry", "1", "95")],
            {"entry": "FILLED"},
        ),
        # A buy stop fills on the way up: the low comes next, the stop before the target.
        (
            (stop("entry", "BUY", 105, 1), *BRACKET_LONG),
            (100, 110, 90, 105),
            [("entry", "1", "105"), ("stop", "1", "92")],
            {"entry": "FILLED", "stop": "FILLED", "target": "EXPIRED"},
        ),
        # The low does not reach the stop: then the target on the way to the high.
        (
            (stop("entry", "BUY", 105, 1), *BRACKET_LONG),
            (100, 110, 95, 105),
            [("entry", "1", "105"), ("target", "1", "108")],
            {"entry": "FILLED", "target": "FILLED"},
        ),
        # Short mirrors.
        (
            (limit("entry", "SELL", 1, 105), *BRACKET_SHORT),
            (100, 110, 90, 95),
            [("entry", "1", "105"), ("stop", "1", "108")],
            {"target": "EXPIRED", "entry": "FILLED", "stop": "FILLED"},
        ),
        (
            (stop("entry", "SELL", 95, 1), *BRACKET_SHORT),
            (100, 110, 90, 95),
            [("entry", "1", "95"), ("stop", "1", "108")],
            {"entry": "FILLED", "stop": "FILLED", "target": "EXPIRED"},
        ),
        (
            (stop("entry", "SELL", 95, 1), *BRACKET_SHORT),
            (100, 105, 90, 95),
            [("entry", "1", "95"), ("target", "1", "92")],
            {"entry": "FILLED", "target": "FILLED"},
        ),
        # A gap through entry and stop: the entry at its price, the stop at the open.
        (
            (limit("entry", "BUY", 1, 95), stop("stop", "SELL", 92, 1, reduce_only=True)),
            (90, 91, 89, 90),
            [("entry", "1", "95"), ("stop", "1", "90")],
            {"entry": "FILLED", "stop": "FILLED"},
        ),
    ],
)
def test_an_entry_that_fills_inside_a_candle_meets_the_rest_of_it(
    orders: tuple[NewOrder, ...], row: Row, fills: list[FILL], statuses: dict[str, str]
) -> None:
    """BT-1: the remaining path is the worst for the new position."""
    events = held(0, *orders).step(row)
    assert brief(events.fills) == fills
    assert ends(events) == statuses


def test_a_stop_that_turns_the_position_goes_on_as_the_other_side() -> None:
    """BT-1: an order without reduce-only may flip; the path then is the short's."""
    trader = held(1, stop("turn", "SELL", 95, 3), stop("cover", "BUY", 108, 2, reduce_only=True))
    events = trader.step((100, 110, 90, 100))
    assert brief(events.fills) == [("turn", "3", "95"), ("cover", "2", "108")]
    assert [fill.realized for fill in events.fills] == [D(-5), D(-26)]
    assert events.account.positions == ()


def test_two_stops_share_the_position_in_the_order_of_the_price() -> None:
    """BT-1: nearer first; the second takes what is left, and no more."""
    trader = held(3, stop("far", "SELL", 94, 3, reduce_only=True), stop("near", "SELL", 96, 2, reduce_only=True))
    events = trader.step((100, 100, 90, 91))
    assert brief(events.fills) == [("near", "2", "96"), ("far", "1", "94")]
    assert ends(events) == {"near": "FILLED", "far": "EXPIRED"}


def test_of_two_orders_at_one_price_the_earlier_goes_first() -> None:
    """BT-1: price, then time."""
    trader = held(3, stop("first", "SELL", 95, 2, reduce_only=True), stop("second", "SELL", 95, 2, reduce_only=True))
    assert brief(trader.step((100, 100, 90, 91)).fills) == [("first", "2", "95"), ("second", "1", "95")]


def test_close_position_closes_what_is_there_when_it_triggers() -> None:
    """EXEC-3: partial fills of the entry are covered too; the order then states its quantity."""
    trader = held(2, stop("stop", "SELL", 95))
    trader.send(market("more", "BUY", "0.5"))
    (closed,) = trader.step((100, 100, 90, 91)).orders
    assert (closed.status, closed.quantity, closed.filled, closed.average_price) == ("FILLED", D("2.5"), D("2.5"), D(95))


@pytest.mark.parametrize("position", [0, -1])
def test_exits_without_a_position_to_reduce_expire_and_fill_nothing(position: int) -> None:
    """BT-1: closePosition and reduce-only orders that trigger flat, or on the wrong side, EXPIRE."""
    trader = held(position, stop("a", "SELL", 95), target("b", "SELL", 104), stop("c", "SELL", 94, 1, reduce_only=True))
    events = trader.step((100, 105, 90, 100))
    assert not events.fills
    assert ends(events) == {"a": "EXPIRED", "b": "EXPIRED", "c": "EXPIRED"}
    assert all(o.reject_reason == REASON[ErrorCode.REDUCE_ONLY_REJECT] for o in events.orders)


def test_exits_stay_resting_when_the_position_goes_flat() -> None:
    """BT-1: as on Binance; whoever placed them cancels them."""
    trader = held(1, *LONG)
    assert ends(trader.step((100, 101, 94, 100))) == {"stop": "FILLED"}
    assert ends(trader.step((100, 109, 99, 100))) == {"target": "EXPIRED"}


@pytest.mark.parametrize(
    ("position", "side", "at", "row"), [(3, "SELL", 105, (100, 106, 99, 100)), (-3, "BUY", 95, (100, 101, 94, 100))]
)
def test_a_reduce_only_limit_takes_profit_and_never_turns_the_position(
    position: int, side: str, at: float, row: Row
) -> None:
    """BT-1: what exceeds the position expires."""
    trader = held(position)
    trader.send(limit("exit", side, 5, at, reduce_only=True))  # type: ignore[arg-type]  # a side, from the table
    events = trader.step(row)
    assert brief(events.fills) == [("exit", "3", str(at))]
    assert ends(events) == {"exit": "EXPIRED"}
    assert events.account.positions == ()


def test_a_reduce_only_limit_without_a_position_expires_when_reached() -> None:
    """BT-1: the position went before the limit was reached."""
    trader = held(1)
    trader.send(limit("exit", "SELL", 1, 105, reduce_only=True), market("out", "SELL", 1))
    events = trader.step((100, 106, 99, 100))
    assert (ends(events), events.fills) == ({"exit": "EXPIRED"}, ())


def test_a_limit_gets_its_share_of_the_volume_candle_by_candle() -> None:
    """BT-1: participation 10 % of 20 and 30, then the rest; maker fee each time; the average is of all fills."""
    settings = SimulatorSettings()
    trader = Trader(settings, leverage=10).at(100)
    trader.send(limit("e", "BUY", 6, 95))
    first = trader.step((100, 100, 94, 96), volume=20.0)
    assert (brief(first.fills), ends(first)) == ([("e", "2", "95")], {"e": "PARTIALLY_FILLED"})
    assert (first.fills[0].maker, first.fills[0].fee) == (True, D("0.0380"))
    assert brief(trader.step((96, 96, 94, 96), volume=0.0).fills) == []  # no volume, no fill
    assert brief(trader.step((96, 96, 94, 96), volume=30.0).fills) == [("e", "3", "95")]
    last = trader.step((96, 96, 94, 96), volume=30.0)
    assert (brief(last.fills), ends(last)) == ([("e", "1", "95")], {"e": "FILLED"})
    assert (last.orders[0].filled, last.orders[0].average_price) == (D(6), D(95))
    assert len({fill.id for fill in (*first.fills, *last.fills)}) == 2


def test_limits_of_one_symbol_share_the_volume() -> None:
    """BT-1: the nearer gets it first."""
    trader = Trader(SimulatorSettings(), leverage=10).at(100)
    trader.send(limit("far", "BUY", 2, 94), limit("near", "BUY", 2, 95))
    assert brief(trader.step((100, 100, 90, 96), volume=30.0).fills) == [("near", "2", "95"), ("far", "1", "94")]


def test_a_stop_pays_slippage_and_deeper_layers() -> None:
    """BT-1: 1 bp, then 1 bp a layer of 10 % of the volume; prices to the tick, against the trader."""
    trader = Trader(SimulatorSettings(), leverage=10).at(50_000)
    trader.send(market("in", "BUY", "0.5"), stop("stop", "SELL", 49_000))
    events = trader.step((50_000, 50_000, 48_000, 48_500), volume=2.0)
    assert brief(events.fills) == [("stop", "0.2", "48995.1"), ("stop", "0.2", "48990.2"), ("stop", "0.1", "48985.3")]
    assert ends(events) == {"stop": "FILLED"}
    assert all(not fill.maker for fill in events.fills)


def test_an_entry_that_triggers_without_margin_expires() -> None:
    """BT-1: conditional orders bind no margin while they wait; they are asked when they trigger (-2019)."""
    trader = Trader(SimulatorSettings(), leverage=10).at(100)
    trader.send(stop("e", "BUY", 110, 2_000))
    events = trader.step((100, 112, 100, 111))
    assert (ends(events), events.fills) == ({"e": "EXPIRED"}, ())
    assert events.orders[0].reject_reason == REASON[ErrorCode.MARGIN_NOT_SUFFICIENT]


def test_margin_of_a_triggered_entry_is_counted_at_the_price_that_triggers_it() -> None:
    """BT-1: 500 held from 100 have lost 4,000 at 92; the 6,000 left carry 60,000, not 92,000."""
    trader = held(500, target("dip", "BUY", 92, 500), leverage=10)
    assert ends(trader.step((100, 100, 91, 100))) == {"dip": "EXPIRED"}
    trader = held(500, target("dip", "BUY", 92, 100), leverage=10)
    assert ends(trader.step((100, 100, 91, 100))) == {"dip": "FILLED"}


def test_symbols_do_not_meet_each_other() -> None:
    """BT-1: each walks its own candle; a symbol without one does not move."""
    trader = held(1, *LONG)
    events = trader.step()
    assert (events.orders, events.fills, events.account.equity) == ((), (), D(10_000))
    other = trader.step((100, 101, 99, 100), (1, 200, 1, 100))
    assert not other.fills
    assert other.account.positions[0].symbol == BTC
