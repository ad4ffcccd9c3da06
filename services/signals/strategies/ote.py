"""Optimal trade entry: continuation from the 70.5 % retracement of a leg with the trend, at a limit (SIG-3, ICT-10).

1. The bias is the trend of the ``bias_timeframe`` (1h): up looks for buys, down for sells, none for nothing.
2. The trend of the ``timeframe`` (15m) and the leg of its dealing range have the same direction: for a buy the swing
   low came first, the swing high after it.
3. The last break of structure on the ``timeframe`` went in this direction and was made by this leg: it was confirmed
   after the leg's origin.
4. Confluence: a living order block or fair value gap of this direction on the ``timeframe`` lies over the entry zone,
   62 to 79 % of the leg. ``needs_zone`` switches this off.
5. The entry is a limit order at ``depth`` (70.5 %) of the leg, measured from its end to its origin. Price must still
   come back to it.
6. The stop lies ``stop_buffer`` beyond the leg's origin.
7. The leg's end is the first liquidity aimed at. A part is taken off at the first, the rest at the next; then the
   stop moves to the entry.
8. What has not filled after ``rest_candles`` is cancelled, and once price has reached the first exit that lies ahead of
   this close: the move went without the trade. ``void_at`` takes the last exit instead, or none. A leg gives one signal.
"""

from __future__ import annotations

from typing import Final, NamedTuple, Self

from pydantic import Field, model_validator

from services.signals import trade, trade_gates
from services.signals.contract import Answer, Reads, Strategy
from services.signals.gates import Gate, failed, ids
from services.signals.trade import RestingSettings
from services.signals.view import MarketView
from services.signals.wording import moment
from shared.domain.decisions import LimitEntry, Signal
from shared.domain.facts import Direction, Fact, FactKind, FactState
from shared.domain.timeframes import DURATION, Timeframe

NAME: Final = "ote"
READS: Final[frozenset[FactKind]] = trade.TARGETS | {"dealing_range", "ote", "bos", "choch", "order_block", "fvg"}
ALIVE: Final[frozenset[FactState]] = frozenset({"active", "mitigated", "touched", "half_filled"})


class OteSettings(RestingSettings):
    """Settings of the strategy ote: a limit order at the optimal trade entry of a leg with the trend."""

    timeframe: Timeframe = Field("15m", description="Timeframe that the strategy judges")
    bias_timeframe: Timeframe = Field("1h", description="Timeframe whose trend is the bias")
    depth: float = Field(
        0.705, ge=0.62, le=0.79, description="Where the limit order rests: share of the leg back from its end"
    )
    needs_zone: bool = Field(True, description="Ask for an order block or fair value gap in the entry zone")
    rest_candles: int = Field(16, ge=1, le=500, description="Candles for which the limit order rests")
    score: float = Field(
        5.0, ge=0.0, le=300.0, description="Points of a signal: of several strategies the highest is chosen"
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        """Raise ValueError when the bias is of a shorter timeframe."""
        if DURATION[self.bias_timeframe] < DURATION[self.timeframe]:
            raise ValueError(
                f"bias_timeframe {self.bias_timeframe} is shorter than timeframe {self.timeframe}: the bias comes from the "
                "same timeframe or a longer one"
            )
        return self


class Setup(NamedTuple):
    """What the gates found: the leg, its entry zone, the break that it made, the zone over it if any, and the trade."""

    leg: Fact
    zone: Fact
    broken: Fact
    confluent: Fact | None
    close: float
    entry: float
    stop: float


def judge(view: MarketView, settings: OteSettings) -> Answer:
    """Judge one symbol at one close. Returns a signal, or all reasons why there is none."""
    gates, setup = _look(view, settings, told=False)
    reasons = failed(gates)
    return reasons if reasons or setup is None else _signal(view, setup, settings)


def explain(view: MarketView, settings: OteSettings) -> tuple[Gate, ...]:
    """The gates by which ``judge`` answers, with their sentences."""
    return tuple(_look(view, settings, told=True)[0])


def _look(view: MarketView, settings: OteSettings, *, told: bool) -> tuple[list[Gate], Setup | None]:
    gates: list[Gate] = []
    analysis = trade_gates.opening(gates, view, settings.timeframe, settings, told=told)
    if analysis is None:
        return gates, None
    direction = trade_gates.bias(gates, view, settings.bias_timeframe, told=told)
    if direction is None:
        return gates, None
    leg, zone = view.dealing_range(settings.timeframe), view.entry_zone(settings.timeframe)
    there = leg is not None and zone is not None
    text = ""
    if told:
        text = "There is a dealing range with an entry zone." if there else "There is no dealing range with an entry zone."
    gates.append(Gate("leg", "no_dealing_range", there, text=text, facts=ids(leg, zone) if told else ()))
    if leg is None or zone is None:
        return gates, None
    trend, wanted, broken = analysis.trend, trade.TREND[direction], view.last_break(settings.timeframe)
    gates += (
        Gate("trend", "against_structure", trend == wanted,
             text=f"The {settings.timeframe} trend is {trend}; the bias is {wanted}." if told else ""),
        Gate("leg_direction", "against_structure", leg.direction == direction,
             text=f"The leg {trade_gates.zone_bounds(leg)} is {leg.direction}; the bias is {direction}." if told else ""),
        _break_of(leg, broken, direction, told=told),
    )  # fmt: skip
    confluent = _confluent(view, direction, zone, settings)
    if told:
        over = "no living block or gap" if confluent is None else f"the {trade_gates.named(confluent)} "
        over += "" if confluent is None else trade_gates.zone_bounds(confluent)
        text = f"Over the entry zone {trade_gates.zone_bounds(zone)} lies {over} of its direction."
    gates.append(
        Gate(
            "overlap",
            "no_overlap",
            confluent is not None or not settings.needs_zone,
            text=text,
            facts=ids(confluent) if told else (),
        )
    )
    trade_gates.unused(gates, view, (leg,), told=told)
    if broken is None or leg.direction != direction:
        return gates, None

    end, origin = trade.near_edge(leg), trade.far_edge(leg)
    entry = end + (origin - end) * settings.depth
    stop = trade.stop_beyond(direction, origin, settings)
    trade_gates.entry_ahead(gates, direction, entry, analysis.candle.close, told=told)
    trade_gates.stop_accepted(gates, direction, entry, stop, settings, told=told)
    return gates, Setup(leg, zone, broken, confluent, analysis.candle.close, entry, stop)


def _break_of(leg: Fact, broken: Fact | None, direction: Direction, *, told: bool) -> Gate:
    """The last break of structure went in the direction of the trade, and this leg made it."""
    if broken is None:
        return Gate("break", "no_shift", False, text="Structure has not broken yet." if told else "")
    began = _origin_at(leg)
    text = (
        f"The last break of structure is {broken.direction}, of {moment(broken.confirmed_at)}; the leg began "
        if told
        else ""
    )
    return Gate(
        "break", "no_shift", broken.direction == direction and broken.confirmed_at > began, broken.confirmed_at, began,
        "UTC ms", f"{text}{moment(began)}." if told else "", ids(broken) if told else (),
    )  # fmt: skip


def _signal(view: MarketView, setup: Setup, settings: OteSettings) -> Signal:
    leg, zone, broken, confluent, close, entry, stop = setup
    direction, end, origin = leg.direction, trade.near_edge(leg), trade.far_edge(leg)
    levels = (end, *trade.liquidity(view, direction, entry, settings.timeframe))
    exits = trade.ladder(direction, entry, stop, levels, settings)
    over = f", with the {confluent.kind.replace('_', ' ')} in it" if confluent is not None else ""
    return trade.signal(
        NAME,
        view,
        direction,
        LimitEntry(
            price=entry,
            rests_until=view.close_time + settings.rest_candles * DURATION[settings.timeframe],
            void_at=trade.void_price(direction, close, exits, settings),
        ),
        stop,
        exits,
        score=settings.score,
        rests_on=(leg, zone, broken) if confluent is None else (leg, zone, broken, confluent),
        settings=settings,
        why=(
            f"{view.symbol} {settings.timeframe}: with the {settings.bias_timeframe} trend {trade.TREND[direction]}, a "
            f"limit rests at {trade.written(entry)}, {settings.depth:.1%} back of the leg from {trade.written(origin)} to "
            f"{trade.written(end)}{over}; the stop lies beyond its origin."
        ),
    )


def _origin_at(leg: Fact) -> int:
    """When the candle opened that the leg began at, UTC ms."""
    return leg.candles[0] if leg.candles else leg.formed_at


def _confluent(view: MarketView, direction: Direction, zone: Fact, settings: OteSettings) -> Fact | None:
    """The best living block, else the best gap, that overlaps the entry zone."""
    kinds: tuple[FactKind, ...] = ("order_block", "fvg")
    for kind in kinds:
        found = [
            each
            for each in view.facts(kind, settings.timeframe, direction)
            if each.state in ALIVE and each.bottom <= zone.top and each.top >= zone.bottom
        ]
        if found:
            return max(found, key=lambda each: (each.score, each.confirmed_at, each.id))
    return None


def _reads(settings: OteSettings) -> Reads:
    reads: dict[Timeframe, frozenset[FactKind]] = {settings.bias_timeframe: frozenset()}
    return {**reads, settings.timeframe: READS}


STRATEGY: Final = Strategy(
    name=NAME,
    about="Rests a limit order at the optimal trade entry of a leg that goes with the trend of the higher timeframe.",
    settings=OteSettings,
    judge=judge,
    timeframe=lambda settings: settings.timeframe,
    reads=_reads,
    explain=explain,
)
