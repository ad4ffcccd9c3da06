"""Checks of placing and cancelling orders."""

from __future__ import annotations

import pytest

from shared.exchange.model.orders import NewOrder, OrderRef
from shared.exchange.outcome.outcomes import Accepted, NotReady, Refused, Uncertain
from tests.support.exchange.contract.trader import LOT, SYMBOL, D, Trader, accepted, code, listening, order, position


async def check_market_order(trader: Trader) -> None:
    """EXEC-1: filled at once; the answer has no average price, the question has; events, position and trades agree."""
    exchange = trader.exchange
    async with listening(exchange) as ears:
        asked = order(trader, "entry", "BUY", "MARKET")
        placed = accepted(await exchange.place(asked))
        assert (placed.status, placed.executed, placed.average_price) == ("FILLED", LOT, None)
        await ears.until(lambda: sum(e.fill.quantity for e in ears.orders(asked.client_id) if e.fill) == LOT)
        await ears.until(lambda: LOT in ears.positions())
    found = await exchange.order(asked.ref)
    assert found is not None
    assert found.average_price is not None
    assert found.average_price > 0
    assert await position(exchange) == LOT
    trades = await exchange.account_trades(SYMBOL, order_id=placed.id)
    assert sum(trade.quantity for trade in trades) == LOT
    assert all(trade.commission > 0 and not trade.maker for trade in trades)
    told = [event.fill.trade_id for event in ears.orders(asked.client_id) if event.fill]
    assert sorted(told) == sorted(trade.id for trade in trades)


async def check_limit_rests_and_is_cancelled(trader: Trader) -> None:
    """EXEC-1: a limit away from the market rests; cancelled by client id once, refused with -2011 after that."""
    exchange = trader.exchange
    async with listening(exchange) as ears:
        asked = order(trader, "rest", "BUY", "LIMIT", price=await trader.price() - 5_000, time_in_force="GTC")
        placed = accepted(await exchange.place(asked))
        assert placed.status == "NEW"
        assert [each.client_id for each in await exchange.open_orders(SYMBOL)] == [asked.client_id]
        assert accepted(await exchange.cancel(asked.ref)).status == "CANCELED"
        assert code(await exchange.cancel(asked.ref)) == -2011
        await ears.until(lambda: [e.execution for e in ears.orders(asked.client_id)] == ["NEW", "CANCELED"])
    assert await exchange.open_orders(SYMBOL) == ()
    found = await exchange.order(asked.ref)
    assert found is not None
    assert found.status == "CANCELED"


async def check_an_order_leaves_when_its_caller_is_ready(trader: Trader) -> None:
    """EXEC-2: the caller writes down that it leaves while the request is built; not ready in the end, nothing is sent."""
    exchange, price = trader.exchange, await trader.price()
    asked = order(trader, "ready", "BUY", "LIMIT", price=price - 5_000, time_in_force="GTC")

    async def not_ready() -> bool:
        return False

    with pytest.raises(NotReady):
        await exchange.place(asked, ready=not_ready)
    assert await exchange.order(asked.ref) is None
    standing: list[int] = []

    async def written() -> bool:
        standing.append(len(await exchange.open_orders(SYMBOL)))
        return True

    assert accepted(await exchange.place(asked, ready=written)).status == "NEW"
    assert standing == [0]
    accepted(await exchange.cancel(asked.ref))


async def check_times_in_force(trader: Trader) -> None:
    """EXEC-1: IOC and FOK that cannot fill leave nothing; a post-only order that would take is refused."""
    exchange, price = trader.exchange, await trader.price()
    ioc = await exchange.place(order(trader, "ioc", "BUY", "LIMIT", price=price - 5_000, time_in_force="IOC"))
    assert accepted(ioc).status == "EXPIRED"
    fok = await exchange.place(order(trader, "fok", "BUY", "LIMIT", price=price - 5_000, time_in_force="FOK"))
    assert isinstance(fok, Refused) or accepted(fok).status == "EXPIRED"
    assert (
        code(await exchange.place(order(trader, "gtx", "BUY", "LIMIT", price=price + 1_000, time_in_force="GTX"))) == -5022
    )
    assert await exchange.open_orders(SYMBOL) == ()
    assert await position(exchange) == 0


async def check_client_ids_are_idempotent(trader: Trader) -> None:
    """EXEC-2: the id of an order that is open is never taken twice, in either book; the outcome says to ask."""
    exchange, price = trader.exchange, await trader.price()
    for asked in (
        order(trader, "once", "BUY", "LIMIT", price=price - 5_000, time_in_force="GTC"),
        order(trader, "stop", "SELL", "STOP_MARKET", trigger=price - 6_000),
    ):
        first = accepted(await exchange.place(asked))
        again = await exchange.place(asked)
        assert isinstance(again, Uncertain), again
        assert again.doubt == "known_id"
        found = await exchange.order(asked.ref)
        assert found is not None
        assert found.id == first.id
    assert len(await exchange.open_orders(SYMBOL)) == 2
    await exchange.cancel_all(SYMBOL)


async def check_refusals(trader: Trader) -> None:
    """EXEC-6: what breaks a rule is refused with the exchange's code, and nothing is left of it."""
    exchange, price = trader.exchange, await trader.price()
    far = price - 5_000
    cases: list[tuple[NewOrder, set[int]]] = [
        (order(trader, "tick", "BUY", "LIMIT", price=far + D("0.05"), time_in_force="GTC"), {-4014, -1111}),
        (order(trader, "step", "BUY", "LIMIT", D("0.0105"), price=far, time_in_force="GTC"), {-4023, -1111}),
        (order(trader, "small", "BUY", "LIMIT", D("0.001"), price=D(10_000), time_in_force="GTC"), {-4164, -4024, -4013}),
        (order(trader, "zero", "BUY", "MARKET", D(0)), {-4003}),
        (order(trader, "reduce", "SELL", "MARKET", reduce_only=True), {-2022}),
        (order(trader, "huge", "BUY", "MARKET", D(100)), {-2019, -2027, -4005}),
        (order(trader, "trigger", "SELL", "STOP_MARKET", trigger=price + 3_000), {-2021}),
        (order(trader, "hedge", "BUY", "MARKET", position_side="LONG"), {-4061}),
        (order(trader, "closing", "SELL", "STOP_MARKET", LOT, trigger=far, close_position=True), {-4137}),
    ]
    for asked, codes in cases:
        assert code(await exchange.place(asked)) in codes, asked.client_id
    assert await exchange.open_orders(SYMBOL) == ()
    assert await position(exchange) == 0
    assert await exchange.order(OrderRef(symbol=SYMBOL, client_id=trader.name("nobody"))) is None
    assert await exchange.order(OrderRef(symbol=SYMBOL, client_id=trader.name("nobody"), book="algo")) is None


async def check_batch(trader: Trader) -> None:
    """EXEC-1: an outcome each, in order; one that is refused stops no other."""
    exchange, price = trader.exchange, await trader.price()
    asked = [
        order(trader, "one", "BUY", "LIMIT", price=price - 5_000, time_in_force="GTC"),
        order(trader, "bad", "BUY", "LIMIT", price=price - 5_000 + D("0.05"), time_in_force="GTC"),
        order(trader, "stop", "SELL", "STOP_MARKET", trigger=price - 6_000),
        *(order(trader, f"n{n}", "BUY", "LIMIT", price=price - 5_001 - n, time_in_force="GTC") for n in range(5)),
    ]
    outcomes = await exchange.place_batch(asked)
    assert [type(each) for each in outcomes] == [Accepted, Refused, *[Accepted] * 6]
    assert [accepted(each).client_id for each in outcomes if isinstance(each, Accepted)] == [
        each.client_id for each in asked if each is not asked[1]
    ]
    await exchange.cancel_all(SYMBOL)
