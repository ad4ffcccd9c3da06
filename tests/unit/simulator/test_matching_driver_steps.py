"""Market steps at the driver ``matching``: nonsense does no harm; funding, liquidations, and in which order (BT-1)."""

from __future__ import annotations

import math

import pytest
from pydantic import ValidationError

from shared.domain.market_step import MarketStep
from simulator.settings import SimulatorSettings
from tests.support.simulator.simulated_trader import (
    BTC,
    ETH,
    FREE,
    D,
    Trader,
    brief,
    cancel,
    candle,
    ends,
    limit,
    market,
    stop,
    target,
)

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
    trader.exchange.step(step, 60_000)
    assert trader.exchange.skipped == {BTC: 1}
    assert brief(trader.send(market("a", "BUY", 1)).fills) == [("a", "1", "100")]


def test_the_order_of_candles_in_a_step_does_not_matter() -> None:
    """BT-1: symbols are taken in their own order."""
    results = []
    for reverse in (False, True):
        trader = Trader(SimulatorSettings(), leverage=10).at(100)
        trader.send(limit("a", "BUY", 100, 95), limit("b", "BUY", 100, 95, symbol=ETH))
        candles = [candle((100, 100, 90, 96)), candle((100, 100, 90, 96), symbol=ETH)]
        results.append(trader.moved(MarketStep(close_time=120_000, candles=tuple(candles[::-1] if reverse else candles))))
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
        "LIMIT",
        autoclose[0],
        "FILLED",
        D(autoclose[1]),
    )
    assert (events.fills[0].fee, events.account.wallet, events.account.positions) == (D(autoclose[2]), D(0), ())
    assert ends(events) == {closed.client_id: "FILLED", "entry": "CANCELED"}
    assert ends(trader.send(cancel("exit", book="algo"))) == {"exit": "CANCELED"}


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
