"""Properties of played files: whatever order, repetition and batch size, the same market comes out."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.files.file_source import FileSource
from shared.domain.timeframes import MINUTE

T = 1_746_403_200_000


@settings(deadline=None, max_examples=60)
@given(st.sets(st.integers(1, 59)), st.data(), st.integers(1, 40))
def test_disorder_and_repetition_do_not_change_what_is_played(minutes: set[int], data: st.DataObject, batch: int) -> None:
    """DATA-3: two neighbours are always there, so that the file is one of minutes; the rest may have holes."""
    present = sorted({0, 1, *minutes})
    again = data.draw(st.lists(st.sampled_from(present), max_size=10))
    order = data.draw(st.permutations([*present, *again]))
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "candles.parquet"
        rows = {
            "open_time": [T + minute * MINUTE for minute in order],
            "open": [100.0 + minute for minute in order],
            "high": [101.0 + minute for minute in order],
            "low": [99.0 + minute for minute in order],
            "close": [100.5 + minute for minute in order],
            "volume": [float(minute) for minute in order],
        }
        pq.write_table(pa.table(rows), path)
        source = FileSource({"BTCUSDT": path}, batch_rows=batch)
        steps = list(source.steps())
        stated = {repair.what for repair in source.repairs}
    assert [at for at, _ in steps] == [T + (minute + 1) * MINUTE for minute in range(present[-1] + 1)]
    played = [(candle.open_time - T) // MINUTE for _, candles in steps for candle in candles]
    assert played == present
    assert all(candle.volume == (candle.open_time - T) / MINUTE for _, candles in steps for candle in candles)
    assert ("sorted" in stated) == (order != sorted(order))
    assert ("duplicates_dropped" in stated) == (len(order) > len(present))
    assert ("gap" in stated) == (len(present) <= present[-1])
