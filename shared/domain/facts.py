"""Facts: what the analysis detected in a market, each with the close at which it became knowable."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal, get_args

import msgspec

from shared.domain.bounds import MANY, Id, Text
from shared.domain.candles import Candle
from shared.domain.message import Message, Milliseconds, Partition, Price, Symbol
from shared.domain.timeframes import Timeframe

#: ``none``: neither side, as for a kill zone or an opening price.
Direction = Literal["bullish", "bearish", "none"]
FactKind = Literal[
    "swing_high", "swing_low", "pivot_high", "pivot_low", "bos", "choch", "mss", "failed_break",
    "internal_high", "internal_low", "internal_bos", "internal_choch",
    "displacement", "fvg", "ifvg", "merged_fvg",
    "order_block", "breaker_block", "mitigation_block", "rejection_block",
    "balanced_price_range", "volume_imbalance", "liquidity_void",
    "kill_zone", "silver_bullet", "macro", "session", "quiet_hours", "key_open",
    "previous_day_high", "previous_day_low", "previous_week_high", "previous_week_low", "previous_month_high",
    "previous_month_low", "session_high", "session_low", "ipda_range", "ndog", "nwog", "gap_4h", "judas_swing",
    "power_of_three", "smt_swing", "smt_level", "liquidity_correlation",
    "equal_highs", "equal_lows", "liquidity_pool", "sweep", "turtle_soup", "dealing_range", "ote",
]  # fmt: skip
ALL_KINDS: Final[frozenset[FactKind]] = frozenset(get_args(FactKind))
#: One vocabulary for all life cycles; ``services.analysis`` has the transition tables per kind.
FactState = Literal[
    "provisional", "active", "touched", "half_filled", "filled", "inverted", "mitigated", "mean_threshold", "swept",
    "broken", "failed", "invalidated", "superseded", "expired", "final",
]  # fmt: skip
#: A name that a fact has beside its kind; empty without one. Swings: HH, LH, EQH, HL, LL, EQL. Windows of
#: time, key opens and session levels: their name in the settings. Facts across symbols: the other symbol.
FactLabel = Annotated[str, msgspec.Meta(max_length=40)]
Score = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]


class Fact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):  # it refers to plain values only
    """One detection. ``formed_at`` is where it is drawn, ``confirmed_at`` the close at which it became knowable.

    ``top``/``bottom`` bound a zone; a level has both equal. ``why`` is one sentence for a person: the rule and the
    candles that made it. A changed state is a new Fact with the same ``id`` and a later ``changed_at``.

    ``candles``: open times of the candles that made it. ``ref``: id of the fact that it came from, empty without one.
    ``fill_probability``: that a fair value gap is filled before it expires, as of ``changed_at``, 0 to 1; None for other
    kinds.
    """

    id: Id
    kind: FactKind
    direction: Direction
    top: Price
    bottom: Price
    formed_at: Milliseconds
    confirmed_at: Milliseconds
    changed_at: Milliseconds
    state: FactState
    score: Score = 0.0
    touches: int = 0
    fill: Score = 0.0
    why: Text = ""
    label: FactLabel = ""
    candles: Annotated[tuple[Milliseconds, ...], MANY] = ()
    ref: Id = ""
    fill_probability: Score | None = None

    def __post_init__(self) -> None:
        if self.top < self.bottom:
            raise ValueError(f"{self.kind} {self.id}: top {self.top} is below bottom {self.bottom}")
        if not self.formed_at <= self.confirmed_at <= self.changed_at:
            raise ValueError(
                f"{self.kind} {self.id}: formed {self.formed_at}, confirmed {self.confirmed_at}, changed "
                f"{self.changed_at} must not decrease"
            )


class Analysis(msgspec.Struct, frozen=True, kw_only=True):
    """The analysis of one symbol and timeframe at the close of ``candle``.

    events: new facts and changes of state at this close, in order. active: all facts that a strategy may use, so that a
    reader needs no history. Both hold only the kinds that are published (``analysis.publish`` and what strategies read).
    atr: average true range, quote currency; 0 until warmed up.
    """

    symbol: Symbol
    timeframe: Timeframe
    candle: Candle
    trend: Literal["up", "down", "none"]
    atr: Annotated[float, msgspec.Meta(ge=0.0, lt=1e12)]
    events: Annotated[tuple[Fact, ...], MANY]
    active: Annotated[tuple[Fact, ...], MANY]


class AnalysisBundle(Message, frozen=True, kw_only=True):
    """The analyses of one partition and timeframe at one close.

    missing: symbols without a candle at this close. warmup: True when no strategy decides at this close.
    """

    TYPE: ClassVar[str] = "analysis_bundle"
    VERSION: ClassVar[int] = 2
    OLDEST: ClassVar[int] = 1
    partition: Partition
    timeframe: Timeframe
    close_time: Milliseconds
    analyses: Annotated[tuple[Analysis, ...], MANY]
    missing: Annotated[tuple[Symbol, ...], MANY] = ()
    warmup: bool = False

    @property
    def topic(self) -> str:
        return f"analysis.p{self.partition}.{self.timeframe}"

    @property
    def message_id(self) -> str:
        return f"analysis:p{self.partition}:{self.timeframe}:{self.close_time}"

    @property
    def at(self) -> int:
        return max(self.close_time, *(analysis.candle.open_time for analysis in self.analyses), 0)
