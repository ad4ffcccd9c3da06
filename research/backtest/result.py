"""What a backtest leaves beside its four files: ``result.json``, which says what was played, on what, and what became of it.

It has no wall-clock time in it: the same run leaves the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import msgspec

from research.backtest.tape import Tape
from research.performance.summary import Performance
from research.significance.bootstrap import Interval
from research.whole_file import whole_file
from shared.domain.account import KillSwitch, Trade
from shared.domain.timeframes import MINUTE
from simulator.recorder import Summary

#: The file's name in the directory of a run.
RESULT: Final = "result.json"
_ENCODE: Final = msgspec.json.Encoder(order="sorted").encode


class UnreadableResult(Exception):
    """A ``result.json`` that is damaged, or of another version; the text says which."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One run. Times in UTC ms, amounts in USDT; ``max_drawdown`` as a fraction of the highest equity before.

    finished: it came to the end of its span; else it holds what was played until ``played_until``. engine: version of this
    software. settings: those that decide how a market is traded, ``settings_digest`` their hash. data: symbol → hash of
    the candles that were played. first, last: close times of the span. why_not: reason → closes at which it held.
    performance: every measure, by minutes; None where there was no equity to measure. intervals: by the names there.
    """

    version: int = 1
    finished: bool
    engine: str
    settings_digest: str
    settings: dict[str, Any]
    data: dict[str, str]
    first: int
    last: int
    played_until: int
    minutes: int
    candles: int
    decisions: int
    signals: int
    orders: int
    fills: int
    start_equity: Decimal
    equity: Decimal
    fees: Decimal
    max_drawdown: float
    kill_switch: KillSwitch
    kill_switch_reason: str
    trades: tuple[Trade, ...]
    why_not: dict[str, int]
    performance: Performance | None = None
    intervals: dict[str, Interval] = {}

    @property
    def won(self) -> int:
        """How many trades earned something, after fees and funding."""
        return sum(each.result > 0 for each in self.trades)

    @property
    def change(self) -> Decimal:
        """What the run earned or lost, USDT."""
        return self.equity - self.start_equity


class Played(msgspec.Struct, frozen=True):
    """What is known of a run before its first minute: the part of its result that names it."""

    settings: dict[str, Any]
    data: dict[str, str]
    first: int
    last: int
    symbols: int

    @property
    def settings_digest(self) -> str:
        """The hash of the settings."""
        return hashlib.sha256(_ENCODE(self.settings)).hexdigest()


def played(settings: Mapping[str, Any], tape: Tape) -> Played:
    """Say what will be played. ``settings``: as JSON has them, only those that decide."""
    return Played(
        dict(settings), {each: tape.digest(each) for each in tape.symbols}, tape.first, tape.last, len(tape.symbols)
    )


def result_of(run: Played, summary: Summary, played_until: int) -> Result:
    """The result of a run that was played until the close at ``played_until``, UTC ms."""
    minutes = max(0, (played_until - run.first) // MINUTE + 1)
    return Result(
        finished=played_until == run.last,
        engine=engine_version(),
        settings_digest=run.settings_digest,
        settings=run.settings,
        data=run.data,
        first=run.first,
        last=run.last,
        played_until=played_until,
        minutes=minutes,
        candles=minutes * run.symbols,
        decisions=summary.decisions,
        signals=summary.signals,
        orders=summary.orders,
        fills=summary.fills,
        start_equity=summary.first_equity or Decimal(0),
        equity=summary.last_equity,
        fees=sum((each.fees for each in summary.trades), Decimal(0)),
        max_drawdown=float(1 - summary.lowest_ratio),
        kill_switch=summary.kill_switch,
        kill_switch_reason=summary.kill_switch_reason,
        trades=tuple(summary.trades),
        why_not=dict(summary.why_not),
    )


def engine_version() -> str:
    """The installed version; ``source`` when run from a tree that was never installed."""
    try:
        return version("ict-trader")
    except PackageNotFoundError:
        return "source"


def write_result(directory: Path, result: Result) -> None:
    """Write ``result.json`` whole or not at all. Raises OSError."""
    with whole_file(directory / RESULT) as file:
        file.write(_ENCODE(result) + b"\n")


def read_result(directory: Path) -> Result:
    """Read the result of a run. Raises FileNotFoundError for a run that has none, UnreadableResult."""
    path = directory / RESULT
    try:
        return msgspec.json.decode(path.read_bytes(), type=Result)
    except msgspec.DecodeError as error:
        raise UnreadableResult(f"{path} is no result that this version reads ({error}); play the run again") from None
    except NotADirectoryError:
        raise FileNotFoundError(f"{directory} is a file, and no directory of a run") from None
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UnreadableResult(f"{path} cannot be read: {error.strerror or error}") from None
