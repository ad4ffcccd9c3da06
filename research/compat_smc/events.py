"""The restated rows as dated events, in order of the closes at which they truly became knowable."""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np

from research.columns import Columns
from research.compat_smc.blocks import order_blocks
from research.compat_smc.gaps import fair_value_gaps
from research.compat_smc.liquidity import liquidity
from research.compat_smc.periods import SESSIONS, previous_levels, session
from research.compat_smc.structure import labels
from research.compat_smc.swings import swing_list
from shared.domain.timeframes import Timeframe

Kind = Literal[
    "smc_fvg",
    "smc_swing_high",
    "smc_swing_low",
    "smc_bos",
    "smc_choch",
    "smc_order_block",
    "smc_liquidity",
    "smc_previous_high_low_1d",
    "smc_previous_high_low_4h",
    "smc_session",
]
Way = Literal["bullish", "bearish", "none"]
#: ``made`` and ``final`` are births; ``erased``: from here on smc's output has no trace of it.
State = Literal["made", "mitigated", "final", "violated", "erased", "changed", "entered", "left"]


class CompatEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a restated rule. ``formed_at``: open time of the candle on which smc draws it.

    ``frame_end``: no close before the last one of the data says it, and more data may take it back; such events carry the
    close of the last candle, behind all others. ``ended_at``: close of the breaking candle (BOS, CHoCH), of the sweep
    (liquidity); 0 for none. ``label``: the name of a session.
    """

    symbol: str
    timeframe: Timeframe
    kind: Kind
    state: State
    direction: Way
    top: float
    bottom: float
    formed_at: int
    confirmed_at: int
    ended_at: int = 0
    label: str = ""
    frame_end: bool = False


def events(columns: Columns, swing_length: int) -> list[CompatEvent]:
    """Everything that smc would draw on these candles, and what it erased, in order of ``confirmed_at``."""
    if not len(columns):
        return []
    dated = _Dated(columns)
    swings = swing_list(columns, swing_length)
    for gap in fair_value_gaps(columns):
        dated.add("smc_fvg", "made", gap.direction, gap.top, gap.bottom, gap.row, gap.known)
        if gap.mitigated is not None:
            dated.add("smc_fvg", "mitigated", gap.direction, gap.top, gap.bottom, gap.row, gap.mitigated)
    for swing in swings.swings:
        kind: Kind = "smc_swing_high" if swing.side == "high" else "smc_swing_low"
        turns: Way = "bearish" if swing.side == "high" else "bullish"
        dated.add(kind, "final", turns, swing.level, swing.level, swing.row, swing.known)
    for label in labels(columns, swings):
        named: Kind = "smc_bos" if label.kind == "bos" else "smc_choch"
        dated.add(named, "final", label.direction, label.level, label.level, label.row, label.known, ended=label.broken)
    for block in order_blocks(columns, swings):
        top, bottom = max(block.top, block.bottom), min(block.top, block.bottom)
        life: tuple[tuple[State, int | None], ...] = (
            ("made", block.broke),
            ("violated", block.violated),
            ("erased", block.erased),
        )
        for state, row in life:
            if row is not None:
                known = None if block.known is None else max(block.known, row)
                dated.add("smc_order_block", state, block.direction, top, bottom, block.row, known)
    for pool in liquidity(columns, swings):
        dated.add("smc_liquidity", "made", pool.direction, pool.level, pool.level, pool.row, None, ended=pool.swept)
    _periods(dated, columns)
    return sorted(dated.found, key=lambda event: (event.confirmed_at, event.frame_end))


class _Dated:
    """Collects, and turns rows into times."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self.found: list[CompatEvent] = []

    def add(
        self,
        kind: Kind,
        state: State,
        direction: Way,
        top: float,
        bottom: float,
        row: int,
        known: int | None,
        *,
        ended: int | None = None,
        label: str = "",
    ) -> None:
        columns = self._columns
        self.found.append(
            CompatEvent(
                symbol=columns.symbol,
                timeframe=columns.timeframe,
                kind=kind,
                state=state,
                direction=direction,
                top=float(top),
                bottom=float(bottom),
                formed_at=int(columns.open_time[row]),
                confirmed_at=columns.close_time(len(columns) - 1 if known is None else known),
                ended_at=0 if ended is None else columns.close_time(ended),
                label=label,
                frame_end=known is None,
            )
        )


def _periods(dated: _Dated, columns: Columns) -> None:
    """Levels when they change, sessions when they are entered and left; each is knowable at its own row."""
    periods: tuple[tuple[Kind, Literal["1d", "4h"]], ...] = (
        ("smc_previous_high_low_1d", "1d"),
        ("smc_previous_high_low_4h", "4h"),
    )
    for kind, period in periods:
        levels = previous_levels(columns, period)
        known = np.flatnonzero(~np.isnan(levels.high)).tolist()
        before = (0.0, 0.0)
        for row in known:
            now = (float(levels.high[row]), float(levels.low[row]))
            if now != before:
                dated.add(kind, "changed", "none", now[0], now[1], row, row)
            before = now
    for name in SESSIONS:
        rows = session(columns, name)
        edges = np.flatnonzero(np.diff(rows.active.astype(np.int8), prepend=0)).tolist()
        for row in edges:
            if rows.active[row]:
                dated.add("smc_session", "entered", "none", rows.high[row], rows.low[row], row, row, label=name)
            else:
                last = row - 1
                dated.add("smc_session", "left", "none", rows.high[last], rows.low[last], last, row, label=name)
