"""Whatever was played: a choice knows nothing of its test, and a verdict says no more than its numbers."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from research.evidence.days import LEAST_DAYS, Trial, places, splits_of, whole_days
from research.evidence.judging import daily_sharpes, row_of, walked
from research.evidence.pictures import plateau_picture, search_pictures
from research.evidence.record import Evidence, EvidenceSet, Row, encode
from research.evidence.verdict import LEAST_TRADES
from research.validation.leaks import leaks
from research.validation.walk_forward import Span
from shared.domain.timeframes import DAY
from tests.support.research.evidence import candles, played, span, trial
from tests.support.research.results import generator

DAYS = st.integers(LEAST_DAYS, 60)
CANDLES = candles(LEAST_DAYS)


def market(days: int, seed: int, trials: int) -> list[Trial]:
    """Trials with random returns and trades."""
    rng = np.random.default_rng(seed)
    found = []
    for place in range(trials):
        results = [(float(at), float(rng.normal(0.0, 10.0))) for at in sorted(rng.uniform(0.0, days - 0.1, 3 * days))]
        found.append(trial(rng.normal(0.0, 0.01, days).tolist(), results, reward_risk=1.0 + place))
    return found


@given(st.integers(0, 10**13), st.integers(0, 200 * DAY))
def test_judged_days_are_whole_and_inside_the_candles(start: int, length: int) -> None:
    """SIG-9: half a day would count as a day."""
    try:
        found = whole_days(Span(start, start + length))
    except ValueError:
        assert length < (LEAST_DAYS + 1) * DAY
        return
    assert found.start % DAY == found.end % DAY == 0
    assert start <= found.start < start + DAY
    assert start + length - DAY < found.end <= start + length


@given(st.integers(LEAST_DAYS, 1_000))
def test_tests_of_the_walk_leak_nothing(days: int) -> None:
    """SIG-9: a day lies between a training and its test, and no day is tested twice."""
    splits = splits_of(span(days))
    assert splits
    assert leaks(splits, span=span(days), embargo=DAY) == []


@settings(max_examples=25, deadline=None)
@given(DAYS, st.integers(0, 10**6), st.integers(1, 4))
def test_a_choice_is_the_same_whatever_comes_after_its_training(days: int, seed: int, trials: int) -> None:
    """SIG-9: other returns and trades from the first test on change no first choice, and every test is the chosen one's."""
    split = splits_of(span(days))[0]
    before = market(days, seed, trials)
    known = places(span(days), split.train).stop
    after = []
    for one, other in zip(before, market(days, seed + 1, trials), strict=True):
        results = [each for each in one.trades if each.opened_at < split.train.end]
        results += [each for each in other.trades if each.opened_at >= split.train.end]
        returns = np.concatenate((one.returns[:known], other.returns[known:]))
        after.append(Trial(one.values, one.outcome, returns, tuple(results)))
    figures, tests = walked(before, span(days), [split], generator())
    _, others = walked(after, span(days), [split], generator())
    assert (tests[0].chosen, tests[0].train_sharpe) == (others[0].chosen, others[0].train_sharpe)
    chosen = next((each for each in before if each.values == tests[0].chosen), None)
    assert figures is not None
    assert figures.trades == (0 if chosen is None else len(chosen.between(split.test)))
    grown = 1.0 if chosen is None else float(np.prod(1.0 + chosen.returns[places(span(days), split.test)]))
    assert abs(tests[0].total_return - (grown - 1.0)) < 1e-12


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 3))
def test_a_row_is_the_same_again_survives_its_file_and_names_its_doubts(seed: int, trials: int) -> None:
    """SIG-9: seeded; and a verdict other than "held" has its doubts beside it."""
    subject = played(*market(LEAST_DAYS, seed, trials))
    everything = daily_sharpes([subject])
    row, again = (row_of(subject, span(LEAST_DAYS), CANDLES, everything, 1, runs=20) for _ in range(2))
    one, other = (_set(each) for each in (row, again))
    assert encode(Evidence(sets=(one,))) == encode(Evidence().with_set(one).with_set(other))
    assert (row.verdict == "held") == (row.doubts == ())
    assert row.whole is not None
    assert (row.verdict == "too_few") == (row.whole.trades < LEAST_TRADES)


def _set(row: Row) -> EvidenceSet:
    return EvidenceSet(
        name="a", engine="0", command="ict", first=0, last=1, data={}, funding="", varied={}, settings={}, trials=1,
        rows=(row,),
    )  # fmt: skip


@settings(max_examples=50)
@given(
    st.lists(
        st.tuples(st.dictionaries(st.sampled_from(("a.b", "a.c", "a.d")), st.floats(-1e3, 1e3), min_size=3, max_size=3),
                  st.none() | st.floats(-100, 100)),
        max_size=30,
    )
)  # fmt: skip
def test_pictures_stay_inside_their_frame(found: list[tuple[dict[str, float], float | None]]) -> None:
    """BT-3: whatever was tried."""
    for picture in search_pictures(found):
        for shape in picture.shapes:
            for name in ("x", "x1", "x2"):
                assert -1.0 <= getattr(shape, name, 0.0) <= picture.width + 1.0
            for name in ("y", "y1", "y2"):
                assert -1.0 <= getattr(shape, name, 0.0) <= picture.height + 1.0


def test_one_value_is_no_plateau() -> None:
    """SIG-9: nothing is drawn of nothing."""
    assert plateau_picture([]) is None
    assert search_pictures([]) == []
