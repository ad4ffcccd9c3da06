"""A trade in the making: what ICT strategies share, from where the stop lies to the ladder of exits (SIG-7).

Buys and sells are one piece of arithmetic with a sign, so that a mirrored market gives mirrored trades.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.signals.contract import signal_id
from services.signals.view import MarketView
from shared.domain.decisions import Exit, LimitEntry, MarketEntry, Signal
from shared.domain.facts import Direction, Fact, FactKind
from shared.domain.order_words import Side
from shared.domain.timeframes import Timeframe

#: Liquidity that a position is taken off at, of the timeframe that a strategy judges.
TARGETS: Final[frozenset[FactKind]] = frozenset(
    {
        "previous_day_high", "previous_day_low", "previous_week_high", "previous_week_low", "session_high", "session_low",
        "equal_highs", "equal_lows", "liquidity_pool",
    }
)  # fmt: skip
SIDE: Final[dict[Direction, Side]] = {"bullish": "BUY", "bearish": "SELL"}
TREND: Final[dict[Direction, str]] = {"bullish": "up", "bearish": "down"}
DIRECTION: Final[dict[str, Direction]] = {"up": "bullish", "down": "bearish"}


#: Which exit, once price has been there, voids a limit order that has not filled.
VoidAt = Literal[
    "first_target",  # the nearest exit
    "last_target",  # the farthest exit
    "never",  # none: only its time ends the order
]


class TradeSettings(BaseModel):
    """Settings that every ICT strategy has: warm-up, stop, ladder of exits and life of a signal."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    warmup_candles: int = Field(
        50, ge=0, le=10_000, description="Candles of its timeframe seen before the first signal; 0 = no warm-up"
    )
    stop_buffer: float = Field(
        0.002, ge=0.0, le=0.05, description="Distance of the stop beyond the price that it rests on, fraction of that price"
    )
    min_stop_distance: float = Field(0.001, gt=0.0, le=0.1, description="Nearest stop accepted, fraction of the entry price")
    max_stop_distance: float = Field(0.03, gt=0.0, le=0.5, description="Farthest stop accepted, fraction of the entry price")
    partial_reward_risk: float = Field(
        1.0, gt=0.0, le=20.0, description="Nearest liquidity at which a part is taken off, distances of the stop"
    )
    partial_share: float = Field(
        0.5, ge=0.0, lt=1.0, description="Share taken off at that liquidity; 0 = all at the last target"
    )
    reward_risk: float = Field(
        2.0,
        gt=0.0,
        le=20.0,
        description="Nearest last target, distances of the stop; the target itself where no liquidity rests (2 = 1:2)",
    )
    max_reward_risk: float = Field(
        6.0, gt=0.0, le=100.0, description="Farthest liquidity that is a target, distances of the stop"
    )
    ttl_ms: int = Field(60_000, ge=1, le=86_400_000, description="Time after its close in which a signal may be sent, ms")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        """Raise ValueError if no stop or no ladder could exist, or a target could be at zero or below."""
        if self.min_stop_distance > self.max_stop_distance:
            raise ValueError(
                f"min_stop_distance {self.min_stop_distance} is above max_stop_distance {self.max_stop_distance}: no stop "
                "could pass; lower the first or raise the second"
            )
        if not self.partial_reward_risk <= self.reward_risk <= self.max_reward_risk:
            raise ValueError(
                f"partial_reward_risk {self.partial_reward_risk}, reward_risk {self.reward_risk} and max_reward_risk "
                f"{self.max_reward_risk} must not decrease: the ladder is taken off in this order"
            )
        if self.max_stop_distance * self.reward_risk >= 1.0:
            raise ValueError(
                f"max_stop_distance {self.max_stop_distance} x reward_risk {self.reward_risk} is 1 or more: the target of a "
                "sell could be at zero or below; lower one of them"
            )
        return self


class RestingSettings(TradeSettings):
    """What a strategy whose entry is a limit order has beside: when price voids the order."""

    void_at: VoidAt = Field(
        "first_target",
        description=(
            "Target at which an unfilled limit order is void, because price reached it without the trade: first_target, "
            "last_target; never = only its time ends it"
        ),
    )


def far_side(direction: Direction, *prices: float) -> float:
    """The price on the losing side of all the others: the lowest for a buy, the highest for a sell."""
    return min(prices) if direction == "bullish" else max(prices)


def near_edge(zone: Fact) -> float:
    """The side of a zone that price comes back to first: the top of a bullish one, the bottom of a bearish one."""
    return zone.top if zone.direction == "bullish" else zone.bottom


def far_edge(zone: Fact) -> float:
    """The side of a zone behind which it has failed: the bottom of a bullish one, the top of a bearish one."""
    return zone.bottom if zone.direction == "bullish" else zone.top


def stop_beyond(direction: Direction, price: float, settings: TradeSettings) -> float:
    """The stop ``stop_buffer`` beyond a price: below it for a buy, above it for a sell."""
    return price * (1.0 - settings.stop_buffer) if direction == "bullish" else price * (1.0 + settings.stop_buffer)


def is_behind(direction: Direction, price: float, other: float) -> bool:
    """True when ``price`` lies on the losing side of ``other``: below it for a buy, above it for a sell."""
    return price < other if direction == "bullish" else price > other


def ladder(
    direction: Direction,
    entry: float,
    stop: float,
    levels: Iterable[float],
    settings: TradeSettings,
    *,
    at_liquidity_only: bool = False,
) -> tuple[Exit, ...]:
    """The exits: a part at the first liquidity, the rest at the next, nearest first.

    The last target is the nearest level from ``reward_risk`` to ``max_reward_risk`` distances of the stop away; without one
    it is ``reward_risk`` itself, and with ``at_liquidity_only`` there are no exits at all. A part is taken off at the
    nearest level before it that is ``partial_reward_risk`` away or more.
    """
    risk = abs(entry - stop)
    sign = 1.0 if direction == "bullish" else -1.0
    away = sorted({sign * (level - entry) for level in levels})
    last = next((each for each in away if settings.reward_risk * risk <= each <= settings.max_reward_risk * risk), None)
    if last is None:
        if at_liquidity_only:
            return ()
        last = settings.reward_risk * risk
    first = next((each for each in away if settings.partial_reward_risk * risk <= each < last), None)
    if first is None or settings.partial_share == 0.0:
        return (Exit(price=entry + sign * last),)
    share = settings.partial_share
    return Exit(price=entry + sign * first, share=share), Exit(price=entry + sign * last, share=1.0 - share)


def void_price(direction: Direction, close: float, exits: Iterable[Exit], settings: RestingSettings) -> float | None:
    """Where a limit order is void: at an exit of its ladder, by ``void_at``; None = nowhere.

    Price must still have it before it: with ``first_target`` an exit that lies behind this close is passed over.
    """
    ahead = [each.price for each in exits if is_behind(direction, close, each.price)]
    if settings.void_at == "never" or not ahead:
        return None
    return ahead[0] if settings.void_at == "first_target" else ahead[-1]


def liquidity(view: MarketView, direction: Direction, beyond: float, timeframe: Timeframe) -> tuple[float, ...]:
    """Prices of the liquidity beyond a price in the direction of a trade, nearest first."""
    found = view.targets(SIDE[direction], beyond, timeframe)
    return tuple([each.fact.bottom if direction == "bullish" else each.fact.top for each in found])


def signal(
    name: str,
    view: MarketView,
    direction: Direction,
    entry: MarketEntry | LimitEntry,
    stop: float,
    exits: tuple[Exit, ...],
    *,
    score: float,
    rests_on: Iterable[Fact],
    why: str,
    settings: TradeSettings,
    close_by: int = 0,
    threshold: float = 0.0,
) -> Signal:
    """Return the signal of a strategy at this close; with several exits the stop moves to the entry after the first.

    threshold: points from which the strategy signals; 0 = its points are fixed.
    """
    return Signal(
        id=signal_id(name, view.symbol, view.close_time),
        symbol=view.symbol,
        strategy=name,
        side=SIDE[direction],
        entry=entry,
        stop=stop,
        exits=exits,
        score=score,
        close_time=view.close_time,
        valid_until=view.close_time + settings.ttl_ms,
        rests_on=tuple(dict.fromkeys(fact.id for fact in rests_on)),
        why=why,
        break_even_after=1 if len(exits) > 1 else 0,
        close_by=close_by,
        threshold=threshold,
    )


def written(price: float) -> str:
    """Ten digits at most, never in powers of ten: ``0.0000001005``."""
    return f"{Decimal(f'{price:.10g}'):f}"
