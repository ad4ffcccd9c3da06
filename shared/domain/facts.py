"""Facts: what the analysis knows about a market, each with the time at which it became knowable (ICT-*)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import msgspec

from shared.domain.candles import Candle
from shared.domain.message import Message, Milliseconds, Partition, Price, Symbol
from shared.domain.timeframes import Timeframe

Direction = Literal["bullish", "bearish"]
FactKind = Literal["swing_high", "swing_low", "bos", "choch", "fvg", "order_block"]
#: One vocabulary for all life cycles; ``services.analysis`` has the transition tables per kind.
FactState = Literal["active", "touched", "half_filled", "filled", "mitigated", "broken", "invalidated", "expired", "final"]
Score = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One detection. ``formed_at`` is where it is drawn, ``confirmed_at`` the close at which it became knowable.

    ``top``/``bottom`` bound a zone; a level has both equal. ``why`` is one sentence for a person: the rule and the
    candles that made it. A changed state is a new Fact with the same ``id`` and a later ``changed_at``.
    """

    id: str
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
    why: str = ""

    def __post_init__(self) -> None:
        if self.top < self.bottom:
            raise ValueError(f"{self.kind} {self.id}: top {self.top} is below bottom {self.bottom}")
        if not self.formed_at <= self.confirmed_at <= self.changed_at:
            raise ValueError(
                f"{self.kind} {self.id}: formed {self.formed_at}, confirmed {self.confirmed_at}, changed "
                f"{self.changed_at} must not decrease"
            )


class Analysis(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one symbol and timeframe at the close of ``candle``.

    ``events`` happened at this close (new facts and state changes, in order); ``active`` is the whole bounded set a
    strategy may rest on, so that its reader needs no history. ``atr`` in quote currency, 0 until warmed up.
    """

    symbol: Symbol
    timeframe: Timeframe
    candle: Candle
    trend: Literal["up", "down", "none"]
    atr: Annotated[float, msgspec.Meta(ge=0.0, lt=1e12)]
    events: tuple[Fact, ...]
    active: tuple[Fact, ...]


class AnalysisBundle(Message, frozen=True, kw_only=True):
    """The analyses of one partition and timeframe at one close; ``missing`` symbols had no candle."""

    TYPE: ClassVar[str] = "analysis_bundle"
    partition: Partition
    timeframe: Timeframe
    close_time: Milliseconds
    analyses: tuple[Analysis, ...]
    missing: tuple[Symbol, ...] = ()

    @property
    def topic(self) -> str:
        return f"analysis.p{self.partition}.{self.timeframe}"

    @property
    def message_id(self) -> str:
        return f"analysis:p{self.partition}:{self.timeframe}:{self.close_time}"
