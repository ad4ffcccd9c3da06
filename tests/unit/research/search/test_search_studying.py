"""The search: within declared ranges, the same whoever plays and however often it is interrupted, with pruning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import pytest
from optuna import create_study
from optuna.distributions import FloatDistribution
from optuna.trial import create_trial
from pydantic import BaseModel, Field

from research.jobs.job import EquityPoint, Outcome
from research.search.ranges import Range, declared, narrowed
from research.search.studies import OtherStudy
from research.search.studying import Question, Tried, judged, search
from research.search.walking import Rules
from research.validation.walk_forward import Span
from shared.domain.timeframes import DAY
from tests.support.research.jobs import SETTINGS, playing

SPANS = [Span(place * DAY, (place + 1) * DAY) for place in range(4)]
RANGES = [Range(path="a.x", low=0.0, high=10.0), Range(path="a.kind", choices=("good", "bad"))]


class Peak:
    """A world in which x = 3 with kind good earns most; notes how often it was asked, and dies after ``lives`` spans."""

    def __init__(self, lives: int = 10**9) -> None:
        self.lives = lives
        self.asked = 0

    def __call__(self, asked: Sequence[tuple[Mapping[str, Any], Span]]) -> list[Outcome]:
        self.lives -= 1
        if self.lives < 0:
            raise KeyboardInterrupt
        self.asked += len(asked)
        return [self._outcome(settings["a"]) for settings, _ in asked]

    def _outcome(self, values: Mapping[str, Any]) -> Outcome:
        earned = 100.0 - (values["x"] - 3.0) ** 2 - (50.0 if values["kind"] == "bad" else 0.0)
        return Outcome(
            start_equity=1_000.0, last_equity=1_000.0 + earned, max_drawdown=0.0, decisions=0, signals=0, orders=0, fills=0,
            equity=(EquityPoint(0, 1_000.0),), trades=(),
        )  # fmt: skip


def asked(seed: int = 1, least_trades: int = 0) -> Question:
    return Question({"a": {"x": 1.0, "kind": "bad"}}, RANGES, SPANS, Rules("return", least_trades, seed))


def found(play: Any, storage: str | None = None, trials: int = 40, **more: Any) -> list[Tried]:
    return search(asked(**more), play, storage, "peak", trials, "data")


def test_it_finds_the_peak_and_gives_up_what_is_worse_than_most() -> None:
    """BT-4: higher is better; pruned trials cost fewer backtests."""
    play = Peak()
    tried = found(play)
    assert len(tried) == 40
    assert abs(tried[0].values["a.x"] - 3.0) < 1.0
    assert tried[0].values["a.kind"] == "good"
    assert tried[0].score == pytest.approx(0.1, abs=0.001)
    assert any(each.pruned for each in tried)
    assert play.asked < 40 * len(SPANS)
    assert found(Peak()) == tried
    assert found(Peak(), seed=2) != tried


def test_an_interrupted_search_goes_on_as_if_nothing_had_happened(tmp_path: Path) -> None:
    """BT-4: the study is kept in a file; nothing that was told is asked again."""
    storage = f"sqlite:///{tmp_path / 'study.sqlite'}"
    for lives in (6, 7):
        with pytest.raises(KeyboardInterrupt):
            found(Peak(lives), storage)
    again = found(Peak(), storage)
    assert again == found(Peak())
    done = Peak()
    assert found(done, storage) == again
    assert done.asked == 0
    with pytest.raises(OtherStudy, match="give another --name"):
        search(asked(), Peak(), storage, "peak", 40, "other data")


def test_a_lone_peak_stands_below_a_plateau() -> None:
    """BT-4: the median of the nearest trials orders them."""

    kind = {"a.x": FloatDistribution(0.0, 10.0)}
    worth = {1.0: 5.0, 1.5: 5.0, 2.0: 5.1, 2.5: 5.0, 3.0: 5.0, 6.8: 0.0, 6.9: 0.0, 7.0: 9.0, 7.1: 0.0, 7.2: 0.0}
    study = create_study(direction="maximize")
    study.add_trials([create_trial(params={"a.x": x}, distributions=kind, value=each) for x, each in worth.items()])
    first, *others = judged(study.trials)
    assert (first.values, first.score, first.plateau) == ({"a.x": 2.0}, 5.1, 5.0)
    (lone,) = [each for each in others if each.score == 9.0]
    assert lone.plateau == 0.0


def test_trials_with_too_few_trades_have_no_score() -> None:
    """BT-4: and real backtests are searched with the settings in their place."""
    assert {each.score for each in found(Peak(), trials=9, least_trades=1)} == {None}
    market = playing(days=1.0)
    span = Span(market.tape.first - 60_000, market.tape.last)
    ranges = [narrowed(declared_of_zscore()["signals.zscore.period"], "20..40")]
    settings = {**SETTINGS, "signals": {"strategies": ["zscore"], "zscore": {"timeframe": "5m", "period": 30}}}

    def play(wanted: Sequence[tuple[Mapping[str, Any], Span]]) -> list[Outcome]:
        assert all(20 <= each["signals"]["zscore"]["period"] <= 40 for each, _ in wanted)
        return [market(each, part) for each, part in wanted]

    tried = search(Question(settings, ranges, [span], Rules("expectancy", 1, 1)), play, None, "real", 3, "")
    assert any(each.score is not None for each in tried)


def declared_of_zscore() -> dict[str, Range]:
    from services.signals.strategies.classical.zscore import ZscoreSettings

    return {each.path: each for each in declared(ZscoreSettings, "signals.zscore")}


class Section(BaseModel):
    word: Literal["a", "b"] = "a"
    flag: bool = False
    whole: int = Field(5, ge=2, le=9)
    part: float = Field(0.5, gt=0.0, le=1.0)
    open: float = Field(0.5, ge=0.0)
    absent: int | None = Field(None, ge=1, le=2)
    name: str = "x"


def test_ranges_are_those_that_settings_declare() -> None:
    """BT-4: words, flags, numbers with two bounds; nothing else is guessed."""
    ranges = {each.path: each for each in declared(Section, "s")}
    assert list(ranges) == ["s.word", "s.flag", "s.whole", "s.part"]
    assert ranges["s.word"].choices == ("a", "b")
    assert (ranges["s.whole"].low, ranges["s.whole"].high, ranges["s.whole"].whole) == (2, 9, True)
    assert 0.0 < ranges["s.part"].low < 0.01
    assert narrowed(ranges["s.flag"], "true").choices == (True,)
    assert narrowed(ranges["s.whole"], "3..4").high == 4.0
    for path, text in (("s.whole", "1..4"), ("s.whole", "3"), ("s.whole", "a..b"), ("s.word", "c"), ("s.part", "1..0")):
        with pytest.raises(ValueError, match=path):
            narrowed(ranges[path], text)
    assert declared_of_zscore()["signals.zscore.entry"].high == 10.0
