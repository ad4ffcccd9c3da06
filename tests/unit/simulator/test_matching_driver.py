"""The driver ``matching``: what it answers and tells, repeats, its state, and that nonsense does no harm (EXEC-2, BT-1)."""

from __future__ import annotations

import decimal

import msgspec
import pytest

from services.execution.inputs import Answer, Executions, News
from services.execution.requests import PlaceOrder, QueryAccount, QueryExecutions
from shared.domain.market_step import MarketStep
from shared.exchange.model.orders import NewOrder
from shared.exchange.model.user_events import AccountUpdate, OrderUpdate
from simulator.matching_driver import MatchingDriver
from simulator.settings import SimulatorSettings
from tests.support.simulator.simulated_trader import (
    BTC,
    ETH,
    FREE,
    INSTRUMENTS,
    D,
    Trader,
    brief,
    cancel,
    candle,
    ends,
    limit,
    market,
    query,
    stop,
    target,
)


def test_a_request_is_answered_first_and_then_told_as_news() -> None:
    """EXEC-2: the answer states the order; then its life, its fill and the account, in the order in which they happened."""
    trader = Trader().at(100)
    answer, *news = trader.exchange.carry_out(PlaceOrder(market("a", "BUY", 1)), 60_000)
    assert isinstance(answer, Answer)
    assert (answer.kind, answer.client_id, answer.result, answer.asked_at) == ("place", "a", "done", 60_000)
    assert answer.order is not None
    assert (answer.order.status, answer.order.executed, answer.order.average_price) == ("FILLED", D(1), None)
    events = [each.event for each in news if isinstance(each, News)]
    assert [type(event) for event in events] == [OrderUpdate, OrderUpdate, AccountUpdate]
    assert [event.order.status for event in events if isinstance(event, OrderUpdate)] == ["NEW", "FILLED"]


@pytest.mark.parametrize("late", [0, 60_000, 120_000])
def test_a_step_at_or_before_the_last_one_is_a_duplicate(late: int) -> None:
    """EXEC-2: time only moves on."""
    trader = Trader().at(100).at(101)
    before = trader.exchange.snapshot()
    assert trader.exchange.step(MarketStep(close_time=late, candles=(candle((1, 1, 1, 1)),)), 120_000) is None
    assert trader.exchange.snapshot() == before


@pytest.mark.parametrize("again", [limit("a", "BUY", 1, 90), limit("a", "BUY", 7, 95), market("a", "BUY", 1)])
def test_the_client_id_of_an_open_order_places_no_second_one(again: NewOrder) -> None:
    """EXEC-2: whatever else the repeat says, the answer is the open order."""
    trader = Trader().at(100)
    trader.send(limit("a", "BUY", 1, 90))
    (answer,) = trader.send(again).answers
    assert answer.order is not None
    assert (answer.result, answer.order.status, answer.order.quantity, answer.order.price) == ("done", "NEW", D(1), D(90))
    assert (len(trader.exchange.core.open_orders()), trader.account().positions) == (1, ())


def test_a_conditional_order_that_stands_is_not_placed_again() -> None:
    """EXEC-2: the answer states the one that stands."""
    trader = Trader().at(100)
    trader.send(market("in", "BUY", 1), stop("s", "SELL", 95))
    (answer,) = trader.send(stop("s", "SELL", 90)).answers
    assert answer.order is not None
    assert (answer.result, answer.order.trigger, len(trader.exchange.core.open_algo_orders())) == ("done", D(95), 1)


def test_an_id_whose_order_is_over_trades_again() -> None:
    """EXEC-2: as at the exchange; whoever relies on ids alone must be seen to buy twice here already."""
    trader = Trader().at(100)
    trader.send(market("a", "BUY", 1))
    (answer,) = trader.send(market("a", "BUY", 1)).answers
    assert answer.result == "done"
    assert trader.account().positions[0].quantity == 2


def test_a_second_order_that_closes_the_position_is_not_placed_and_the_standing_one_is_named() -> None:
    """EXEC-3: -4130 proves protection; another kind, another side and another symbol have places of their own."""
    trader = Trader().at(100)
    trader.send(market("in", "BUY", 1), stop("s", "SELL", 95))
    (answer,) = trader.send(stop("t", "SELL", 96)).answers
    assert answer.order is not None
    assert (answer.client_id, answer.result, answer.order.client_id, answer.order.trigger) == ("t", "stands", "s", D(95))
    others = trader.send(target("u", "SELL", 110), stop("v", "BUY", 105), stop("w", "SELL", 95, symbol=ETH)).answers
    assert [each.result for each in others] == ["done", "done", "done"]


def test_a_query_states_an_order_and_its_child_or_that_there_is_none() -> None:
    """EXEC-2: of both books."""
    trader = Trader().at(100)
    trader.send(market("in", "BUY", 1), limit("rests", "BUY", 1, 90), stop("s", "SELL", 95))
    trader.step((100, 100, 94, 96))
    plain, algo, absent, elsewhere = trader.send(
        query("rests"), query("s", book="algo"), query("never"), query("s", book="algo", symbol=ETH)
    ).answers
    assert (plain.result, plain.order and plain.order.status, plain.child) == ("done", "NEW", None)
    assert algo.order is not None
    assert algo.child is not None
    assert (algo.order.book, algo.order.status, algo.order.executed) == ("algo", "FINISHED", D(1))
    assert (algo.child.book, algo.child.id, algo.child.status) == ("plain", algo.order.child_id, "FILLED")
    assert [(each.result, each.code) for each in (absent, elsewhere)] == [("absent", -2013)] * 2


def test_executions_are_those_of_the_symbol_since_the_time_with_their_orders() -> None:
    """EXEC-4: a fill that was heard has the same trade id."""
    trader = Trader().at(100)
    trader.send(market("old", "BUY", 1))
    trader.at(100)
    heard = trader.send(market("new", "BUY", 2), market("other", "BUY", 1, symbol=ETH))
    (told,) = trader.exchange.carry_out(QueryExecutions(BTC, 120_000), 130_000)
    assert isinstance(told, Executions)
    assert [(trade.quantity, trade.order_id) for trade in told.trades] == [(D(2), told.orders[0].id)]
    assert [order.client_id for order in told.orders] == ["new"]
    assert f"{BTC}-{told.trades[0].id}" == heard.fills[0].id


def test_a_statement_has_the_wallet_the_legs_and_the_open_orders_of_both_books() -> None:
    """EXEC-4: as of the moment in which it was asked for."""
    trader = Trader().at(100)
    trader.send(market("in", "BUY", 2), limit("rests", "BUY", 1, 90), stop("s", "SELL", 95))
    trader.step((100, 110, 100, 107))
    (told,) = trader.exchange.carry_out(QueryAccount(), 125_000)
    assert told == trader.exchange.statement(125_000)
    stated = trader.exchange.statement(125_000)
    assert (stated.time, stated.asked_at, stated.wallet, stated.equity) == (125_000, 125_000, D(10_000), D(10_014))
    assert [(leg.symbol, leg.quantity, leg.mark, leg.liquidation > 0) for leg in stated.legs] == [(BTC, D(2), D(107), False)]
    assert [(order.client_id, order.book) for order in stated.orders] == [("rests", "plain"), ("s", "algo")]


def test_a_quote_is_the_last_price_and_half_the_spread_as_of_its_candle() -> None:
    """EXEC-2: none before the first candle; a symbol whose candle was missing keeps the time of its last one."""
    trader = Trader(SimulatorSettings(half_spread_bps=D(2)))
    assert trader.exchange.quote(BTC) is None
    trader.at(50_000)
    trader.step((50_000, 50_000, 50_000, 50_000))
    quotes = [trader.exchange.quote(symbol) for symbol in (BTC, ETH, "DOGEUSDT")]
    assert [quote and (quote.time, quote.bid, quote.ask) for quote in quotes] == [
        (120_000, D(49_990), D(50_010)),
        (60_000, D(49_990), D(50_010)),
        None,
    ]


def test_an_order_limited_at_the_worst_price_takes_at_once_and_the_rest_expires() -> None:
    """EXEC-1: an entry at the market is IOC at its bound, and fills no farther; it pays as a taker."""
    trader = Trader(SimulatorSettings(), leverage=100).at(50_000, volume=10.0)
    bound = msgspec.structs.replace(limit("e", "BUY", 3, 50_010), time_in_force="IOC")
    told = trader.send(bound)
    assert (brief(told.fills), ends(told)) == ([("e", "1", "50005"), ("e", "1", "50010")], {"e": "EXPIRED"})
    assert [fill.maker for fill in told.fills] == [False, False]
    assert (told.orders[-1].filled, trader.exchange.core.open_orders()) == (D(2), [])


def test_memory_is_bounded_and_forgets_the_oldest() -> None:
    """EXEC-2: the window is a setting."""
    trader = Trader(FREE.model_copy(update={"closed_remembered": 2})).at(100)
    trader.send(market("o1", "BUY", 1), market("o2", "BUY", 1), market("o3", "BUY", 1))
    assert [each.result for each in trader.send(query("o1"), query("o2"), query("o3")).answers] == ["absent", "done", "done"]


def test_a_restored_driver_goes_on_as_the_original() -> None:
    """EXEC-2: resting orders, half-filled ones, positions, memory, clock, liquidity already taken."""
    settings = SimulatorSettings()
    trader = Trader(settings, leverage=10).at(50_000, volume=1.0)
    trader.send(market("a", "BUY", "0.15"), limit("b", "BUY", "0.3", 49_000), stop("s", "SELL", 40_000))
    trader.step((50_000, 50_000, 48_990, 49_500), volume=1.0)
    copy = MatchingDriver(settings, INSTRUMENTS)
    copy.restore(trader.exchange.snapshot())
    assert copy.snapshot() == trader.exchange.snapshot()
    step = MarketStep(close_time=600_000, candles=(candle((49_500, 50_000, 39_000, 39_500), volume=1.0),))
    for request in (PlaceOrder(market("c", "SELL", "0.12")), cancel("zz"), query("b"), QueryAccount()):
        assert copy.carry_out(request, 130_000) == trader.exchange.carry_out(request, 130_000)
    assert copy.step(step, 600_000) == trader.exchange.step(step, 600_000)
    assert copy.quote(BTC) == trader.exchange.quote(BTC)
    assert copy.snapshot() == trader.exchange.snapshot()


def test_restoring_garbage_raises() -> None:
    """EXEC-2: a snapshot of something else is refused, not guessed at."""
    with pytest.raises(msgspec.ValidationError):
        MatchingDriver(FREE, INSTRUMENTS).restore(msgspec.msgpack.encode({"core": 1}))


def test_a_late_step_moves_the_market_and_no_clock_back() -> None:
    """EXEC-2: in paper an order may come between a minute's end and its candle; what the candle fills is told as of now."""
    trader = Trader().at(100)
    trader.exchange.carry_out(PlaceOrder(limit("a", "BUY", 1, 95)), 121_000)
    news = trader.exchange.step(MarketStep(close_time=120_000, candles=(candle((100, 100, 94, 96), 1),)), 122_000)
    assert news is not None
    fills = [each.event.fill for each in news if isinstance(each, News) and isinstance(each.event, OrderUpdate)]
    assert [fill and (fill.price, fill.time) for fill in fills] == [(D(95), 121_000)]


def test_the_same_requests_give_the_same_answers_in_any_decimal_context() -> None:
    """Invariant 2: what the process has set for its decimals does not reach the money."""
    results = []
    for context in (decimal.Context(prec=5), decimal.Context(prec=28)):
        with decimal.localcontext(context):
            driver = Trader(SimulatorSettings(), leverage=10).at(50_000.1).exchange
            told = driver.carry_out(PlaceOrder(market("a", "BUY", "0.123")), 60_000)
            row = candle((50_000.1, 50_100.7, 50_000.1, 50_100.7), 1)
            step = MarketStep(close_time=120_000, candles=(row,), funding_rates={BTC: D("0.00012345")})
            told += driver.step(step, 120_000) or []
            results.append(msgspec.msgpack.encode([told, driver.statement(120_000)]))
    assert results[0] == results[1]
