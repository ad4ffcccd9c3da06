"""Breaker retest: a failed order block that works the other way is traded when price comes back to it (SIG-3, ICT-4).

1. The trend of the ``timeframe`` (15m) gives the direction: up looks for buys, down for sells, none for nothing. The
   trend of the ``bias_timeframe`` (1h) must not go the other way.
2. A living breaker block of this direction has a score of ``min_block_score`` or more, and price has come back to it
   ``max_retests`` times at most, this time included.
3. Price came back: the candle that closes now traded into the block, which was known before the candle opened, and
   did not close beyond its far side. Of several blocks the nearest to the close counts.
4. Zones of a longer timeframe speak first: of the living order blocks and breaker blocks on the ``bias_timeframe`` that
   overlap the block one speaks, an order block before a breaker block, then the higher score. If it is against the trade,
   it overrules it.
5. Entry at the market. The stop lies ``stop_buffer`` beyond the block's far side, or beyond this candle's extreme
   where that is farther.
6. A part is taken off at the first liquidity, the rest at the next; then the stop moves to the entry. A block gives
   one signal.
"""

from __future__ import annotations

from typing import Final, NamedTuple, Self

from pydantic import Field, model_validator

from services.signals import trade, trade_gates
from services.signals.contract import Answer, Reads, Strategy
from services.signals.gates import Gate, failed, ids
from services.signals.trade import TradeSettings
from services.signals.view import MarketView
from services.signals.wording import moment, price
from services.signals.zone_priority import ZoneAt, governing
from shared.domain.candles import Candle
from shared.domain.decisions import MarketEntry, Signal
from shared.domain.facts import Fact, FactKind, FactState
from shared.domain.timeframes import DURATION, Timeframe

NAME: Final = "breaker_retest"
READS: Final[frozenset[FactKind]] = trade.TARGETS | {"breaker_block"}
ABOVE: Final[frozenset[FactKind]] = frozenset({"order_block", "breaker_block"})
ALIVE: Final[frozenset[FactState]] = frozenset({"active", "mitigated", "mean_threshold"})


class BreakerRetestSettings(TradeSettings):
    """Settings of the strategy breaker_retest: market entry when price comes back to a breaker block."""

    timeframe: Timeframe = Field("15m", description="Timeframe that the strategy judges")
    bias_timeframe: Timeframe = Field("1h", description="Timeframe whose trend and zones must not be against the trade")
    min_block_score: float = Field(0.1, ge=0.0, le=1.0, description="Lowest score of a breaker block")
    max_retests: int = Field(1, ge=1, le=10, description="Most returns of price to the block, this one included")
    score: float = Field(
        4.0, ge=0.0, le=300.0, description="Points of a signal: of several strategies the highest is chosen"
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        """Raise ValueError unless the bias is of a longer timeframe."""
        if DURATION[self.bias_timeframe] <= DURATION[self.timeframe]:
            raise ValueError(
                f"bias_timeframe {self.bias_timeframe} is not longer than timeframe {self.timeframe}: zones of a longer one "
                "speak first"
            )
        return self


class Setup(NamedTuple):
    """What the gates found: the breaker block, the close at which it is traded, and the stop."""

    block: Fact
    entry: float
    stop: float


def judge(view: MarketView, settings: BreakerRetestSettings) -> Answer:
    """Judge one symbol at one close. Returns a signal, or all reasons why there is none."""
    gates, setup = _look(view, settings, told=False)
    reasons = failed(gates)
    return reasons if reasons or setup is None else _signal(view, setup, settings)


def explain(view: MarketView, settings: BreakerRetestSettings) -> tuple[Gate, ...]:
    """The gates by which ``judge`` answers, with their sentences."""
    return tuple(_look(view, settings, told=True)[0])


def _look(view: MarketView, settings: BreakerRetestSettings, *, told: bool) -> tuple[list[Gate], Setup | None]:
    gates: list[Gate] = []
    analysis = trade_gates.opening(gates, view, settings.timeframe, settings, told=told)
    if analysis is None:
        return gates, None
    candle, direction = analysis.candle, trade.DIRECTION.get(analysis.trend)
    text = f"The {settings.timeframe} trend is {analysis.trend}; it gives the direction." if told else ""
    gates.append(Gate("trend", "against_structure", direction is not None, text=text))
    if direction is None:
        return gates, None
    above = view.trend(settings.bias_timeframe)
    text = f"The {settings.bias_timeframe} trend is {above}; the trade would be {direction}." if told else ""
    gates.append(Gate("bias", "against_structure", above in ("none", trade.TREND[direction]), text=text))
    living = [each for each in view.facts("breaker_block", settings.timeframe, direction) if each.state in ALIVE]
    blocks = [each for each in living if each.score >= settings.min_block_score and each.touches <= settings.max_retests]
    block = min(blocks, key=lambda each: (_distance(each, candle.close), -each.confirmed_at, each.id), default=None)
    if told:
        asked = f"a score of {settings.min_block_score:g} or more and at most {settings.max_retests} returns of price"
        text = f"{len(blocks)} of {len(living)} living {direction} breaker blocks have {asked}; one is needed."
    gates.append(
        Gate("block", "no_breaker_block", block is not None, len(blocks), 1, "blocks", text, ids(block) if told else ())
    )
    if block is None:
        return gates, None
    back = _came_back(block, candle, told=told)
    gates += back
    if failed(back):
        return gates, None
    placed = ZoneAt(settings.timeframe, block)
    overruled, over = view.overruled(placed), governing(view.zones(), placed) if told else None
    if told:
        lies = f"a {over.fact.direction} {trade_gates.named(over.fact)}" if over else "no block"
        text = f"Over the block speaks {lies} on {settings.bias_timeframe}."
    gates.append(Gate("longer_zones", "zone_overruled", not overruled, text=text,
                      facts=ids(over.fact) if over else ()))  # fmt: skip

    extreme = candle.low if direction == "bullish" else candle.high
    stop = trade.stop_beyond(direction, trade.far_side(direction, trade.far_edge(block), extreme), settings)
    trade_gates.stop_accepted(gates, direction, candle.close, stop, settings, told=told)
    trade_gates.unused(gates, view, (block,), told=told)
    return gates, Setup(block, candle.close, stop)


def _signal(view: MarketView, setup: Setup, settings: BreakerRetestSettings) -> Signal:
    block, entry, stop = setup
    direction = block.direction
    levels = trade.liquidity(view, direction, entry, settings.timeframe)
    return trade.signal(
        NAME,
        view,
        direction,
        MarketEntry(price=entry),
        stop,
        trade.ladder(direction, entry, stop, levels, settings),
        score=settings.score,
        rests_on=(block,),
        settings=settings,
        why=(
            f"{view.symbol} {settings.timeframe}: price came back to the {direction} breaker block "
            f"{trade.written(block.bottom)}-{trade.written(block.top)} and closed at {trade.written(entry)}, with trend "
            f"{view.trend(settings.timeframe)}; {settings.bias_timeframe} trend {view.trend(settings.bias_timeframe)}."
        ),
    )


def _distance(block: Fact, close: float) -> float:
    return max(block.bottom - close, close - block.top, 0.0)


def _came_back(block: Fact, candle: Candle, *, told: bool) -> tuple[Gate, ...]:
    """The candle traded into a block that was known before it opened, and did not close beyond its far side."""
    away, far = max(candle.low - block.top, block.bottom - candle.high, 0.0), trade.far_edge(block)
    bounds = trade_gates.zone_bounds(block) if told else ""
    return (
        Gate("known_before", "price_not_in_zone", block.confirmed_at <= candle.open_time, block.confirmed_at,
             candle.open_time, "UTC ms",
             f"The block is known since {moment(block.confirmed_at)}; the candle opened {moment(candle.open_time)}."
             if told else ""),
        Gate("came_back", "price_not_in_zone", candle.low <= block.top and candle.high >= block.bottom, away, 0.0, "USDT",
             f"The candle, {price(candle.low)}-{price(candle.high)}, is {price(away)} away from the block {bounds}."
             if told else ""),
        Gate("held", "price_not_in_zone", not trade.is_behind(block.direction, candle.close, far), candle.close, far, "USDT",
             f"It closed at {price(candle.close)}; the far side of the {block.direction} block is {price(far)}."
             if told else ""),
    )  # fmt: skip


def _reads(settings: BreakerRetestSettings) -> Reads:
    return {settings.timeframe: READS, settings.bias_timeframe: ABOVE}


STRATEGY: Final = Strategy(
    name=NAME,
    about="Enters when price comes back to a breaker block of the trend's direction and holds it.",
    settings=BreakerRetestSettings,
    judge=judge,
    timeframe=lambda settings: settings.timeframe,
    reads=_reads,
    explain=explain,
)
