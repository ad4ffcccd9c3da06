"""What the exchange does with a request at once: refuse, fill, rest, cancel (EXEC-1, EXEC-2, EXEC-6)."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from shared.exchange.errors import RULES
from shared.exchange.model.orders import NewOrder
from simulator.settings import SimulatorSettings
from tests.support.simulator.simulated_trader import (
    ETH,
    FREE,
    INSTRUMENTS,
    D,
    Trader,
    brief,
    cancel,
    ends,
    limit,
    market,
    order,
    query,
    stop,
    target,
)


def changed(original: NewOrder, **changes: object) -> NewOrder:
    return msgspec.structs.replace(original, **changes)


BUY = market("a", "BUY", 1)
LIMIT = limit("a", "BUY", 1, 90)
STOP = stop("a", "SELL", 90)


@pytest.mark.parametrize(
    ("refused", "code"),
    [
        (changed(BUY, client_id=""), -4015),
        (changed(BUY, client_id="x" * 37), -4015),
        (changed(BUY, client_id="a b"), -4015),
        (changed(BUY, client_id="autoclose-1"), -4015),
        (changed(BUY, symbol="DOGEUSDT"), -1121),
        (changed(BUY, price=D(90)), -1102),
        (changed(BUY, trigger=D(90)), -1102),
        (changed(LIMIT, price=None), -1102),
        (changed(LIMIT, trigger=D(90)), -1102),
        (changed(STOP, trigger=None), -1102),
        (changed(STOP, price=D(90)), -1102),
        (changed(BUY, close_position=True, quantity=None), -4136),
        (changed(LIMIT, close_position=True, quantity=None), -4136),
        (changed(STOP, quantity=D(1)), -4137),
        (changed(STOP, reduce_only=True), -4137),
        (changed(BUY, quantity=D("Infinity")), -1102),
        (changed(LIMIT, price=D("NaN")), -1102),
        (changed(STOP, trigger=D("-Infinity")), -1102),
        (changed(BUY, quantity=D(0)), -4003),
        (changed(BUY, quantity=D(-1)), -4003),
        (changed(BUY, quantity=D("0.0015")), -4023),
        (changed(BUY, quantity=D("1E-13")), -1111),
        (changed(BUY, quantity=D("1E-999999")), -1111),
        (changed(BUY, quantity=D("1E+999999")), -4005),
        (changed(BUY, quantity=D("0.001")), -4164),  # 0.1 USDT
        (changed(LIMIT, price=D(0)), -4013),
        (changed(LIMIT, price=D("90.05")), -4014),
        (changed(LIMIT, price=D("90.0000000000001")), -1111),
        (changed(LIMIT, price=D("1E+12")), -4016),
        (changed(STOP, trigger=D("90.05")), -4014),
        (changed(LIMIT, price=D(4), quantity=D(1)), -4164),
        (market("a", "SELL", 1, reduce_only=True), -2022),  # flat
        (limit("a", "SELL", 1, 110, reduce_only=True), -2022),
        (market("a", "BUY", 1_001), -2019),  # 10,000 x 10 at 100
        (limit("a", "BUY", 1_112, 90), -2019),
        (stop("a", "SELL", 100), -2021),  # a trigger at the last price is reached
        (stop("a", "SELL", 101), -2021),
        (stop("a", "BUY", 100), -2021),
        (stop("a", "BUY", 99), -2021),
        (target("a", "SELL", 100), -2021),
        (target("a", "SELL", 99), -2021),
        (target("a", "BUY", 100), -2021),
        (target("a", "BUY", 101), -2021),
    ],
)
def test_an_order_that_cannot_be_is_refused_with_binances_code(refused: NewOrder, code: int) -> None:
    """EXEC-6: by our own port or by the exchange; the code says why; account and book are untouched."""
    trader = Trader().at(100)
    if code == -2019:
        trader = Trader(SimulatorSettings(), leverage=10).at(100)
    before = trader.send(cancel("nothing")).account
    events = trader.send(refused)
    (answer,) = events.answers
    assert (answer.result, answer.code, bool(answer.message)) == ("refused", code, True)
    assert answer.sentence == RULES[code].sentence
    assert (events.fills, events.account) == ((), before)
    assert not trader.step((100, 200, 50, 100)).orders


def test_a_quantity_below_the_minimum_is_refused() -> None:
    """EXEC-6: -4004, where the minimum is more than a step."""
    coarse = {symbol: msgspec.structs.replace(fine, min_quantity=D("0.01")) for symbol, fine in INSTRUMENTS.items()}
    trader = Trader(FREE, coarse).at(10_000)
    assert trader.send(market("a", "BUY", "0.009")).orders[0].reject_code == -4004
    assert trader.send(market("b", "BUY", "0.01")).orders[0].status == "FILLED"


def test_nothing_trades_before_the_symbol_has_a_price() -> None:
    """BT-1: -2020 with the reason, per symbol."""
    trader = Trader()
    assert trader.send(market("a", "BUY", 1)).orders[0].reject_code == -2020
    trader.step((100, 100, 100, 100))
    events = trader.send(market("b", "BUY", 1), market("c", "BUY", 1, symbol=ETH))
    assert ends(events) == {"b": "FILLED", "c": "REJECTED"}


def test_the_book_has_a_bound() -> None:
    """EXEC-6: -2025 a symbol, -4045 the account; cancelling makes room."""
    trader = Trader(SimulatorSettings(max_open_orders=2, max_conditional_orders=1), leverage=10).at(100)
    answers = trader.send(
        limit("a", "BUY", 1, 90), limit("b", "BUY", 1, 90), limit("c", "BUY", 1, 90),
        limit("d", "BUY", 1, 90, symbol=ETH), stop("e", "SELL", 90), stop("f", "SELL", 90, symbol=ETH),
    ).orders  # fmt: skip
    assert [answer.reject_code for answer in answers] == [0, 0, -2025, 0, 0, -4045]
    events = trader.send(cancel("a"), limit("g", "BUY", 1, 90))
    assert ends(events) == {"a": "CANCELED", "g": "NEW"}


@pytest.mark.parametrize(
    ("asked", "price", "fee", "realized"),
    [
        # 1 bp from 50,000 to the tick, against the trader; fee 0.05 % of it
        (market("a", "BUY", 1), "50005", "25.0025", "0"),
        (market("a", "SELL", 1), "49995", "24.9975", "0"),
    ],
)
def test_a_market_order_fills_at_once_at_the_last_price_and_slippage(
    asked: NewOrder, price: str, fee: str, realized: str
) -> None:
    """BT-1: taker fee 0.0005, slippage 1 bp, all exact."""
    trader = Trader(SimulatorSettings(), leverage=10).at(50_000)
    events = trader.send(asked)
    (fill,) = events.fills
    assert (fill.price, fill.fee, fill.realized, fill.maker) == (D(price), D(fee), D(realized), False)
    assert (events.orders[0].status, events.orders[0].average_price) == ("FILLED", D(price))
    assert events.account.wallet == 10_000 - D(fee)
    assert events.account.equity == 10_000 - D(fee) - 5
    assert trader.step((50_000, 50_000, 50_000, 50_000)).fills == ()


def test_the_half_spread_is_paid_too() -> None:
    """BT-1: half_spread_bps comes on top of slippage."""
    trader = Trader(SimulatorSettings(half_spread_bps=D(2)), leverage=10).at(50_000)
    assert brief(trader.send(market("a", "BUY", 1)).fills) == [("a", "1", "50015")]


def test_order_beyond_a_layer_pays_more_also_when_split() -> None:
    """BT-1: layers of 10 % of the last candle's volume, 1 bp deeper each; the next candle brings new liquidity."""
    expected = [("1", "50005"), ("1", "50010"), ("0.5", "50015")]
    whole = Trader(SimulatorSettings(), leverage=100).at(50_000, volume=10.0)
    assert [row[1:] for row in brief(whole.send(market("a", "BUY", "2.5")).fills)] == expected
    split = Trader(SimulatorSettings(), leverage=100).at(50_000, volume=10.0)
    fills = split.send(market("a", "BUY", 1), market("b", "BUY", "0.4"), market("c", "BUY", "1.1")).fills
    assert [row[1:] for row in brief(fills)] == [("1", "50005"), ("0.4", "50010"), ("0.6", "50010"), ("0.5", "50015")]
    split.at(50_000, volume=10.0)
    assert brief(split.send(market("d", "SELL", 1)).fills) == [("d", "1", "49995")]


@pytest.mark.parametrize("volume", [0.0, 0.004])
def test_without_liquidity_the_last_layer_takes_all(volume: float) -> None:
    """BT-1: max_layers is the worst that a taker pays."""
    trader = Trader(SimulatorSettings(max_layers=3), leverage=10).at(50_000, volume=volume)
    assert brief(trader.send(market("a", "BUY", 1)).fills) == [("a", "1", "50020")]


def test_the_rest_beyond_the_last_layer_fills_in_it() -> None:
    """BT-1: one more layer than max_layers, however much it is."""
    trader = Trader(SimulatorSettings(max_layers=1), leverage=10).at(50_000, volume=1.0)
    events = trader.send(market("a", "BUY", 1))
    assert brief(events.fills) == [("a", "0.1", "50005"), ("a", "0.9", "50010")]
    assert events.orders[0].average_price == D("50009.5")
    assert brief(trader.send(market("b", "BUY", "0.1")).fills) == [("b", "0.1", "50010")]


def test_a_market_order_never_fills_below_one_tick() -> None:
    """BT-1: prices stay on the grid and positive."""
    trader = Trader(SimulatorSettings(), leverage=10).at(0.1)
    assert brief(trader.send(market("a", "SELL", 100)).fills) == [("a", "100", "0.1")]


@pytest.mark.parametrize(
    ("asked", "fills", "status"),
    [
        (limit("a", "BUY", 1, 49_999), [], "NEW"),
        (limit("a", "BUY", 1, 50_000), [("a", "1", "50000")], "FILLED"),  # slippage is capped by the limit
        (limit("a", "BUY", 1, 50_004), [("a", "1", "50004")], "FILLED"),
        (limit("a", "BUY", 2, 50_005), [("a", "1", "50005")], "PARTIALLY_FILLED"),  # the second layer is beyond it
        (limit("a", "BUY", 2, 50_010), [("a", "1", "50005"), ("a", "1", "50010")], "FILLED"),
        (limit("a", "SELL", 1, 50_001), [], "NEW"),
        (limit("a", "SELL", 1, 50_000), [("a", "1", "50000")], "FILLED"),
        (limit("a", "SELL", 2, 49_995), [("a", "1", "49995")], "PARTIALLY_FILLED"),
        (limit("a", "SELL", 2, 49_000), [("a", "1", "49995"), ("a", "1", "49990")], "FILLED"),
    ],
)
def test_a_marketable_limit_takes_up_to_its_price_and_rests_with_the_rest(
    asked: NewOrder, fills: list[tuple[str, str, str]], status: str
) -> None:
    """EXEC-1: taker fee for what it takes, never beyond its price."""
    trader = Trader(SimulatorSettings(), leverage=100).at(50_000, volume=10.0)
    events = trader.send(asked)
    assert (brief(events.fills), events.orders[0].status) == (fills, status)
    assert all(not fill.maker and fill.fee == fill.price * fill.quantity * D("0.0005") for fill in events.fills)


def test_the_rest_of_a_marketable_limit_fills_as_maker() -> None:
    """EXEC-1, BT-1: one order, both fees."""
    trader = Trader(SimulatorSettings(), leverage=100).at(50_000, volume=10.0)
    trader.send(limit("a", "BUY", 2, 50_005))
    events = trader.step((50_010, 50_010, 50_000, 50_000), volume=100.0)
    assert (brief(events.fills), events.fills[0].maker) == ([("a", "1", "50005")], True)
    assert (events.orders[0].status, events.orders[0].average_price) == ("FILLED", D(50_005))


@pytest.mark.parametrize(("side", "back"), [("BUY", "SELL"), ("SELL", "BUY")])
def test_reduce_only_closes_what_is_there_and_the_rest_expires(side: str, back: str) -> None:
    """EXEC-1: never opens, never turns; on the position's own side it is refused."""
    trader = Trader().at(100)
    trader.send(market("in", side, 2))  # type: ignore[arg-type]  # a side, from the table
    assert trader.send(market("more", side, 1, reduce_only=True)).orders[0].reject_code == -2022  # type: ignore[arg-type]  # as above
    events = trader.send(market("out", back, 3, reduce_only=True))  # type: ignore[arg-type]  # as above
    (out,) = events.orders
    assert (out.status, out.filled, out.quantity) == ("EXPIRED", D(2), D(3))
    assert events.account.positions == ()
    trader.send(market("in2", side, 2))  # type: ignore[arg-type]  # as above
    assert ends(trader.send(market("out2", back, 2, reduce_only=True))) == {"out2": "FILLED"}  # type: ignore[arg-type]  # as above


def test_a_marketable_reduce_only_limit_takes_the_position_and_no_more() -> None:
    """EXEC-1: the rest expires, it does not rest."""
    trader = Trader().at(100)
    trader.send(market("in", "BUY", 2))
    events = trader.send(limit("out", "SELL", 5, 99, reduce_only=True))
    assert (brief(events.fills), ends(events)) == ([("out", "2", "100")], {"out": "EXPIRED"})


def test_reduce_only_is_exempt_from_the_minimum_notional_and_from_margin() -> None:
    """EXEC-1: a small rest can always be closed."""
    trader = Trader().at(100)
    trader.send(market("in", "BUY", "0.05"), market("part", "SELL", "0.04", reduce_only=True))
    assert ends(trader.send(market("out", "SELL", "0.01", reduce_only=True))) == {"out": "FILLED"}


def test_margin_counts_positions_and_resting_limits_of_all_symbols() -> None:
    """BT-1: 10,000 USDT at leverage 10 carry 100,000 of notional, not more; exits carry nothing; of one symbol's two sides
    the larger counts, as on Binance."""
    trader = Trader(SimulatorSettings(taker_fee=D(0), slippage_bps=D(0)), leverage=10).at(100)
    assert ends(trader.send(market("a", "BUY", 500), limit("b", "BUY", 300, 90, symbol=ETH))) == {"a": "FILLED", "b": "NEW"}
    assert trader.send(market("c", "SELL", 501, symbol=ETH)).orders[0].reject_code == -2019
    assert ends(trader.send(limit("exit", "SELL", 500, 110, reduce_only=True), market("d", "SELL", 500, symbol=ETH))) == {
        "exit": "NEW",
        "d": "FILLED",
    }
    # What makes the position smaller, or turns it into one no larger, needs no margin.
    assert ends(trader.send(market("turn", "SELL", 1_000))) == {"turn": "FILLED"}
    assert trader.send(market("turn-more", "BUY", 1_001)).orders[0].reject_code == -2019


def test_a_position_that_is_not_made_larger_needs_no_margin() -> None:
    """BT-1: after a loss the margin no longer carries the position, yet it may be turned or reduced, and not enlarged."""
    trader = Trader(SimulatorSettings(taker_fee=D(0), slippage_bps=D(0)), leverage=10).at(100)
    trader.send(market("in", "BUY", 1_000))
    trader.at(95)
    assert trader.send(market("more", "BUY", 1)).orders[0].reject_code == -2019
    assert trader.send(market("turn-more", "SELL", 2_001)).orders[0].reject_code == -2019
    assert ends(trader.send(market("turn", "SELL", 2_000), market("reduce", "BUY", 10))) == {
        "turn": "FILLED",
        "reduce": "FILLED",
    }


def test_a_cancel_cancels_once_and_then_states_what_is() -> None:
    """EXEC-2: closed orders and unknown ones are -2011; a query states what is."""
    trader = Trader().at(100)
    trader.send(limit("rests", "BUY", 1, 90), market("filled", "BUY", 1))
    ending = cancel("rests")
    events = trader.send(ending, cancel("filled"))
    assert (ends(events), [each.code for each in events.answers]) == ({"rests": "CANCELED"}, [0, -2011])
    assert ends(trader.send(query("filled"))) == {"filled": "FILLED"}
    assert trader.send(ending).answers[0].code == -2011
    (unknown,) = trader.send(cancel("never")).answers
    assert (unknown.result, unknown.code, unknown.client_id) == ("refused", -2011, "never")
    assert not trader.step((100, 100, 80, 100)).fills
    # A cancel that met nothing does not use the id up.
    assert ends(trader.send(market("never", "BUY", 1))) == {"never": "FILLED"}


def test_a_cancel_under_the_wrong_symbol_is_refused_and_leaves_the_order() -> None:
    """EXEC-2: never a cancel of something else than was meant."""
    trader = Trader().at(100)
    trader.send(limit("a", "BUY", 1, 90))
    (answer,) = trader.send(cancel("a", symbol=ETH)).answers
    assert (answer.result, answer.code) == ("refused", -2011)
    assert brief(trader.step((100, 100, 80, 100)).fills) == [("a", "1", "90")]


def test_a_stop_order_type_table() -> None:
    """EXEC-1: all four conditional forms rest where they do not trigger."""
    trader = Trader().at(100)
    events = trader.send(
        order("a", "SELL", "STOP_MARKET", at=99.9), order("b", "BUY", "STOP_MARKET", at=100.1),
        order("c", "SELL", "TAKE_PROFIT_MARKET", at=100.1), order("d", "BUY", "TAKE_PROFIT_MARKET", at=99.9),
    )  # fmt: skip
    assert set(ends(events).values()) == {"NEW"}
    assert all(isinstance(o.trigger, Decimal) for o in events.orders)
