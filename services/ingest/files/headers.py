"""Which column of a file is which: by the names of its first line, by the order of known exports, or as the user says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from services.ingest.files.defects import FileDefect, printable, quoted
from services.ingest.files.reading import CANDLE_COLUMNS, FLOW_COLUMNS, IGNORED

#: Names of the same column in other programs, the surest first. Case, spaces and dots make no difference.
_ALIASES: Final[dict[str, tuple[str, ...]]] = {
    # "" is the index that pandas writes without a name.
    "open_time": (
        "opentime", "timestamp", "datetime", "unix", "date", "time", "ts", "t", "index", "index_level_0", "unnamed_0", "",
    ),
    "open": ("o", "open_price"),
    "high": ("h", "high_price"),
    "low": ("l", "low_price"),
    "close": ("c", "close_price"),
    "volume": ("v", "vol", "base_volume"),
    "taker_buy_volume": ("taker_buy_base_volume", "taker_buy_base_asset_volume", "taker_base_volume", "taker_volume"),
    "trades": ("count", "number_of_trades", "num_trades", "trade_count"),
    "funding_time": ("calc_time", "fundingtime"),
    "funding_rate": ("last_funding_rate", "fundingrate"),
}  # fmt: skip
#: The order of Binance's klines; its archives of spot, and of futures before 2022, have no header.
_KLINE: Final = 12
_CANDLE: Final = len(CANDLE_COLUMNS)
#: Where such a row has what is read of it.
_PLACES: Final = {name: place for place, name in enumerate(CANDLE_COLUMNS)} | {"trades": 8, "taker_buy_volume": 9}
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_DATE: Final = re.compile(r"\d{4}[-./]\d{1,2}[-./]\d{1,2}([ T].*)?")


def places_by_name(file: object, wanted: Sequence[str], names: Sequence[str]) -> list[int]:
    """The place of each column wanted. Raises FileDefect that names the columns there are, and what to type."""
    places = [_place(file, name, names) for name in wanted]
    lacking = [name for name, place in zip(wanted, places, strict=True) if place is None]
    found = [place for place in places if place is not None]
    if lacking:
        shown = ", ".join(printable(name, 40) or "one without a name" for name in names[:20]) or "none"
        text = f"no column {', '.join(lacking)}; found are {shown}; {_advice(wanted, names)}"
        raise FileDefect(file, "missing_columns", text)
    known = {_plain(name) for name in names}
    if wanted[0] == "open_time" and {"date", "time"} <= known and _plain(names[found[0]]) == "date":
        text = "the time is in two columns, date and time; join them into one, or name one of them open_time"
        raise FileDefect(file, "missing_columns", text)
    return found


def places_said(file: object, wanted: Sequence[str], columns: Sequence[str], width: int) -> list[int]:
    """The places that ``--columns`` gives. Raises FileDefect when the file has another number of columns."""
    if len(columns) != width:
        text = f"--columns names {len(columns)} columns and the file has {width}; name each, {IGNORED} for one not to read"
        raise FileDefect(file, "missing_columns", text)
    return [columns.index(name) for name in wanted]


def places_without_header(file: object, wanted: Sequence[str], cells: Sequence[str]) -> list[int]:
    """The places in a file whose first line is data. Raises FileDefect where their order is not known.

    Six columns are open time, open, high, low, close, volume; twelve are Binance's klines, whose seventh is the close time.
    """
    kline = len(cells) == _KLINE and is_number(cells[6]) and is_number(cells[0]) and float(cells[6]) >= float(cells[0])
    known = (*CANDLE_COLUMNS, *FLOW_COLUMNS) if kline else CANDLE_COLUMNS
    if not set(wanted) <= set(known) or not (kline or len(cells) == _CANDLE):
        text = f"no header, and {len(cells)} columns in an order that nothing tells; {_advice(wanted, cells)}"
        raise FileDefect(file, "missing_columns", text)
    return [_PLACES[name] for name in wanted]


def starts_with_data(cells: Sequence[str]) -> bool:
    """True when a first line is a row: a time, and numbers in the next columns."""
    return len(cells) > 1 and is_time(cells[0]) and all(is_number(cell) for cell in cells[1:_CANDLE])


def is_time(cell: str) -> bool:
    """An epoch time since 1973 in any unit, or something that begins like a date."""
    cell = cell.strip()
    if _NUMBER.fullmatch(cell):
        return float(cell) >= 1e8
    return _DATE.fullmatch(cell) is not None


def is_number(cell: str) -> bool:
    """A finite number as programs write them."""
    return _NUMBER.fullmatch(cell.strip()) is not None and float(cell) < float("inf")


def _place(file: object, wanted: str, names: Sequence[str]) -> int | None:
    if wanted in names:
        return names.index(wanted)
    plain = [_plain(name) for name in names]
    for alias in (wanted, *_ALIASES.get(wanted, ())):
        matching = [place for place, name in enumerate(plain) if name == alias]
        if alias == "":
            matching = [place for place in matching if place == 0]
        if len(matching) > 1:
            shown = " and ".join(quoted(names[place]) for place in matching)
            raise FileDefect(file, "missing_columns", f"{shown} could both be {wanted}; {_advice(wanted, names)}")
        if matching:
            return matching[0]
    return None


def _plain(name: str) -> str:
    return re.sub(r"[\s_.:-]+", "_", name.strip().strip("<>").lower()).strip("_")


def _advice(wanted: Sequence[str] | str, cells: Sequence[str]) -> str:
    if not isinstance(wanted, str) and not set(wanted) <= set(CANDLE_COLUMNS):
        return f"name them in the file's first line: {','.join(wanted)}"
    if len(cells) < _CANDLE:
        return f"a candle needs {', '.join(CANDLE_COLUMNS)}"
    left = [IGNORED] * (len(cells) - _CANDLE)
    order = [*left, *CANDLE_COLUMNS] if not cells[0].strip() else [*CANDLE_COLUMNS, *left]
    return f"say what each column is, for example --columns {','.join(order)}"
