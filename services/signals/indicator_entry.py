"""What the classical strategies share: a market entry at the close, a stop in average true ranges, one target (SIG-4).

Each of them says how many candles it looks back and what it reads in them; the rest of the rules stands here once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.signals.contract import Answer, Strategy, signal_id
from services.signals.gates import Gate, failed
from services.signals.indicators import load
from services.signals.view import MarketView
from services.signals.view.history import Bars
from services.signals.wording import price
from shared.domain.decisions import Exit, MarketEntry, Signal
from shared.domain.facts import Analysis
from shared.domain.order_words import Side
from shared.domain.timeframes import Timeframe


class IndicatorSettings(BaseModel):
    """Settings that every strategy with indicators has."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    timeframe: Timeframe = Field("15m", description="Timeframe that the strategy judges")
    stop_atr: float = Field(2.0, gt=0.0, le=20.0, description="Distance of the stop from the entry, ATR")
    reward_risk: float = Field(
        2.0,
        gt=0.0,
        le=20.0,
        description="Distance of the target as a multiple of the stop's distance",
    )
    min_stop_distance: float = Field(0.001, gt=0.0, le=0.1, description="Nearest stop accepted, fraction of the entry price")
    max_stop_distance: float = Field(0.03, gt=0.0, le=0.5, description="Farthest stop accepted, fraction of the entry price")
    ttl_ms: int = Field(60_000, ge=1, le=86_400_000, description="Time after its close in which a signal may be sent, ms")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        """Raise ValueError if no stop could pass, or a target could be at zero or below."""
        if self.min_stop_distance > self.max_stop_distance:
            raise ValueError(
                f"min_stop_distance {self.min_stop_distance} is above max_stop_distance {self.max_stop_distance}: no stop "
                "could pass; lower the first or raise the second"
            )
        if self.max_stop_distance * self.reward_risk >= 1.0:
            raise ValueError(
                f"max_stop_distance {self.max_stop_distance} x reward_risk {self.reward_risk} is 1 or more: the target of a "
                "sell could be at zero or below; lower one of them"
            )
        return self


class Setup(NamedTuple):
    """What an indicator says at a close: a side, or None with a gate that fails. why: the rule that fired, in words; it
    matters only with a side.

    close_by: UTC ms at which what is left of the trade is closed at the market; 0 = never.
    """

    side: Side | None
    gates: tuple[Gate, ...]
    why: str
    close_by: int = 0


class Look(NamedTuple):
    """Every gate of a close; analysis and setup as far as it came."""

    gates: tuple[Gate, ...]
    analysis: Analysis | None = None
    setup: Setup | None = None


I = TypeVar("I", bound=IndicatorSettings)  # noqa: E741  # the model of one strategy's settings
I_contra = TypeVar("I_contra", bound=IndicatorSettings, contravariant=True)


class ReadPrices(Protocol[I_contra]):
    """A rule that reads prices only. told: with the sentences of its gates, which cost time."""

    def __call__(self, bars: Bars, settings: I_contra, /, *, told: bool) -> Setup:
        """Return what the rule says at the close."""


class ReadMarket(Protocol[I_contra]):
    """A rule that reads more of the view than prices; else as ``ReadPrices``."""

    def __call__(self, view: MarketView, bars: Bars, settings: I_contra, /, *, told: bool) -> Setup:
        """Return what the rule says at the close."""


def indicator_strategy(
    name: str, about: str, settings: type[I], bars: Callable[[I], int], read: ReadPrices[I]
) -> Strategy[I]:
    """Make a strategy that reads prices only; see ``entry_strategy``."""

    def prices_only(view: MarketView, window: Bars, chosen: I, *, told: bool) -> Setup:
        return read(window, chosen, told=told)

    return entry_strategy(name, about, settings, bars, prices_only)


def entry_strategy(
    name: str,
    about: str,
    settings: type[I],
    bars: Callable[[I], int],
    read: ReadMarket[I],
    *,
    funding: bool = False,
) -> Strategy[I]:
    """Make the strategy. ``bars``: how many candles it looks back, the closing one included; ``read``: its rule.

    funding: its rule reads the funding settled last.
    """

    def look(view: MarketView, chosen: I, *, told: bool) -> Look:
        return _look(view, chosen, bars(chosen), read, told=told)

    def judge(view: MarketView, chosen: I) -> Answer:
        gates, analysis, setup = look(view, chosen, told=False)
        why_not = failed(gates)
        if why_not or analysis is None or setup is None or setup.side is None:
            return why_not
        return _signal(name, view, analysis, setup.side, setup, chosen)

    return Strategy(
        name=name,
        about=about,
        settings=settings,
        judge=judge,
        timeframe=lambda chosen: chosen.timeframe,
        reads=lambda chosen: {chosen.timeframe: frozenset()},
        history=lambda chosen: {chosen.timeframe: bars(chosen)},
        explain=lambda view, chosen: look(view, chosen, told=True).gates,
        prepare=load,
        funding=funding,
    )


def _look(view: MarketView, settings: I, count: int, read: ReadMarket[I], *, told: bool) -> Look:
    """``told``: with the sentences of the gates."""
    analysis = view.bare_at_close(settings.timeframe)
    if analysis is None:
        text = f"No {settings.timeframe} candle came at this close." if told else ""
        return Look((Gate("candle", "data_missing", False, text=text),))
    state, atr, close = analysis.candle.state, analysis.atr, analysis.candle.close
    bars = view.history(settings.timeframe, count)
    there = "there" if bars else "not there yet"
    gates = (
        Gate("plausible", "data_disputed", state != "disputed", text=f"The candle is {state}." if told else ""),
        Gate("history", "warming_up", bars is not None, limit=count, unit="candles",
             text=f"{count} candles of {settings.timeframe} without a gap are {there}." if told else ""),
        Gate("atr", "warming_up", atr > 0.0, atr, 0.0, "USDT",
             f"The average true range is {price(float(f'{atr:.4g}'))}." if told else ""),
    )  # fmt: skip
    if bars is None or failed(gates):
        return Look(gates, analysis)
    setup = read(view, bars, settings, told=told)
    fraction, longest, shortest = settings.stop_atr * atr / close, settings.max_stop_distance, settings.min_stop_distance
    text = f"The stop is {fraction:.3%} from the close" if told else ""
    stops = (
        Gate("stop_near_enough", "stop_too_far", fraction <= longest, fraction, longest, "fraction of price",
             f"{text}; at most {longest:.3%}." if told else ""),
        Gate("stop_far_enough", "stop_too_near", fraction >= shortest, fraction, shortest, "fraction of price",
             f"{text}; at least {shortest:.3%}." if told else ""),
    )  # fmt: skip
    return Look((*gates, *setup.gates, *stops), analysis, setup)


def _signal(
    name: str, view: MarketView, analysis: Analysis, side: Side, setup: Setup, settings: IndicatorSettings
) -> Signal:
    entry, sign = analysis.candle.close, 1.0 if side == "BUY" else -1.0
    distance = sign * settings.stop_atr * analysis.atr
    return Signal(
        id=signal_id(name, view.symbol, view.close_time),
        symbol=view.symbol,
        strategy=name,
        side=side,
        entry=MarketEntry(price=entry),
        stop=entry - distance,
        exits=(Exit(price=entry + settings.reward_risk * distance),),
        score=1.0,
        close_time=view.close_time,
        valid_until=view.close_time + settings.ttl_ms,
        rests_on=(),
        why=(
            f"{view.symbol} {settings.timeframe}: {setup.why} at {price(entry)}; stop {settings.stop_atr:g} average true "
            f"ranges away, target 1:{settings.reward_risk:g}."
        ),
        close_by=setup.close_by,
    )
