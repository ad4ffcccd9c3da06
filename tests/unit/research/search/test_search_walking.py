"""Walk-forward: the choice knows its training alone, the tests are joined, and what leaks is caught."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pytest

from research.backtest.tape import Tape
from research.jobs.job import Outcome
from research.jobs.playing import Playing
from research.lookahead import Statement
from research.looked import Looked
from research.market_lookahead import CuttableTape
from research.search.candidates import Candidate, candidate, grid
from research.search.walking import LeakingSplits, Rules, choices, walk
from research.validation.walk_forward import Span, Split, walk_forward
from shared.domain.timeframes import DURATION, MINUTE
from tests.support.research.jobs import SETTINGS, playing

HOUR = DURATION["1h"]
MARKET = playing(days=2.0, lead=6 * HOUR)
WHOLE = Span(MARKET.tape.first - MINUTE, MARKET.tape.last)
SPLITS = list(walk_forward(WHOLE, train=14 * HOUR, test=8 * HOUR, purge=HOUR, embargo=HOUR))
CANDIDATES = [candidate(SETTINGS, {"signals.strategies": names}) for names in (["moving_averages"], ["zscore"])]
RULES = Rules(measure="expectancy", least_trades=2)


def played(market: Playing, asked: Sequence[tuple[Mapping[str, Any], Span]]) -> list[Outcome]:
    return [market(settings, span) for settings, span in asked]


def test_tests_are_judged_with_what_their_training_chose_and_joined_in_order() -> None:
    """BT-4: equity goes on where the test before ended; figures are those of the tests alone."""
    asked: list[tuple[Mapping[str, Any], Span]] = []

    def noting(wanted: Sequence[tuple[Mapping[str, Any], Span]]) -> list[Outcome]:
        asked.extend(wanted)
        return played(MARKET, wanted)

    found = walk(SPLITS, CANDIDATES, noting, RULES, 2 * HOUR)
    assert len(found.steps) == len(SPLITS) == 4
    chosen = [each.chosen for each in found.steps if each.chosen is not None]
    assert len(chosen) > 1
    assert len(asked) == len(SPLITS) * len(CANDIDATES) + len(chosen)
    assert [span for _, span in asked[-len(chosen) :]] == [each.test for each in found.steps if each.chosen is not None]
    growth = 1.0
    for each in found.steps:
        growth *= 1.0 + each.test_return
    assert found.performance.total_return == pytest.approx(growth - 1.0)
    assert [each.time for each in found.equity] == sorted(each.time for each in found.equity)
    assert all(any(step.test.start <= each.time <= step.test.end for step in found.steps) for each in found.equity)
    assert found == walk(SPLITS, CANDIDATES, partial(played, MARKET), RULES, 2 * HOUR)


def test_nothing_is_chosen_where_no_candidate_traded_enough() -> None:
    """BT-4: a test without a choice earns nothing, and is no error."""
    found = walk(SPLITS, CANDIDATES, partial(played, MARKET), Rules(least_trades=10_000), 2 * HOUR)
    assert [(each.chosen, each.test_return, each.trades) for each in found.steps] == [(None, 0.0, 0)] * 4
    assert found.equity == ()
    assert found.performance.expectancy_r is None


def test_a_training_that_holds_data_of_its_test_is_refused_before_anything_is_played() -> None:
    """BT-4: a specimen that leaks; also a training that comes too near."""

    def never(asked: object) -> list[Outcome]:
        raise AssertionError(asked)

    (first, *_) = SPLITS
    into = Split(Span(first.train.start, first.test.start + HOUR), first.test)
    near = Split(Span(first.train.start, first.test.start - HOUR), first.test)
    for specimen, text in ((into, "reaches into"), (near, "ms between training and test")):
        with pytest.raises(LeakingSplits, match=f"split 1: .*{text}"):
            walk([specimen], CANDIDATES, never, RULES, 2 * HOUR)
    with pytest.raises(LeakingSplits, match="before another one ended"):
        walk([first, first], CANDIDATES, never, RULES, 2 * HOUR)


def chosen_on(splits: Sequence[Split], tape: Tape, trained: int = 0) -> list[Statement]:
    """What is chosen at the end of each training that the tape reaches. trained: ms that it reads beyond its end."""
    market = Playing(tape, MARKET.funding, MARKET.sections, MARKET.lead)
    reached = [split for split in splits if split.train.end <= tape.last]
    read = [split._replace(train=Span(split.train.start, min(split.train.end + trained, tape.last))) for split in reached]
    found = choices(read, CANDIDATES, partial(played, market), RULES)
    return [
        Statement(split.train.end, (worth, None if each is None else each.values))
        for split, (each, worth) in zip(reached, found, strict=True)
    ]


def test_the_choice_does_not_change_with_what_comes_behind_its_training() -> None:
    """BT-4, BT-5: other candles behind the training, the same choice; one that reads on into its test is caught."""
    splits = SPLITS[:2]
    for trained, leaks in ((0, False), (8 * HOUR, True)):
        looked = Looked(partial(chosen_on, splits, trained=trained), CuttableTape(MARKET.tape), 1, seed=1)
        assert any(looked.leaks()) is leaks
        assert looked.said == 2


def test_candidates_are_all_combinations_and_unknown_settings_are_refused() -> None:
    """BT-4: named by their path."""
    settings = {"risk": {"risk_per_trade": 0.01}, "signals": {"zscore": {"length": 20}}}
    found = grid(settings, {"risk.risk_per_trade": [0.01, 0.02], "signals.zscore.length": [20, 50]})
    assert [tuple(each.values.values()) for each in found] == [(0.01, 20), (0.01, 50), (0.02, 20), (0.02, 50)]
    assert found[3].settings == {"risk": {"risk_per_trade": 0.02}, "signals": {"zscore": {"length": 50}}}
    assert settings["risk"]["risk_per_trade"] == 0.01
    assert grid(settings, {}) == [Candidate(values={}, settings=settings)]
    for path in ("risk.none", "none.length", "risk.risk_per_trade.deep"):
        with pytest.raises(ValueError, match=f"{path}: there is no such setting"):
            grid(settings, {path: [1]})
    with pytest.raises(ValueError, match="at least one"):
        grid(settings, {"risk.risk_per_trade": []})
    with pytest.raises(ValueError, match="more than 10,000"):
        grid(settings, {"risk.risk_per_trade": list(range(101)), "signals.zscore.length": list(range(101))})
