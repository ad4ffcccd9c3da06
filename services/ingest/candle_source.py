"""Where one-minute candles come from: the port, and what a source says about defects that it met."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, Protocol

import msgspec

from shared.domain.candles import RawCandle

#: Why a file is refused. Closed: ``ict data check`` prints it, and every reason has a specimen in the tests.
DefectReason = Literal[
    "bad_symbol",  # not a symbol of the exchange's form
    "missing_file",  # there is no such file
    "unknown_format",  # the contents are of no kind that is read
    "unreadable",  # the contents are damaged, cut off, or without end
    "missing_columns",  # one of open_time, open, high, low, close, volume is not there, or not to be told
    "mixed_symbols",  # a set of files whose names tell several symbols
    "wrong_type",  # a column does not hold numbers
    "empty",  # no rows
    "not_a_number",  # a cell without a number
    "not_finite",  # NaN or infinity
    "not_positive",  # a price of zero or less
    "negative_volume",  # a volume below zero
    "out_of_range",  # larger than any exchange's prices or volumes
    "inverted",  # high below low, or open or close outside of them
    "flow_out_of_range",  # takers bought more than was traded, or a number of trades below zero
    "wrong_time_unit",  # a time of no year between 1973 and 2099, in whatever unit
    "no_time_zone",  # times without an offset whose zone nobody said, or that come twice on that zone's clock
    "off_minute",  # an open time that is not a whole minute
    "not_one_minute",  # candles of another timeframe
    "off_interval",  # an open time between those of the file's timeframe
    "wrong_interval",  # candles that are no timeframe apart, a coarser one than asked for, or another than the name says
    "unsorted",  # out of order where it cannot be put right
    "duplicate",  # the same minute twice where it cannot be put right
    "conflicting_duplicate",  # the same minute twice with different numbers, in one file or in two
    "nothing_in_range",  # nothing between the asked dates, or where the market begins
    "changed",  # the file is no longer what was examined
]
#: What a source puts right by itself, or only states (DATA-3).
RepairKind = Literal[
    "duplicates_dropped",  # the same candle twice, number for number, in one file or in two
    "sorted",  # rows were out of order
    "gap",  # stated, not filled: those minutes have no candle
    "more",  # further statements of this file were left out
]


class Defect(msgspec.Struct, frozen=True, kw_only=True):
    """One reason against a file. ``row``: 1-based data row (the header does not count), 0 when about the whole file."""

    file: str
    row: int
    reason: DefectReason
    text: str

    def __str__(self) -> str:
        place = f"{self.file}, row {self.row}" if self.row else self.file
        return f"{place}: {self.text} [{self.reason}]"


class Repair(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was put right or stated. ``row``: 1-based data row of the file where it begins."""

    file: str
    row: int
    what: RepairKind
    text: str

    def __str__(self) -> str:
        place = f"{self.file}, row {self.row}" if self.row else self.file
        return f"{place}: {self.text}"


class SourceRefused(Exception):
    """The files cannot be used. ``defects`` has every reason of every file; the text lists them and says what to do."""

    def __init__(self, defects: Sequence[Defect]) -> None:
        self.defects = tuple(defects)
        super().__init__("\n".join(["the files cannot be used:", *(f"  {defect}" for defect in self.defects)]))

    def __reduce__(self) -> tuple[type[SourceRefused], tuple[tuple[Defect, ...]]]:
        return type(self), (self.defects,)  # from one process to another: made of its defects, not of its text


class CandleSource(Protocol):
    """Closed one-minute candles of some symbols over a span of time, in order, as often as one asks."""

    @property
    def symbols(self) -> tuple[str, ...]:
        """In the order in which a step lists their candles."""
        ...

    @property
    def first(self) -> int:
        """Close time (UTC ms) of the first step."""
        ...

    @property
    def last(self) -> int:
        """Close time (UTC ms) of the last step."""
        ...

    def __len__(self) -> int:
        """Number of steps: the minutes from ``first`` to ``last``."""
        ...

    def steps(self) -> Iterator[tuple[int, tuple[RawCandle, ...]]]:
        """Every minute from ``first`` to ``last`` without a hole: its close time, and the candles that there are."""
        ...
