"""What is missing or disputed at a close: told at once where nothing is, and never differently from a look at everything."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from services.signals.filters.filtering import Filters
from services.signals.filters.settings import FiltersSettings
from services.signals.knowledge import Knowledge
from services.signals.view.flaws import SOUND, flaws
from shared.barrier import Ruling
from shared.domain.timeframes import DURATION, Timeframe, closing_at
from tests.support.signals.scenes import DAWN, analysis, candle

FRAMES: tuple[Timeframe, ...] = ("5m", "15m", "1h")
#: What becomes of the candle of a timeframe at a close: it comes, is disputed, comes twice, or does not come.
FATES = st.lists(
    st.fixed_dictionaries({frame: st.sampled_from(["comes"] * 8 + ["disputed", "twice", "absent"]) for frame in FRAMES}),
    min_size=1,
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(FATES, st.integers(0, 12), st.integers(0, 40))
def test_flaws_that_are_told_at_once_are_those_that_are_looked_up(
    fates: list[dict[Timeframe, str]], start: int, restored: int
) -> None:
    """SIG-1, BT-7: wherever it begins, with holes, repeats and disputed candles, and after a restart."""
    knowledge = Knowledge(("BTCUSDT",), FRAMES, (), Filters(("BTCUSDT",), (), FiltersSettings()), 16)
    sound = 0
    for number, fate in enumerate(fates):
        close_time = DAWN + (start + number) * DURATION["5m"]
        closing = closing_at(close_time, FRAMES)
        if number == restored:
            knowledge.restore(dict(knowledge.symbols))
        for frame in closing:
            if fate[frame] != "absent":
                state = "disputed" if fate[frame] == "disputed" else "closed"
                for _ in range(2 if fate[frame] == "twice" else 1):
                    knowledge.absorb(analysis(of=candle(close_time, frame, state=state)))
        told = knowledge.flaws(Ruling(close_time, closing, (), ()))["BTCUSDT"]
        looked = flaws(close_time, closing, knowledge.symbols["BTCUSDT"].analyses)
        assert (told.missing, told.disputed) == (looked.missing, looked.disputed)
        sound += told is SOUND
    if all(each == "comes" for fate in fates for each in fate.values()):
        assert sound == len(fates)
