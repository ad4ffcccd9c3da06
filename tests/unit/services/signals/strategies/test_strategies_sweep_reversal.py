"""Sweep reversal as a table: lows swept, price left with force, structure turned; what each missing piece does.

Lows at 99.25 were swept to 99, a displacement left the gap 100-100.5, and at the close before this one the character changed
at 100.75. Price closes at 101.25: the limit rests at 100.25, the stop 0.2 % under 99, risk 1.448.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.signals.strategies.sweep_reversal import STRATEGY
from shared.domain.decisions import LimitEntry, Signal
from shared.domain.timeframes import MINUTE
from tests.support.signals.ict_stages import SWEEP_REVERSAL as STAGE
from tests.support.signals.stage import ago, fact

AT = STAGE.at


def test_a_reversal_after_a_sweep_waits_at_the_middle_of_its_gap() -> None:
    """SIG-3, SIG-7: a limit for an hour; half off at the pool that is 1.04 risks away, the rest at the session's high."""
    signal = STAGE.ask(STRATEGY)
    assert isinstance(signal, Signal)
    assert (signal.side, signal.entry) == ("BUY", LimitEntry(price=100.25, rests_until=AT + 60 * MINUTE, void_at=101.75))
    assert signal.stop == pytest.approx(99.0 * 0.998)
    assert [(each.price, each.share) for each in signal.exits] == [(101.75, 0.5), (104.25, 0.5)]
    assert (signal.break_even_after, signal.valid_until, signal.score) == (1, AT + 60_000, 5.5)
    assert signal.rests_on == ("sweep", "displacement", "choch", "fvg")
    for words in ("liquidity at 99.25 was swept to 99", "turned up at 100.75", "rests at 100.25, in the fvg 100-100.5"):
        assert words in signal.why


def test_the_mirrored_reversal_is_sold() -> None:
    signal = STAGE.mirrored().ask(STRATEGY)
    assert isinstance(signal, Signal)
    assert (signal.side, signal.entry) == ("SELL", LimitEntry(price=99.75, rests_until=AT + 60 * MINUTE, void_at=98.25))
    assert signal.stop == pytest.approx(101.0 * 1.002)
    assert [each.price for each in signal.exits] == [98.25, 95.75]


def test_a_limit_may_rest_at_the_edge_of_the_block_instead() -> None:
    signal = STAGE.ask(STRATEGY, entry="block")
    assert isinstance(signal, Signal)
    assert signal.entry.price == 99.75
    assert signal.rests_on[-1] == "order_block"
    assert STAGE.drop("order_block").ask(STRATEGY, entry="block") == ("no_order_block",)
    assert STAGE.change("order_block", state="mitigated").ask(STRATEGY, entry="block") == ("no_order_block",)


def before(candles: int) -> dict[str, int]:
    """The times of a fact known so many 5m closes ago."""
    at = ago(AT, "5m", candles)
    return {"formed_at": at, "confirmed_at": at, "changed_at": at}


LATER_BREAK = fact("bos", "bearish", 100.5, 100.5, AT)
REFUSED = {
    "structure did not turn": (STAGE.drop("choch"), ("no_shift",)),
    "a break with the trend is no turn": (STAGE.change("choch", kind="bos"), ("no_shift",)),
    "the turn is three closes old": (STAGE.change("choch", **before(3)), ("no_shift",)),
    "structure broke back since": (STAGE.plus("5m", LATER_BREAK), ("no_shift",)),
    "nothing was swept": (STAGE.drop("sweep"), ("no_sweep",)),
    "the other side was swept": (STAGE.change("sweep", direction="bearish"), ("no_sweep",)),
    "the sweep is too long ago": (STAGE.change("sweep", **before(38)), ("no_sweep",)),
    "the sweep came with the turn": (STAGE.change("sweep", **before(1)), ("no_sweep",)),
    "price left without force": (STAGE.drop("displacement"), ("no_displacement",)),
    "the force was before the sweep": (STAGE.change("displacement", **before(9)), ("no_displacement",)),
    "no gap was left": (STAGE.drop("fvg"), ("no_fvg",)),
    "the gap is of before the sweep": (STAGE.change("fvg", **before(8)), ("no_fvg",)),
    "the gap was filled to its middle": (STAGE.change("fvg", state="half_filled"), ("no_fvg",)),
    "neither force nor gap": (STAGE.drop("displacement", "fvg"), ("no_displacement", "no_fvg")),
    "price is at the entry already": (STAGE.candle("5m", 100.5, 100.75, 100.25, 100.25), ("entry_passed",)),
    "this sweep was traded": (replace(STAGE, used=("sweep",)), ("zone_used",)),
    "this turn was traded": (replace(STAGE, used=("choch",)), ("zone_used",)),
}


@pytest.mark.parametrize(("stage", "reasons"), REFUSED.values(), ids=REFUSED.keys())
def test_each_missing_condition_is_the_reason_why_not(stage, reasons) -> None:
    """SIG-7, long and short."""
    assert stage.ask(STRATEGY) == reasons
    assert stage.mirrored().ask(STRATEGY) == reasons


def test_bounds_of_the_stop_are_settings() -> None:
    assert STAGE.ask(STRATEGY, max_stop_distance=0.014) == ("stop_too_far",)
    assert STAGE.ask(STRATEGY, min_stop_distance=0.015) == ("stop_too_near",)


def test_without_liquidity_the_target_is_two_risks_away() -> None:
    signal = STAGE.drop("liquidity_pool", "session_high").ask(STRATEGY)
    assert isinstance(signal, Signal)
    assert [(each.price, each.share) for each in signal.exits] == [(pytest.approx(100.25 + 2 * (100.25 - 98.802)), 1.0)]
    assert signal.break_even_after == 0


@pytest.mark.parametrize(("void_at", "rung"), [("first_target", 0), ("last_target", -1), ("never", None)])
def test_price_voids_the_limit_order_where_the_setting_says(void_at, rung) -> None:
    """SIG-3, SIG-7: the move went without the trade."""
    signal = STAGE.ask(STRATEGY, void_at=void_at)
    assert isinstance(signal, Signal)
    assert isinstance(signal.entry, LimitEntry)
    assert signal.entry.void_at == (None if rung is None else signal.exits[rung].price)
