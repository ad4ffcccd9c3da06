"""One Parquet file of a series: all rows of a UTC year, compressed with zstd, named by its contents.

The same rows give the same bytes, however they were put together: the row groups have a fixed size. pyarrow is loaded on
first use.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from shared.candles.errors import Damaged
from shared.candles.kinds import Chunk, Kind, columns_of, flow_columns_of, rebatched, widened
from shared.candles.manifest import UNFINISHED, YearFile, advice, sync_directory

if TYPE_CHECKING:
    import pyarrow as pa

#: Rows of a row group: what is held while a file is written, and the least that is read.
GROUP_ROWS: Final = 32_768
#: Characters of the hash that stand in the name.
_SHOWN: Final = 12


def write_year(directory: Path, symbol: str, kind: Kind, year: int, chunks: Iterable[Chunk]) -> YearFile:
    """Write the rows, at least one, in order of time, as a file of ``directory``. Holds a row group and a chunk.

    Raises OSError when the file cannot be written; nothing is left of it then. Its name holds its hash, so that it never
    replaces another one; it counts when the manifest names it.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    temporary = directory / f"{UNFINISHED}{year}"
    rows, first, last = 0, -1, -1
    try:
        with temporary.open("wb") as file:
            batches = rebatched(chunks, GROUP_ROWS)
            begun = next(batches)
            schema = _schema(kind, len(begun))
            with pq.ParquetWriter(file, schema, compression="zstd") as writer:
                for chunk in chain([begun], batches):
                    table = pa.Table.from_arrays([pa.array(column) for column in chunk], schema=schema)
                    writer.write_table(table, row_group_size=GROUP_ROWS)
                    first = int(chunk[0][0]) if first < 0 else first
                    last = int(chunk[0][-1])
                    rows += len(chunk[0])
            file.flush()
            os.fsync(file.fileno())
        digest = hash_of(temporary)
        size = temporary.stat().st_size
        name = f"{symbol}-{kind}-{year}-{digest[:_SHOWN]}.parquet"
        temporary.replace(directory / name)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_directory(directory)
    return YearFile(year=year, name=name, sha256=digest, bytes=size, rows=rows, first=first, last=last)


def read_year(
    directory: Path, file: YearFile, kind: Kind, start: int, end: int, rows: int, *, flow: bool = False
) -> Iterator[Chunk]:
    """The rows with a time in [start, end) in order, at most ``rows`` at a time. Raises Damaged.

    flow: with the columns of order flow, NaN where the file has none.
    Row groups that lie outside are not read. The file is not compared with its hash here: ``verify`` does that.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = directory / file.name
    try:
        with pq.ParquetFile(path, pre_buffer=False) as parquet:
            names = [*columns_of(kind), *(name for name in _flow_in(parquet, kind) if flow)]
            groups = _groups_within(parquet, start, end)
            for batch in parquet.iter_batches(batch_size=rows, row_groups=groups, columns=names, use_threads=False):
                chunk = tuple(np.asarray(batch.column(name)) for name in names)
                begin, stop = np.searchsorted(chunk[0], (start, end))
                if begin < stop:
                    piece = tuple(column[begin:stop] for column in chunk)
                    yield widened(piece, kind) if flow else piece
    except FileNotFoundError as error:
        raise Damaged(_gone(path, directory)) from error
    except (pa.ArrowException, OSError) as error:
        raise Damaged(f"{path} cannot be read ({error}); {advice(directory)}") from error


def has_flow(directory: Path, file: YearFile, kind: Kind) -> bool:
    """Whether the file has columns of order flow. Raises Damaged."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = directory / file.name
    try:
        with pq.ParquetFile(path, pre_buffer=False) as parquet:
            return bool(_flow_in(parquet, kind))
    except (pa.ArrowException, OSError) as error:
        raise Damaged(f"{path} cannot be read ({error}); {advice(directory)}") from error


def verify(directory: Path, file: YearFile) -> None:
    """Compare a file with its hash. Raises Damaged."""
    path = directory / file.name
    try:
        found = hash_of(path)
    except FileNotFoundError as error:
        raise Damaged(_gone(path, directory)) from error
    except OSError as error:
        raise Damaged(f"{path} cannot be read: {error.strerror}; check its rights") from error
    if found != file.sha256:
        text = f"{path} was altered: its sha256 is {found[:_SHOWN]}…, and {file.sha256[:_SHOWN]}… was written"
        raise Damaged(f"{text}; {advice(directory)}")


def hash_of(path: Path) -> str:
    """The sha256 of a file, in hexadecimal. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _gone(path: Path, directory: Path) -> str:
    return f"{path} is missing, or was replaced just now: run the command again; if it stays missing, {advice(directory)}"


def _flow_in(parquet: pa.parquet.ParquetFile, kind: Kind) -> tuple[str, ...]:
    """The columns of order flow: a file has all of them or none."""
    names = flow_columns_of(kind)
    return names if set(names) <= set(parquet.schema_arrow.names) else ()


def _schema(kind: Kind, width: int) -> pa.Schema:
    import pyarrow as pa

    time, *numbers = (*columns_of(kind), *flow_columns_of(kind))[:width]
    return pa.schema([(time, pa.int64()), *((name, pa.float64()) for name in numbers)])


def _groups_within(parquet: pa.parquet.ParquetFile, start: int, end: int) -> list[int]:
    """The row groups that can have a time in [start, end)."""
    found = []
    for group in range(parquet.metadata.num_row_groups):
        times = parquet.metadata.row_group(group).column(0).statistics
        if times is None or (times.max >= start and times.min < end):
            found.append(group)
    return found
