"""The port between the file formats and what is made of their columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    import pyarrow as pa


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """How a file is built. ``names``: what the file itself calls the columns that are read, in the order asked for."""

    kind: str
    detail: str = ""
    names: tuple[str, ...]


class Table(Protocol):
    """One file of one format, opened as far as its first line or schema."""

    layout: Layout

    def batches(self, rows: int) -> Iterator[list[pa.Array]]:
        """The columns asked for, at most ``rows`` rows at a time, of whatever types the file has.

        Raises FileDefect; OSError, and what pyarrow raises, for contents that turn out unreadable.
        """
        ...
