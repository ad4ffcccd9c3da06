"""Parquet, and Feather (Arrow's file format); read in batches, the columns asked for alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from services.ingest.files.headers import places_by_name, places_said
from services.ingest.files.members import Member
from services.ingest.files.reading import Reading
from services.ingest.files.table import Layout

if TYPE_CHECKING:
    import pyarrow as pa


class ParquetFile:
    """A table as ``table.Table`` defines it. Raises FileDefect, and what pyarrow raises."""

    def __init__(self, member: Member, wanted: Sequence[str], reading: Reading) -> None:
        import pyarrow.parquet as pq

        self._path = member.path
        with pq.ParquetFile(self._path, pre_buffer=False) as file:
            names = file.schema_arrow.names
        self.layout, _ = _layout(member, "Parquet", wanted, names, reading)

    def batches(self, rows: int) -> Iterator[list[pa.Array]]:
        """See ``table.Table``."""
        import pyarrow.parquet as pq

        chosen = list(self.layout.names)
        with pq.ParquetFile(self._path, pre_buffer=False) as file:
            for batch in file.iter_batches(batch_size=rows, columns=chosen, use_threads=False):
                yield [batch.column(name) for name in chosen]


class FeatherFile:
    """A table as ``table.Table`` defines it. Raises FileDefect, and what pyarrow raises."""

    def __init__(self, member: Member, wanted: Sequence[str], reading: Reading) -> None:
        import pyarrow as pa
        from pyarrow import ipc

        self._path = member.path
        with pa.memory_map(str(self._path)) as mapped:
            names = ipc.open_file(mapped).schema.names
        self.layout, self._places = _layout(member, "Feather", wanted, names, reading)

    def batches(self, rows: int) -> Iterator[list[pa.Array]]:
        """See ``table.Table``."""
        import pyarrow as pa
        from pyarrow import ipc

        with pa.memory_map(str(self._path)) as mapped:
            fields = sorted(set(self._places))
            file = ipc.open_file(mapped, options=ipc.IpcReadOptions(included_fields=fields, use_threads=False))
            for index in range(file.num_record_batches):
                batch = file.get_batch(index)
                for start in range(0, batch.num_rows, rows):
                    piece = batch.slice(start, rows)
                    yield [piece.column(fields.index(place)) for place in self._places]


def _layout(
    member: Member, kind: str, wanted: Sequence[str], names: Sequence[str], reading: Reading
) -> tuple[Layout, list[int]]:
    """A file that names what is wanted is read by its names; ``--columns`` is for one that does not."""
    if reading.columns and not set(wanted) <= set(names):
        places = places_said(member, wanted, reading.columns, len(names))
    else:
        places = places_by_name(member, wanted, names)
    return Layout(kind=kind, names=tuple(names[place] for place in places)), places
