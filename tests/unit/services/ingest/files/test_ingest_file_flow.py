"""Order flow in candle files: read where a file has it, left out where it has not, refused where it cannot be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli.data.options import BadOption, parse_reading
from services.ingest.candle_source import SourceRefused
from services.ingest.files.file_source import FileSource
from services.ingest.files.reading import AS_THEY_ARE, Reading
from services.ingest.history.importing import candles_in
from shared.candles.kinds import joined
from shared.domain.order_flow import CandleFlow
from shared.domain.timeframes import MINUTE

T = 1_746_403_200_000  # 2025-05-05T00:00Z
PLAIN = "open_time,open,high,low,close,volume"
BINANCE = f"{PLAIN},close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"


def kline(minute: int, *, taker: object = 1.25, trades: object = 7) -> str:
    """A row of Binance's archives."""
    at = T + minute * MINUTE
    return f"{at},100,102,99,101,2.5,{at + MINUTE - 1},250,{trades},{taker},125,0"


def flows(path: Path, reading: Reading = AS_THEY_ARE) -> list[CandleFlow | None]:
    source = FileSource({"BTCUSDT": path}, reading=reading)
    return [candle.flow for _, candles in source.steps() for candle in candles]


def written(path: Path, *lines: str) -> Path:
    path.write_text("\n".join([*lines, ""]))
    return path


def test_the_archives_of_the_exchange_tell_it_with_and_without_a_header(tmp_path: Path) -> None:
    """DATA-6, ICT-14: delta is exact in history too."""
    expected = [CandleFlow(taker_bought=1.25, trades=7), CandleFlow(taker_bought=0.0, trades=0)]
    rows = [kline(0), kline(1, taker=0, trades=0)]
    assert flows(written(tmp_path / "with.csv", BINANCE, *rows)) == expected
    assert flows(written(tmp_path / "without.csv", *rows)) == expected
    arrays = [[int(cell) if cell.isdigit() else float(cell) for cell in row.split(",")] for row in rows]
    assert flows(written(tmp_path / "rows.json", json.dumps(arrays))) == expected


def test_a_file_without_it_is_played_as_before(tmp_path: Path) -> None:
    plain = written(tmp_path / "plain.csv", PLAIN, f"{T},100,102,99,101,2.5", f"{T + MINUTE},100,102,99,101,2.5")
    assert flows(plain) == [None, None]


@pytest.mark.parametrize(
    ("header", "row", "expected"),
    [
        (f"{PLAIN},Taker buy base asset volume", "1.5", CandleFlow(taker_bought=1.5)),
        (f"{PLAIN},taker_buy_volume,number of trades", "1.5,3", CandleFlow(taker_bought=1.5, trades=3)),
        (f"{PLAIN},trades", "3", None),  # the number of trades alone tells nobody's haste
        (f"{PLAIN},taker_buy_volume", "", None),  # an empty cell
        (f"{PLAIN},taker_buy_volume,count,trades", "1.5,3,4", CandleFlow(taker_bought=1.5, trades=4)),
    ],
)
def test_its_columns_are_found_under_the_names_of_other_programs(
    header: str, row: str, expected: CandleFlow | None, tmp_path: Path
) -> None:
    """DATA-6."""
    path = written(tmp_path / "one.csv", header, *(f"{T + n * MINUTE},100,102,99,101,2.5,{row}" for n in range(2)))
    assert flows(path) == [expected, expected]


def test_the_user_says_which_column_it_is(tmp_path: Path) -> None:
    names = "open_time,open,high,low,close,volume,_,taker_buy_volume"
    path = written(tmp_path / "own.csv", *(f"{T + n * MINUTE},100,102,99,101,2.5,9,1.5" for n in range(2)))
    assert flows(path, parse_reading(None, names, None)) == [CandleFlow(taker_bought=1.5)] * 2
    for wrong in (f"{names},taker_buy_volume", "open_time,open,high,low,close,taker_buy_volume"):
        with pytest.raises(BadOption, match="taker_buy_volume and trades where there are such"):
            parse_reading(None, wrong, None)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"taker": 2.6}, "flow_out_of_range"),
        ({"taker": -0.1}, "flow_out_of_range"),
        ({"trades": -1}, "flow_out_of_range"),
        ({"trades": 1e17}, "flow_out_of_range"),
        ({"taker": "much"}, "not_a_number"),
    ],
)
def test_order_flow_that_cannot_be_is_refused_with_its_row(changes: dict[str, Any], reason: str, tmp_path: Path) -> None:
    """DATA-3."""
    path = written(tmp_path / "wrong.csv", BINANCE, kline(0), kline(1, **changes), kline(2))
    with pytest.raises(SourceRefused) as refused:
        FileSource({"BTCUSDT": path})
    assert [(defect.reason, defect.row) for defect in refused.value.defects] == [(reason, 2)]


def test_the_last_digit_of_a_computed_volume_is_no_fault_and_tells_nothing(tmp_path: Path) -> None:
    path = written(tmp_path / "computed.csv", BINANCE, kline(0, taker=2.5 + 1e-15), kline(1, taker=2.5000000000000004))
    assert flows(path)[1] is None


def test_a_candle_that_two_files_have_with_and_without_flow_is_one_candle(tmp_path: Path) -> None:
    """DATA-3: what one of them does not tell is no contradiction."""
    written(tmp_path / "BTCUSDT-1m-a.csv", PLAIN, *(f"{T + n * MINUTE},100,102,99,101,2.5" for n in range(3)))
    written(tmp_path / "BTCUSDT-1m-b.csv", BINANCE, *(kline(n) for n in range(2, 5)))
    assert len(flows(tmp_path)) == 5
    written(tmp_path / "BTCUSDT-1m-b.csv", BINANCE, *(kline(n, taker=1.0) for n in range(2, 5)))
    written(tmp_path / "BTCUSDT-1m-c.csv", BINANCE, *(kline(n, taker=1.5) for n in range(4, 6)))
    with pytest.raises(SourceRefused, match="conflicting_duplicate"):
        FileSource({"BTCUSDT": tmp_path})


def test_rows_to_be_stored_have_flow_only_where_a_file_has_it(tmp_path: Path) -> None:
    """DATA-5: what is stored of old files keeps its bytes."""
    plain = written(tmp_path / "BTCUSDT-1m-a.csv", PLAIN, *(f"{T + n * MINUTE},100,102,99,101,2.5" for n in range(2)))
    assert len(joined(candles_in(plain).chunks)) == 6
    whole = joined(candles_in(written(tmp_path / "BTCUSDT-1m-b.csv", BINANCE, kline(0), kline(1))).chunks)
    assert [column.tolist() for column in whole[6:]] == [[1.25, 1.25], [7.0, 7.0]]
