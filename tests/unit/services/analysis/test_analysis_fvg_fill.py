"""The fill probability of gaps: terms, table, fallbacks, and that what ships is what it says (ICT-6)."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.analysis.base.finding import Finding
from services.analysis.fvg_fill import (
    TERMS,
    ZONES,
    Features,
    FillForecast,
    FillModel,
    features_of,
    kill_zone,
    load_model,
    read_model,
    terms,
)
from services.analysis.sessions.timetable import Timetable
from services.analysis.settings import AnalysisSettings
from services.analysis.settings.fvg import FvgSettings
from services.analysis.settings.timetable import NEW_YORK_WINDOWS
from shared.domain.timeframes import DURATION, MINUTE
from tests.support.analysis.candles import events, run, seeded_walk

HOUR = DURATION["1h"]
#: 2026-01-14 (winter) 00:00 UTC.
WINTER = 1_768_348_800_000
TYPICAL = Features(0.5, 1.0, 1.5, 1.0, "asian", 15.0, 0.0, 0.0)


def model(**changes: object) -> FillModel:
    base = FillModel(
        version=1,
        max_age_candles=50,
        filled_at=0.95,
        min_size_percent=0.1,
        terms=TERMS,
        intercept=0.0,
        coefficients=tuple(1.0 if term == "trend" else 0.0 for term in TERMS),
        calibration=((-1.0, 0.1), (0.0, 0.5), (1.0, 0.7)),
        base_rates=((0.0, 0.8), (0.5, 0.4)),
        data=(),
        scores={},
        command="",
    )
    return msgspec.structs.replace(base, **changes)


def gap(direction: str = "bullish", atr: float = 2.0, timeframe_ms: int = DURATION["15m"]) -> Finding:
    """Zone 100 to 101 (bullish: its top is near); closed 0.5 beyond; body of candle 2 of 3; trend up."""
    bullish = direction == "bullish"
    third = WINTER + 12 * HOUR
    return Finding(
        "fvg",
        "bullish" if bullish else "bearish",
        101.0,
        100.0,
        third - timeframe_ms,
        third + timeframe_ms,
        candles=(third - 2 * timeframe_ms, third - timeframe_ms, third),
        numbers=(101.5 if bullish else 99.5, atr, 3.0 if bullish else -3.0, 1.0),
    )


def test_features_are_measured_in_atr_and_mirrored() -> None:
    """ICT-6: the mirror image of a gap differs in nothing but its trend."""
    up = features_of(gap("bullish"), "15m", 50)
    down = features_of(gap("bearish"), "15m", 50)
    assert up == Features(0.5, 0.25, 1.5, 1.0, "new_york_am", 15.0, 0.0, 0.0)
    assert down == Features(0.5, 0.25, 1.5, -1.0, "new_york_am", 15.0, 0.0, 0.0)


def test_age_and_fill_are_those_of_the_last_change() -> None:
    """ICT-6: a share of its life, a share of its height."""
    later = gap().changed("touched", gap().confirmed_at + 10 * DURATION["15m"])
    later.fill = 0.3
    known = features_of(later, "15m", 50)
    assert known is not None
    assert (known.age, known.fill) == (0.2, 0.3)


def test_the_probability_is_a_dot_product_and_a_look_into_a_table() -> None:
    """ICT-6: linear between the pairs, flat beyond them."""
    learnt = model()
    for trend, expected in ((-1.0, 0.1), (0.0, 0.5), (1.0, 0.7), (0.5, 0.6), (-5.0, 0.1), (5.0, 0.7)):
        assert learnt.probability(msgspec.structs.replace(TYPICAL, trend=trend)) == pytest.approx(expected)
    assert [learnt.base_rate(age) for age in (-1.0, 0.0, 0.25, 0.5, 1.0)] == pytest.approx([0.8, 0.8, 0.6, 0.4, 0.4])


@pytest.mark.parametrize("size", [0.0, 1e-300, 1e300])
def test_no_candle_is_beyond_the_terms(size: float) -> None:
    """ICT bad input: extreme ranges neither raise nor overflow."""
    values = terms(Features(size, size, size, 1.0, "", 1.0, size, size))
    assert all(-1e3 < value < 1e3 for value in values)
    assert len(values) == len(TERMS)


@pytest.mark.parametrize("zone", [*ZONES, ""])
def test_a_kill_zone_is_one_term(zone: str) -> None:
    values = dict(zip(TERMS, terms(msgspec.structs.replace(TYPICAL, zone=zone)), strict=True))
    assert {name for name in TERMS if name.startswith("zone_") and values[name]} == ({f"zone_{zone}"} if zone else set())


@given(st.integers(1_735_689_600_000 // MINUTE, 1_798_761_600_000 // MINUTE))  # 2025 and 2026, with their changes of clocks
def test_a_kill_zone_is_the_timetables(minute: int) -> None:
    """ICT-6, ICT-7: whatever was asked before, and on the days on which clocks change."""
    table = Timetable({name: NEW_YORK_WINDOWS[name] for name in ZONES})
    opened = [window.name for window in table.open_at(minute * MINUTE)]
    assert kill_zone(minute * MINUTE, MINUTE) == (opened[0] if opened else "")


def test_kill_zones_are_new_yorks_and_of_short_candles_only() -> None:
    """ICT-11: 12:30 UTC is 07:30 in winter, 08:30 in summer; on 4h candles a zone says nothing."""
    assert kill_zone(WINTER + 12 * HOUR + 30 * MINUTE, DURATION["15m"]) == "new_york_am"
    assert kill_zone(WINTER + 11 * HOUR + 30 * MINUTE, DURATION["15m"]) == ""
    summer = WINTER + 182 * DURATION["1d"]
    assert kill_zone(summer + 11 * HOUR + 30 * MINUTE, DURATION["15m"]) == "new_york_am"
    assert kill_zone(WINTER + 12 * HOUR, DURATION["4h"]) == ""


def test_ended_gap_has_fill_probability_one_or_zero() -> None:
    """ICT-6: 1 once filled, 0 once it ended unfilled."""
    forecast = FillForecast(model(), 50, 0.95, 0.5)
    at = gap().confirmed_at + DURATION["15m"]
    filled = gap().changed("filled", at)
    filled.fill = 0.96
    assert forecast.of(filled, "15m") == 1.0
    assert forecast.of(gap().changed("inverted", at), "15m") == 1.0
    assert forecast.of(gap().changed("expired", at), "15m") == 0.0
    assert forecast.of(gap(), "15m") == 0.7


def test_the_base_rate_stands_in_for_what_is_missing() -> None:
    """ICT-6: no model, a model of another question, or no ATR yet."""
    assert FillForecast(None, 50, 0.95, 0.55).of(gap(), "15m") == 0.55
    assert FillForecast(model(), 60, 0.95, 0.55).of(gap(), "15m") == 0.55
    assert FillForecast(model(), 50, 1.0, 0.55).of(gap(), "15m") == 0.55
    cold = gap(atr=0.0).changed("touched", gap().confirmed_at + 25 * DURATION["15m"])
    assert FillForecast(model(), 50, 0.95, 0.55).of(cold, "15m") == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"version": 2}, "version 2"),
        ({"terms": ["size"]}, "other terms"),
        ({"coefficients": [1.0]}, "other terms"),
        ({"calibration": []}, "no calibration"),
        ({"base_rates": []}, "no base rates"),
        ({"extra": 1}, "extra"),
        ({"intercept": "high"}, "intercept"),
    ],
)
def test_an_artefact_that_does_not_fit_is_refused(changes: dict[str, object], told: str) -> None:
    """ICT-6: it must be of this program's version and terms."""
    document = json.loads(msgspec.json.encode(model())) | changes
    with pytest.raises(msgspec.ValidationError, match=told):
        read_model(json.dumps(document).encode())


def test_a_setting_that_names_no_model_is_refused_with_its_path(tmp_path: Path) -> None:
    """Bad input is decided at the border."""
    for name, content in (("absent.json", None), ("wrong.json", b"{}"), ("torn.json", b"{")):
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(ValidationError, match=name):
            FvgSettings(fill_model_file=path)


def test_an_own_model_is_used(tmp_path: Path) -> None:
    """ICT-6: every gap that an engine tells of carries its probability; other facts carry none."""
    path = tmp_path / "own.json"
    path.write_bytes(msgspec.json.encode(model(coefficients=(0.0,) * len(TERMS))))
    settings = AnalysisSettings.model_validate({"fvg": {"min_size_percent": 0.0, "fill_model_file": path}})
    facts = events(run(seeded_walk(2, 400), settings))
    gaps = [fact for fact in facts if fact.kind == "fvg"]
    born = [fact for fact in gaps if fact.changed_at == fact.confirmed_at]
    assert {fact.fill_probability for fact in born[3:]} == {0.5}
    assert {fact.fill_probability for fact in gaps if fact.state in ("filled", "inverted")} == {1.0}
    assert {fact.fill_probability for fact in facts if fact.kind != "fvg"} == {None}


def test_shipped_model_beats_the_base_rate_on_unseen_months() -> None:
    """ICT-6: the artefact says so itself, with the data and the command it came from."""
    shipped = load_model(None)
    assert shipped is not None
    assert shipped.fits(FvgSettings().max_age_candles, FvgSettings().filled_at)
    for symbol in ("BTCUSDT", "ETHUSDT", "all"):
        scores = shipped.scores[symbol]
        assert scores["rows"] > 1_000
        assert scores["brier"] < scores["brier_base_rate_of_timeframe"]
        assert scores["brier"] < scores["brier_base_rate"]
        assert scores["brier_at_all_ages"] < scores["brier_base_rate_at_all_ages"]
    assert shipped.command.startswith("ict train fvg --data ")
    assert {(row["symbol"], row["timeframe"]) for row in shipped.data} == {
        (symbol, timeframe) for symbol in ("BTCUSDT", "ETHUSDT") for timeframe in ("1m", "15m", "1h")
    }
    assert [probability for _, probability in shipped.calibration] == sorted(p for _, p in shipped.calibration)
    assert all(0.0 < probability < 1.0 for _, probability in shipped.calibration)


def test_shipped_model_rates_small_near_gaps_likelier_to_be_filled() -> None:
    """ICT-6: sanity of the signs: near beats far, small beats big, young beats old, half filled beats untouched."""
    shipped = load_model(None)
    assert shipped is not None

    def of(**changes: float) -> float:
        return shipped.probability(msgspec.structs.replace(TYPICAL, **changes)) if shipped else 0.0

    assert of(distance=0.1) > of(distance=5.0)
    assert of(size=0.1) > of(size=3.0)
    assert of(age=0.0) > of(age=0.8)
    assert of(age=0.5, fill=0.6) > of(age=0.5, fill=0.0)
