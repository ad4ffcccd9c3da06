"""Whatever a file holds, reading it ends in candles or in a refusal that can be printed."""

from __future__ import annotations

import gc
import gzip
import io
import json
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyarrow import feather

from services.ingest.candle_source import SourceRefused
from services.ingest.files.description import describe
from services.ingest.files.file_source import FileSource
from services.ingest.files.reading import CANDLE_COLUMNS, Reading
from tests.support.ingest.candle_file_kinds import CANDLES, SPOT, columns, kline, stamps

READINGS = [Reading(), Reading(time_zone="America/New_York"), Reading(columns=CANDLE_COLUMNS), Reading(interval="1m")]


def _feather() -> bytes:
    buffer = io.BytesIO()
    feather.write_feather(columns(stamps("ms")), buffer)
    return buffer.getvalue()


def _parquet() -> bytes:
    from pyarrow import parquet

    buffer = io.BytesIO()
    parquet.write_table(columns(stamps("us")), buffer)
    return buffer.getvalue()


def _zip(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("BTCUSDT-1m.csv", content)
    return buffer.getvalue()


GOOD = [
    SPOT.encode(),
    json.dumps(CANDLES).encode(),
    json.dumps([kline(row) for row in CANDLES]).encode(),
    _feather(),
    _parquet(),
]
PACKINGS: list[Callable[[bytes], bytes]] = [lambda content: content, gzip.compress, _zip]


def judged(content: bytes, reading: Reading) -> None:
    """Both readers of a path, over the content."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "BTCUSDT.csv"
        path.write_bytes(content)
        texts: list[str] = []
        try:
            for _, raws in FileSource({"BTCUSDT": path}, reading=reading).steps():
                for raw in raws:
                    assert 0 < raw.low <= min(raw.open, raw.close) <= max(raw.open, raw.close) <= raw.high
        except SourceRefused as refused:
            texts = str(refused).splitlines()
        assert all(text.isprintable() for text in texts)
        description = describe(path, reading)
        assert all(defect.text.isprintable() for defect in description.defects)


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=400), st.sampled_from(PACKINGS), st.sampled_from(READINGS))
@example(b"PAR1", PACKINGS[0], READINGS[0])
@example(b"[[", PACKINGS[0], READINGS[0])
@example(b"[" * 50_000, PACKINGS[1], READINGS[0])
@example(b'"', PACKINGS[0], READINGS[2])
def test_any_bytes_are_candles_or_a_refusal(content: bytes, pack: Callable[[bytes], bytes], reading: Reading) -> None:
    """DATA-3: nothing that a file holds ends in a traceback."""
    judged(pack(content), reading)


CELLS = st.one_of(
    st.integers(-(10**20), 10**20).map(str),
    st.floats().map(str),
    st.sampled_from(
        ["", "open_time", "date", "open", "high", "low", "close", "volume", "NaN", "2025-03-03 11:06:00", "+09:00"]
    ),
    st.sampled_from([str(CANDLES[0][0]), "2025-03-03T11:06:00Z", "2025.03.03 11:06", "03/03/2025", "1e400", '"', "1,5"]),
    st.text(max_size=6),
)


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.lists(CELLS, min_size=1, max_size=13), min_size=1, max_size=6),
    st.sampled_from(",;\t|"),
    st.sampled_from(READINGS),
)
def test_any_table_of_text_is_candles_or_a_refusal(rows: list[list[str]], separator: str, reading: Reading) -> None:
    """DATA-3."""
    judged("\n".join(separator.join(row) for row in rows).encode("utf-8", "replace"), reading)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5), st.just(CANDLES[0])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=7), st.dictionaries(st.sampled_from(CANDLE_COLUMNS), inner, max_size=6)
    ),
    max_leaves=20,
)


@settings(deadline=None, max_examples=150)
@given(JSON, st.sampled_from(READINGS))
def test_any_json_is_candles_or_a_refusal(value: object, reading: Reading) -> None:
    """DATA-3."""
    judged(json.dumps(value).encode(), reading)


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(GOOD), st.sampled_from(PACKINGS), st.data())
def test_good_file_with_a_few_bytes_changed_is_candles_or_a_refusal(
    content: bytes, pack: Callable[[bytes], bytes], data: st.DataObject
) -> None:
    """DATA-3: damage in transit, before or after packing."""
    spoilt = bytearray(pack(content))
    for _ in range(data.draw(st.integers(1, 3))):
        spoilt[data.draw(st.integers(0, len(spoilt) - 1))] = data.draw(st.integers(0, 255))
    judged(bytes(spoilt[: data.draw(st.integers(1, len(spoilt)))]), Reading())


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(
        [
            pa.float16(),
            pa.binary(),
            pa.bool_(),
            pa.date32(),
            pa.time64("us"),
            pa.duration("s"),
            pa.null(),
            pa.list_(pa.int8()),
        ]
    ),
    st.booleans(),
)
def test_column_of_any_type_is_candles_or_a_refusal(kind: pa.DataType, is_time: bool) -> None:
    """DATA-3."""
    table = columns(stamps("ms"))
    place = 0 if is_time else 3
    table = table.set_column(place, table.column_names[place], pa.nulls(len(CANDLES), kind))
    buffer = io.BytesIO()
    feather.write_feather(table, buffer)
    judged(buffer.getvalue(), Reading())


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_torn_row_that_is_no_utf8_is_refused_quietly() -> None:
    """DATA-3: pyarrow's own handler of torn rows cannot decode such a row, and says so on stderr."""
    rows = b"".join(b"%d,1,2,1,1,5\n" % (1_700_000_000_000 + 60_000 * number) for number in range(5))
    judged(rows + b"1700000300000,\x80\n", Reading())
    gc.collect()
