"""The whole chain, from candles to decisions, with every strategy on: what must not change a decision, as checks.

Each check takes how a chain is made for a market, so that a specimen can be given the market itself and look ahead in it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, Final

import msgspec

from services.analysis.core import AnalysisCore
from services.analysis.settings import AnalysisSettings
from services.ingest.core import IngestCore
from services.ingest.settings import IngestSettings
from services.signals.contract import Enabled
from services.signals.core import SignalsCore
from services.signals.settings import SignalsSettings
from services.signals.strategies import STRATEGIES
from shared.core import Core
from shared.domain.candles import CandleBundle, FeedStep
from shared.domain.decisions import DecisionBundle
from shared.domain.facts import AnalysisBundle
from shared.domain.message import Message
from shared.domain.timeframes import MINUTE, TIMEFRAMES, Timeframe
from simulator.market.funded_source import FundedSource
from simulator.market.funding import ConstantFunding
from simulator.market.generator import GeneratedMarket
from tests.support.runtime.telling import tell

SYMBOLS: Final = ("BTCUSDT", "ETHUSDT")
#: Short timeframes and low bars, so that every strategy signals within hours.
_LOOSE: Final = {"warmup_candles": 5, "min_stop_distance": 1e-6, "max_stop_distance": 0.3}
_CLASSICAL: Final = {"timeframe": "5m", "min_stop_distance": 1e-6}
LIVELY: Final[dict[str, dict[str, Any]]] = {
    "ob_fvg": {**_LOOSE, "timeframe": "5m", "min_block_score": 0.0, "max_gap_distance": 3.0, "entry_score": 3.0},
    "top_down": {
        **_LOOSE, "timeframe": "1m", "zone_timeframe": "5m", "middle_timeframe": "15m", "bias_timeframe": "1h",
        "min_block_score": 0.0, "entry_score": 3.0,
    },
    "sweep_reversal": {**_LOOSE, "timeframe": "1m"},
    "silver_bullet": {**_LOOSE, "timeframe": "1m"},
    "ote": {**_LOOSE, "timeframe": "1m", "bias_timeframe": "15m", "needs_zone": False},
    "breaker_retest": {**_LOOSE, "timeframe": "1m", "bias_timeframe": "15m", "min_block_score": 0.0, "max_retests": 10},
    "judas": {
        **_LOOSE, "timeframe": "1m", "bias_timeframe": "15m", "shift_candles": 60, "reward_risk": 1.0,
        "max_reward_risk": 50.0,
    },
    "moving_averages": {**_CLASSICAL, "fast": 3, "slow": 8},
    "donchian": _CLASSICAL,
    "macd": {**_CLASSICAL, "fast": 3, "slow": 6, "signal": 3},
    "bollinger": {**_CLASSICAL, "width": 1.5},
    "rsi_extremes": {**_CLASSICAL, "period": 5},
    "zscore": {**_CLASSICAL, "period": 20, "entry": 1.5},
    "funding_carry": {**_CLASSICAL, "trend": 10, "max_run": 50.0},
}  # fmt: skip
NAMES: Final = tuple(STRATEGIES)
#: Funding of the market, from which ``funding_carry`` calls a side crowded.
_CROWDED: Final = "0.0006"


class WithMore(SignalsSettings):
    """Settings with strategies that stand in no list."""

    more: tuple[Any, ...] = ()

    def enabled(self) -> tuple[Enabled, ...]:
        """Those of the settings, then the others."""
        return (*super().enabled(), *self.more)


#: Makes the strategies beside our own for the market on which the chain will run.
More = Callable[[Sequence[FeedStep]], tuple[Enabled, ...]]


def none_more(market: Sequence[FeedStep]) -> tuple[Enabled, ...]:
    """Our own only."""
    return ()


def settings(more: tuple[Enabled, ...] = ()) -> WithMore:
    """Every strategy, lively; with some more."""
    return WithMore.model_validate({"strategies": NAMES, "drill": True, **LIVELY, "more": more})


class Chain:
    """The cores of one partition, all timeframes. fragile: each core is made anew from its snapshot before every message.

    now: UTC ms at which signals get their messages, where that is later than what the message claims.
    """

    def __init__(
        self,
        steps: Sequence[FeedStep] = (),
        more: More = none_more,
        core: type[SignalsCore] = SignalsCore,
        *,
        fragile: bool = False,
        now: int = 0,
    ) -> None:
        self._steps, self._more, self._core, self._now = steps, more, core, now
        self._kinds = settings().reads()
        self._fragile = fragile
        self._ingest = self._new_ingest()
        self._analysis = {frame: self._new_analysis(frame) for frame in TIMEFRAMES}
        self._signals = self._new_signals()

    def feed(self, step: FeedStep) -> list[DecisionBundle]:
        """The decisions that one minute of candles brings."""
        return [decided for bundle in self.analysed(step) for decided in self.decided(bundle)]

    def analysed(self, step: FeedStep) -> list[AnalysisBundle]:
        """The analyses that one minute of candles brings."""
        if self._fragile:
            self._ingest = _anew(self._ingest, self._new_ingest())
        told: list[Message] = []
        for bundle in [each for each in tell(self._ingest, step) if isinstance(each, CandleBundle)]:
            frame = bundle.timeframe
            if self._fragile:
                self._analysis[frame] = _anew(self._analysis[frame], self._new_analysis(frame))
            told += tell(self._analysis[frame], bundle)
        return [each for each in told if isinstance(each, AnalysisBundle)]

    def decided(self, bundle: AnalysisBundle) -> list[DecisionBundle]:
        """The decisions that one bundle of analyses brings."""
        if self._fragile:
            self._signals = _anew(self._signals, self._new_signals())
        return [each for each in tell(self._signals, bundle, self._now) if isinstance(each, DecisionBundle)]

    def snapshots(self) -> list[bytes]:
        """Of every core."""
        return [each.snapshot() for each in self._cores()]

    def restore(self, snapshots: Sequence[bytes]) -> None:
        """Go on from there."""
        for core, data in zip(self._cores(), snapshots, strict=True):
            core.restore(data)

    def _cores(self) -> list[Core]:
        return [self._ingest, *self._analysis.values(), self._signals]

    def _new_ingest(self) -> Core:
        return IngestCore(0, SYMBOLS, TIMEFRAMES, IngestSettings())

    def _new_analysis(self, frame: Timeframe) -> Core:
        return AnalysisCore(0, frame, AnalysisSettings(), self._kinds)

    def _new_signals(self) -> Core:
        return self._core(0, SYMBOLS, TIMEFRAMES, settings(self._more(self._steps)))


def _anew(old: Core, new: Core) -> Core:
    new.restore(old.snapshot())
    return new


@cache
def market(hours: int, seed: int = 7) -> tuple[FeedStep, ...]:
    """The minutes of a generated market; the same seed and more hours go on from the same candles."""
    source = GeneratedMarket(SYMBOLS, days=hours / 24, seed=seed)
    steps = FundedSource(source, ConstantFunding(SYMBOLS, _CROWDED)).steps()
    return tuple(FeedStep(partition=0, close_time=at, candles=candles) for at, candles in steps)


def decisions(steps: Sequence[FeedStep], more: More = none_more, end: int | None = None) -> list[DecisionBundle]:
    """What is decided of a market, of its first ``end`` minutes; what is made for it sees all of it."""
    chain = Chain(steps, more)
    return [each for step in steps[:end] for each in chain.feed(step)]


def with_future(steps: Sequence[FeedStep], cut: int, seed: int) -> list[FeedStep]:
    """The market up to a step, then another: prices that jump to elsewhere, minutes that are lost."""
    dice = random.Random(seed)
    changed = list(steps[:cut])
    for step in steps[cut:]:
        factor = dice.uniform(0.97, 1.03)
        candles = [
            msgspec.structs.replace(
                each, open=each.open * factor, high=each.high * factor, low=each.low * factor, close=each.close * factor
            )
            for each in step.candles
            if dice.random() > 0.02
        ]
        changed.append(msgspec.structs.replace(step, candles=tuple(candles)))
    return changed


def prefix_offences(steps: Sequence[FeedStep], cuts: Iterable[int], more: More = none_more) -> list[str]:
    """Cuts at which a market that ends there is decided otherwise than as the beginning of the longer one."""
    whole = straight(tuple(steps), more)
    return [f"cut {cut}" for cut in cuts if decisions(steps[:cut], more) != upto(whole, steps[cut - 1].close_time)]


def scramble_offences(steps: Sequence[FeedStep], cuts: Iterable[int], more: More = none_more) -> list[str]:
    """Cuts after which another future changes what was decided before; of that future, two hours are played."""
    whole = straight(tuple(steps), more)
    found = []
    for cut in cuts:
        at = steps[cut - 1].close_time
        if upto(decisions(with_future(steps, cut, cut), more, cut + 120), at) != upto(whole, at):
            found.append(f"another future after {cut}")
    return found


def upto(bundles: Sequence[DecisionBundle], close_time: int) -> list[DecisionBundle]:
    """Those of closes up to one (UTC ms)."""
    return [each for each in bundles if each.close_time <= close_time]


@cache
def straight(
    steps: tuple[FeedStep, ...], more: More = none_more, core: type[SignalsCore] = SignalsCore
) -> list[DecisionBundle]:
    """What is decided without any disturbance; kept, because every check asks for it."""
    chain = Chain(steps, more, core)
    return [each for step in steps for each in chain.feed(step)]


def arrivals(bundles: Sequence[AnalysisBundle], seed: int, late: int = 10) -> list[AnalysisBundle]:
    """The bundles in another order that the broker allows: each timeframe in its own order, up to ``late`` minutes apart.

    Some come twice; the analyses of a bundle come with their symbols in another order.
    """
    dice = random.Random(seed)
    order = {frame: dice.random() for frame in TIMEFRAMES}
    due: dict[Timeframe, int] = {}
    placed: list[tuple[int, float, AnalysisBundle]] = []
    for bundle in bundles:
        frame = bundle.timeframe
        due[frame] = max(due.get(frame, 0), bundle.close_time + dice.randint(0, late) * MINUTE)
        turned = msgspec.structs.replace(bundle, analyses=tuple(dice.sample(bundle.analyses, len(bundle.analyses))))
        placed.append((due[frame], order[frame], turned))
    placed.sort(key=lambda each: each[:2])  # stable: a timeframe keeps its own order
    sent: list[AnalysisBundle] = []
    for _, _, bundle in placed:
        sent.append(bundle)
        if dice.random() < 0.05:
            sent.append(sent[-1 - dice.randrange(min(len(sent), 20))])
    return sent


def order_offences(
    steps: Sequence[FeedStep], seeds: Iterable[int], more: More = none_more, core: type[SignalsCore] = SignalsCore
) -> list[str]:
    """Orders of arrival by which something else is decided: of symbols in a message, and of timeframes."""
    expected = straight(tuple(steps), more, core)
    end = steps[-1].close_time  # a backlog: no deadline passes, the order alone counts
    found = []
    for seed in seeds:
        chain, dice = Chain(steps, more, core, now=end), random.Random(seed)
        bundles: list[AnalysisBundle] = []
        for step in steps:
            turned = tuple(dice.sample(step.candles, len(step.candles)))
            bundles += chain.analysed(msgspec.structs.replace(step, candles=turned))
        if [each for bundle in arrivals(bundles, seed) for each in chain.decided(bundle)] != expected:
            found.append(f"order {seed}")
    return found


def restart_offences(steps: Sequence[FeedStep], window: range, more: More = none_more) -> list[str]:
    """Minutes of the window whose decisions differ when, from its start on, each core is made anew before every message."""
    chain = Chain(steps, more)
    for step in steps[: window.start]:
        chain.feed(step)
    fragile = Chain(steps, more, fragile=True)
    fragile.restore(chain.snapshots())
    return [f"minute {number}" for number in window if fragile.feed(steps[number]) != chain.feed(steps[number])]
