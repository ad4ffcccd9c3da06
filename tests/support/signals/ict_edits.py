"""Random edits of a stage: facts dropped, moved in price or time, in another state; other candles."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from shared.domain.timeframes import DURATION
from tests.support.signals.stage import Stage

_STATES = ("active", "touched", "mitigated", "half_filled", "mean_threshold")
STEP = 0.125
Edit = tuple[int, int, int, int]
EDITS = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 30), st.integers(-16, 16), st.integers(-6, 6)), max_size=4)


def edited(stage: Stage, edits: list[Edit]) -> Stage:
    """The stage with some of its facts dropped, moved in price or time, or in another state, and other candles."""
    for kind, which, price, number in edits:
        ids = sorted(stage.facts())
        frames = sorted(stage.analyses)
        frame = frames[which % len(frames)]
        if kind == 8 or not ids:
            candle = stage.analyses[frame].candle
            low, high = candle.low + price * STEP, candle.high + price * STEP
            close = min(max(candle.close + price * STEP + number * STEP, low), high)
            stage = stage.candle(frame, min(max(candle.open, low), high), high, low, close)
            continue
        each = stage.facts()[ids[which % len(ids)]]
        if kind == 0:
            stage = stage.drop(each.id)
        elif kind == 1:
            stage = stage.change(each.id, bottom=each.bottom + price * STEP, top=each.top + price * STEP)
        elif kind == 2:
            known = min(each.confirmed_at + number * DURATION["5m"], stage.at)
            stage = stage.change(each.id, formed_at=min(each.formed_at, known), confirmed_at=known, changed_at=known)
        elif kind == 3:
            stage = stage.change(each.id, state=_STATES[number % len(_STATES)])
        elif kind == 4:
            stage = stage.trend(frame, ("up", "down", "none")[number % 3])
        elif kind == 5:
            stage = stage.change(each.id, top=each.top + abs(price) * STEP)
        elif kind == 6:
            stage = replace(stage, used=(each.id,))
        elif each.direction != "none":
            stage = stage.change(each.id, direction="bearish" if each.direction == "bullish" else "bullish")
    return stage
