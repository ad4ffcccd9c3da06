"""Whatever the broker does within its contract (repeat, delay, interleave topics), the decisions are the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.signals.core import SignalsCore
from services.signals.settings import SignalsSettings
from services.signals.strategies.ob_fvg import ObFvgSettings
from shared.domain.control import ClockTick
from shared.domain.decisions import DecisionBundle, Signal
from shared.domain.facts import AnalysisBundle
from shared.domain.message import Message
from shared.domain.timeframes import MINUTE, Timeframe, closing_at
from tests.support.runtime.telling import tell
from tests.support.signals.scenes import DAWN, analysis, block, candle, gap

FRAMES: tuple[Timeframe, ...] = ("1m", "5m", "15m")
SYMBOLS = ("BTCUSDT", "ETHUSDT")
SETTINGS = SignalsSettings(
    strategies=("ob_fvg", "every_close"), drill=True, ob_fvg=ObFvgSettings(timeframe="5m", warmup_candles=1)
)
FIVES = {DAWN + step * MINUTE for step in range(0, 19, 5)}
CLOSES = [DAWN + step * MINUTE for step in range(1, 19)]


def build() -> SignalsCore:
    return SignalsCore(0, SYMBOLS, FRAMES, SETTINGS)


def market(seed: Sequence[int]) -> dict[Timeframe, list[AnalysisBundle]]:
    """A small market per topic; ``seed`` shapes prices, zones, missing and disputed candles."""
    topics: dict[Timeframe, list[AnalysisBundle]] = {timeframe: [] for timeframe in FRAMES}
    for step, at in enumerate(CLOSES):
        for timeframe in closing_at(at, FRAMES):
            dice = seed[step % len(seed)] + len(timeframe)
            shown = [symbol for symbol in SYMBOLS if (dice + len(symbol)) % 11]
            analyses = tuple(
                analysis(
                    block(id=f"block-{dice % 3}", confirmed_at=DAWN, changed_at=DAWN, formed_at=DAWN),
                    gap(confirmed_at=DAWN, changed_at=DAWN, formed_at=DAWN),
                    of=candle(
                        at,
                        timeframe,
                        symbol,
                        close=101.0 + (dice % 20) / 10,
                        low=100.0 + dice % 2,
                        state="disputed" if dice % 13 == 0 else "closed",
                    ),
                )
                for symbol in shown
            )
            missing = tuple(symbol for symbol in SYMBOLS if symbol not in shown)
            topics[timeframe].append(
                AnalysisBundle(partition=0, timeframe=timeframe, close_time=at, analyses=analyses, missing=missing)
            )
    return topics


def in_order(topics: dict[Timeframe, list[AnalysisBundle]]) -> list[AnalysisBundle]:
    return sorted((bundle for topic in topics.values() for bundle in topic), key=lambda bundle: bundle.close_time)


def disturbed(topics: dict[Timeframe, list[AnalysisBundle]], choices: Sequence[int]) -> list[AnalysisBundle]:
    """Every bundle is late by 0 to 7 minutes, each topic in its own order; with repeats of what was sent before."""
    arrivals: list[tuple[int, AnalysisBundle]] = []
    for rank, topic in enumerate(topics.values()):
        arrival = 0
        for number, bundle in enumerate(topic):
            choice = choices[(number * 3 + rank) % len(choices)]
            arrival = max(arrival, bundle.close_time + choice % 8 * MINUTE)
            arrivals.append((arrival, bundle))
    order = {timeframe: (choices[0] + rank) % 3 for rank, timeframe in enumerate(FRAMES)}
    arrivals.sort(key=lambda each: (each[0], order[each[1].timeframe]))  # stable: a topic keeps its own order
    sent: list[AnalysisBundle] = []
    for turn, (_, bundle) in enumerate(arrivals):
        sent.append(bundle)
        choice = choices[turn % len(choices)]
        if choice % 3 == 0:
            sent.append(sent[choice % len(sent)])
    return sent + sent[:: max(1, choices[0] % 4)]


def decisions(core: SignalsCore, messages: Sequence[Message], now: int = CLOSES[-1]) -> list[DecisionBundle]:
    """What a core decides of a backlog that it handles at ``now``: no deadline passes, and the order alone counts."""
    return [out for message in messages for out in tell(core, message, now) if isinstance(out, DecisionBundle)]


def decides_the_same(make: Callable[[], SignalsCore], seed: Sequence[int], choices: Sequence[int]) -> bool:
    topics = market(seed)
    return decisions(make(), disturbed(topics, choices)) == decisions(build(), in_order(topics))


DICE = st.lists(st.integers(0, 1_000), min_size=1, max_size=30)


@settings(max_examples=80, deadline=None)
@given(seed=DICE, choices=DICE)
def test_repeats_delays_and_interleavings_change_no_decision(seed, choices):
    """SIG-1, invariant 3."""
    assert decides_the_same(build, seed, choices)


@settings(max_examples=40, deadline=None)
@given(seed=DICE)
def test_every_close_leaves_exactly_one_decision_per_symbol_with_a_signal_or_reasons(seed):
    """SIG-1, SIG-7."""
    bundles = decisions(build(), in_order(market(seed)))
    assert [bundle.close_time for bundle in bundles] == CLOSES
    for bundle in bundles:
        assert [decision.symbol for decision in bundle.decisions] == list(SYMBOLS)
        for decision in bundle.decisions:
            assert (decision.signal is None) == bool(decision.why_not)
            judging = ("ob_fvg", "every_close") if bundle.close_time in FIVES else ("every_close",)
            assert tuple(each.strategy for each in decision.judgements) == judging
            assert decision.close_time == bundle.close_time


@settings(max_examples=40, deadline=None)
@given(seed=DICE, choices=DICE, cut=st.integers(0, 60))
def test_a_restart_at_any_point_changes_nothing(seed, choices, cut):
    """Invariant 3: restore(snapshot()) cannot be told from the original."""
    messages = disturbed(market(seed), choices)
    original, successor = build(), build()
    decisions(original, messages[:cut])
    successor.restore(original.snapshot())
    assert successor.snapshot() == original.snapshot()
    assert decisions(successor, messages[cut:]) == decisions(original, messages[cut:])
    assert successor.snapshot() == original.snapshot()


@settings(max_examples=40, deadline=None)
@given(seed=DICE, other=DICE, cut=st.integers(1, len(CLOSES)))
def test_the_future_changes_no_decision_of_the_past(seed, other, cut):
    """Invariant 1: same market up to the cut, another one after it."""
    until = CLOSES[cut - 1]
    past = [bundle for bundle in in_order(market(seed)) if bundle.close_time <= until]
    futures = [[b for b in in_order(market(dice)) if b.close_time > until] for dice in (seed, other)]
    first, second = (decisions(build(), past + future)[:cut] for future in futures)
    assert first == second == decisions(build(), past)


@settings(max_examples=60, deadline=None)
@given(seed=DICE, choices=DICE, ticks=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20 * 60_000)), max_size=6))
def test_closes_are_decided_once_in_order_of_time_under_any_clock(seed, choices, ticks):
    messages: list[Message] = list(disturbed(market(seed), choices))
    for place, offset in ticks:
        messages.insert(min(place, len(messages)), ClockTick(time=DAWN + offset))
    core = build()
    times = [bundle.close_time for bundle in decisions(core, messages, now=0)]
    assert times == sorted(set(times))
    assert len(core.snapshot()) < 100_000


@settings(max_examples=40, deadline=None)
@given(seed=DICE)
def test_a_block_signals_at_most_once_and_the_stop_lies_beyond_it(seed):
    """SIG-3, SIG-7."""
    used: set[tuple[str, str]] = set()
    for bundle in decisions(build(), in_order(market(seed))):
        for signal in (each.signal for decision in bundle.decisions for each in decision.judgements):
            if isinstance(signal, Signal) and signal.strategy == "ob_fvg":
                assert (signal.symbol, signal.rests_on[0]) not in used
                used.add((signal.symbol, signal.rests_on[0]))
                assert signal.stop == pytest.approx(99.8)


class Hasty(SignalsCore):
    """Specimen: puts every bundle into the view on arrival, so that the future reaches the close before it."""

    def _take(self, bundle, now):
        self._absorb(bundle)
        return super()._take(bundle, now)


class Impatient(SignalsCore):
    """Specimen: decides as soon as the 1m bundle is in, whatever else closes then."""

    def _take(self, bundle, now):
        messages = list(super()._take(bundle, now))
        if bundle.timeframe == "1m":
            messages += self._decide(self._barrier.due(now + 60_000))
        return messages


class Forgetful(SignalsCore):
    """Specimen: forgets what it has decided, so that a redelivery is decided again."""

    def _take(self, bundle, now):
        messages = super()._take(bundle, now)
        self._barrier.state.decided_until = -1
        return messages


@pytest.mark.parametrize("specimen", [Hasty, Impatient, Forgetful])
def test_the_check_catches_a_core_that_breaks_the_barrier(specimen):
    def make() -> SignalsCore:
        return specimen(0, SYMBOLS, FRAMES, SETTINGS)

    samples = [([k, 3 * k + 7, 5 * k + 1], [k, 2 * k + 1, 3 * k, 0]) for k in range(20)]
    assert all(decides_the_same(build, seed, choices) for seed, choices in samples)
    assert not all(decides_the_same(make, seed, choices) for seed, choices in samples)
