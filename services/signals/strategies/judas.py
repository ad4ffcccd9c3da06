"""Judas swing, Power of Three: the Asian range is swept and given back against the day's bias, and structure turns (SIG-3).

1. The bias is the trend of the ``bias_timeframe`` (4h): up looks for buys, down for sells, none for nothing.
2. Since midnight in New York there was a Judas swing: price traded beyond one side of the Asian range and closed back
   inside, below it before a buy, above it before a sell. The last one must have the direction of the bias, so that
   the sweep went against it.
3. Structure turned after it: the last break on the ``timeframe`` (5m) is a change of character in this direction,
   confirmed after the Judas swing and within the last ``shift_candles`` closes.
4. One of the ``kill_zones`` (London open, New York morning) is open.
5. Entry at the market. The stop lies ``stop_buffer`` beyond the furthest trade of the Judas swing.
6. The other side of the Asian range must still be untaken: it is the first liquidity aimed at where it is
   ``partial_reward_risk`` away. A part is taken off at the first liquidity, the rest at the next; then the stop moves
   to the entry.
7. What is still held ``close_after_ms`` after midnight (16:00) is closed at the market. A Judas swing gives one
   signal.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from pydantic import Field

from services.signals import trade, trade_gates
from services.signals.contract import Answer, Reads, Strategy
from services.signals.gates import Gate, failed, ids
from services.signals.trade import TradeSettings
from services.signals.view import MarketView
from services.signals.wording import moment, price
from shared.domain.decisions import MarketEntry, Signal
from shared.domain.facts import Direction, Fact, FactKind
from shared.domain.timeframes import DAY, DURATION, MINUTE, Timeframe

NAME: Final = "judas"
READS: Final[frozenset[FactKind]] = trade.TARGETS | {"judas_swing", "key_open", "kill_zone", "bos", "choch"}


class JudasSettings(TradeSettings):
    """Settings of the strategy judas: reversal after the Asian range was swept against the bias of the day."""

    timeframe: Timeframe = Field("5m", description="Timeframe that the strategy judges")
    bias_timeframe: Timeframe = Field("4h", description="Timeframe whose trend is the day's bias")
    shift_candles: int = Field(3, ge=1, le=100, description="Closes in which a change of character is fresh")
    kill_zones: tuple[str, ...] = Field(
        ("london_open", "new_york_am"), min_length=1, max_length=20, description="Kill zones in which it enters"
    )
    accumulation: str = Field(
        "asian", min_length=1, max_length=40, description="Window whose other side is the target, as analysis has it"
    )
    day_open: str = Field("midnight", min_length=1, max_length=40, description="Key open at which the day begins")
    close_after_ms: int = Field(
        960 * MINUTE, ge=60 * MINUTE, le=DAY, description="Time after the day's open at which a position is closed, ms"
    )
    score: float = Field(
        5.0, ge=0.0, le=300.0, description="Points of a signal: of several strategies the highest is chosen"
    )


class Setup(NamedTuple):
    """What the gates found: the Judas swing, the turn after it, the kill zone, the range's other side, and the trade."""

    judas: Fact
    shift: Fact
    kill_zone: Fact
    other_side: Fact
    entry: float
    stop: float
    close_by: int


def judge(view: MarketView, settings: JudasSettings) -> Answer:
    """Judge one symbol at one close. Returns a signal, or all reasons why there is none."""
    gates, setup = _look(view, settings, told=False)
    reasons = failed(gates)
    return reasons if reasons or setup is None else _signal(view, setup, settings)


def explain(view: MarketView, settings: JudasSettings) -> tuple[Gate, ...]:
    """The gates by which ``judge`` answers, with their sentences."""
    return tuple(_look(view, settings, told=True)[0])


def _look(view: MarketView, settings: JudasSettings, *, told: bool) -> tuple[list[Gate], Setup | None]:
    gates: list[Gate] = []
    analysis = trade_gates.opening(gates, view, settings.timeframe, settings, told=told)
    if analysis is None:
        return gates, None
    direction = trade_gates.bias(gates, view, settings.bias_timeframe, told=told)
    if direction is None:
        return gates, None
    opened = _day_open(view, settings)
    judas = _judas(view, opened, settings)
    text = ""
    if told:
        swept = "no Judas swing" if judas is None else f"a {judas.direction} Judas swing to {price(trade.far_edge(judas))}"
        text = f"Since the open of the day there was {swept}." if opened else "The open of this day was not seen."
    gates.append(
        Gate("judas_swing", "no_judas_swing", judas is not None, text=text, facts=ids(opened, judas) if told else ())
    )
    if opened is None or judas is None:
        return gates, None
    kill_zone, close_by = _kill_zone(view, settings), opened.formed_at + settings.close_after_ms
    gates += (
        Gate("direction", "against_structure", judas.direction == direction,
             text=f"The Judas swing is {judas.direction}; the bias is {direction}." if told else ""),
        Gate("kill_zone", "outside_window", kill_zone is not None,
             text=f"Open: {kill_zone.label if kill_zone else 'none of ' + ', '.join(settings.kill_zones)}." if told else "",
             facts=ids(kill_zone) if told else ()),
        Gate("early_enough", "outside_window", close_by > view.close_time, view.close_time, close_by, "UTC ms",
             f"This close is {moment(view.close_time)}; positions are closed {moment(close_by)}." if told else ""),
    )  # fmt: skip
    shift = trade_gates.fresh_break(
        gates, view, settings.timeframe, settings.shift_candles, judas.direction, told=told, after=judas.confirmed_at
    )
    other_side = _other_side(view, judas.direction, settings)
    if told:
        rests = f"rests at {price(other_side.top)}" if other_side else "was taken, or is not known"
        text = f"The other side of the {settings.accumulation} range {rests}."
    gates.append(Gate("other_side", "no_target", other_side is not None, text=text, facts=ids(other_side) if told else ()))
    trade_gates.unused(gates, view, (judas,), told=told)
    if shift is None:
        return gates, None

    entry, stop = analysis.candle.close, trade.stop_beyond(judas.direction, trade.far_edge(judas), settings)
    trade_gates.stop_accepted(gates, judas.direction, entry, stop, settings, told=told)
    if kill_zone is None or other_side is None:
        return gates, None
    return gates, Setup(judas, shift, kill_zone, other_side, entry, stop, close_by)


def _signal(view: MarketView, setup: Setup, settings: JudasSettings) -> Signal:
    judas, shift, kill_zone, other_side, entry, stop, close_by = setup
    direction = judas.direction
    levels = trade.liquidity(view, direction, entry, settings.timeframe)
    return trade.signal(
        NAME,
        view,
        direction,
        MarketEntry(price=entry),
        stop,
        trade.ladder(direction, entry, stop, levels, settings),
        score=settings.score,
        rests_on=(judas, shift, kill_zone, other_side),
        settings=settings,
        close_by=close_by,
        why=(
            f"{view.symbol} {settings.timeframe}, {kill_zone.label}: with the {settings.bias_timeframe} trend "
            f"{trade.TREND[direction]} the {settings.accumulation} range was swept to "
            f"{trade.written(trade.far_edge(judas))} and given back, and structure turned at {trade.written(shift.top)}; "
            f"the other side rests at {trade.written(other_side.top)}."
        ),
    )


def _day_open(view: MarketView, settings: JudasSettings) -> Fact | None:
    """The open of the running day; None when it was not seen, or is of a day that is over."""
    found = [each for each in view.facts("key_open", settings.timeframe) if each.label == settings.day_open]
    newest = max(found, key=lambda each: each.formed_at, default=None)
    # A day in New York has 25 hours once a year.
    return newest if newest is not None and view.close_time - newest.formed_at <= DAY + DURATION["1h"] else None


def _judas(view: MarketView, opened: Fact | None, settings: JudasSettings) -> Fact | None:
    """The last Judas swing of the day, of either direction."""
    if opened is None:
        return None
    found = view.moments("judas_swing", settings.timeframe, since=opened.formed_at)
    return found[-1] if found else None


def _kill_zone(view: MarketView, settings: JudasSettings) -> Fact | None:
    found = view.open_windows("kill_zone", settings.timeframe)
    return next((each for each in found if each.label in settings.kill_zones), None)


def _other_side(view: MarketView, direction: Direction, settings: JudasSettings) -> Fact | None:
    """The far side of the accumulation range, while its liquidity still rests."""
    kind: FactKind = "session_high" if direction == "bullish" else "session_low"
    found = [each for each in view.facts(kind, settings.timeframe) if each.label == settings.accumulation]
    return max(found, key=lambda each: each.confirmed_at, default=None)


def _reads(settings: JudasSettings) -> Reads:
    reads: dict[Timeframe, frozenset[FactKind]] = {settings.bias_timeframe: frozenset()}
    return {**reads, settings.timeframe: READS}


STRATEGY: Final = Strategy(
    name=NAME,
    about="Enters when the Asian range was swept and given back against the bias of the day, and structure turned.",
    settings=JudasSettings,
    judge=judge,
    timeframe=lambda settings: settings.timeframe,
    reads=_reads,
    explain=explain,
)
