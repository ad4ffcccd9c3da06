"""How top_down judges; ``services.signals.strategies.top_down`` has its rules in words. Compiled: every close asks it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from services.signals import trade, trade_gates
from services.signals.contract import Answer
from services.signals.gates import Gate, failed, ids
from services.signals.view import MarketView
from services.signals.zone_priority import ZoneAt
from shared.domain.candles import Candle
from shared.domain.decisions import MarketEntry, Reason, Signal
from shared.domain.facts import Direction, Fact, FactKind, FactState
from shared.domain.timeframes import DURATION

if TYPE_CHECKING:
    from services.signals.strategies.top_down import TopDownSettings

NAME: Final = "top_down"
ZONES: Final[frozenset[FactKind]] = frozenset({"order_block", "fvg"})
#: The kinds of zones: name, reason when there is none of either, kind.
_KINDS: Final[tuple[tuple[str, Reason, FactKind], ...]] = (
    ("order block", "no_order_block", "order_block"),
    ("fair value gap", "no_fvg", "fvg"),
)
_DIVERGENCES: Final[tuple[FactKind, ...]] = ("smt_swing", "smt_level")
ALIVE: Final[frozenset[FactState]] = frozenset({"active", "mitigated", "mean_threshold", "touched", "half_filled"})
#: Low, high and open time (UTC ms) of a candle.
Span = tuple[float, float, int]


@final
class Setup:
    """What the gates found: the zones of the bias that were reached, the trigger, the stop, and what gave points."""

    def __init__(
        self,
        direction: Direction,
        zones: list[ZoneAt],
        shift: Fact,
        entry: float,
        stop: float,
        score: float,
        others: list[Fact],
    ) -> None:
        self.direction: Final = direction
        self.zones: Final = zones
        self.shift: Final = shift
        self.entry: Final = entry
        self.stop: Final = stop
        self.score: Final = score
        self.others: Final = others


def judge(view: MarketView, settings: TopDownSettings) -> Answer:
    """Judge one symbol at one close. Returns a signal, or all reasons why there is none."""
    gates, setup = _look(view, settings, told=False)
    reasons = failed(gates)
    return reasons if reasons or setup is None else _signal(view, setup, settings)


def explain(view: MarketView, settings: TopDownSettings) -> tuple[Gate, ...]:
    """The gates by which ``judge`` answers, with their sentences."""
    return tuple(_look(view, settings, told=True)[0])


def _look(view: MarketView, settings: TopDownSettings, *, told: bool) -> tuple[list[Gate], Setup | None]:
    gates: list[Gate] = []
    analysis = trade_gates.opening(gates, view, settings.timeframe, settings, told=told)
    if analysis is None:
        return gates, None
    direction = trade_gates.bias(gates, view, settings.bias_timeframe, told=told)
    if direction is None:
        return gates, None

    middle, close = view.bare(settings.middle_timeframe), analysis.candle.close
    candles = [analysis.candle] if middle is None else [middle.candle, analysis.candle]
    ours = _zones(gates, view, direction, candles, settings, told=told)
    shift = trade_gates.fresh_break(
        gates, view, settings.timeframe, settings.shift_candles, direction, told=told, turned=False
    )
    points, others = _confluence(view, direction, ours, candles, settings)
    score = sum([each for _, each in points], 0.0)
    text = ""
    if told:
        parts = ", ".join(f"{name} {each:g}" for name, each in points if each) or "nothing"
        text = f"It has {score:g} points ({parts}); it needs {settings.entry_score:g}."
    least = settings.entry_score
    if told or score < least:
        found = ids(*others) if told else ()
        gates.append(Gate("score", "low_score", score >= least, score, least, "points", text, found))
    if not ours or shift is None:
        return gates, None

    extremes = [each.low if direction == "bullish" else each.high for each in candles]
    worst = trade.far_side(direction, trade.far_edge(ours[-1].fact), *extremes)
    stop = trade.stop_beyond(direction, worst, settings)
    trade_gates.stop_accepted(gates, direction, close, stop, settings, told=told)
    trade_gates.unused(gates, view, [zone.fact for zone in ours], told=told)
    return gates, Setup(direction, ours, shift, close, stop, score, others)


def _zones(
    gates: list[Gate],
    view: MarketView,
    direction: Direction,
    candles: list[Candle],
    settings: TopDownSettings,
    *,
    told: bool,
) -> list[ZoneAt]:
    """The zones of the bias that price came back to, that of the longest timeframe first."""
    shortest, least, close = DURATION[settings.zone_timeframe], settings.min_block_score, candles[-1].close
    spans = [_span(each) for each in candles]
    reached: list[ZoneAt] = []
    ours: list[ZoneAt] = []
    living: list[FactKind] = []
    for zone in view.zones(ZONES):  # asked at every close: a plain loop, and nothing is looked up twice
        kind = zone.kind
        if zone.length < shortest or zone.state not in ALIVE or (kind == "order_block" and zone.score < least):
            continue
        agrees = zone.direction == direction
        if agrees:
            living.append(kind)
        held = close >= zone.bottom if zone.direction == "bullish" else close <= zone.top
        if held and _touched(zone.top, zone.bottom, zone.confirmed_at, spans):
            reached.append(zone)
            if agrees:
                ours.append(zone)
    there = bool(living)
    if not told and ours and ours[0] is reached[0]:
        return ours  # every gate holds
    for name, reason, kind in _KINDS:
        count = living.count(kind)
        text = f"There are {count} living {direction} {name}s; one block or gap is needed." if told else ""
        gates.append(Gate(kind, reason, there, count, 1, "zones", text))
    if there:
        zones = ids(*(zone.fact for zone in ours)) if told else ()
        text = f"Price came back to {len(ours)} of these {len(living)} zones and held them; one is needed." if told else ""
        gates.append(Gate("came_back", "price_not_in_zone", bool(ours), len(ours), 1, "zones", text, zones))
    if reached:
        first = reached[0]
        text = ""
        if told:
            spoken = f"{first.timeframe} {trade_gates.named(first.fact)} {trade_gates.zone_bounds(first.fact)}"
            text = f"Of the zones reached the {spoken} speaks: it is {first.fact.direction}."
        found = ids(first.fact) if told else ()
        gates.append(Gate("longest_zone", "zone_overruled", first.fact.direction == direction, text=text, facts=found))
    return ours


def _signal(view: MarketView, setup: Setup, settings: TopDownSettings) -> Signal:
    direction, entry, zone = setup.direction, setup.entry, setup.zones[0]
    levels = trade.liquidity(view, direction, entry, settings.timeframe)
    without = f" Without {', '.join(view.left_out)}: the newest candle is flawed." if view.left_out else ""
    return trade.signal(
        NAME,
        view,
        direction,
        MarketEntry(price=entry),
        setup.stop,
        trade.ladder(direction, entry, setup.stop, levels, settings),
        score=setup.score,
        threshold=settings.entry_score,
        rests_on=(*(each.fact for each in setup.zones), setup.shift, *setup.others),
        settings=settings,
        why=(
            f"{view.symbol}: {settings.bias_timeframe} trend {view.trend(settings.bias_timeframe)}; price came back to the "
            f"{zone.timeframe} {zone.fact.kind.replace('_', ' ')} {trade.written(zone.fact.bottom)}-"
            f"{trade.written(zone.fact.top)} and {settings.timeframe} structure broke {trade.TREND[direction]} at "
            f"{trade.written(setup.shift.top)}; {setup.score:g} points of {settings.entry_score:g}.{without}"
        ),
    )


def _span(candle: Candle) -> Span:
    return candle.low, candle.high, candle.open_time


def _touched(top: float, bottom: float, confirmed_at: int, spans: list[Span]) -> bool:
    """True when one of the candles traded into a zone that was known before it opened."""
    for low, high, opened in spans:  # noqa: SIM110  # a generator costs more than its answer
        if low <= top and high >= bottom and opened >= confirmed_at:
            return True
    return False


def _confluence(
    view: MarketView, direction: Direction, ours: list[ZoneAt], candles: list[Candle], settings: TopDownSettings
) -> tuple[list[tuple[str, float]], list[Fact]]:
    """The points (SIG-2) with what gave them, and the facts beside the zones that gave some."""
    factors = {"HTF": settings.htf_factor, "MTF": settings.mtf_factor, "LTF": settings.ltf_factor}
    points: list[tuple[str, float]] = []
    if view.trend(settings.middle_timeframe) == trade.TREND[direction]:
        points.append((f"{settings.middle_timeframe} trend", settings.weight_structure))
    if ours:
        for (name, _, kind), weight in zip(_KINDS, (settings.weight_order_block, settings.weight_fvg), strict=True):
            points.append((name, weight * max([0.0, *[factors[each.tier] for each in ours if each.fact.kind == kind]])))

    found: list[Fact] = []
    ote = view.entry_zone(settings.zone_timeframe)
    if (
        ote is not None
        and ote.direction == direction
        and _touched(ote.top, ote.bottom, ote.confirmed_at, [_span(each) for each in candles])
    ):
        points.append(("optimal trade entry", settings.weight_ote))
        found.append(ote)
    since = view.close_time - settings.sweep_candles * DURATION[settings.timeframe]
    sweep = view.last_sweep(direction, settings.timeframe, since=since)
    if sweep is not None:
        points.append(("sweep", settings.weight_sweep))
        found.append(sweep)
    hours = view.open_windows("kill_zone", settings.timeframe)
    if hours:
        points.append(("kill zone", settings.weight_kill_zone))
        found.append(hours[-1])
    divergences = [each for kind in _DIVERGENCES for each in view.facts(kind, settings.zone_timeframe, direction)]
    if divergences:
        points.append(("SMT divergence", settings.weight_smt))
        found.append(divergences[-1])
    return points, found
