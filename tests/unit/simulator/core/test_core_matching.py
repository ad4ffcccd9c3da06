"""What ticks do to orders: events as rows, the expected executions beside them (BT-1, EXEC-1, binance.md §4.4, §5.3)."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.core.model.events import AccountUpdate, OrderUpdate
from simulator.core.model.requests import Amendment, NewOrder, Refusal
from tests.support.simulator.core_trader import BTC, ETH, FREE, CoreTrader, D, algo, filters, happened, limit, market

Event = tuple[Any, ...]
BUY5 = limit("BUY", 5, 99, client_id="a")
SELL5 = limit("SELL", 5, 101, client_id="a")


def play(trader: CoreTrader, events: list[Event]) -> None:
    for kind, *values in events:
        {"trade": trader.trade, "quote": trader.quote, "mark": trader.mark}[kind](*values)


@pytest.mark.parametrize(
    ("order", "events", "fills", "status"),
    [
        # order resting at 100; events; executions of it; what it is then
        (BUY5, [("trade", 99.1)], [], "NEW"),
        (BUY5, [("trade", 99)], [], "NEW"),  # touched is not traded through
        (BUY5, [("trade", 98.9)], [("5", "99")], "FILLED"),
        (BUY5, [("trade", 90)], [("5", "99")], "FILLED"),  # a gap: it rested at its price
        (BUY5, [("trade", 98.9, 2)], [("2", "99")], "PARTIALLY_FILLED"),  # no more than was traded
        (BUY5, [("trade", 98.9, 2), ("trade", 98.8, 2), ("trade", 98.7, 2)], [("2", "99"), ("2", "99"), ("1", "99")],
         "FILLED"),
        (BUY5, [("trade", 98.9, 2), ("trade", 99.5)], [("2", "99")], "PARTIALLY_FILLED"),
        (BUY5, [("quote", 98.8, 99.1)], [], "NEW"),
        (BUY5, [("quote", 98.8, 99)], [("5", "99")], "FILLED"),  # someone offers at its price
        (BUY5, [("quote", 98.8, 98.9, 3, 3)], [("3", "99")], "PARTIALLY_FILLED"),
        (BUY5, [("quote", 98.8, 98.9, 9, 3), ("quote", 98.8, 98.9, 9, 1)], [("3", "99"), ("1", "99")], "PARTIALLY_FILLED"),
        (BUY5, [("mark", 90)], [], "NEW"),
        (SELL5, [("trade", 101)], [], "NEW"),
        (SELL5, [("trade", 101.1)], [("5", "101")], "FILLED"),
        (SELL5, [("quote", 101, 101.2, 1, 1)], [("1", "101")], "PARTIALLY_FILLED"),
        (SELL5, [("quote", 100.9, 101.2)], [], "NEW"),
    ],
)  # fmt: skip
def test_a_resting_limit(order: NewOrder, events: list[Event], fills: list[tuple[str, str]], status: str) -> None:
    """BT-1: traded through, or crossed by the quote, at its own price, as far as the quantity goes; as maker."""
    trader = CoreTrader()
    trader.place(order)
    play(trader, events)
    assert [row[1:] for row in trader.fills()] == fills
    assert trader.order("a").status == status
    assert all(trade.maker for trade in trader.core.trades())


def test_executions_are_on_the_step_grid() -> None:
    """BT-1: what a trade or a quote offers beyond the grid is not had."""
    trader = CoreTrader(layer_slippage_bps=D(10))
    trader.place(limit("BUY", 2, 99, client_id="a"))
    trader.trade(98.9, "0.0019")
    trader.trade(98.9, "0.0009")
    trader.quote(98.8, 98.9, "0.5", "0.0029")
    assert trader.fills() == [("a", "0.001", "99"), ("a", "0.002", "99")]
    trader.quote(110, 110.1, "0.0015", "0.0015")
    trader.buy(1, client_id="b")
    assert trader.fills("b")[0] == ("b", "0.001", "110.1")


def test_limits_share_what_is_there_best_price_first_then_first_come() -> None:
    """BT-1: price, then time."""
    for event in (("trade", 98, 5), ("quote", 97, 98, 5, 5)):
        trader = CoreTrader()
        for name, price in (("low", 98.5), ("first", 99), ("second", 99)):
            trader.place(limit("BUY", 2, price, client_id=name))
        play(trader, [event])
        assert trader.fills() == [("first", "2", "99"), ("second", "2", "99"), ("low", "1", "98.5")]


TAKE = market("BUY", 5, client_id="a")


@pytest.mark.parametrize(
    ("order", "fills", "status"),
    [
        # quote 99.9 / 100.1 with 2 on either side; what is deeper costs 10 bps a layer of 2
        (market("BUY", 1, client_id="a"), [("1", "100.1")], "FILLED"),
        (market("BUY", 5, client_id="a"), [("2", "100.1"), ("2", "100.3"), ("1", "100.4")], "FILLED"),
        (market("SELL", 3, client_id="a"), [("2", "99.9"), ("1", "99.8")], "FILLED"),
        (limit("BUY", 5, 100.1, client_id="a"), [("2", "100.1")], "PARTIALLY_FILLED"),
        (limit("BUY", 5, 100, client_id="a"), [], "NEW"),
        (limit("BUY", 5, 100.1, client_id="a", time_in_force="IOC"), [("2", "100.1")], "EXPIRED"),
        (limit("BUY", 5, 100, client_id="a", time_in_force="IOC"), [], "EXPIRED"),
        (limit("BUY", 5, 100.4, client_id="a", time_in_force="FOK"), [("2", "100.1"), ("2", "100.3"), ("1", "100.4")],
         "FILLED"),
        (limit("BUY", 5, 100, client_id="a", time_in_force="GTX"), [], "NEW"),
        (limit("SELL", 2, 99.9, client_id="a", time_in_force="FOK"), [("2", "99.9")], "FILLED"),
        (limit("SELL", 2, 100, client_id="a", time_in_force="GTX"), [], "NEW"),
    ],
)  # fmt: skip
def test_time_in_force_against_a_quote(order: NewOrder, fills: list[tuple[str, str]], status: str) -> None:
    """EXEC-1: MARKET, GTC, IOC, FOK, GTX; takers get the quote first and then deeper layers, as takers."""
    trader = CoreTrader(layer_slippage_bps=D(10))
    trader.quote(99.9, 100.1, 2, 2)
    placed = trader.place(order)
    assert [row[1:] for row in trader.fills()] == fills
    assert (placed.status, trader.order("a").status) == (status, status)
    assert not any(trade.maker for trade in trader.core.trades())


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (limit("BUY", 5, 100.1, time_in_force="GTX"), -5022),
        (limit("SELL", 5, 99.9, time_in_force="GTX"), -5022),
        (limit("BUY", 5, 100.3, time_in_force="FOK"), -5021),
        (limit("SELL", 1, 100, time_in_force="FOK"), -5021),
    ],
)
def test_post_only_and_fill_or_kill_are_refused_when_they_cannot(order: NewOrder, code: int) -> None:
    """EXEC-6: -5022 and -5021, and nothing happened."""
    trader = CoreTrader(layer_slippage_bps=D(10))
    trader.quote(99.9, 100.1, 2, 2)
    assert trader.refused(order) == code


def test_a_quote_without_sizes_costs_the_slippage_and_is_endless() -> None:
    """BT-1: paper mode's bookTicker may have no sizes."""
    trader = CoreTrader(slippage_bps=D(10))
    trader.quote(99.9, 100.1)
    trader.buy(50)
    assert [row[1:] for row in trader.fills()] == [("50", "100.3")]


def test_quote_liquidity_taken_is_gone_until_the_next_quote() -> None:
    """BT-1: an order split in two pays what the whole would have paid."""
    trader = CoreTrader(layer_slippage_bps=D(10))
    trader.quote(99.9, 100.1, 2, 2)
    trader.buy(1)
    trader.buy(2)
    assert [row[1:] for row in trader.fills()] == [("1", "100.1"), ("1", "100.1"), ("1", "100.3")]
    trader.quote(99.9, 100.1, 2, 2)
    trader.buy(2)
    assert trader.fills()[-1][1:] == ("2", "100.1")


def test_without_a_quote_takers_pay_the_last_price_spread_and_slippage() -> None:
    """BT-1: endless when only trades are known."""
    trader = CoreTrader(half_spread_bps=D(10), slippage_bps=D(10))
    trader.buy(50)
    assert [row[1:] for row in trader.fills()] == [("50", "100.2")]


def test_a_market_order_stops_at_its_bound_around_the_mark() -> None:
    """EXEC-6: -4131 when the best price is beyond it; what is deeper than the bound expires."""
    bounded = {BTC: filters(BTC, market_take_bound=D("0.002"))}
    trader = CoreTrader(filters=bounded, layer_slippage_bps=D(10))
    trader.quote(99.9, 100.1, 2, 2)
    placed = trader.buy(5, client_id="a")
    assert [row[1:] for row in trader.fills()] == [("2", "100.1")]
    assert placed.status == "EXPIRED"
    trader.quote(99.9, 100.3, 2, 2)
    assert trader.refused(market("BUY", 1)) == -4131


def test_the_news_of_an_order_come_in_order_and_the_account_with_them() -> None:
    """EXEC-2: NEW, the trades, then the account with the leg; a resting order moves no account."""
    trader = CoreTrader(taker_fee=D("0.001"), layer_slippage_bps=D(10))
    trader.quote(99.9, 100.1, 2, 2)
    trader.buy(3, client_id="a")
    events = trader.core.take_events()
    assert happened(events) == [("a", "NEW"), ("a", "TRADE"), ("a", "TRADE")]
    assert [each.order.status for each in events if isinstance(each, OrderUpdate)] == ["NEW", "PARTIALLY_FILLED", "FILLED"]
    (account,) = [each for each in events if isinstance(each, AccountUpdate)]
    assert (account.reason, account.wallet, account.change) == ("ORDER", D("9999.6995"), 0)
    assert [(leg.symbol, leg.quantity, leg.isolated_wallet) for leg in account.positions] == [(BTC, D(3), D(0))]
    assert isinstance(events[-1], AccountUpdate)
    trader.place(limit("BUY", 1, 90))
    assert not any(isinstance(each, AccountUpdate) for each in trader.core.take_events())


def amendment(**changes: Any) -> Amendment:
    fields = {"symbol": BTC, "side": "BUY", "quantity": D(5), "price": D(98), "client_id": "a"} | changes
    return Amendment(**fields)


def test_an_amended_order_goes_to_the_end_of_the_queue() -> None:
    """EXEC-1: price and quantity change, the place in the queue is lost."""
    trader = CoreTrader()
    for name in ("a", "b"):
        trader.place(limit("BUY", 5, 99, client_id=name))
    trader.core.take_events()
    amended = trader.core.amend(amendment(quantity=D(4), price=D(99)), trader.tick())
    assert not isinstance(amended, Refusal)
    assert (amended.quantity, amended.amendments, amended.status) == (D(4), 1, "NEW")
    assert happened(trader.core.take_events()) == [("a", "AMENDMENT")]
    trader.trade(98, 6)
    assert trader.fills() == [("b", "5", "99"), ("a", "1", "99")]
    again = trader.core.amend(amendment(quantity=D(3), price=D(97)), trader.tick())
    assert not isinstance(again, Refusal)
    assert (again.status, again.remaining) == ("PARTIALLY_FILLED", D(2))


@pytest.mark.parametrize(
    ("changes", "forces", "result"),
    [
        ({"price": D(101)}, "GTC", "FILLED"),  # it takes
        ({"price": D(101)}, "GTX", "CANCELED"),  # it would take, and may not
        ({"price": D(98), "quantity": D(1)}, "GTC", "CANCELED"),  # less than is executed
        ({"price": D(99), "quantity": D(5)}, "GTC", -5027),
        ({"price": D("98.05")}, "GTC", -4014),
        ({"quantity": D("0.0001")}, "GTC", -4023),
        ({"quantity": D("1.01"), "price": D(4)}, "GTC", -5029),
        ({"reduce_only": True}, "GTC", -5047),
        ({"side": "SELL"}, "GTC", -2013),
        ({"client_id": "none"}, "GTC", -2013),
        ({"symbol": ETH}, "GTC", -2013),
        ({"quantity": D(5_000)}, "GTC", -2019),
    ],
)  # fmt: skip
def test_amendment_is_applied_or_refused(changes: dict[str, Any], forces: str, result: str | int) -> None:
    """EXEC-1, EXEC-6: the order had 5 at 99, of which 1 is executed."""
    trader = CoreTrader()
    trader.place(limit("BUY", 5, 99, client_id="a", time_in_force=forces))
    trader.trade(98, 1)
    trader.trade(100)
    before = trader.core.snapshot()
    answer = trader.core.amend(amendment(**changes), trader.now)
    if isinstance(answer, Refusal):
        assert (int(answer.code), trader.core.snapshot()) == (result, before)
    else:
        assert answer.status == result


def test_an_order_is_amended_only_so_often() -> None:
    """EXEC-6: -5026."""
    trader = CoreTrader(max_amendments=1)
    trader.place(BUY5)
    assert not isinstance(trader.core.amend(amendment(), trader.tick()), Refusal)
    answer = trader.core.amend(amendment(price=D(97)), trader.tick())
    assert isinstance(answer, Refusal)
    assert answer.code == -5026


@pytest.mark.parametrize(
    ("mode", "taker", "maker"),
    [
        ("NONE", "FILLED", "NEW"),
        ("EXPIRE_MAKER", "FILLED", "EXPIRED_IN_MATCH"),
        ("EXPIRE_TAKER", "EXPIRED_IN_MATCH", "NEW"),
        ("EXPIRE_BOTH", "EXPIRED_IN_MATCH", "EXPIRED_IN_MATCH"),
    ],
)
def test_self_trade_prevention_goes_by_the_takers_mode(mode: str, taker: str, maker: str) -> None:
    """EXEC-1: an own limit that the order would trade against; one beyond its price is left alone."""
    trader = CoreTrader()
    trader.quote(99, 101)
    trader.place(limit("SELL", 1, 102, client_id="maker"))
    trader.place(limit("SELL", 1, 110, client_id="far"))
    trader.place(limit("BUY", 1, 103, client_id="taker", self_trade_prevention=mode))
    assert [trader.order(name).status for name in ("taker", "maker", "far")] == [taker, maker, "NEW"]


def test_orders_that_are_good_till_a_date_expire_then() -> None:
    """EXEC-1: GTD of both books, whatever call brings the time."""
    trader = CoreTrader()
    till = trader.now + 600_100
    trader.place(limit("BUY", 1, 90, client_id="a", time_in_force="GTD", good_till=till))
    trader.place_algo(algo("SELL", "STOP_MARKET", 1, at=90, client_algo_id="s", time_in_force="GTD", good_till=till + 5))
    trader.core.on_trade(BTC, D(100), till - 1)
    assert trader.order("a").status == "NEW"
    trader.core.on_mark(BTC, D(100), till)
    assert (trader.order("a").status, trader.order("a").updated, trader.algo("s").status) == ("EXPIRED", till, "NEW")
    trader.core.on_quote(BTC, D(99), D(101), till + 9)
    assert (trader.algo("s").status, trader.algo("s").updated) == ("EXPIRED", till + 5)


def test_a_countdown_cancels_the_symbols_orders_unless_asked_again() -> None:
    """EXEC-1: order book only; algo orders and other symbols stay; 0 takes it back."""
    trader = CoreTrader()
    trader.place(limit("BUY", 1, 90, client_id="a"))
    trader.place(limit("BUY", 1, 90, client_id="eth", symbol=ETH))
    trader.place_algo(algo("SELL", "STOP_MARKET", 1, at=80, client_algo_id="s"))
    assert trader.core.countdown(BTC, 100, 2_000) is None
    assert trader.core.countdown(BTC, 100, 2_050) is None
    trader.core.on_time(2_149)
    assert trader.order("a").status == "NEW"
    trader.core.on_time(2_150)
    assert [trader.order(name).status for name in ("a", "eth")] == ["CANCELED", "NEW"]
    assert trader.algo("s").status == "NEW"
    trader.core.countdown(ETH, 100, 3_000)
    trader.core.countdown(ETH, 0, 3_001)
    trader.core.on_time(9_000)
    assert trader.order("eth").status == "NEW"
    assert isinstance(trader.core.countdown("DOGEUSDT", 1, 9_000), Refusal)


def test_a_batch_goes_on_after_a_refusal_and_cancels_work_by_either_id() -> None:
    """EXEC-1, EXEC-6: element by element."""
    trader = CoreTrader()
    answers = trader.core.place_batch([BUY5, limit("BUY", 1, 99, client_id="a"), limit("BUY", 1, 99)], trader.tick())
    assert [isinstance(answer, Refusal) for answer in answers] == [False, True, False]
    number = trader.core.open_orders()[1].order_id
    first = trader.core.cancel(BTC, trader.tick(), client_id="a")
    second = trader.core.cancel(BTC, trader.tick(), order_id=number)
    assert [getattr(answer, "status", None) for answer in (first, second)] == ["CANCELED", "CANCELED"]
    for again in (
        trader.core.cancel(BTC, trader.tick(), order_id=number),
        trader.core.cancel(ETH, trader.tick(), client_id="a"),
    ):
        assert isinstance(again, Refusal)
        assert again.code == -2011
    trader.place(BUY5)  # a closed order's client id is free again
    ids = [order.order_id for order in trader.core.orders(BTC)]
    assert ids == sorted(set(ids))
    assert trader.order("a").order_id == ids[2] > number
    assert [order.client_id for order in trader.core.cancel_all(BTC, trader.tick())] == ["a"]
    assert trader.core.cancel_all("DOGEUSDT", trader.tick()) == []


def test_queries_know_what_is_open_and_what_was() -> None:
    """EXEC-2: open, all, by id, by client id, trades of an order."""
    trader = CoreTrader()
    trader.place(limit("BUY", 2, 99, client_id="a"))
    trader.buy(1, client_id="b", symbol=ETH)
    assert [order.client_id for order in trader.core.open_orders()] == ["a"]
    assert [order.client_id for order in trader.core.orders()] == ["a", "b"]
    assert trader.core.open_orders(ETH) == []
    assert trader.core.order(BTC, client_id="a") == trader.core.order(BTC, order_id=trader.order("a").order_id)
    assert trader.core.order(ETH, client_id="a") is None
    assert trader.core.order(BTC, order_id=9) is None
    assert [trade.client_id for trade in trader.core.trades(ETH)] == ["b"]
    assert trader.core.trades(order_id=9) == []
    assert [position.symbol for position in trader.core.positions()] == [BTC, ETH]  # one for its open order
    assert [position.symbol for position in trader.core.positions(ETH)] == [ETH]
    assert trader.core.positions("DOGEUSDT") == []
    assert trader.core.filters("DOGEUSDT") is None
    assert (trader.core.last_price(BTC), trader.core.mark_price(BTC)) == (D(100), D(100))


def test_closed_orders_beyond_the_bound_are_forgotten_oldest_first() -> None:
    """EXEC-2: closed orders with their trades, algo orders, income: the oldest go first, and their ids with them."""
    trader = CoreTrader(FREE, closed_remembered=2, income_remembered=2, taker_fee=D("0.001"))
    for number in range(3):
        trader.buy(1, client_id=f"o{number}")
        trader.place_algo(algo("SELL", "STOP_MARKET", 1, at=90, client_algo_id=f"s{number}"))
        trader.core.cancel_all_algos(BTC, trader.tick())
    assert [order.client_id for order in trader.core.orders()] == ["o1", "o2"]
    assert [trade.client_id for trade in trader.core.trades()] == ["o1", "o2"]
    assert [each.client_algo_id for each in trader.core.algo_orders()] == ["s1", "s2"]
    assert trader.core.order_of("o0") is None
    assert trader.core.algo_order(client_algo_id="s0") is None
    assert [line.trade_id for line in trader.core.income()] == [trade.id for trade in trader.core.trades()]
