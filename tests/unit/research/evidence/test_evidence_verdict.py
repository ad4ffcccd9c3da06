"""What a verdict asks: skill that was made up is let through, everything less is named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from research.backtest.beside import PRICES, Reads, settled_of
from research.backtest.tape import Tape, tape_of
from research.columns import Columns
from research.evidence.chance import by_chance
from research.evidence.days import TooShort, candles_of, whole_days
from research.evidence.judging import daily_sharpes, refused_row, row_of
from research.evidence.page import html_of
from research.evidence.pictures import chance_picture, costs_picture, plateau_picture, search_pictures
from research.evidence.record import VERSION, Chance, Evidence, EvidenceSet, Flat, Row, Tried, encode, read
from research.evidence.trials import Subject, reads, refusal, subjects, trials
from research.evidence.verdict import judged
from research.validation.walk_forward import Span
from shared.domain.timeframes import DAY, MINUTE
from simulator.market.generator import DEFAULT_START, GeneratedMarket
from simulator.market.settings import GeneratorSettings
from tests.support.research.evidence import candles, played, span, trial
from tests.support.research.results import NEW_YEAR, generator

DAYS = 60
MARKET = candles(DAYS)


def skilled(seed: int = 1) -> Row:
    """Three trials that win three of four trades, and lose on few days."""
    rng = np.random.default_rng(seed)
    made = []
    for place in range(3):
        results = [(day + 0.3, 20.0 if rng.random() < 0.75 else -10.0) for day in range(DAYS - 1)]
        made.append(trial(rng.normal(0.004, 0.004, DAYS).tolist(), results, reward_risk=1.0 + place))
    subject = played(*made)
    return row_of(subject, span(DAYS), MARKET, daily_sharpes([subject]), seed=1, runs=50)


HELD = skilled()


def test_skill_that_was_made_up_leaves_no_doubt() -> None:
    """SIG-9: the questions can be answered well."""
    assert (HELD.verdict, HELD.doubts) == ("held", ()), HELD.doubts


@pytest.mark.parametrize(
    ("changes", "verdict", "text"),
    [
        ({"whole": None}, "too_few", "0 trades in all"),
        ({"forward": None}, "nothing_shown", "0 trades on days that the choice had not seen"),
        ({"deflated": None}, "nothing_shown", "no Sharpe ratio"),
        ({"chance": None}, "nothing_shown", "could not be set beside entries by chance"),
        ({"break_even": 0.0}, "nothing_shown", "it loses before any fees"),
        ({"break_even": 1.2}, "nothing_shown", "once fees and slippage are times 1.20"),
        ({"break_even": None}, "nothing_shown", "nothing was paid"),
        ({"plateau": Flat(values={}, middle=1.0, worst=-0.5)}, "nothing_shown", "-0.50"),
        ({"refused": "why"}, "refused", "why"),
    ],
)
def test_one_bad_answer_is_a_doubt(changes: dict[str, object], verdict: str, text: str) -> None:
    """SIG-9: in a sentence that names its number."""
    found, doubts = judged(msgspec.structs.replace(HELD, **changes))
    assert found == verdict
    assert len(doubts) == 1
    assert text in doubts[0]


def test_luck_of_the_search_and_of_the_entries_are_doubts() -> None:
    """SIG-9: deflated Sharpe ratio, overfitting, entries by chance."""
    assert HELD.deflated is not None
    assert HELD.overfitting is not None
    assert HELD.chance is not None
    worse = msgspec.structs.replace(
        HELD,
        deflated=msgspec.structs.replace(HELD.deflated, deflated=0.6, trials=40.0),
        overfitting=msgspec.structs.replace(HELD.overfitting, probability=0.7, loss_probability=0.4),
        chance=msgspec.structs.replace(HELD.chance, probability=0.3),
    )
    verdict, doubts = judged(worse)
    assert verdict == "nothing_shown"
    assert [word in doubt for word, doubt in zip(("0.60 among 40", "0.70", "30%"), doubts, strict=True)] == [True] * 3


def test_a_mean_trade_that_surely_loses_is_told_first() -> None:
    """SIG-9: plainly."""
    lost = played(trial([-0.001] * DAYS, [(day + 0.3, -5.0 - day % 3) for day in range(DAYS - 1)]))
    row = row_of(lost, span(DAYS), MARKET, daily_sharpes([lost]), seed=1, runs=20)
    assert row.verdict == "loses"
    assert "the mean trade loses" in row.doubts[0]
    assert row.plateau is None


def test_without_a_trade_nothing_is_asked_and_nothing_breaks() -> None:
    """SIG-9: a strategy that never entered."""
    idle = played(trial([0.0] * DAYS), trial([0.0] * DAYS, reward_risk=2.0))
    row = row_of(idle, span(DAYS), MARKET, daily_sharpes([idle]), seed=1, runs=20)
    assert row.verdict == "too_few"
    assert (row.chance, row.costs, row.break_even, row.resampled, row.overfitting) == (None, (), None, None, None)
    assert [each.chosen for each in row.tests] == [None] * len(row.tests)


def test_trades_without_a_known_signal_or_too_few_candles_are_not_set_beside_chance() -> None:
    """SIG-9: there is nothing to draw."""
    one = trial([0.0] * DAYS, [(1.0, 5.0)])
    bare = replace(one, outcome=msgspec.structs.replace(one.outcome, plans=()))
    assert by_chance(bare, MARKET, generator(), 10) is None
    short = {name: each.head(30) for name, each in MARKET.items()}
    assert by_chance(one, short, generator(), 10) is None
    assert by_chance(one, MARKET, generator(), 10) is not None


def test_presets_are_judged_beside_the_strategy_and_readers_of_funding_where_some_is_known() -> None:
    """SIG-9: every strategy and preset has a row."""
    assert subjects(["ob_fvg", "zscore"]) == [Subject("ob_fvg"), Subject("ob_fvg", "mvp"), Subject("zscore")]
    assert reads([Subject("zscore")]) == PRICES
    assert reads([Subject("zscore"), Subject("funding_carry")]) == Reads(funding=True)
    tape = tape_of(GeneratedMarket(["BTCUSDT"], DEFAULT_START, 0.01, 7, GeneratorSettings()), reads=Reads(funding=True))
    assert "--funding BTCUSDT=FILE" in refusal(Subject("funding_carry"), tape)
    assert refusal(Subject("ob_fvg", "mvp"), tape) == ""
    tape.settled["BTCUSDT"] = settled_of([(tape.first, 0.0001)])
    assert refusal(Subject("funding_carry"), tape) == ""
    assert refused_row(Subject("funding_carry"), "why").doubts == ("why",)


def test_trials_begin_with_the_subject_as_it_stands_and_leave_other_settings_alone() -> None:
    """SIG-9: what was tried is what is counted."""
    from cli.settings import Settings

    base = Settings().model_dump(mode="json")
    found = trials(base, Subject("ob_fvg", "mvp"), {"reward_risk": [1.0, 2.0, 3.0], "no_such": [1]})
    own = found[0].settings["signals"]["ob_fvg"]
    assert found[0].values == {"reward_risk": own["reward_risk"]}
    assert len(found) == 3 + (own["reward_risk"] not in (1.0, 2.0, 3.0))
    assert len({each.values["reward_risk"] for each in found}) == len(found)
    for each in found:
        assert each.settings["signals"]["strategies"] == ["ob_fvg"]
        assert each.settings["signals"]["ob_fvg"] == own | each.values


def test_a_minute_without_a_candle_stands_still_where_chance_enters() -> None:
    """SIG-9: no price is made up."""
    tape = Tape(("BTCUSDT",), NEW_YEAR + MINUTE, 2 * DAY // MINUTE)
    tape.columns["BTCUSDT"][:] = np.arange(5.0)[:, None] + 100.0
    tape.columns["BTCUSDT"][:, [0, 5]] = np.nan
    found: Columns = candles_of(tape, span(1))["BTCUSDT"]
    assert len(found) == DAY // MINUTE
    assert found.low[[0, 5]].tolist() == [103.0, 103.0]
    assert found.volume[5] == 0.0
    with pytest.raises(TooShort, match="at least 20"):
        whole_days(Span(0, DAY))


def test_the_pictures_of_a_row_say_what_was_tried_what_costs_do_and_what_chance_did() -> None:
    """BT-3: under the pointer, with the numbers."""
    drawn = plateau_picture(HELD.trials)
    assert drawn is not None
    assert sum(1 for shape in drawn.shapes if getattr(shape, "tip", "")) == 3
    cells = [
        Tried(
            values={"a": one, "b": word}, trades=1, total_return=0.0, sharpe=None if one == 2 else 1.0, expectancy_r=None
        )
        for one in (1, 2)
        for word in ("x", "y")
    ]  # fmt: skip
    heat = plateau_picture(cells)
    assert heat is not None
    assert [shape.tip for shape in heat.shapes if getattr(shape, "tip", "")][-1] == "a 2, b y: none"
    costs = costs_picture(HELD.costs)
    assert costs is not None
    assert costs_picture(()) is None
    chance = Chance(runs=10, actual=0.5, low=-0.1, middle=0.0, high=0.1, probability=0.01)
    assert any(getattr(shape, "text", "") == "+0.50 R" for shape in chance_picture(chance).shapes)


def test_a_search_is_drawn_as_a_plateau_or_a_dot_a_trial() -> None:
    """BT-4: one setting, a grid of two, and values that make no grid."""
    line = search_pictures([({"signals.zscore.period": place, "signals.zscore.entry": 2.0}, 1.0) for place in (20, 50, 90)])
    assert [each.title for each in line] == ["Score over period"]
    heat = search_pictures([({"a.b": one, "a.c": two}, 0.5 * one) for one in (1, 2, 3) for two in (True, False)])
    assert [each.title for each in heat] == ["Score over b (across) and c (up)"]
    dots = search_pictures([({"a.b": place / 7, "a.c": place / 3}, None if place == 4 else place) for place in range(9)])
    assert [each.title for each in dots] == ["Score over b, a dot a trial", "Score over c, a dot a trial"]


def test_a_large_grid_is_drawn_without_numbers_and_with_some_of_its_names() -> None:
    """BT-3: cells too small for their number have it under the pointer."""
    (grid,) = search_pictures([({"a.b": one, "a.c": two}, 1.0 * one) for one in range(40) for two in range(24)])
    texts = [shape.text for shape in grid.shapes if hasattr(shape, "text")]
    assert sum(1 for shape in grid.shapes if getattr(shape, "tip", "")) == 40 * 24
    assert len(texts) < 60


def test_a_page_says_why_a_strategy_was_not_judged(tmp_path: Path) -> None:
    """SIG-9: and shows no picture of it; a file of another version is refused by name."""
    refused = refused_row(Subject("zscore"), "it reads what is not there")
    one = EvidenceSet(
        name="x", engine="e", command="c", first=0, last=DAY, data={}, funding="none", varied={}, settings={}, trials=0,
        rows=(refused,),
    )  # fmt: skip
    page = html_of(Evidence(version=VERSION, sets=(one,))).decode()
    assert "it reads what is not there" in page
    assert "<svg" not in page
    (tmp_path / "old.json").write_bytes(encode(Evidence(version=VERSION + 1, sets=())))
    with pytest.raises(ValueError, match=f"has version {VERSION + 1}"):
        read(tmp_path / "old.json")
