"""What was measured, as a file: versioned, small, the same bytes for the same candles and code."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

VERSION: Final = 1
_Count = Annotated[int, msgspec.Meta(ge=0)]


class MeasuredStrategy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one strategy said of one symbol. Every signal is followed by itself, chosen or not, whatever else is held.

    closes: closes that it judged. longs, shorts: signals. chosen: those that the decision took among all strategies that
    were measured. limits: signals that rest as a limit order. filled: entries that were filled. expired: entries that were
    not, in time. voided: limit orders that price voided before they were filled. waiting: entries still open at the last
    candle. ended: positions that ended by the last candle. median_minutes, p90_minutes: how long those lasted, entry to
    end; None without one. held: positions that had not ended, or lasted for over 30 days. reasons: closes without a
    signal, by reason (several may be given at one close), most frequent first. errors: closes at which the strategy was at
    fault.
    """

    strategy: str
    symbol: str
    timeframe: str
    closes: _Count
    longs: _Count
    shorts: _Count
    chosen: _Count
    limits: _Count
    filled: _Count
    expired: _Count
    voided: _Count
    waiting: _Count
    ended: _Count
    held: _Count
    median_minutes: int | None
    p90_minutes: int | None
    reasons: dict[str, int]
    errors: _Count


class MeasuredSymbol(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The candles of one symbol. first, last: close times, UTC ms. missing: minutes between them without a candle.

    sha256: of the candles as they were read, so that another file of the same candles is known as the same.
    """

    symbol: str
    file: str
    first: int
    last: int
    candles: int
    missing: int
    sha256: str


class MeasuredSet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One data set: symbols that were judged beside each other.

    engine: version of the package. defaults: measured with the built-in settings of every section used. command: what was
    typed.
    """

    name: str
    engine: str
    defaults: bool
    command: str
    symbols: tuple[MeasuredSymbol, ...]
    strategies: tuple[MeasuredStrategy, ...]


class Measured(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    version: Literal[1] = VERSION
    sets: tuple[MeasuredSet, ...]

    def with_sets(self, more: Iterable[MeasuredSet]) -> Measured:
        """With sets more: one of a name that is there takes its place, the others stand behind, in their order."""
        found = {each.name: each for each in (*self.sets, *more)}
        return Measured(sets=tuple(found.values()))


def encode(measured: Measured) -> bytes:
    """The file's bytes: readable JSON."""
    return msgspec.json.format(msgspec.json.encode(measured), indent=1) + b"\n"


def read(path: Path) -> Measured:
    """Raises OSError, and ValueError that names the file, when it is no record of this version."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Measured)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no record of `ict measure` of version {VERSION}: {error}") from error
