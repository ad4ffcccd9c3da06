"""Events as a Parquet table, one row an event, for research: labelled structure for pandas or DuckDB (ICT-15)."""

from __future__ import annotations

from types import TracebackType
from typing import Any, BinaryIO, Final, Self

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

#: Rows of one group: what is held in memory.
_GROUP: Final = 65_536
_TIME: Final = pa.timestamp("ms", tz="UTC")

_COMMON: Final = [
    ("symbol", pa.string()),
    ("timeframe", pa.string()),
    ("confirmed_at", _TIME),
    ("kind", pa.string()),
    ("state", pa.string()),
    ("direction", pa.string()),
    ("label", pa.string()),
    ("top", pa.float64()),
    ("bottom", pa.float64()),
    ("formed_at", _TIME),
]
#: The engine's events: what ``research.events.told`` says. ``id`` and ``since`` tie the states of one fact together.
ENGINE: Final = pa.schema(
    [
        *_COMMON,
        ("since", _TIME),
        ("score", pa.float64()),
        ("touches", pa.int64()),
        ("fill", pa.float64()),
        ("fill_probability", pa.float64()),
        ("candles", pa.list_(_TIME)),
        ("id", pa.string()),
        ("ref", pa.string()),
        ("why", pa.string()),
    ]
)
#: The restated rules' events: ``research.compat_smc.events.CompatEvent``.
COMPAT: Final = pa.schema([*_COMMON, ("ended_at", _TIME), ("frame_end", pa.bool_())])


class EventTable:
    """Takes the canonical JSON lines of events and writes them as rows, in the order in which they come.

    Times are UTC timestamps of milliseconds; ``confirmed_at`` is the close that made the row knowable: who joins on it sees
    no future. The rows for a shorter range are the first rows of those for a longer one.
    """

    def __init__(self, file: BinaryIO, schema: Any) -> None:
        self._schema = schema
        self._writer = pq.ParquetWriter(file, schema, compression="zstd")
        self._rows: list[dict[str, object]] = []

    def write(self, line: bytes) -> None:
        """Take one event."""
        self._rows.append(msgspec.json.decode(line))
        if len(self._rows) == _GROUP:
            self._flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is None and self._rows:
            self._flush()
        self._writer.close()

    def _flush(self) -> None:
        self._writer.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
        self._rows = []
