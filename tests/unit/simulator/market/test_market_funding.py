"""Funding rates: constant and recorded."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from services.ingest.candle_source import SourceRefused
from simulator.market.funding import ConstantFunding, PlayedFunding, RecordedFunding

MIDNIGHT = 1_736_121_600_000
HOUR = 3_600_000


def write(path: Path, times: list[int], rates: list[float], name: str = "funding_rate") -> Path:
    pq.write_table(pa.table({"funding_time": pa.array(times, pa.int64()), name: pa.array(rates, pa.float64())}), path)
    return path


def test_the_constant_rate_is_due_every_eight_hours_for_every_symbol() -> None:
    funding = ConstantFunding(("BTCUSDT", "ETHUSDT"))
    due = [hour for hour in range(48) if funding.rates_at(MIDNIGHT + hour * HOUR)]
    assert due == [0, 8, 16, 24, 32, 40]
    assert funding.rates_at(MIDNIGHT) == {"BTCUSDT": Decimal("0.0001"), "ETHUSDT": Decimal("0.0001")}
    assert funding.rates_at(MIDNIGHT + 60_000) == {}


def test_rate_and_period_can_be_chosen() -> None:
    funding = ConstantFunding(("BTCUSDT",), "-0.00025", hours=4)
    assert funding.rates_at(MIDNIGHT + 4 * HOUR) == {"BTCUSDT": Decimal("-0.00025")}


@pytest.mark.parametrize("hours", [0, 5, 48])
def test_a_period_that_does_not_divide_the_day_is_refused(hours: int) -> None:
    with pytest.raises(ValueError, match="settles every"):
        ConstantFunding(("BTCUSDT",), hours=hours)


def test_funding_rates_handed_out_are_a_copy() -> None:
    funding = ConstantFunding(("BTCUSDT",))
    funding.rates_at(MIDNIGHT).clear()
    assert funding.rates_at(MIDNIGHT) != {}


def test_recorded_rates_are_due_in_their_minute_as_the_digits_that_were_written(tmp_path: Path) -> None:
    funding = RecordedFunding(
        {
            "BTCUSDT": write(tmp_path / "btc.parquet", [MIDNIGHT, MIDNIGHT + 8 * HOUR + 7], [0.0001, -0.00031415]),
            "ETHUSDT": write(tmp_path / "eth.parquet", [MIDNIGHT], [0.00005]),
        }
    )
    assert funding.rates_at(MIDNIGHT) == {"BTCUSDT": Decimal("0.0001"), "ETHUSDT": Decimal("0.00005")}
    assert funding.rates_at(MIDNIGHT + 8 * HOUR) == {"BTCUSDT": Decimal("-0.00031415")}
    assert funding.rates_at(MIDNIGHT + 16 * HOUR) == {}


def test_bad_funding_files_are_refused_all_at_once(tmp_path: Path) -> None:
    files = {
        "ADAUSDT": write(tmp_path / "ada.parquet", [MIDNIGHT], [0.0001], name="rate"),
        "BTCUSDT": write(tmp_path / "btc.parquet", [MIDNIGHT, MIDNIGHT + 1], [0.0001, 1.5]),
        "DOTUSDT": write(tmp_path / "dot.parquet", [MIDNIGHT], [float("nan")]),
        "ETHUSDT": write(tmp_path / "eth.parquet", [], []),
        "SOLUSDT": tmp_path / "absent.parquet",
        "XRPUSDT": write(tmp_path / "xrp.parquet", [MIDNIGHT, MIDNIGHT], [0.0001, 0.0002]),
    }
    with pytest.raises(SourceRefused) as caught:
        RecordedFunding(files)
    assert [(defect.reason, defect.row) for defect in caught.value.defects] == [
        ("missing_columns", 0),
        ("out_of_range", 2),
        ("out_of_range", 1),
        ("empty", 0),
        ("missing_file", 0),
        ("conflicting_duplicate", 2),
    ]


def test_a_market_has_recorded_rates_where_there_is_a_file_and_the_constant_one_elsewhere(tmp_path: Path) -> None:
    """EXEC-9: a funding of the past at its own times."""
    file = write(tmp_path / "btc.parquet", [MIDNIGHT, MIDNIGHT + 4 * HOUR], [0.0003, -0.0002])
    funding = PlayedFunding(("BTCUSDT", "ETHUSDT"), "0.0001", {"BTCUSDT": file}, MIDNIGHT)
    assert funding.rates_at(MIDNIGHT) == {"BTCUSDT": Decimal("0.0003"), "ETHUSDT": Decimal("0.0001")}
    assert funding.rates_at(MIDNIGHT + 4 * HOUR) == {"BTCUSDT": Decimal("-0.0002")}
    assert funding.rates_at(MIDNIGHT + 8 * HOUR) == {"ETHUSDT": Decimal("0.0001")}


@pytest.mark.parametrize("start", [MIDNIGHT - 25 * HOUR, MIDNIGHT + 9 * HOUR])
def test_a_funding_file_of_another_time_is_refused(tmp_path: Path, start: int) -> None:
    """A market whose file begins a day later, or has ended, would have no funding and look as if it had."""
    file = write(tmp_path / "btc.parquet", [MIDNIGHT, MIDNIGHT + 8 * HOUR], [0.0001, 0.0001])
    with pytest.raises(SourceRefused, match="the market begins at") as caught:
        PlayedFunding(("BTCUSDT",), "0.0001", {"BTCUSDT": file}, start)
    assert [defect.reason for defect in caught.value.defects] == ["nothing_in_range"]
    assert PlayedFunding(("BTCUSDT",), "0.0001", {"BTCUSDT": file}, MIDNIGHT - 24 * HOUR).rates_at(MIDNIGHT) != {}


def test_the_next_settlement_is_the_schedules(tmp_path: Path) -> None:
    """EXEC-9: eight hours, then one, with a hole; after the file's last row nothing is announced."""
    times = [MIDNIGHT, MIDNIGHT + 8 * HOUR + 3, MIDNIGHT + 9 * HOUR, MIDNIGHT + 12 * HOUR]
    file = write(tmp_path / "btc.parquet", times, [0.0001, 0.0002, 0.0003, -0.0004])
    funding = PlayedFunding(("BTCUSDT", "ETHUSDT"), "0.00005", {"BTCUSDT": file}, MIDNIGHT)
    announced = [funding.next_of("BTCUSDT", MIDNIGHT + hour * HOUR) for hour in (0, 7, 8, 9, 11, 12, 100)]
    assert announced == [
        (MIDNIGHT + 8 * HOUR, Decimal("0.0002")),  # stamped 3 ms late, settled at its minute
        (MIDNIGHT + 8 * HOUR, Decimal("0.0002")),
        (MIDNIGHT + 9 * HOUR, Decimal("0.0003")),
        (MIDNIGHT + 12 * HOUR, Decimal("-0.0004")),
        (MIDNIGHT + 12 * HOUR, Decimal("-0.0004")),
        None,
        None,
    ]
    assert funding.next_of("ETHUSDT", MIDNIGHT + HOUR) == (MIDNIGHT + 8 * HOUR, Decimal("0.00005"))
    assert funding.next_of("SOLUSDT", MIDNIGHT) is None


def test_every_announced_settlement_is_made_and_no_other(tmp_path: Path) -> None:
    """EXEC-9: hour by hour, each at its rate, and none that was not announced."""
    times = [MIDNIGHT + hour * HOUR for hour in (0, 1, 2, 5)]
    file = write(tmp_path / "btc.parquet", times, [0.0001, 0.0002, 0.0003, 0.0004])
    funding = PlayedFunding(("BTCUSDT",), "0.0001", {"BTCUSDT": file}, MIDNIGHT)
    settled, now = [], MIDNIGHT
    while (following := funding.next_of("BTCUSDT", now)) is not None:
        now, rate = following
        assert funding.rates_at(now) == {"BTCUSDT": rate}
        settled.append(now)
    assert settled == times[1:]
