"""What a search, a walk-forward or an evidence page asks of a backtest, and what it gets."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from research.backtest.result import engine_version
from research.validation.walk_forward import Span
from shared.domain.account import Trade

#: The packages whose code decides a backtest.
_DECIDING: Final = ("shared", "services", "simulator", "research")
#: What only reads outcomes: a changed line there makes none of them another.
_READING: Final = ("research/evidence",)
_ENCODE: Final = msgspec.json.Encoder(order="sorted").encode


class EquityPoint(NamedTuple):
    """The account's equity, USDT, from ``time`` (UTC ms) on."""

    time: int
    equity: float


class Plan(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """How one closed trade was meant to leave, and what its fills cost beyond the prices that were asked for.

    stop, target: distances from the signal's entry, fractions of its price; target: mean of the ladder, by shares. longest:
    ms after its signal at which it had to be closed; 0 = never. slippage: USDT; negative = fills were better.
    """

    intent_id: str
    stop: float
    target: float
    longest: int
    slippage: float


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one backtest. Amounts in USDT; ``last_equity`` counts open positions at the last price.

    equity: as it stood whenever more than prices had changed. trades: the closed ones, as execution reported them. plans: of
    those that came from a signal.
    """

    start_equity: float
    last_equity: float
    max_drawdown: float
    decisions: int
    signals: int
    orders: int
    fills: int
    equity: tuple[EquityPoint, ...]
    trades: tuple[Trade, ...]
    plans: tuple[Plan, ...] = ()


class Backtest(Protocol):
    """The port: plays ``settings`` over ``span``. The same question always has the same answer."""

    def __call__(self, settings: Mapping[str, Any], span: Span) -> Outcome: ...


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One backtest to be played. Two jobs with the same key have the same outcome.

    settings: the whole of those that decide, as JSON has them. data: symbol → hash of its candles and funding rates.
    """

    settings: dict[str, Any]
    span: Span
    data: dict[str, str]
    engine: str

    @property
    def key(self) -> str:
        """The hash of everything that decides the outcome, 64 hexadecimal digits."""
        return hashlib.sha256(_ENCODE(self)).hexdigest()


@cache
def engine() -> str:
    """The version of this software with a hash of its sources: a changed line may change any outcome."""
    root, found = Path(__file__).parents[2], hashlib.sha256()
    for package in _DECIDING:
        for path in sorted((root / package).rglob("*.py")):
            if any(path.is_relative_to(root / each) for each in _READING):
                continue
            found.update(f"{path.relative_to(root)}\0".encode())
            found.update(path.read_bytes())
    return f"{engine_version()}+{found.hexdigest()[:16]}"
