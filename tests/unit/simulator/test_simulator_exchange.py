"""The exchange as a core: one answer each, repeats are queries, state survives, nonsense does no harm (EXEC-2, BT-1)."""

from __future__ import annotations

import itertools
import math

import msgspec
import pytest
from pydantic import ValidationError

from shared.domain.control import ClockTick
from shared.domain.exchange import CancelOrder, ExchangeRequests, MarketStep, PlaceOrder
from simulator.settings import SimulatorSettings
from simulator.simulated_exchange import SimulatedExchange
from tests.support.simulator.simulated_trader import (
    BTC,
    ETH,
    FREE,
    INSTRUMENTS,
    D,
    Trader,
    brief,
    candle,
    ends,
    limit,
    market,
    one,
    stop,
    target,
)


def test_every_new_step_and_request_gets_one_answer_and_other_messages_none() -> None:
    """EXEC-2: the answer names the request; the news of a step names nothing; account and clock go with it."""
    trader = Trader()
    events = trader.step((100, 100, 100, 100))
    assert (events.reply_to, events.time, events.account.time, events.account.wallet) == ("", 60_000, 60_000, D(10_000))
    answer = trader.send(market("a", "BUY", 1))
    assert (answer.reply_to, answer.message_id, answer.time) == ("r1", "event:r1", 60_000)
    assert trader.exchange.handle(ClockTick(time=1)) == []
    assert one(trader.exchange.handle(ExchangeRequests(id="empty", time=0, requests=()))).orders == ()


@pytest.mark.parametrize("late", [0, 60_000, 120_000])
def test_a_step_at_or_before_the_last_one_is_a_duplicate(late: int) -> None:
    """EXEC-2: time only moves on."""
    trader = Trader().at(100).at(101)
    before = trader.exchange.snapshot()
    assert trader.exchange.handle(MarketStep(close_time=late, candles=(candle((1, 1, 1, 1)),))) == []
    assert trader.exchange.snapshot() == before


def test_a_repeated_request_is_answered_again_and_acts_once() -> None:
    """EXEC-2: byte for byte the same while the market stands; later the state of then, with the fills of the request."""
    trader = Trader(SimulatorSettings(), leverage=10).at(100)
    asked = trader.request(market("a", "BUY", 1), limit("b", "BUY", 1, 90), market("c", "BUY", 10**6))
    first = one(trader.exchange.handle(asked))
    assert ends(first) == {"a": "FILLED", "b": "NEW", "c": "REJECTED"}
    before = trader.exchange.snapshot()
    assert one(trader.exchange.handle(asked)) == first
    assert trader.exchange.snapshot() == before
    trader.step((100, 100, 89, 95))
    again = one(trader.exchange.handle(asked))
    assert ends(again) == {"a": "FILLED", "b": "FILLED", "c": "REJECTED"}
    assert again.fills == first.fills
    assert again.account.positions[0].quantity == 2


def test_a_known_client_id_in_another_request_is_a_query() -> None:
    """EXEC-2: whatever else that request says of it; the answer has the order's fills: the first one may have got lost."""
    trader = Trader().at(100)
    first = trader.send(market("a", "BUY", 1))
    again = trader.send(market("a", "SELL", 7, symbol=ETH))
    assert (again.orders, again.fills) == (first.orders, first.fills)
    events = trader.send(market("b", "BUY", 1), market("b", "BUY", 1))
    assert brief(events.fills) == [("b", "1", "100")]
    assert events.account.positions[0].quantity == 2


def test_a_known_order_is_told_with_the_fills_that_it_got_since() -> None:
    """EXEC-2: a limit that filled in two candles, a stop that triggered, one that rests: asked for under a new id."""
    trader = Trader(SimulatorSettings(), leverage=10).at(100)
    rests, stops, quiet = limit("e", "BUY", 6, 95), stop("s", "SELL", 90), limit("q", "BUY", 1, 50)
    trader.send(rests, stops, quiet)
    first = trader.step((100, 100, 94, 96), volume=20.0).fills
    second = trader.step((96, 96, 89, 96), volume=30.0).fills
    events = trader.send(stops, rests, quiet)
    assert [(o.client_id, o.status) for o in events.orders] == [("s", "FILLED"), ("e", "PARTIALLY_FILLED"), ("q", "NEW")]
    assert sorted(events.fills, key=lambda fill: fill.id) == sorted((*first, *second), key=lambda fill: fill.id)
    assert brief(events.fills)[-1] == ("e", "3", "95")


def test_memory_is_bounded_and_forgets_the_oldest() -> None:
    """EXEC-2: the windows are settings; a request within them is answered even when its order is forgotten."""
    trader = Trader(FREE.model_copy(update={"closed_remembered": 2, "requests_remembered": 3})).at(100)
    first = trader.request(market("o1", "BUY", 1))
    told = one(trader.exchange.handle(first))
    trader.send(market("o2", "BUY", 1))
    trader.send(market("o3", "BUY", 1))
    assert one(trader.exchange.handle(first)).orders == told.orders
    assert trader.send(market("o2", "BUY", 1)).account.positions[0].quantity == 3
    assert brief(trader.send(market("o1", "BUY", 1)).fills) == [("o1", "1", "100")]
    state = msgspec.msgpack.decode(trader.exchange.snapshot())
    assert [resting[0][1] for resting in state["core"]["closed"].values()] == ["o3", "o1"]
    assert list(state["answered"]) == ["r3", "r4", "r5"]


def test_a_restored_exchange_goes_on_as_the_original() -> None:
    """EXEC-2: resting orders, half-filled ones, positions, memory, clock, liquidity already taken."""
    settings = SimulatorSettings()
    trader = Trader(settings, leverage=10).at(50_000, volume=1.0)
    asked = trader.request(market("a", "BUY", "0.15"), limit("b", "BUY", "0.3", 49_000), stop("s", "SELL", 40_000))
    told = one(trader.exchange.handle(asked))
    trader.step((50_000, 50_000, 48_990, 49_500), volume=1.0)
    copy = SimulatedExchange(settings, INSTRUMENTS)
    copy.restore(trader.exchange.snapshot())
    assert copy.snapshot() == trader.exchange.snapshot()
    more = trader.request(market("c", "SELL", "0.12"), CancelOrder(symbol=BTC, client_id="zz"))
    step = MarketStep(close_time=600_000, candles=(candle((49_500, 50_000, 39_000, 39_500), volume=1.0),))
    for message in (asked, more, step):
        assert copy.handle(message) == trader.exchange.handle(message)
    assert copy.snapshot() == trader.exchange.snapshot()
    assert one(trader.exchange.handle(asked)).fills == told.fills


def test_restoring_garbage_raises() -> None:
    """EXEC-2: a snapshot of something else is refused, not guessed at."""
    with pytest.raises(msgspec.ValidationError):
        SimulatedExchange(FREE, INSTRUMENTS).restore(msgspec.msgpack.encode({"core": 1}))


NAN = math.nan


@pytest.mark.parametrize(
    ("row", "volume"),
    [
        ((NAN, 110, 90, 100), 1.0),
        ((100, NAN, 90, 100), 1.0),
        ((100, 110, NAN, 100), 1.0),
        ((100, 110, 90, NAN), 1.0),
        ((100, 110, 90, 100), NAN),
        ((100, 110, 90, 100), -1.0),
        ((100, 110, 90, 100), math.inf),
        ((100, 90, 110, 100), 1.0),
        ((100, 110, 90, 111), 1.0),
        ((100, 110, 90, 89), 1.0),
        ((111, 110, 90, 100), 1.0),
        ((89, 110, 90, 100), 1.0),
        ((100, math.inf, 90, 100), 1.0),
        ((100, 1e10, 90, 100), 1.0),
        ((0.0, 110, 0.0, 100), 1.0),
        ((-1, 110, -1, 100), 1.0),
    ],
)
def test_a_nonsense_candle_moves_nothing_and_is_remembered(row: tuple[float, float, float, float], volume: float) -> None:
    """DATA-3, BT-1: the simulator is no quality gate, but it never trades on nonsense and never fails on it."""
    trader = Trader().at(100)
    trader.send(market("in", "BUY", 1), stop("stop", "SELL", 95), target("target", "SELL", 105))
    events = trader.step(row, (200, 200, 200, 200), volume=volume)
    assert (events.orders, events.fills, events.account.positions[0].mark_price) == ((), (), D(100))
    assert trader.exchange.skipped[BTC] == 1
    assert brief(trader.step((100, 100, 94, 96)).fills) == [("stop", "1", "95")]


def test_a_second_candle_of_a_symbol_and_unknown_symbols_are_ignored() -> None:
    """BT-1: one candle a symbol and step."""
    trader = Trader()
    doge = candle((1, 1, 1, 1), symbol="DOGEUSDT")
    step = MarketStep(close_time=60_000, candles=(doge, candle((100, 100, 100, 100)), candle((200, 200, 200, 200))))
    one(trader.exchange.handle(step))
    assert trader.exchange.skipped == {BTC: 1}
    assert brief(trader.send(market("a", "BUY", 1)).fills) == [("a", "1", "100")]


def test_the_order_of_candles_in_a_step_does_not_matter() -> None:
    """BT-1: symbols are taken in their own order."""
    results = []
    for reverse in (False, True):
        trader = Trader(SimulatorSettings(), leverage=10).at(100)
        trader.send(limit("a", "BUY", 100, 95), limit("b", "BUY", 100, 95, symbol=ETH))
        candles = [candle((100, 100, 90, 96)), candle((100, 100, 90, 96), symbol=ETH)]
        results.append(
            one(trader.exchange.handle(MarketStep(close_time=120_000, candles=tuple(candles[::-1] if reverse else candles))))
        )
    assert results[0] == results[1]
    assert [fill.client_id for fill in results[0].fills] == ["a", "b"]


def test_funding_is_paid_at_the_close_by_open_positions_only() -> None:
    """BT-1: after the fills of the candle, at its close; rates of flat symbols and nonsense rates pay nothing."""
    trader = Trader().at(100)
    trader.send(market("a", "BUY", 2), market("b", "SELL", 3, symbol=ETH))
    rates = {ETH: D("0.0002"), "DOGEUSDT": D("0.5"), BTC: D("0.0001")}
    events = trader.step((100, 110, 100, 110), (100, 120, 100, 120), funding=rates)
    assert [(f.symbol, f.amount, f.time) for f in events.funding] == [
        (BTC, D("-0.022"), 120_000),
        (ETH, D("0.072"), 120_000),
    ]
    assert events.account.wallet == D("10000.05")
    assert trader.step(funding={BTC: D("NaN"), ETH: D("Infinity")}).funding == ()
    trader.send(market("c", "SELL", 2, reduce_only=True))
    assert [f.symbol for f in trader.step(funding=rates).funding] == [ETH]


def test_the_account_lists_positions_by_symbol_at_the_last_close() -> None:
    """BT-1: unrealised PnL is right after every step, in symbols that moved and in those that did not."""
    trader = Trader().at(100)
    events = trader.send(market("b", "SELL", 1, symbol=ETH), market("a", "BUY", 2))
    assert [p.symbol for p in events.account.positions] == [BTC, ETH]
    account = trader.step((100, 110, 100, 107)).account
    assert [(p.entry_price, p.mark_price, p.unrealized) for p in account.positions] == [
        (D(100), D(107), D(14)),
        (D(100), D(100), D(0)),
    ]
    assert (account.wallet, account.equity) == (D(10_000), D(10_014))


@pytest.mark.parametrize(
    ("side", "row", "autoclose"),
    [
        # 1,000 at 100 on 10,000 USDT: bankrupt at 90 / 110, liquidated when equity is 0.4 % of the notional, just before
        ("BUY", (100, 100, 90.5, 95), None),
        ("BUY", (100, 100, 90.3, 95), ("SELL", "90.3", "300")),  # 1.25 % would be 1,128.75; there are 300
        ("BUY", (80, 100, 80, 95), ("SELL", "90", "0")),  # a gap: the account loses what it has, no more
        ("SELL", (100, 109.4, 100, 105), None),
        ("SELL", (100, 109.6, 100, 105), ("BUY", "109.6", "400")),
        ("SELL", (120, 120, 100, 105), ("BUY", "110", "0")),
    ],
)
def test_a_position_is_liquidated_where_equity_meets_maintenance(
    side: str, row: tuple[float, float, float, float], autoclose: tuple[str, str, str] | None
) -> None:
    """BT-1: on the path, not only at closes; the clearance fee takes what is left; entries are cancelled, exits stay."""
    trader = Trader(FREE, leverage=10).at(100)
    trader.send(market("in", side, 1_000))  # type: ignore[arg-type]  # a side, from the table
    exit_side, at = ("SELL", 50) if side == "BUY" else ("BUY", 150)
    trader.send(stop("exit", exit_side, at), stop("entry", side, 200 if side == "BUY" else 20, 1))  # type: ignore[arg-type]  # as above
    events = trader.step(row)
    if autoclose is None:
        assert (events.fills, len(events.account.positions)) == ((), 1)
        return
    cancelled, closed = events.orders
    assert (cancelled.client_id, closed.client_id[:10]) == ("entry", "autoclose-")
    assert len(closed.client_id) <= 36
    assert (closed.type, closed.side, closed.status, closed.average_price) == (
        "MARKET",
        autoclose[0],
        "FILLED",
        D(autoclose[1]),
    )
    assert (events.fills[0].fee, events.account.wallet, events.account.positions) == (D(autoclose[2]), D(0), ())
    assert ends(events) == {closed.client_id: "FILLED", "entry": "CANCELED"}
    assert ends(trader.send(CancelOrder(symbol=BTC, client_id="exit"))) == {"exit": "CANCELED"}


def test_a_stop_before_the_liquidation_price_saves_the_rest() -> None:
    """BT-1: nearer first; in a gap through both the stop fills at the open."""
    for row, price in (((100, 100, 80, 95), "95"), ((92, 100, 80, 95), "92")):
        trader = Trader(FREE, leverage=10).at(100)
        trader.send(market("in", "BUY", 1_000), stop("stop", "SELL", 95))
        assert brief(trader.step(row).fills) == [("stop", "1000", price)]


def test_at_one_price_the_stop_comes_before_the_liquidation() -> None:
    """BT-1: 10,360 USDT carry 1,000 bought at 100 down to exactly 90."""
    trader = Trader(FREE.model_copy(update={"starting_wallet": D(10_360)}), leverage=10).at(100)
    trader.send(market("in", "BUY", 1_000), stop("stop", "SELL", 90))
    assert brief(trader.step((100, 100, 80, 95)).fills) == [("stop", "1000", "90")]
    trader = Trader(FREE.model_copy(update={"starting_wallet": D(10_360)}), leverage=10).at(100)
    trader.send(market("in", "BUY", 1_000), limit("dip", "BUY", 1, 90))
    events = trader.step((100, 100, 80, 95))
    assert [fill.client_id[:10] for fill in events.fills] == ["autoclose-"]
    assert ends(events)["dip"] == "CANCELED"


def test_with_two_positions_the_whole_account_goes_under() -> None:
    """BT-1: cross margin; the second is liquidated at the close at the latest, and the wallet does not go below zero."""
    trader = Trader(FREE, leverage=10).at(100)
    trader.send(market("a", "BUY", 600), market("b", "BUY", 400, symbol=ETH))
    events = trader.step((100, 100, 80, 85), (100, 100, 80, 85))
    assert [(fill.symbol, fill.side) for fill in events.fills] == [(BTC, "SELL"), (ETH, "SELL")]
    assert len({fill.client_id for fill in events.fills}) == 2
    assert events.account.positions == ()
    assert 0 <= events.account.wallet < 100


def test_funding_can_liquidate() -> None:
    """BT-1: who is under water at the close after funding is closed there."""
    trader = Trader(FREE, leverage=10).at(100)
    trader.send(market("in", "BUY", 1_000))
    events = trader.step((100, 100, 91, 91), funding={BTC: D("0.02")})
    assert events.fills[0].client_id.startswith("autoclose-")
    assert events.account.positions == ()


def test_an_answer_tells_what_its_order_did_to_others() -> None:
    """BT-1, EXEC-2: a fee that takes the margin of the order's own position: the liquidation and the entry it cancels."""
    trader = Trader(FREE.model_copy(update={"taker_fee": D("0.01")}), leverage=125).at(100)
    trader.send(limit("dip", "BUY", 1, 90))
    events = trader.send(market("in", "BUY", 12_000))
    told = ends(events)
    (autoclose,) = [name for name in told if name.startswith("autoclose-")]
    assert told == {"in": "FILLED", autoclose: "FILLED", "dip": "CANCELED"}
    assert [fill.client_id for fill in events.fills] == ["in", autoclose]
    assert (events.account.positions, events.account.equity >= 0) == ((), True)
    assert trader.step((100, 100, 100, 100)).fills == ()


def test_liquidations_at_the_close_go_by_symbol_whatever_was_opened_first() -> None:
    """BT-1: the order of events is a rule, not an accident of the past."""
    trader = Trader(FREE, leverage=10).at(100)
    trader.send(market("b", "BUY", 400, symbol=ETH), market("a", "BUY", 600))
    events = trader.step(funding={ETH: D("0.26")})
    assert [(fill.symbol, fill.client_id[:10]) for fill in events.fills] == [(BTC, "autoclose-"), (ETH, "autoclose-")]


@pytest.mark.parametrize(
    "wrong",
    [{"leverage": 0}, {"participation": 0}, {"limit_fills": "maybe"}, {"unknown": 1},
     {"leverage": 125, "maintenance_rate": "0.008"}, {"max_layers": 1_000, "layer_slippage_bps": 10}],
)  # fmt: skip
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    """BT-1: bounds and coherence are checked before anything runs."""
    with pytest.raises(ValidationError):
        SimulatorSettings.model_validate(wrong)


def test_the_same_messages_give_the_same_answers_in_any_decimal_context() -> None:
    """Invariant 2: what the process has set for its decimals does not reach the money."""
    import decimal

    results = []
    for context in (decimal.Context(prec=5), decimal.Context(prec=28)):
        with decimal.localcontext(context):
            trader = Trader(SimulatorSettings(), leverage=10).at(50_000.1)
            trader.send(market("a", "BUY", "0.123"))
            events = trader.step((50_000.1, 50_100.7, 50_000.1, 50_100.7), funding={BTC: D("0.00012345")})
            results.append(msgspec.msgpack.encode(events))
    assert results[0] == results[1]


def test_requests_travel_as_messages() -> None:
    """EXEC-2: what comes off the wire is what was put on it, conditional orders and their triggers too."""
    asked = ExchangeRequests(
        id="x", time=0, requests=(PlaceOrder(order=stop("a", "SELL", 90)), CancelOrder(symbol=BTC, client_id="a"))
    )
    decoded = msgspec.msgpack.decode(msgspec.msgpack.encode(asked), type=ExchangeRequests)
    ours, theirs = Trader().at(100).exchange, Trader().at(100).exchange
    assert ours.handle(asked) == theirs.handle(decoded)
    assert list(itertools.chain.from_iterable(o.status for o in one(ours.handle(asked)).orders)) == list("CANCELED")
