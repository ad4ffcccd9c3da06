"""Which archives a span needs: months where they are whole, days else, nothing twice, REST for what none has."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.history.archives import days_instead, needed, uncovered
from shared.domain.timeframes import DAY


def ms(*date: int) -> int:
    return int(datetime(*date, tzinfo=UTC).timestamp() * 1000)  # type: ignore[arg-type, misc]  # year, month, day, …


TODAY = ms(2023, 3, 10)


def periods(start: int, end: int, known: tuple[str, ...] = (), kind: str = "1m") -> list[str]:
    return [archive.period for archive in needed("BTCUSDT", kind, start, end, TODAY, known)]  # type: ignore[arg-type]


def test_whole_months_come_as_months_and_the_rest_as_days() -> None:
    """DATA-6: monthly, then daily; of the running day nothing."""
    assert periods(ms(2022, 12, 30), ms(2023, 3, 11)) == [
        "2022-12-30", "2022-12-31", "2023-01", "2023-02", *(f"2023-03-0{day}" for day in range(1, 10)),
    ]  # fmt: skip


def test_funding_comes_by_months_alone_however_little_is_asked_for() -> None:
    assert periods(ms(2023, 1, 15), ms(2023, 3, 5), kind="funding") == ["2023-01", "2023-02"]


def test_known_archives_are_not_asked_for_again() -> None:
    """DATA-6: resumable."""
    assert periods(ms(2023, 1, 1), ms(2023, 2, 3), ("BTCUSDT-1m-2023-01", "BTCUSDT-1m-2023-02-02")) == ["2023-02-01"]
    days = tuple(f"BTCUSDT-1m-2023-02-{day:02}" for day in range(1, 29))
    assert periods(ms(2023, 2, 1), ms(2023, 3, 1), days) == []
    assert periods(ms(2023, 2, 1), ms(2023, 3, 1), days[1:]) == ["2023-02"]


def test_names_and_addresses_are_those_of_the_public_archives() -> None:
    month, *_ = needed("BTCUSDT", "1m", ms(2023, 1, 1), ms(2023, 2, 1), TODAY, ())
    assert month.path == "data/futures/um/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-2023-01.zip"
    day, *_ = days_instead(month, ())
    assert day.path == "data/futures/um/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2023-01-01.zip"
    rates, *_ = needed("BTCUSDT", "funding", ms(2023, 1, 1), ms(2023, 2, 1), TODAY, ())
    assert rates.path == "data/futures/um/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2023-01.zip"


def test_rest_is_asked_for_what_no_archive_has() -> None:
    """DATA-6: REST for the rest."""
    known = ("BTCUSDT-1m-2023-02", "BTCUSDT-1m-2023-03-01", "BTCUSDT-1m-2023-03-03")
    found = uncovered("BTCUSDT", "1m", ms(2023, 2, 1), ms(2023, 3, 5, 6), known)
    assert found == [(ms(2023, 3, 2), ms(2023, 3, 3)), (ms(2023, 3, 4), ms(2023, 3, 5, 6))]


@pytest.mark.parametrize("kind", ["1m", "funding"])
@given(st.integers(0, 150), st.integers(1, 150), st.sets(st.integers(0, 40)))
def test_archives_and_rest_together_cover_the_span_without_overlap(kind: str, begin: int, days: int, held: set[int]) -> None:
    """DATA-6: nothing is left out and nothing comes twice."""
    start = ms(2022, 10, 1) + begin * DAY
    end = start + days * DAY
    every = needed("BTCUSDT", kind, start, end, TODAY, ())  # type: ignore[arg-type]
    fetched = [archive for place, archive in enumerate(every) if place not in held]
    known = {archive.name for archive in fetched}
    spans = [(each.start, each.end) for each in fetched] + uncovered("BTCUSDT", kind, start, end, known)  # type: ignore[arg-type]
    covered = [at for span in spans for at in range(*span, DAY)]
    assert len(covered) == len(set(covered))
    assert set(covered) >= set(range(start, end, DAY))
    again = needed("BTCUSDT", kind, start, end, TODAY, {archive.name for archive in every})  # type: ignore[arg-type]
    assert again == []
