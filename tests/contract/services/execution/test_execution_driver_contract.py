"""What execution may rely on from every driver: answers, news, executions and statements of the same form (EXEC-2 … EXEC-4).

Answers and news of one request may come in either order, and queries are asked again where an outcome is unknown; so
tests wait for what must be heard in the end.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from services.execution.inputs import Executions, Input, News, Sent, Statement, Traded, Withheld
from services.execution.requests import CancelOrder, PlaceOrder, QueryAccount, QueryExecutions, QueryOrder
from services.execution.voiding import voids
from shared.domain.intents import OrderIntent
from shared.exchange.model.orders import NewOrder
from shared.exchange.model.user_events import AccountUpdate, AlgoUpdate, OrderUpdate
from tests.support.exchange_driver.desk import exchange_desk
from tests.support.execution.desk import intent
from tests.support.execution.driver_desk import DriverDesk, MatchingDesk, answers, filled, updates
from tests.support.simulator.simulated_trader import BTC, D, limit, market, stop


@asynccontextmanager
async def matching_desk(_: Path) -> AsyncIterator[MatchingDesk]:
    yield MatchingDesk()


DESKS: dict[str, Callable[[Path], AbstractAsyncContextManager[DriverDesk]]] = {
    "matching": matching_desk,
    "exchange": exchange_desk,
}


@pytest.fixture(params=DESKS)
async def desk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[DriverDesk]:
    async with DESKS[request.param](tmp_path) as made:
        yield made


def cancel(order: NewOrder) -> CancelOrder:
    return CancelOrder(order.client_id, order.ref)


def query(order: NewOrder) -> QueryOrder:
    return QueryOrder(order.client_id, order.ref)


def answered(*client_ids: str) -> Callable[[list[Input]], bool]:
    return lambda inputs: answers(inputs).keys() >= set(client_ids)


async def enter(desk: DriverDesk, client_id: str = "in", quantity: str = "1") -> None:
    """A position of ``quantity``, told and answered."""
    await desk.ask(PlaceOrder(market(client_id, "BUY", quantity)))
    await desk.until(lambda inputs: answered(client_id)(inputs) and filled(inputs, client_id) == D(quantity))


async def statement(desk: DriverDesk) -> Statement:
    """The account as it is stated when asked for now."""
    before = len(desk.inputs)
    await desk.ask(QueryAccount())
    await desk.until(lambda inputs: any(isinstance(each, Statement) for each in inputs[before:]))
    return next(each for each, _ in desk.inputs[before:] if isinstance(each, Statement))


async def test_an_entry_is_judged_noted_as_sent_and_answered(desk: DriverDesk) -> None:
    order = limit("e", "BUY", 1, 90)
    await desk.ask(PlaceOrder(order))
    await desk.until(answered("e"))
    quote = desk.quotes[0]  # a driver may ask once more when it signs
    assert quote is not None
    assert D(99) < quote.bid <= quote.ask < D(101)
    inputs = [each for each, _ in desk.inputs]
    assert inputs[0] == Sent(client_id="e")
    answer = answers(inputs)["e"]
    assert (answer.kind, answer.result) == ("place", "done")
    assert answer.order is not None
    assert (answer.order.book, answer.order.status, answer.order.price, answer.order.executed) == ("plain", "NEW", D(90), 0)
    await desk.until(lambda inputs: [each.order.status for each in updates(inputs)] == ["NEW"])


async def test_an_entry_that_may_not_leave_is_withheld(desk: DriverDesk) -> None:
    desk.withholds = "halted"
    await desk.ask(PlaceOrder(limit("e", "BUY", 1, 90)))
    await desk.until(bool)
    assert [each for each, _ in desk.inputs] == [Withheld(client_id="e", why="halted", text="a sentence")]
    assert (await statement(desk)).orders == ()


async def test_a_reducing_order_leaves_without_a_question(desk: DriverDesk) -> None:
    await enter(desk)
    desk.withholds = "halted"
    await desk.ask(PlaceOrder(market("out", "SELL", 1, reduce_only=True)))
    await desk.until(lambda inputs: filled(inputs, "out") == D(1))


async def test_a_fill_has_its_trade_its_fee_and_the_wallet_after_it(desk: DriverDesk) -> None:
    await enter(desk, quantity="2")
    await desk.until(lambda inputs: any(isinstance(each, News) and isinstance(each.event, AccountUpdate) for each in inputs))
    told = [each for each in updates([each for each, _ in desk.inputs]) if isinstance(each, OrderUpdate) and each.fill]
    fills = [each.fill for each in told if each.fill is not None]
    for fill in fills:
        assert (fill.trade_id > 0, D(99) < fill.price < D(101), fill.commission_asset, fill.maker) == (
            True,
            True,
            "USDT",
            False,
        )
    assert told[-1].order.status == "FILLED"
    assert told[-1].order.executed == sum(fill.quantity for fill in fills) == D(2)
    paid = sum(fill.price * fill.quantity for fill in fills)
    legs = [leg for each, _ in desk.inputs for leg in getattr(getattr(each, "event", None), "positions", ())]
    assert (legs[-1].symbol, legs[-1].side, legs[-1].quantity, legs[-1].entry) == (BTC, "BOTH", D(2), paid / 2)


async def test_a_stop_rests_in_its_own_book_and_lives_on_as_its_child(desk: DriverDesk) -> None:
    await enter(desk)
    await desk.ask(PlaceOrder(stop("s", "SELL", 95)))
    await desk.until(answered("s"))
    placed = answers([each for each, _ in desk.inputs])["s"].order
    assert placed is not None
    assert (placed.book, placed.status, placed.trigger, placed.close_position) == ("algo", "NEW", D(95), True)
    await desk.trade(94)

    def closed(inputs: list[Input]) -> bool:
        ends = [each.order for each in updates(inputs) if isinstance(each, AlgoUpdate)]
        children = {order.child_id for order in ends if order.child_id}
        fills = [each for each in updates(inputs) if isinstance(each, OrderUpdate) and each.fill is not None]
        return any(each.order.id in children and each.order.original_type == "STOP_MARKET" for each in fills)

    await desk.until(closed)


async def test_a_second_stop_for_the_whole_position_is_told_which_one_stands(desk: DriverDesk) -> None:
    await enter(desk)
    await desk.ask(PlaceOrder(stop("s", "SELL", 95)))
    await desk.until(answered("s"))
    await desk.ask(PlaceOrder(stop("t", "SELL", 96)))
    await desk.until(answered("t"))
    answer = answers([each for each, _ in desk.inputs])["t"]
    assert answer.order is not None
    assert (answer.kind, answer.result, answer.order.client_id, answer.order.trigger) == ("place", "stands", "s", D(95))


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (market("x", "SELL", 1, reduce_only=True), -2022),  # flat
        (stop("x", "SELL", 101), -2021),  # it would trigger at once
    ],
)
async def test_a_refusal_has_the_exchanges_code_words_and_class(desk: DriverDesk, order: NewOrder, code: int) -> None:
    await desk.ask(PlaceOrder(order))
    await desk.until(answered("x"))
    answer = answers([each for each, _ in desk.inputs])["x"]
    assert (answer.kind, answer.result, answer.code, answer.action) == ("place", "refused", code, "refuse")
    assert answer.message
    assert answer.sentence


@pytest.mark.parametrize("order", [limit("x", "BUY", 1, 90), stop("x", "SELL", 95)], ids=["plain", "conditional"])
async def test_a_cancel_is_answered_and_told_and_a_second_one_is_refused(desk: DriverDesk, order: NewOrder) -> None:
    await enter(desk)
    await desk.ask(PlaceOrder(order))
    await desk.until(answered("x"))
    await desk.ask(cancel(order))
    await desk.until(lambda inputs: updates(inputs)[-1].order.status == "CANCELED" and answers(inputs)["x"].kind == "cancel")
    assert answers([each for each, _ in desk.inputs])["x"].result == "done"
    await desk.ask(cancel(order))
    await desk.until(lambda inputs: answers(inputs)["x"].result == "refused")
    assert answers([each for each, _ in desk.inputs])["x"].code == -2011


async def test_a_query_finds_an_order_with_its_child_or_that_there_is_none(desk: DriverDesk) -> None:
    await enter(desk)
    placed = stop("s", "SELL", 95)
    await desk.ask(PlaceOrder(placed))
    await desk.until(answered("s"))
    await desk.trade(94)
    await desk.ask(query(placed), query(limit("never", "BUY", 1, 90)))
    await desk.until(lambda inputs: answered("never")(inputs) and answers(inputs)["s"].kind == "query")
    found = answers([each for each, _ in desk.inputs])
    assert (found["never"].kind, found["never"].result) == ("query", "absent")
    order, child = found["s"].order, found["s"].child
    assert order is not None
    assert child is not None
    assert (found["s"].result, order.child_id, child.status, child.executed) == ("done", child.id, "FILLED", D(1))


async def test_executions_by_query_are_those_that_were_heard(desk: DriverDesk) -> None:
    await enter(desk, quantity="2")
    await desk.ask(QueryExecutions(BTC, 0))
    await desk.until(lambda inputs: any(isinstance(each, Executions) for each in inputs))
    (told,) = (each for each, _ in desk.inputs if isinstance(each, Executions))
    heard = {
        each.fill.trade_id: (each.order.id, each.fill.quantity, each.fill.price)
        for each in updates([each for each, _ in desk.inputs])
        if isinstance(each, OrderUpdate) and each.fill is not None
    }
    assert {trade.id: (trade.order_id, trade.quantity, trade.price) for trade in told.trades} == heard
    assert told.symbol == BTC


async def test_a_statement_has_wallet_legs_and_open_orders_of_both_books(desk: DriverDesk) -> None:
    await enter(desk, quantity="2")
    await desk.ask(PlaceOrder(stop("s", "SELL", 95)), PlaceOrder(limit("e", "BUY", 1, 90)))
    await desk.until(answered("s", "e"))
    told = await statement(desk)
    assert [(leg.symbol, leg.side, leg.quantity) for leg in told.legs] == [(BTC, "BOTH", D(2))]
    assert D(99) < told.legs[0].entry < D(101)
    assert {(order.client_id, order.book) for order in told.orders} == {("s", "algo"), ("e", "plain")}
    assert told.equity == told.wallet + sum((leg.unrealized for leg in told.legs), Decimal(0))


async def test_a_statement_says_what_margin_each_leg_needs(desk: DriverDesk) -> None:
    """RISK-2: 0.4 % of the notional in the first tier."""
    await enter(desk, quantity="2")
    (leg,) = (await statement(desk)).legs
    assert leg.maintenance_margin == abs(leg.notional) * D("0.004")


@pytest.mark.parametrize("order", [limit("x", "BUY", 1, 90), stop("x", "SELL", 95)], ids=["plain", "conditional"])
async def test_the_client_id_of_an_open_order_places_no_second_one(desk: DriverDesk, order: NewOrder) -> None:
    await enter(desk)
    await desk.ask(PlaceOrder(order))
    await desk.until(answered("x"))
    before = len(desk.inputs)
    await desk.ask(PlaceOrder(order))
    await desk.until(lambda inputs: answered("x")(inputs[before:]))
    assert answers([each for each, _ in desk.inputs[before:]])["x"].result in ("done", "unknown")
    stated = await statement(desk)
    assert [each.client_id for each in stated.orders] == ["x"]


async def test_an_id_whose_order_is_over_trades_again(desk: DriverDesk) -> None:
    """No driver hides it from a test when execution sends an order twice."""
    await enter(desk, "e")
    before = len(desk.inputs)
    await desk.ask(PlaceOrder(market("e", "BUY", 1)))
    await desk.until(lambda inputs: answered("e")(inputs[before:]) and filled(inputs, "e") == D(2))
    assert [leg.quantity for leg in (await statement(desk)).legs] == [D(2)]


async def test_stamps_never_go_back_and_answers_name_the_one_they_were_signed_with(desk: DriverDesk) -> None:
    await enter(desk)
    await desk.trade(101)
    await desk.ask(PlaceOrder(limit("e", "BUY", 1, 90)), cancel(limit("never", "BUY", 1, 90)))
    await desk.until(answered("e", "never"))
    stamps = [now for _, now in desk.inputs]
    assert stamps == sorted(stamps)
    sent = next(now for each, now in desk.inputs if each == Sent(client_id="e"))
    assert answers([each for each, _ in desk.inputs])["e"].asked_at == sent


def resting(void_at: int) -> OrderIntent:
    """A buy that rests at 90; above 100 it is void where ``void_at`` says."""
    return intent(kind="limit", price=D(90), bound=D(90), stop=D(85), now=0, rests_until=10**12, void_at=D(void_at))


def voided(wanted: OrderIntent) -> Callable[[list[Input]], bool]:
    return lambda inputs: any(isinstance(each, Traded) and voids(wanted, each) for each in inputs)


async def test_that_price_voids_an_entry_that_rests_is_told_once_it_has_traded_there(desk: DriverDesk) -> None:
    """SIG-7: nothing that would void it is told before, and nothing at all where no entry rests."""
    await desk.trade(112)
    assert not any(isinstance(each, Traded) for each, _ in desk.inputs)
    await desk.trade(100)
    wanted = desk.rests = resting(108)
    await desk.ask(PlaceOrder(limit("e", "BUY", 1, 90)))
    await desk.until(answered("e"))
    await desk.trade(107)
    assert not voided(wanted)([each for each, _ in desk.inputs])
    await desk.trade(109)
    await desk.until(voided(wanted))
    told = next(each for each, _ in desk.inputs if isinstance(each, Traded) and voids(wanted, each))
    assert (told.symbol, told.high >= 108) == (BTC, True)
