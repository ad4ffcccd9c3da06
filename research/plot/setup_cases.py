"""The setups that the pictures of docs/strategies.md show: of each strategy one that signals, one that one gate refuses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Case:
    """One strategy. ``gate``: the one that refuses; ``fires``, ``fails``: what a reader sees in each picture, one sentence.

    ``signal``, ``refusal``: which of the market's are shown, counted from 1. nearest: not a number of ``refusal`` but the
    close at which the gate's value came near to its limit (a hundredth of it at the nearest), away from every signal.
    ``windows``: kinds of windows of time that are shaded.
    """

    gate: str
    fires: str
    fails: str
    signal: int = 1
    refusal: int = 1
    nearest: bool = False
    windows: tuple[str, ...] = ()


CASES: Final[dict[str, Case]] = {
    "ob_fvg": Case(
        "came_back",
        "Price comes back to an order block beside a gap, and closes inside or beyond it on the right side.",
        "Block and gap are there, and the candle does not reach them.",
    ),
    "top_down": Case(
        "break",
        "Price came back to zones of the bias, and structure on 5m breaks in its direction.",
        "Price is back in a zone of the bias, and the last break of structure went the other way.",
    ),
    "sweep_reversal": Case(
        "displacement",
        "Liquidity is swept, price leaves with a displacement, structure turns: a limit rests in the gap that was left.",
        "The sweep, the turn and the gap are there, and price left the sweep without a displacement.",
        signal=3,
    ),
    "silver_bullet": Case(
        "sweep",
        "After a sweep a gap is made in the hour: a limit rests in its middle, for liquidity beyond.",
        "A gap is made in the hour, and no liquidity of the other side was swept before it.",
        windows=("silver_bullet",),
    ),
    "ote": Case(
        "overlap",
        "A leg with the bias broke structure, and a block or gap lies over its entry zone: a limit rests there.",
        "The leg broke structure, and neither block nor gap of its direction lies over the entry zone.",
    ),
    "breaker_retest": Case(
        "longer_zones",
        "Price comes back to a breaker block of the trend's direction, and holds it.",
        "Price is back at the breaker block, and a block of 1h against the trade lies over it.",
    ),
    "judas": Case(
        "kill_zone",
        "The Asian range is swept and given back, and structure turns while a kill zone is open.",
        "The swing and the turn are there, and no kill zone is open.",
        signal=3,
        windows=("kill_zone",),
    ),
    "moving_averages": Case(
        "cross",
        "The fast average crosses the slow one at this close.",
        "The averages come near each other and do not cross.",
        nearest=True,
    ),
    "donchian": Case(
        "first",
        "The close is the first one beyond the channel of the candles before.",
        "The close is beyond the channel, and so was the close before: the breakout is over.",
    ),
    "macd": Case(
        "cross",
        "The MACD line crosses its signal line at this close.",
        "The lines come near each other and do not cross.",
        nearest=True,
    ),
    "bollinger": Case(
        "came_back",
        "The close before was outside of the bands, and this one is back inside.",
        "The close before was outside of the bands, and this one is not back between that band and the middle.",
    ),
    "rsi_extremes": Case(
        "left_extreme",
        "The index leaves its extreme at this close.",
        "The index comes near the bound of its extreme and does not cross it.",
        nearest=True,
    ),
    "zscore": Case(
        "far_away",
        "The close is the first one far enough away from the mean.",
        "The close comes near the distance that is asked, and is not far enough away.",
        nearest=True,
    ),
    "funding_carry": Case(
        "no_strong_move",
        "Longs have just paid a high funding rate, and price does not run up: it sells.",
        "Longs have just paid a high funding rate, and price runs up with them.",
        signal=4,
        refusal=2,
    ),
}


def file_name(strategy: str, *, signals: bool) -> str:
    """The name of a picture's file, without its folder."""
    return f"{strategy.replace('_', '-')}-{'signal' if signals else 'no-signal'}.png"
