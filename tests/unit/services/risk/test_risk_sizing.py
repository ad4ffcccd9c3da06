"""Sizes as a table that a trader can check by hand (RISK-1)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pydantic import ValidationError

from services.risk.settings import RiskSettings
from services.risk.sizing import CAPPED_BY_POSITION, CAPPED_BY_SYMBOL, TOO_CLOSE, UNDER_MINIMUM, size
from shared.domain.decisions import Exit, LimitEntry
from tests.support.risk.scenes import instrument, signal

BTC = instrument("BTCUSDT")
#: Neither fees nor slippage: what the caps and the grids do, in round numbers.
FREE = RiskSettings(max_slippage=Decimal(0), taker_fee=Decimal(0))

# equity, entry, stop, held notional -> quantity, risk, notes. 10x leverage: one position may hold equity in notional.
TABLE = {
    "1 % of 10,000 over a 2 USDT stop": ("10000", 100.0, 98.0, "0", "50", "100", ()),
    "rounded down to the step": ("10000", 100.0, 93.0, "0", "14.285", "99.995", ()),
    "a tight stop meets the margin cap": ("10000", 100.0, 99.5, "0", "100", "50", (CAPPED_BY_POSITION,)),
    "exactly at the cap is not capped": ("10000", 100.0, 99.0, "0", "100", "100", ()),
    "the symbol holds much already": ("10000", 100.0, 98.0, "17000", "30", "60", (CAPPED_BY_SYMBOL,)),
    "both caps": ("10000", 100.0, 99.5, "15000", "50", "25", (CAPPED_BY_POSITION, CAPPED_BY_SYMBOL)),
    "the symbol is full": ("10000", 100.0, 98.0, "20000", "0", "0", (CAPPED_BY_SYMBOL, UNDER_MINIMUM)),
    "the symbol is overfull": ("10000", 100.0, 98.0, "30000", "0", "0", (CAPPED_BY_SYMBOL, UNDER_MINIMUM)),
    "under the least notional": ("9", 100.0, 98.0, "0", "0", "0", (UNDER_MINIMUM,)),
    "at the least notional": ("10", 100.0, 98.0, "0", "0.05", "0.1", ()),
    "nothing left": ("0", 100.0, 98.0, "0", "0", "0", (UNDER_MINIMUM,)),
    "less than nothing": (
        "-50", 100.0, 98.0, "0", "0", "0", (UNDER_MINIMUM,),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("equity", "entry", "stop", "held", "quantity", "risk", "notes"), TABLE.values(), ids=TABLE.keys())
def test_sizes(equity, entry, stop, held, quantity, risk, notes):
    sized = size(signal(entry=entry, stop=stop), BTC, Decimal(equity), Decimal(held), FREE, 10)
    assert (sized.quantity, sized.risk_amount, sized.notes) == (Decimal(quantity), Decimal(risk), notes)


# settings, side, entry, stop, target, tick -> bound, quantity
COSTS = {
    "the bound lies on the tick nearer to the price": ({}, "BUY", 100.0, 98.0, 104.0, "0.1", "100.1", "45.474"),
    "a sell is bounded from below": ({}, "SELL", 100.0, 102.0, 96.0, "0.1", "99.9", "45.434"),
    "a finer tick lets more slip": ({}, "BUY", 100.0, 98.0, 104.0, "0.01", "100.15", "44.462"),
    "at most a quarter of the way to the stop": ({}, "BUY", 100.0, 99.8, 104.0, "0.01", "100.05", "100"),
    "at most a quarter of the way to the first exit": ({}, "BUY", 100.0, 98.0, 100.4, "0.1", "100.1", "45.474"),
    "under a tick nothing slips": ({}, "BUY", 100.0, 98.0, 104.0, "0.5", "100", "47.641"),
    "fees alone": ({"max_slippage": "0"}, "BUY", 100.0, 98.0, 104.0, "0.1", "100", "47.641"),
    "slippage alone": ({"taker_fee": "0"}, "BUY", 100.0, 98.0, 104.0, "0.1", "100.1", "47.619"),
}


@pytest.mark.parametrize(
    ("changes", "side", "entry", "stop", "target", "tick", "bound", "quantity"), COSTS.values(), ids=COSTS.keys()
)
def test_fees_and_slippage_are_part_of_the_budget(changes, side, entry, stop, target, tick, bound, quantity):
    """RISK-1: budget / (distance + slippage + fees), 1 % of 10,000; a tight stop meets the margin cap at the bound."""
    fine = instrument("BTCUSDT", tick=tick)
    wish = signal(side=side, entry=entry, stop=stop, target=target)
    sized = size(wish, fine, Decimal(10_000), Decimal(0), RiskSettings(**changes), 10)
    assert (sized.bound, sized.risk_budget) == (Decimal(bound), Decimal(100))
    if sized.notes:
        assert sized.notes == (CAPPED_BY_POSITION,)
        assert sized.quantity * sized.bound <= 10_000
    else:
        assert sized.quantity == Decimal(quantity)


def test_a_limit_entry_fills_at_its_price_or_better():
    """RISK-1: nothing slips, so it is larger than a market entry at the same price."""
    resting = signal(entry=LimitEntry(price=100.0, rests_until=0))
    limit, market = (size(each, BTC, Decimal(10_000), Decimal(0), RiskSettings(), 10) for each in (resting, signal()))
    assert limit.bound == limit.price == 100
    assert limit.quantity > market.quantity


LADDERS = {
    "a ladder on the grid": ((102.04, 104.06), (0.5, 0.5), ("102.0", "104.1"), ("0.5", "0.5")),
    "a rest rides": ((102.0, 104.0), (0.25, 0.25), ("102.0", "104.0"), ("0.25", "0.25")),
    "thirds as doubles": ((102.0, 103.0, 104.0), (1 / 3,) * 3, ("102.0", "103.0", "104.0"), ("0.3333333333333333",) * 3),
    "doubles beyond the whole": (
        (102.0, 104.0), (0.7, 0.3000000000000001), ("102.0", "104.0"), ("0.7", "0.3"),
    ),
    "nothing is left for the last": ((102.0, 104.0), (1.0, 1e-10), ("102.0",), ("1.0",)),
}  # fmt: skip


@pytest.mark.parametrize(("prices", "shares", "at", "parts"), LADDERS.values(), ids=LADDERS.keys())
def test_a_ladder_goes_to_the_grid_and_never_beyond_the_whole(prices, shares, at, parts):
    """EXEC-7: the shares come as doubles, and the intent's are exact."""
    exits = tuple(Exit(price=price, share=share) for price, share in zip(prices, shares, strict=True))
    sized = size(signal(exits=exits), BTC, Decimal(10_000), Decimal(0), RiskSettings(), 10)
    assert [each.price for each in sized.exits] == [Decimal(each) for each in at]
    assert [each.share for each in sized.exits] == [Decimal(each) for each in parts]


def test_under_the_least_quantity_is_not_traded():
    coarse = instrument("BTCUSDT", step="100")
    assert size(signal(), coarse, Decimal(10_000), Decimal(0), RiskSettings(), 10).notes == (UNDER_MINIMUM,)


@pytest.mark.parametrize(
    ("side", "entry", "stop", "target", "rounded"),
    [
        ("BUY", 100.04, 98.09, 104.07, ("100.0", "98.0", "104.1")),
        ("SELL", 100.04, 102.01, 96.07, ("100.0", "102.1", "96.1")),
        ("BUY", 100.0, 98.1, 104.0, ("100.0", "98.1", "104.0")),
        ("SELL", 100.0, 101.9, 96.0, ("100.0", "101.9", "96.0")),
    ],
)
def test_the_stop_is_rounded_away_from_the_entry_and_the_size_follows_it(side, entry, stop, target, rounded):
    sized = size(
        signal(side=side, entry=entry, stop=stop, target=target), BTC, Decimal(10_000), Decimal(0), RiskSettings(), 10
    )
    assert (sized.price, sized.stop, sized.exits[0].price) == tuple(map(Decimal, rounded))
    assert sized.risk_amount == sized.quantity * abs(sized.price - sized.stop) <= 100


@pytest.mark.parametrize(
    ("side", "entry", "stop", "target"),
    [
        ("BUY", 100.04, 100.01, 104.0),  # both on 100.0
        ("SELL", 100.06, 100.08, 96.0),  # both on 100.1
        ("BUY", 100.0, 98.0, 100.02),  # target on the entry
        ("BUY", 100.0, 0.05, 300.0),  # stop on zero
        ("SELL", 100.0, 102.0, 0.04),  # target on zero
    ],
)
def test_prices_that_fall_together_on_the_tick_grid_are_not_traded(side, entry, stop, target):
    sized = size(
        signal(side=side, entry=entry, stop=stop, target=target), BTC, Decimal(10_000), Decimal(0), RiskSettings(), 10
    )
    assert (sized.quantity, sized.notes) == (Decimal(0), (TOO_CLOSE,))


def test_two_rungs_on_one_tick_are_not_traded():
    """EXEC-7: a ladder is checked against the tick like stop and entry."""
    exits = (Exit(price=104.01, share=0.5), Exit(price=104.04, share=0.5))
    sized = size(signal(exits=exits), BTC, Decimal(10_000), Decimal(0), RiskSettings(), 10)
    assert (sized.quantity, sized.notes) == (Decimal(0), (TOO_CLOSE,))


@pytest.mark.parametrize(
    "wrong",
    [
        {"halt_loss_limit": "0.02"},
        {"position_margin_cap": "0.5"},
        {"risk_per_trade": "0.2"},
        {"unknown": 1},
    ],
)
def test_settings_that_contradict_each_other_are_refused(wrong):
    with pytest.raises(ValidationError):
        RiskSettings(**wrong)


@pytest.mark.parametrize(
    ("side", "entry", "void_at", "rounded"),
    [
        ("BUY", 100.0, 102.04, "102.0"),
        ("BUY", 100.0, 102.06, "102.1"),
        ("BUY", 100.0, 100.01, "100.1"),
        ("SELL", 100.0, 97.96, "98.0"),
        ("SELL", 100.0, 99.99, "99.9"),
        ("BUY", 100.0, None, "0"),
    ],
)
def test_the_price_that_voids_an_entry_goes_to_the_grid_at_least_a_tick_beyond_it(side, entry, void_at, rounded):
    """RISK-1, SIG-7: where it is an exit's price it is that exit's tick."""
    prices = (
        {"stop": 98.0, "exits": (Exit(price=104.0),)} if side == "BUY" else {"stop": 102.0, "exits": (Exit(price=96.0),)}
    )
    resting = signal(side=side, entry=LimitEntry(price=entry, rests_until=0, void_at=void_at), **prices)
    assert size(resting, BTC, Decimal(10_000), Decimal(0), FREE, 10).void_at == Decimal(rounded)
    assert size(signal(), BTC, Decimal(10_000), Decimal(0), FREE, 10).void_at == 0
