"""Time suitability: the score of a close by windows, opens and weekday (SIG-6, ICT-11)."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from services.signals.filters.time_suitability import TimeSuitabilitySettings, gates, suitability
from services.signals.gates import failed
from shared.domain.timeframes import MINUTE
from tests.support.signals.filter_scenes import market, market_view, minute, new_york, window

#: A Wednesday.
NOON = "2026-07-01 11:00"
OWN = {"kill_zone": 0.4, "silver_bullet": 0.2, "macro": 0.1, "key_open": 0.1, "weekday": 0.2}


def score(moment: str, *kinds: str, opened: str = "", **changes: object) -> float:
    at = new_york(moment)
    active = [window(kind, kind, at - MINUTE, at) for kind in kinds]
    if opened:
        active.append(window("key_open", "midnight", new_york(opened), at))
    return suitability(minute(at, *active), TimeSuitabilitySettings(**(OWN | changes)))


@pytest.mark.parametrize(
    ("moment", "kinds", "opened", "expected"),
    [
        (NOON, (), "", 0.2),
        (NOON, ("kill_zone",), "", 0.6),
        (NOON, ("silver_bullet",), "", 0.4),
        (NOON, ("macro",), "", 0.3),
        (NOON, ("kill_zone", "silver_bullet", "macro"), "", 0.9),
        (NOON, ("session", "quiet_hours"), "", 0.2),  # no windows of an entry
        (NOON, ("kill_zone", "silver_bullet", "macro"), NOON, 1.0),
        (NOON, (), "2026-07-01 10:30", 0.25),
        (NOON, (), "2026-07-01 10:00", 0.2),
        (NOON, (), "2026-07-01 09:00", 0.2),  # long ago counts as nothing, not less
        ("2026-06-29 11:00", (), "", 0.1),  # Monday
        ("2026-07-05 11:00", (), "", 0.0),  # Sunday
        ("2026-07-05 23:59", (), "", 0.0),  # still Sunday there, Monday in UTC
        ("2026-07-06 00:00", (), "", 0.1),
        ("2026-01-04 23:30", (), "", 0.0),  # and in winter
    ],
)
def test_the_score_adds_up_windows_opens_and_the_day(moment, kinds, opened, expected) -> None:
    """SIG-6: the weighted mean of five parts."""
    assert score(moment, *kinds, opened=opened) == pytest.approx(expected)


def test_two_windows_of_a_kind_count_as_one_and_the_youngest_open_speaks() -> None:
    """SIG-6: the score stays between 0 and 1."""
    at = new_york(NOON)
    kinds = [window("kill_zone", name, at - MINUTE, at) for name in ("one", "other")]
    opens = [window("key_open", name, at - age * MINUTE, at) for name, age in (("midnight", 600), ("open_0930", 30))]
    assert suitability(minute(at, *kinds, *opens), TimeSuitabilitySettings(**OWN)) == pytest.approx(0.65)


def test_weights_are_relative_and_days_are_settings() -> None:
    """SIG-6: all weights twice as large are the same weights; a day that is not named counts 0."""
    half = {name: weight / 2.0 for name, weight in OWN.items()}
    assert score(NOON, "kill_zone", **half) == pytest.approx(0.6)
    assert score(NOON, days={"tue": 1.0}) == 0.0
    assert score(NOON, days={"wed": 0.25}) == pytest.approx(0.05)


@pytest.mark.parametrize(("least", "reasons"), [(0.6, ()), (0.61, ("unsuitable_time",)), (0.0, ())])
def test_a_signal_at_a_time_with_too_low_a_score_is_stopped(least, reasons) -> None:
    """SIG-6: at the score itself it passes."""
    at = new_york(NOON)
    view = market_view(minute(at, window("kill_zone", "london_close", at - MINUTE, at)), at=at)
    (gate,) = gates(view, market(100.0, 99.0, at=at), TimeSuitabilitySettings(min_score=least))
    assert failed([gate]) == reasons
    assert gate.value == pytest.approx(0.6)
    assert gate.text == f"The time scores 0.60; at least {least:g} is needed. Windows that are open: london_close."


@pytest.mark.parametrize("age", [None, MINUTE])
def test_without_the_last_minute_no_score_is_known(age) -> None:
    """Never guess: which windows are open is read from the 1m analysis of this very close."""
    at = new_york(NOON)
    shown = [] if age is None else [minute(at - age, window("kill_zone", "london_close", at - 2 * MINUTE, at - age))]
    found = gates(market_view(*shown, at=at), market(100.0, 99.0, at=at), TimeSuitabilitySettings(min_score=0.0))
    assert failed(found) == ("data_missing",)


def test_weights_that_are_all_zero_are_refused() -> None:
    with pytest.raises(ValidationError, match="every weight"):
        TimeSuitabilitySettings(**dict.fromkeys(OWN, 0.0))
