"""Fair value gaps and their lives on hand-made tables (ICT-5)."""

from __future__ import annotations

import pytest

from services.analysis.settings import AnalysisSettings
from shared.domain.facts import Direction, Fact
from tests.support.analysis.candles import PIVOT, Row, alone, closed, events, opened, run, table, told

BOTH = pytest.mark.parametrize("direction", ["bullish", "bearish"])

#: A gap from 1000 to 1020: high of candle 0, low of candle 2.
GAP: list[Row] = [(990, 1000, 985, 998), (998, 1030, 997, 1028), (1028, 1045, 1020, 1040)]


def settings(**fvg: object) -> AnalysisSettings:
    return alone("fvg", swing_length=50, fvg={"min_size_percent": 0.0, **fvg})


def returns(*lows: float) -> list[Row]:
    """Candles that come back to these lows and close high."""
    return [(1040, 1046, low, 1041) for low in lows]


def gaps(rows: list[Row], direction: Direction, chosen: AnalysisSettings) -> list[Fact]:
    return events(run(table(rows, direction), chosen), "fvg")


@BOTH
def test_three_candles_make_a_gap_known_at_the_third_close(direction: Direction) -> None:
    """ICT-5: zone between candle 1 and candle 3, drawn at candle 2."""
    analyses = run(table(GAP, direction), settings())
    (gap,) = events(analyses)
    assert (gap.kind, gap.direction, gap.state, gap.fill) == ("fvg", direction, "active", 0.0)
    assert (gap.bottom, gap.top) == ((1000, 1020) if direction == "bullish" else (PIVOT - 1020, PIVOT - 1000))
    assert (gap.formed_at, gap.confirmed_at) == (opened(1), closed(2))
    assert analyses[-1].active == (gap,)


@BOTH
def test_touching_edges_make_no_gap(direction: Direction) -> None:
    """ICT-5: strict inequality."""
    assert gaps([*GAP[:2], (1028, 1045, 1000, 1040)], direction, settings()) == []


@pytest.mark.parametrize(("low", "found"), [(1000.5, True), (1000.0, True), (999.75, False)])
def test_a_gap_below_the_minimum_percent_is_noise(low: float, found: bool) -> None:
    """ICT-5: 0.1 % by default; of a close at 1,000 that is 1, and exactly the minimum is enough."""
    rows: list[Row] = [(989, 999, 984, 997), (997, 1029, 996, 1027), (1027, 1044, low, low)]
    assert bool(gaps(rows, "bullish", AnalysisSettings(swing_length=50))) is found


@BOTH
def test_the_size_can_be_asked_for_in_atr(direction: Direction) -> None:
    """ICT-5: or in ATR, of the candles before; none while it is cold."""
    rows: list[Row] = [(990, 1000, 985, 998), *GAP]
    for minimum, found in ((0.5, True), (1.0, False)):
        chosen = AnalysisSettings.model_validate(
            {"swing_length": 50, "atr_period": 3, "fvg": {"min_size_percent": 0.0, "min_size_atr": minimum}}
        )
        # ATR of the three candles before the third of the gap: (15 + 15 + 33) / 3 = 21; the gap is 20.
        assert bool(gaps(rows, direction, chosen)) is found
        cold = AnalysisSettings.model_validate(
            {"swing_length": 50, "atr_period": 4, "fvg": {"min_size_percent": 0.0, "min_size_atr": minimum}}
        )
        assert gaps(rows, direction, cold) == []


@BOTH
@pytest.mark.parametrize(
    ("low", "state", "fill"),
    [
        (1021, None, None),
        (1020, "touched", 0.0),
        (1011, "touched", 0.45),
        (1010, "half_filled", 0.5),
        (1002, "half_filled", 0.9),
        (1001, "filled", 0.95),
        (1000, "filled", 1.0),
        (900, "filled", 1.0),
    ],
)
def test_one_candle_takes_a_gap_to_the_furthest_state_it_reached(
    direction: Direction, low: float, state: str | None, fill: float | None
) -> None:
    """ICT-5: touched at the edge, half at the midpoint, filled at 95 %."""
    changes = gaps([*GAP, *returns(low)], direction, settings())[1:]
    assert [fact.state for fact in changes] == ([] if state is None else [state])
    assert [fact.fill for fact in changes] == ([] if fill is None else [pytest.approx(fill)])
    assert all(fact.changed_at == closed(3) and fact.confirmed_at == closed(2) for fact in changes)


@BOTH
def test_every_newly_reached_tenth_is_an_event(direction: Direction) -> None:
    """ICT-5: partial fills every 10 %, nothing for going back or for less than a step."""
    lows = (1019, 1018, 1017.5, 1019, 1016, 1009, 1008.5, 1004, 1030, 1000.5)
    changes = told(run(table([*GAP, *returns(*lows)], direction), settings()), "fvg")[1:]
    assert changes == [
        (3, "fvg", direction, "touched"),  # 5 %
        (4, "fvg", direction, "touched"),  # 10 %; 12.5 % and back are nothing new
        (7, "fvg", direction, "touched"),  # 20 %
        (8, "fvg", direction, "half_filled"),  # 55 %; 57.5 % is the same step
        (10, "fvg", direction, "half_filled"),  # 80 %
        (12, "fvg", direction, "filled"),  # 97.5 %
    ]


@BOTH
def test_a_filled_gap_is_no_longer_active_and_says_nothing_more(direction: Direction) -> None:
    """ICT-5: filled is the end."""
    analyses = run(table([*GAP, *returns(1000, 990)], direction), settings())
    assert [fact.state for fact in events(analyses, "fvg")] == ["active", "filled"]
    assert analyses[-1].active == ()


@BOTH
def test_a_gap_expires_at_the_close_after_its_last_candle(direction: Direction) -> None:
    """ICT-5: it lives max_age candles after confirmation; the expiring candle no longer touches it."""
    quiet, touch = returns(1030, 1030), returns(1010)
    for rows, last in (([*GAP, *quiet, *touch], "half_filled"), ([*GAP, *quiet, *returns(1030), *touch], "expired")):
        changes = gaps(rows, direction, settings(max_age_candles=3))
        assert [fact.state for fact in changes] == ["active", last]


@BOTH
def test_missing_candles_count_for_the_age(direction: Direction) -> None:
    """ICT-5, DATA-3: age is counted in time."""
    rows: list[Row] = [*GAP, None, None, None, *returns(1010)]
    assert [fact.state for fact in gaps(rows, direction, settings(max_age_candles=3))] == ["active", "expired"]


@BOTH
def test_the_oldest_gap_makes_room(direction: Direction) -> None:
    """ICT-5: bounded; what leaves says so, before the newcomer."""
    rows: list[Row] = [*GAP, (1040, 1062, 1025, 1060), (1060, 1080, 1055, 1070)]
    chosen = alone("fvg", swing_length=50, max_active=1, fvg={"min_size_percent": 0.0})
    analyses = run(table(rows, direction), chosen)
    first, gone, second = events(analyses, "fvg")
    assert (first.id, gone.state, gone.changed_at) == (gone.id, "expired", closed(4))
    assert analyses[-1].active == (second,)


@BOTH
@pytest.mark.parametrize("missing", [1, 2])
def test_no_gap_spans_a_missing_candle(direction: Direction, missing: int) -> None:
    """ICT-5, DATA-3: three candles means three consecutive ones."""
    rows = list(GAP)
    rows.insert(missing, None)
    assert gaps(rows, direction, settings()) == []


@BOTH
def test_a_living_gap_survives_missing_candles(direction: Direction) -> None:
    """ICT-5, DATA-3: zones live on."""
    assert [fact.state for fact in gaps([*GAP, None, *returns(1010)], direction, settings())] == ["active", "half_filled"]


def test_the_score_is_the_size_in_atr() -> None:
    """ICT-5: 0 while the ATR is cold, at most 1."""
    rows: list[Row] = [(990, 1000, 985, 998), *GAP]
    for full, period, score in ((2.0, 3, 20 / 42), (0.5, 3, 1.0), (1.0, 14, 0.0)):
        chosen = AnalysisSettings.model_validate(
            {"swing_length": 50, "atr_period": period, "fvg": {"min_size_percent": 0.0, "full_score_atr": full}}
        )
        assert gaps(rows, "bullish", chosen)[0].score == pytest.approx(score)


@BOTH
def test_why_names_the_rule_the_candles_and_the_numbers(direction: Direction) -> None:
    """ICT-5: one sentence for a person."""
    why = gaps(GAP, direction, settings())[0].why
    assert why.startswith(f"{direction.capitalize()} fair value gap ")
    edges = ("1000", "1020") if direction == "bullish" else ("3076", "3096")
    assert all(edge in why for edge in edges)
    assert why.count("UTC") == 2
    assert why.endswith(".")


def test_a_gap_of_exactly_the_least_size_is_told_at_every_price() -> None:
    """ICT-5: *at least* 0.1 % of price includes 0.1 %, whatever float64 makes of the difference; a tick less is noise."""
    chosen = alone("fvg", swing_length=50)
    found, noise = [], []
    for number in range(1, 61):
        low, high = number / 10, round(number * 0.0999, 4)  # apart by 0.1 % of the close, which is the low
        rows: list[Row] = [(high, high, 0.9 * high, high), (high, low, high, low), (low, low, low, low)]
        found += gaps(rows, "bullish", chosen)
        nearer = round(high + 0.0001, 4)
        rows[0] = (nearer, nearer, 0.9 * nearer, nearer)
        noise += gaps(rows, "bullish", chosen)
    assert (len(found), len(noise)) == (60, 0)


def test_edges_that_touch_but_for_float_dust_make_no_gap() -> None:
    """ICT-5: 0.3 and 0.1 + 0.2 are one price."""
    rows: list[Row] = [(0.2, 0.3, 0.2, 0.3), (0.3, 0.5, 0.3, 0.5), (0.5, 0.6, 0.1 + 0.2, 0.6)]
    assert gaps(rows, "bullish", settings()) == []


def test_a_return_to_exactly_the_middle_half_fills_at_every_price() -> None:
    """ICT-5: *at* the consequent encroachment, and every tenth at its price: shares are compared without float dust."""
    wrong = []
    for number in range(1, 200, 9):
        bottom, top = number / 10, (number + 2) / 10
        rows: list[Row] = [(bottom, bottom, bottom, bottom), (bottom, top, bottom, top), (top, top, top, top)]
        for tenth in range(1, 10):
            low = round(top - 0.02 * tenth, 2)
            told_ = gaps([*rows, (top, top, low, top)], "bullish", settings())
            again = gaps([*rows, (top, top, round(low + 0.001, 3), top), (top, top, low, top)], "bullish", settings())
            state = "half_filled" if tenth >= 5 else "touched"
            if told_[-1].state != state or len(again) != 3:
                wrong.append((number, tenth, told_[-1].state, len(again)))
    assert wrong == []
