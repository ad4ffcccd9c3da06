"""Colours, and how each kind of fact is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from shared.domain.facts import Direction

ThemeName = Literal["dark", "light"]
#: ``zone``: a box; ``band``: a range so wide that only its edges are drawn, and its middle while it holds; ``level``: a line
#: to its end; ``break``: a line from the swing to the candle that broke it; ``swing``: a mark with its label; ``mark``: a
#: small sign at its candle.
Role = Literal["zone", "band", "level", "break", "swing", "mark"]


@dataclass(frozen=True, slots=True)
class Theme:
    """One set of colours, as #rrggbb."""

    background: str
    text: str
    faint: str
    grid: str
    axis: str
    up: str
    down: str
    bullish: str
    bearish: str
    bullish_block: str
    bearish_block: str
    neutral: str
    windows: tuple[str, ...]
    window_opacity: float


THEMES: Final[dict[ThemeName, Theme]] = {
    "dark": Theme(
        background="#10141c", text="#d5dae3", faint="#8b93a3", grid="#1c2330", axis="#333c4d",
        up="#26a69a", down="#ef5350", bullish="#2fbf8f", bearish="#f0695f",
        bullish_block="#4f9dff", bearish_block="#ff9d42", neutral="#b7a6ff",
        windows=("#6f86ff", "#3fc1c9", "#ffd166", "#b07cff", "#ff8fab"), window_opacity=0.07,
    ),
    "light": Theme(
        background="#ffffff", text="#1e2430", faint="#6b7280", grid="#eef0f4", axis="#c9ced8",
        up="#0f9d84", down="#d6423d", bullish="#0f9d76", bearish="#d6453c",
        bullish_block="#1f6fe0", bearish_block="#d97706", neutral="#6d4fd8",
        windows=("#5b74f0", "#12a5b0", "#e0a800", "#8e5be0", "#e0527a"), window_opacity=0.07,
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Style:
    """``short``: what is written at it; ``group``: the word by which a reader switches it, and ``--kinds`` names it.

    ``block``: it has a border, and colours of its own. ``usual``: drawn without being asked for.
    """

    role: Role
    short: str
    group: str
    block: bool = False
    usual: bool = True


#: Kinds without an entry are drawn by their shape: a box if they have a height, else a level.
STYLES: Final[dict[str, Style]] = {
    "swing_high": Style("swing", "H", "swings"),
    "swing_low": Style("swing", "L", "swings"),
    "internal_high": Style("swing", "h", "internal", usual=False),
    "internal_low": Style("swing", "l", "internal", usual=False),
    "pivot_high": Style("swing", "ZH", "zigzag", usual=False),
    "pivot_low": Style("swing", "ZL", "zigzag", usual=False),
    "bos": Style("break", "BOS", "structure"),
    "choch": Style("break", "CHoCH", "structure"),
    "mss": Style("break", "MSS", "structure"),
    "failed_break": Style("mark", "failed", "failed_break", usual=False),
    "internal_bos": Style("break", "iBOS", "internal", usual=False),
    "internal_choch": Style("break", "iCHoCH", "internal", usual=False),
    "displacement": Style("mark", "D", "displacement", usual=False),
    "fvg": Style("zone", "FVG", "fvg"),
    "ifvg": Style("zone", "iFVG", "ifvg", usual=False),
    "merged_fvg": Style("zone", "FVG+", "merged_fvg", usual=False),
    "order_block": Style("zone", "OB", "order_block", block=True),
    # Windows of time are drawn from the timetable, also those that are still to come.
    "kill_zone": Style("zone", "", "sessions", usual=False),
    "silver_bullet": Style("zone", "", "sessions", usual=False),
    "macro": Style("zone", "", "sessions", usual=False),
    "session": Style("zone", "", "sessions", usual=False),
    "quiet_hours": Style("zone", "", "sessions", usual=False),
    "key_open": Style("level", "", "key_open", usual=False),
    "previous_day_high": Style("level", "PDH", "levels"),
    "previous_day_low": Style("level", "PDL", "levels"),
    "previous_week_high": Style("level", "PWH", "levels"),
    "previous_week_low": Style("level", "PWL", "levels"),
    "previous_month_high": Style("level", "PMH", "levels"),
    "previous_month_low": Style("level", "PML", "levels"),
    "session_high": Style("level", "high", "session_levels", usual=False),
    "session_low": Style("level", "low", "session_levels", usual=False),
    "equal_highs": Style("level", "EQH", "liquidity"),
    "equal_lows": Style("level", "EQL", "liquidity"),
    "liquidity_pool": Style("level", "pool", "pools", usual=False),
    "sweep": Style("mark", "sweep", "liquidity"),
    "turtle_soup": Style("mark", "TS", "liquidity", usual=False),
    "dealing_range": Style("zone", "range", "dealing_range", usual=False),
    "ote": Style("zone", "OTE", "dealing_range", usual=False),
    "ndog": Style("zone", "NDOG", "opening_gap", usual=False),
    "nwog": Style("zone", "NWOG", "opening_gap", usual=False),
    "gap_4h": Style("zone", "4h gap", "opening_gap", usual=False),
    "smt_swing": Style("level", "SMT", "smt"),
    "smt_level": Style("level", "SMT", "smt"),
    # A number that the sentence has; its price is only where it was said.
    "liquidity_correlation": Style("level", "correlation", "correlation", usual=False),
    "judas_swing": Style("mark", "Judas", "judas_swing"),
    "ipda_range": Style("band", "IPDA", "ipda_range"),
    "power_of_three": Style("zone", "PO3", "power_of_three"),
    "rejection_block": Style("zone", "RB", "rejection_block", block=True, usual=False),
    "balanced_price_range": Style("zone", "BPR", "balanced_price_range", usual=False),
    "volume_imbalance": Style("zone", "VI", "volume_imbalance", usual=False),
    "liquidity_void": Style("zone", "void", "liquidity_void", usual=False),
    "breaker_block": Style("zone", "BB", "breaker_block", block=True),
    "mitigation_block": Style("zone", "MB", "mitigation_block", block=True, usual=False),
}


def style_of(kind: str, *, has_height: bool) -> Style:
    """The entry of the kind, or one by its shape."""
    return STYLES.get(kind) or Style("zone" if has_height else "level", kind.replace("_", " "), kind)


def color_of(theme: Theme, style: Style, direction: Direction) -> str:
    """Green and red for gaps and structure, blue and orange for blocks."""
    if direction == "none":
        return theme.neutral
    if style.block:
        return theme.bullish_block if direction == "bullish" else theme.bearish_block
    return theme.bullish if direction == "bullish" else theme.bearish
