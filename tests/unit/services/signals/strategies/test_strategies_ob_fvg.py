"""The order block with fair value gap strategy, as tables: what lies there, what the candle did, what follows.

The base scene: bullish order block 100-101, gap 100.8-102, trend up, and a 15m candle 103 / 104 / 100.5 / 101.5 that comes
back into the zone. Stop = 100 less 0.2 % = 99.8, so the risk is 1.7 and the target 101.5 + 2 x 1.7 = 104.9.
"""

from __future__ import annotations

import msgspec
import pytest

from services.signals.strategies.ob_fvg import ObFvgSettings, judge
from shared.domain.decisions import MarketEntry, Signal
from shared.domain.facts import Analysis
from shared.domain.timeframes import MINUTE
from tests.support.signals.scenes import CLOSE, QUARTER, analysis, block, candle, fact, gap, mirror, view

SETTINGS = ObFvgSettings()


def test_the_return_into_an_order_block_with_a_gap_is_bought():
    """SIG-3, SIG-7: entry at the close, stop 0.2 % beyond the block, target 1:2, one minute to live."""
    signal = judge(view(analysis(block(), gap())), SETTINGS)
    assert isinstance(signal, Signal)
    assert (signal.side, signal.entry, signal.strategy) == ("BUY", MarketEntry(price=101.5), "ob_fvg")
    assert signal.stop == pytest.approx(99.8)
    assert [(each.price, each.share) for each in signal.exits] == [(pytest.approx(104.9), 1.0)]
    assert signal.score == 5.5
    assert (signal.close_time, signal.valid_until) == (CLOSE, CLOSE + 60_000)
    assert signal.rests_on == (block().id, gap().id)
    for word in ("BTCUSDT 15m", "bullish order block 100-101", "gap 100.8-102", "closed at 101.5", "1:2"):
        assert word in signal.why


def test_small_prices_are_written_in_digits():
    """SIG-7: a sentence has no powers of ten."""
    tiny = [msgspec.structs.replace(each, top=each.top * 1e-9, bottom=each.bottom * 1e-9) for each in (block(), gap())]
    here = candle(CLOSE, open=103e-9, high=104e-9, low=100.5e-9, close=101.5e-9)
    signal = judge(view(analysis(*tiny, atr=1e-9, of=here)), SETTINGS)
    assert isinstance(signal, Signal)
    for words in ("block 0.0000001-0.000000101", "gap 0.0000001008-0.000000102", "closed at 0.0000001015"):
        assert words in signal.why


def test_the_mirrored_scene_is_sold():
    mirrored = candle(CLOSE, open=103.0, high=105.5, low=102.0, close=104.5)
    signal = judge(view(analysis(mirror(block()), mirror(gap()), trend="down", of=mirrored)), SETTINGS)
    assert isinstance(signal, Signal)
    assert (signal.side, signal.entry) == ("SELL", MarketEntry(price=104.5))
    assert signal.stop == pytest.approx(106 * 1.002)
    assert signal.target == pytest.approx(104.5 - 2 * (106 * 1.002 - 104.5))
    assert "bearish order block" in signal.why


def test_a_signal_rests_on_the_last_break_of_structure_in_its_direction():
    older = fact("bos", "bullish", 99.0, 99.0, state="final", id="older")
    newer = fact("choch", "bullish", 102.0, 102.0, state="final", id="newer", confirmed_at=CLOSE, changed_at=CLOSE)
    other = fact("bos", "bearish", 98.0, 98.0, state="final", id="other", confirmed_at=CLOSE, changed_at=CLOSE)
    signal = judge(view(analysis(older, block(), newer, gap(), other)), SETTINGS)
    assert isinstance(signal, Signal)
    assert signal.rests_on == (block().id, gap().id, "newer")


REFUSED = {
    "no facts at all": (analysis(), ("no_order_block", "no_fvg")),
    "only a gap": (analysis(gap()), ("no_order_block",)),
    "only a block": (analysis(block()), ("no_fvg",)),
    "a block too weak": (analysis(block(score=0.29), gap()), ("no_order_block",)),
    "a block invalidated": (analysis(block(state="invalidated"), gap()), ("no_order_block",)),
    "a gap filled": (analysis(block(), gap(state="filled")), ("no_fvg",)),
    "a gap of the other direction": (analysis(block(), gap("bearish")), ("no_fvg",)),
    "a gap too far away": (analysis(block(), gap(bottom=101.6, top=102.0)), ("no_overlap",)),
    "structure against us": (analysis(block(), gap(), trend="down"), ("against_structure",)),
    "no structure yet: 3.5 of 4.0": (analysis(block(), gap(), trend="none"), ("against_structure",)),
    "price above the zone": (
        analysis(block(), gap(), of=candle(CLOSE, low=102.1, close=102.5)),
        ("price_not_in_zone",),
    ),
    "price closed through the block": (
        analysis(block(), gap(), of=candle(CLOSE, low=99.0, close=99.9)),
        ("price_not_in_zone",),
    ),
    "the block is of this very candle": (
        analysis(block(confirmed_at=CLOSE, changed_at=CLOSE), gap()),
        ("price_not_in_zone",),
    ),
    "the gap is of this very candle": (
        analysis(block(), gap(confirmed_at=CLOSE, changed_at=CLOSE)),
        ("price_not_in_zone",),
    ),
    "a disputed candle": (analysis(block(), gap(), of=candle(CLOSE, state="disputed")), ("data_disputed",)),
    "no atr yet": (analysis(block(), gap(), atr=0.0), ("warming_up",)),
    "disputed and cold": (
        analysis(atr=0.0, of=candle(CLOSE, state="disputed")),
        ("data_disputed", "warming_up"),
    ),
    "everything at once": (
        analysis(block(), gap(bottom=101.6, top=102.0), trend="down", of=candle(CLOSE, low=101.2, close=106.0, high=107.0)),
        ("no_overlap", "price_not_in_zone", "against_structure", "stop_too_far"),
    ),
}


def upside_down(shown: Analysis) -> Analysis:
    """The same scene with every price mirrored around 103: what was bought is sold."""
    of = shown.candle
    turned = [206.0 - each for each in (of.open, of.low, of.high, of.close)]
    return msgspec.structs.replace(
        shown,
        candle=msgspec.structs.replace(of, open=turned[0], high=turned[1], low=turned[2], close=turned[3]),
        trend={"up": "down", "down": "up"}.get(shown.trend, "none"),
        active=tuple(mirror(each) for each in shown.active),
    )


@pytest.mark.parametrize(("shown", "reasons"), REFUSED.values(), ids=REFUSED.keys())
def test_a_refused_setup_says_every_reason(shown, reasons):
    """SIG-7: a rejected setup is published with its reasons, long and short."""
    assert judge(view(shown), SETTINGS) == reasons
    assert judge(view(upside_down(shown)), SETTINGS) == reasons


@pytest.mark.parametrize("state", ["active", "mitigated"])
def test_a_block_is_good_while_it_lives(state):
    assert isinstance(judge(view(analysis(block(state=state), gap())), SETTINGS), Signal)


@pytest.mark.parametrize("state", ["active", "touched", "half_filled"])
def test_a_gap_is_good_until_it_is_filled(state):
    assert isinstance(judge(view(analysis(block(), gap(state=state))), SETTINGS), Signal)


def test_a_gap_half_an_atr_away_still_belongs_to_the_block():
    assert isinstance(judge(view(analysis(block(), gap(bottom=101.5, top=102.0))), SETTINGS), Signal)


def test_a_touch_of_the_zone_edge_is_a_return():
    touching = candle(CLOSE, low=102.0, close=102.5)
    assert isinstance(judge(view(analysis(block(), gap(), of=touching)), SETTINGS), Signal)


def test_a_zone_gives_one_signal_only():
    assert judge(view(analysis(block(), gap()), used=(block().id,)), SETTINGS) == ("zone_used",)


def test_a_used_gap_does_not_spend_another_block():
    assert isinstance(judge(view(analysis(block(), gap()), used=(gap().id,)), SETTINGS), Signal)


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({"max_stop_distance": 0.0167}, ("stop_too_far",)),
        ({"max_stop_distance": 0.0168}, None),
        ({"min_stop_distance": 0.0168}, ("stop_too_near",)),
        ({"min_stop_distance": 0.0167}, None),
        ({"entry_score": 5.5}, None),
        ({"weight_fvg": 1.0, "entry_score": 5.0}, None),
    ],
)
def test_bounds_of_the_stop_and_score_are_settings(changes, reasons):
    """1.7 of 101.5 is 1.675 %."""
    judged = judge(view(analysis(block(), gap())), ObFvgSettings(**changes))
    assert isinstance(judged, Signal) if reasons is None else judged == reasons


def test_no_structure_is_enough_when_the_settings_ask_for_less():
    assert isinstance(judge(view(analysis(block(), gap(), trend="none")), ObFvgSettings(entry_score=3.5)), Signal)


def test_too_few_candles_are_warming_up():
    shown = analysis(block(), gap())
    assert judge(view(shown, candles=19), SETTINGS) == ("warming_up",)
    assert isinstance(judge(view(shown, candles=20), SETTINGS), Signal)


def test_another_close_is_not_judged():
    assert judge(view(analysis(block(), gap()), at=CLOSE + MINUTE), SETTINGS) == ("not_this_timeframe",)


def test_an_analysis_of_an_older_close_is_missing_now():
    """DATA-3: no entry rests on what was declared missing."""
    assert judge(view(analysis(block(), gap()), at=CLOSE + QUARTER), SETTINGS) == ("data_missing",)


def test_the_nearest_sound_candidate_signals():
    deep = (block(bottom=97.0, top=98.0), gap(bottom=97.5, top=98.5))
    reaching = candle(CLOSE, low=98.0)
    signal = judge(view(analysis(*deep, block(), gap(), of=reaching)), SETTINGS)
    assert isinstance(signal, Signal)
    assert signal.rests_on[0] == block().id


def test_a_spent_nearest_block_leaves_the_next_one_free():
    deep = (block(bottom=99.0, top=99.5), gap(bottom=99.2, top=99.6, id="deep-gap"))
    reaching = candle(CLOSE, low=99.4)
    signal = judge(view(analysis(*deep, block(), gap(), of=reaching), used=(block().id,)), SETTINGS)
    assert isinstance(signal, Signal)
    assert signal.rests_on == (deep[0].id, "deep-gap")


def test_the_nearest_candidate_speaks_for_a_refused_close():
    far = block(bottom=80.0, top=81.0)  # would add price_not_in_zone and no_overlap
    assert judge(view(analysis(far, block(), gap()), used=(block().id,)), SETTINGS) == ("zone_used",)


def test_of_several_gaps_the_nearest_is_taken():
    signal = judge(view(analysis(block(), gap(bottom=101.2, top=102.0, id="off"), gap())), SETTINGS)
    assert isinstance(signal, Signal)
    assert signal.rests_on[1] == gap().id
    assert "next to" in judge(view(analysis(block(), gap(bottom=101.2, top=102.0))), SETTINGS).why
