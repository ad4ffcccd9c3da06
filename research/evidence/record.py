"""The file of ``ict evidence``: what was played, and what speaks for and against each strategy and preset."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from research.significance.bootstrap import Interval
from research.significance.overfitting import Overfitting
from research.significance.sharpe_ratio import SharpeEvidence
from research.significance.trade_order import TradeOrder
from research.validation.cost_sensitivity import CostRow

VERSION: Final = 1

#: refused: it could not be played. too_few: trades that say nothing. loses: its mean trade is a loss, with confidence.
#: nothing_shown: at least one doubt stands. held: none of the doubts that were asked stands, on this data.
Verdict = Literal["refused", "too_few", "loses", "nothing_shown", "held"]


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Results of some days, after all costs. Returns and drawdown: fractions, by days; costs: USDT, funding included.

    intervals: of total_return, sharpe and expectancy_r.
    """

    days: int
    trades: int
    total_return: float
    max_drawdown: float
    sharpe: float | None
    win_rate: float | None
    profit_factor: float | None
    expectancy_r: float | None
    costs: float
    intervals: dict[str, Interval]


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """One trial. values: setting → value; empty = as the strategy or preset has them. sharpe: a year."""

    values: dict[str, Any]
    trades: int
    total_return: float
    sharpe: float | None
    expectancy_r: float | None


class Test(msgspec.Struct, frozen=True, kw_only=True):
    """One test of the walk-forward. start, end: UTC ms. chosen: None = no trial had enough trades, so none was played."""

    start: int
    end: int
    chosen: dict[str, Any] | None
    train_sharpe: float | None
    total_return: float
    trades: int


class Flat(msgspec.Struct, frozen=True, kw_only=True):
    """The plateau. middle, worst: Sharpe ratio a year of the best neighbourhood. values: its centre."""

    values: dict[str, Any]
    middle: float
    worst: float


class Chance(msgspec.Struct, frozen=True, kw_only=True):
    """Entries by chance with the same exits. actual, low, middle, high: mean R; low and high hold 90 % of the runs.

    probability: of a mean R like the strategy's or better, by chance.
    """

    runs: int
    actual: float
    low: float
    middle: float
    high: float
    probability: float


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One strategy with one preset (empty: its defaults). refused: why it was not played; then all else is empty.

    whole: as it stands, over all days. best: the trial with the highest Sharpe ratio, chosen on the very days that it
    is measured on. forward: chosen on trainings, measured on the tests behind them. deflated: of ``best``, by every
    trial of the set. doubts: what keeps the verdict from being ``held``, in sentences.
    """

    strategy: str
    preset: str
    verdict: Verdict
    doubts: tuple[str, ...] = ()
    refused: str = ""
    trials: tuple[Tried, ...] = ()
    whole: Figures | None = None
    best: Figures | None = None
    best_values: dict[str, Any] = {}
    forward: Figures | None = None
    tests: tuple[Test, ...] = ()
    deflated: SharpeEvidence | None = None
    overfitting: Overfitting | None = None
    shuffled: TradeOrder | None = None
    resampled: TradeOrder | None = None
    chance: Chance | None = None
    costs: tuple[CostRow, ...] = ()
    break_even: float | None = None
    plateau: Flat | None = None


class EvidenceSet(msgspec.Struct, frozen=True, kw_only=True):
    """One market. first, last: UTC ms, whole days. data: symbol → hash of candles and rates. varied: setting → values.
    engine: version with a hash of the sources that decide a backtest.

    settings: those that were set for the run beside the strategies. trials: of all rows together. command: to type again.
    """

    name: str
    engine: str
    command: str
    first: int
    last: int
    data: dict[str, str]
    funding: str
    varied: dict[str, tuple[Any, ...]]
    settings: dict[str, str]
    trials: int
    rows: tuple[Row, ...]


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """The whole file."""

    version: int = VERSION
    sets: tuple[EvidenceSet, ...] = ()

    def with_set(self, found: EvidenceSet) -> Evidence:
        """With this set in the place of the one with its name, or behind the others."""
        names = [each.name for each in self.sets]
        if found.name not in names:
            return Evidence(sets=(*self.sets, found))
        return Evidence(sets=tuple(found if each.name == found.name else each for each in self.sets))


def encode(evidence: Evidence) -> bytes:
    """The bytes of the file: the same evidence is the same bytes."""
    return (
        msgspec.json.format(msgspec.json.encode(msgspec.to_builtins(evidence, str_keys=True), order="sorted"), indent=1)
        + b"\n"
    )


def read(path: Path) -> Evidence:
    """Read a file. Raises OSError, ValueError for what is no such file or of another version."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Evidence)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no file of `ict evidence`: {error}") from None
    if found.version != VERSION:
        raise ValueError(f"{path} has version {found.version}; this software reads {VERSION}")
    return found


def trials_of(rows: Sequence[Row]) -> int:
    """How many trials were played for some rows."""
    return sum(len(each.trials) for each in rows)
