"""A price that reappears beyond the liquidation price: liquidation first, and nobody owes the exchange anything (BT-1)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from shared.config.account import AccountSettings
from shared.domain.order_words import Side
from simulator.core.model.events import InsurancePaid
from simulator.settings import SimulatorSettings
from tests.support.simulator.core_trader import BTC, ETH, CoreTrader, D, algo, limit
from tests.support.simulator.simulated_trader import FREE, Trader, brief, ends, market, stop, target
from tests.support.simulator.simulated_trader import limit as resting

#: Position, its stop, the price after the gap (100 before it), minutes without a candle in between.
GAPS = [
    ("BUY", 1_000, 95, 85, 0),  # ten times the wallet, 15 % down
    ("SELL", 1_000, 105, 220, 0),  # the same short, 120 % up
    ("SELL", 100, 105, 1_000, 4 * 24 * 60),  # once the wallet, ten times the price after four days without candles
    ("BUY", 1_000, 95, 0.1, 1),  # nearly nothing is left of the price
]


@pytest.mark.parametrize("lane_settings", [FREE, SimulatorSettings()])
@pytest.mark.parametrize(("side", "quantity", "at", "after", "hole"), GAPS)
def test_a_gap_beyond_the_liquidation_price_liquidates_before_the_stop_in_it(
    side: Side, quantity: int, at: float, after: float, hole: int, lane_settings: SimulatorSettings
) -> None:
    """BT-1: in the lane of candles, with free trades and with the settings that are shipped."""
    trader = Trader(lane_settings, leverage=10).at(100)
    size = quantity if lane_settings is FREE else quantity * 9 // 10  # room for fees and slippage
    assert trader.send(market("in", side, size)).orders[0].status == "FILLED"
    trader.send(stop("stop", "SELL" if side == "BUY" else "BUY", at))
    trader.minute += hole
    events = trader.step((after, after, after, after))
    assert [fill.client_id[:10] for fill in events.fills] == ["autoclose-"] * len(events.fills)
    assert events.fills
    assert events.account.positions == ()
    assert 0 <= events.account.equity < 10_000
    assert ends(trader.step((after, after, after, after))) in ({}, {"stop": "EXPIRED"})
    assert trader.step((after, after, after, after)).account.equity == events.account.equity


@pytest.mark.parametrize("separate_mark", [False, True])
@pytest.mark.parametrize(("side", "quantity", "at", "after", "hole"), GAPS)
def test_a_gap_liquidates_first_when_the_price_comes_as_trades_and_marks(
    side: Side, quantity: int, at: float, after: float, hole: int, separate_mark: bool
) -> None:
    """BT-1: the same in the lane of ticks, whether the mark price follows the last price or is told by itself."""
    trader = CoreTrader()
    if separate_mark:
        trader.mark(100)
    (trader.buy if side == "BUY" else trader.sell)(quantity)
    exit_side = "SELL" if side == "BUY" else "BUY"
    trader.place_algo(algo(exit_side, "STOP_MARKET", at=at, client_algo_id="stop", working_type="MARK_PRICE"))
    trader.now += hole * 60_000
    events = trader.mark(after) if separate_mark else trader.trade(after)
    assert [name[:10] for name, _, _ in trader.fills()[1:]] == ["autoclose-"]
    assert trader.quantity() == 0
    assert trader.core.account().margin_balance == 0
    assert trader.algo("stop").status == "EXPIRED"
    paid = sum((each.amount for each in events if isinstance(each, InsurancePaid)), D(0))
    assert paid == quantity * abs(D(str(after)) - 100) - 10_000
    assert trader.core.insurance == -paid


def test_default_leverage_and_caps_survive_a_price_that_more_than_doubles() -> None:
    """BT-1: a short of the default account, as large as its leverage allows."""
    trader = Trader(SimulatorSettings(), leverage=AccountSettings().leverage).at(100)
    size = 99 * AccountSettings().leverage
    assert trader.send(market("in", "SELL", size)).orders[0].status == "FILLED"
    trader.send(stop("stop", "BUY", 102))
    events = trader.step((220, 230, 210, 215))
    assert (events.account.positions, events.account.equity >= 0) == ((), True)


def test_a_gap_short_of_the_liquidation_price_is_the_stops() -> None:
    """BT-1: 90.36 is the liquidation price; at 90.5 the stop fills at the price after the gap."""
    trader = Trader(FREE, leverage=10).at(100)
    trader.send(market("in", "BUY", 1_000), stop("stop", "SELL", 95))
    assert brief(trader.step((90.5, 91, 90.5, 91)).fills) == [("stop", "1000", "90.5")]


def test_an_entry_that_fills_in_a_gap_is_liquidated_before_its_stop() -> None:
    """BT-1: bought at 95 by an order that rested, with the price at 50: the stop at 92 has nothing left to save."""
    trader = Trader(FREE, leverage=10).at(100)
    trader.send(resting("in", "BUY", 1_000, 95), stop("stop", "SELL", 92))
    events = trader.step((50, 51, 49, 50))
    assert brief(events.fills)[0] == ("in", "1000", "95")
    assert events.fills[1].client_id.startswith("autoclose-")
    assert events.account.equity == 0


def test_an_own_order_that_closes_beyond_bankruptcy_costs_what_the_account_has() -> None:
    """BT-1: a last price that the mark price does not share triggers the stop; the fund takes what the account has not."""
    trader = CoreTrader(taker_fee=D("0.001"))
    trader.mark(100)
    trader.buy(900)
    trader.place_algo(algo("SELL", "STOP_MARKET", at=95, client_algo_id="stop"))
    events = trader.trade(80)
    (_, quantity, price) = trader.fills("stop")[0]
    assert (quantity, D(price)) == ("900", D("89"))  # 9,910 / 900 below 100, to the tick in the account's favour
    assert 0 <= trader.core.account().margin_balance < 90
    assert [each.amount for each in events if isinstance(each, InsurancePaid)] == [D(900) * 9]


def test_an_order_that_would_turn_the_leg_beyond_bankruptcy_only_closes_it() -> None:
    """BT-1: nothing is left to open the other side with."""
    trader = CoreTrader()
    trader.mark(100)
    trader.buy(1_000)
    trader.place_algo(algo("SELL", "STOP_MARKET", 1_500, at=95, client_algo_id="turn"))
    trader.trade(80)
    assert trader.fills("turn") == [("turn", "1000", "90")]
    assert (trader.order("turn").status, trader.quantity()) == ("EXPIRED", D(0))
    assert trader.core.account().margin_balance == 0


def test_a_crossed_liquidation_cancels_the_entries_of_isolated_symbols_too() -> None:
    """BT-1: their margin would come out of the wallet that has just been lost."""
    trader = CoreTrader()
    trader.core.set_margin_type(ETH, "ISOLATED", trader.tick())
    trader.place(limit("BUY", 10, 50, symbol=ETH, client_id="entry"))
    trader.buy(950)
    trader.trade(60)
    assert trader.order("entry").status == "CANCELED"
    assert 0 <= trader.core.account().margin_balance < 950 * D("0.1")  # what the tick leaves


@pytest.mark.parametrize(
    ("exit_order", "row", "fills"),
    [
        (target("t", "SELL", 108), (109, 112, 96, 101), [("t", "2", "109")]),
        (stop("t", "SELL", 95), (93, 107, 90, 101), [("t", "2", "93")]),
    ],
)
def test_a_gapped_exit_fills_at_the_first_price_that_was_traded(
    exit_order: object, row: tuple[float, float, float, float], fills: list[tuple[str, str, str]]
) -> None:
    """BT-1: market on trigger, for better as for worse."""
    trader = Trader(FREE).at(100)
    trader.send(market("in", "BUY", 2))
    trader.send(exit_order)  # type: ignore[arg-type]  # an order, from the table
    assert brief(trader.step(row).fills) == fills


def test_the_clearance_fee_goes_to_the_insurance_fund() -> None:
    """BT-1: what a liquidation leaves of the margin, up to its rate."""
    trader = CoreTrader(liquidation_fee=D("0.0125"))
    trader.buy(1_000)
    trader.trade("90.3")
    assert trader.core.insurance == Decimal(300)
    assert BTC in {line.symbol for line in trader.core.income() if line.type == "INSURANCE_CLEAR"}
