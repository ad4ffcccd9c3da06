"""Reads the directory of a run: its result, signals, orders, fills, equity, and the zones that signals rest on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from research.backtest.result import Result, read_result
from research.report.resting import ZONES, SignalZones, Zone
from shared.domain.decisions import Decision, Signal
from shared.domain.ids import derive
from shared.domain.orders import Fill, Order
from simulator.equity_line import EquityLine

#: What every line of a decision with a signal has in it, and no other: most lines need no decoding.
_CHOSEN: Final = b'"chosen":"'

T = TypeVar("T")


class UnreadableRecord(Exception):
    """A file of the run is missing or damaged; the text says which, where, and what to do."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One run as its files tell it.

    signals: by the id of the intent that came from them. orders: a line a change. zones: by the id of the signal; None when
    the run was recorded without them.
    """

    result: Result
    signals: dict[str, Signal]
    orders: tuple[Order, ...]
    fills: tuple[Fill, ...]
    equity: tuple[EquityLine, ...]
    zones: dict[str, tuple[Zone, ...]] | None


def read_record(directory: Path) -> Record:
    """Read a run. Raises FileNotFoundError when it has no result, UnreadableResult, UnreadableRecord."""
    result = read_result(directory)
    zones = None
    if (directory / ZONES).exists():
        zones = {each.signal: each.zones for each in lines_of(directory / ZONES, SignalZones)}
    return Record(
        result=result,
        signals=signals_in(directory),
        orders=tuple(lines_of(directory / "orders.jsonl", Order)),
        fills=tuple(lines_of(directory / "fills.jsonl", Fill)),
        equity=tuple(lines_of(directory / "equity.jsonl", EquityLine)),
        zones=zones,
    )


def signals_in(directory: Path) -> dict[str, Signal]:
    """The chosen signals of a record, by the id of the intent that came from each. Raises UnreadableRecord."""
    found = {}
    for decision in lines_of(directory / "decisions.jsonl", Decision, lambda line: _CHOSEN in line):
        if (signal := decision.signal) is not None:
            found[derive("intent", signal.id)] = signal
    return found


def read_decisions(directory: Path) -> Iterator[Decision]:
    """Yield the decisions of a run, a line a change. Raises UnreadableRecord."""
    return lines_of(directory / "decisions.jsonl", Decision)


def lines_of(path: Path, kind: type[T], wanted: Callable[[bytes], bool] = lambda _: True) -> Iterator[T]:
    """The lines of a file that are ``wanted``, decoded. Raises UnreadableRecord."""
    decode = msgspec.json.Decoder(kind).decode
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if wanted(line):
                    try:
                        yield decode(line)
                    except (msgspec.DecodeError, UnicodeDecodeError) as error:
                        raise UnreadableRecord(f"{path}, line {number}: {error}; play the run again") from None
    except FileNotFoundError:
        raise UnreadableRecord(f"{path} is missing: the record is not whole; play the run again") from None
