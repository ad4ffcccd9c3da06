"""Sizes as a table that a trader can check by hand (RISK-1)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pydantic import ValidationError

from services.risk.settings import RiskSettings
from services.risk.sizing import CAPPED_BY_POSITION, CAPPED_BY_SYMBOL, TOO_CLOSE, UNDER_MINIMUM, size
from tests.support.risk.scenes import instrument, signal

BTC = instrument("BTCUSDT")

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
    sized = size(signal(entry=entry, stop=stop), BTC, Decimal(equity), Decimal(held), RiskSettings(), 10)
    assert (sized.quantity, sized.risk_amount, sized.notes) == (Decimal(quantity), Decimal(risk), notes)


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
    assert (sized.entry, sized.stop, sized.target) == tuple(map(Decimal, rounded))
    assert sized.risk_amount == sized.quantity * abs(sized.entry - sized.stop) <= 100


@pytest.mark.parametrize(
    ("side", "entry", "stop", "target"),
    [
        ("BUY", 100.04, 100.01, 104.0),  # both on 100.0
        ("SELL", 100.06, 100.08, 96.0),  # both on 100.1
        ("BUY", 100.0, 98.0, 100.02),  # target on the entry
        ("BUY", 100.0, 0.05, 300.0),  # stop on zero
    ],
)
def test_prices_that_fall_together_on_the_tick_grid_are_not_traded(side, entry, stop, target):
    sized = size(
        signal(side=side, entry=entry, stop=stop, target=target), BTC, Decimal(10_000), Decimal(0), RiskSettings(), 10
    )
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
