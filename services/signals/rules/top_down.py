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
from shared.domain.facts import Direction, Fact, FactKind
from shared.domain.timeframes import DURATION, Tier, Timeframe

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


@final
class Span:
    """Low, high and open time (UTC ms) of a candle."""

    def __init__(self, candle: Candle) -> None:
        self.low: Final = candle.low
        self.high: Final = candle.high
        self.opened: Final = candle.open_time


@final
class Rules:
    """The settings of one strategy as plain numbers: compiled, a setting of a model takes ten times as long."""

    def __init__(self, settings: TopDownSettings) -> None:
        self.settings: Final = settings
        self.timeframe: Final[Timeframe] = settings.timeframe
        self.zones: Final[Timeframe] = settings.zone_timeframe
        self.middle: Final[Timeframe] = settings.middle_timeframe
        self.bias: Final[Timeframe] = settings.bias_timeframe
        self.shift_candles: Final = settings.shift_candles
        self.sweep_ms: Final = settings.sweep_candles * DURATION[settings.timeframe]
        self.shortest: Final = DURATION[settings.zone_timeframe]
        self.min_block_score: Final = settings.min_block_score
        self.structure: Final = settings.weight_structure
        self.order_block: Final = settings.weight_order_block
        self.fvg: Final = settings.weight_fvg
        self.ote: Final = settings.weight_ote
        self.sweep: Final = settings.weight_sweep
        self.kill_zone: Final = settings.weight_kill_zone
        self.smt: Final = settings.weight_smt
        self.htf: Final = settings.htf_factor
        self.mtf: Final = settings.mtf_factor
        self.ltf: Final = settings.ltf_factor
        self.entry_score: Final = settings.entry_score

    def factor(self, tier: Tier) -> float:
        """What the points of a zone of this tier are multiplied by."""
        if tier == "HTF":
            return self.htf
        return self.mtf if tier == "MTF" else self.ltf


#: Those that were asked for last.
_KNOWN: Final[list[Rules]] = []
_MOST_KNOWN: Final = 8


def _rules(settings: TopDownSettings) -> Rules:
    for each in _KNOWN:
        if each.settings is settings:
            return each
    found = Rules(settings)
    _KNOWN.insert(0, found)
    del _KNOWN[_MOST_KNOWN:]
    return found


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
    rules = _rules(settings)
    analysis = trade_gates.opening(gates, view, rules.timeframe, settings, told=told)
    if analysis is None:
        return gates, None
    direction = trade_gates.bias(gates, view, rules.bias, told=told)
    if direction is None:
        return gates, None

    middle, close = view.reading(rules.middle), analysis.candle.close
    candles = [analysis.candle] if middle is None else [middle.candle, analysis.candle]
    spans = [Span(each) for each in candles]
    ours = _zones(gates, view, direction, spans, close, rules, told=told)
    shift = trade_gates.fresh_break(gates, view, rules.timeframe, rules.shift_candles, direction, told=told, turned=False)
    points, others = _confluence(view, direction, ours, spans, rules)
    score = 0.0
    for _, each in points:
        score += each
    text = ""
    least = rules.entry_score
    if told:
        parts = ", ".join(f"{name} {each:g}" for name, each in points if each) or "nothing"
        text = f"It has {score:g} points ({parts}); it needs {least:g}."
    if told or score < least:
        found = ids(*others) if told else ()
        gates.append(Gate("score", "low_score", score >= least, score, least, "points", text, found))
    if not ours or shift is None:
        return gates, None

    extremes = [each.low if direction == "bullish" else each.high for each in spans]
    worst = trade.far_side(direction, trade.far_edge(ours[-1].fact), *extremes)
    stop = trade.stop_beyond(direction, worst, settings)
    trade_gates.stop_accepted(gates, direction, close, stop, settings, told=told)
    trade_gates.unused(gates, view, [zone.fact for zone in ours], told=told)
    return gates, Setup(direction, ours, shift, close, stop, score, others)


def _zones(
    gates: list[Gate],
    view: MarketView,
    direction: Direction,
    spans: list[Span],
    close: float,
    rules: Rules,
    *,
    told: bool,
) -> list[ZoneAt]:
    """The zones of the bias that price came back to, that of the longest timeframe first."""
    shortest, least, bullish = rules.shortest, rules.min_block_score, direction == "bullish"
    reached: list[ZoneAt] = []
    ours: list[ZoneAt] = []
    living: list[FactKind] = []
    for zone in view.zones(ZONES):  # asked at every close: a plain loop, and nothing is looked up twice
        kind = zone.kind
        if zone.length < shortest or not zone.alive or (kind == "order_block" and zone.score < least):
            continue
        agrees = zone.bullish is bullish
        if agrees:
            living.append(kind)
        held = close >= zone.bottom if zone.bullish else close <= zone.top
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


def _touched(top: float, bottom: float, confirmed_at: int, spans: list[Span]) -> bool:
    """True when one of the candles traded into a zone that was known before it opened."""
    for each in spans:  # noqa: SIM110  # a generator costs more than its answer
        if each.low <= top and each.high >= bottom and each.opened >= confirmed_at:
            return True
    return False


def _confluence(
    view: MarketView, direction: Direction, ours: list[ZoneAt], spans: list[Span], rules: Rules
) -> tuple[list[tuple[str, float]], list[Fact]]:
    """The points (SIG-2) with what gave them, and the facts beside the zones that gave some."""
    points: list[tuple[str, float]] = []
    if view.trend(rules.middle) == trade.TREND[direction]:
        points.append((f"{rules.middle} trend", rules.structure))
    if ours:
        for name, _, kind in _KINDS:
            factor = 0.0
            for each in ours:
                if each.kind == kind:
                    factor = max(factor, rules.factor(each.tier))
            points.append((name, (rules.order_block if kind == "order_block" else rules.fvg) * factor))

    found: list[Fact] = []
    ote = view.entry_zone(rules.zones)
    if ote is not None and ote.direction == direction and _touched(ote.top, ote.bottom, ote.confirmed_at, spans):
        points.append(("optimal trade entry", rules.ote))
        found.append(ote)
    sweep = view.last_sweep(direction, rules.timeframe, since=view.close_time - rules.sweep_ms)
    if sweep is not None:
        points.append(("sweep", rules.sweep))
        found.append(sweep)
    hours = view.open_windows("kill_zone", rules.timeframe)
    if hours:
        points.append(("kill zone", rules.kill_zone))
        found.append(hours[-1])
    diverged: Fact | None = None
    for divergence in _DIVERGENCES:
        for fact in view.facts(divergence, rules.zones, direction):
            diverged = fact
    if diverged is not None:
        points.append(("SMT divergence", rules.smt))
        found.append(diverged)
    return points, found
