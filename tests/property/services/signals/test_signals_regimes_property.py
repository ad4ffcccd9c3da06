"""Regimes know no later candle, survive a restart at any candle, and decide alike however the broker interleaves."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.signals.core import SignalsCore
from services.signals.regimes.hmm import GaussianHmm
from services.signals.regimes.memory import RegimeMemory, RegimeReading
from services.signals.regimes.settings import RegimeSettings
from services.signals.settings import SignalsSettings
from shared.domain.candles import Candle
from shared.domain.decisions import DecisionBundle
from shared.domain.facts import AnalysisBundle
from shared.domain.timeframes import DAY, MINUTE, Timeframe
from tests.support.runtime.telling import tell
from tests.support.signals.regime_scenes import THREE, TWO, candles, model, written
from tests.support.signals.scenes import DAWN, analysis, candle

#: From every candle's row to what is said of the regime at its close.
Batch = Callable[[Sequence[Candle], GaussianHmm], list[dict[str, float]]]
RETURNS = st.lists(st.floats(-0.3, 0.3), min_size=2, max_size=40)
HMMS = st.sampled_from([TWO, THREE])
#: Of each candle: 0, 1 = missing, disputed; else sound.
LOTS = st.lists(st.integers(0, 12), min_size=1, max_size=40)


def with_flaws(rows: Sequence[Candle], lots: Sequence[int]) -> list[Candle]:
    shown = []
    for place, row in enumerate(rows):
        lot = lots[place % len(lots)]
        if lot:
            shown.append(msgspec.structs.replace(row, state="disputed") if lot == 1 else row)
    return shown


def walk(rows: Sequence[Candle], hmm: GaussianHmm) -> tuple[list[RegimeReading], list[bytes]]:
    """What is known after each candle, and the state then."""
    shown = model(hmm)
    memory = RegimeMemory(model=shown.content_hash)
    readings, states = [], []
    for row in rows:
        memory.absorb(row, shown, 2, 0.9)
        readings.append(memory.reading(shown, 3))
        states.append(msgspec.msgpack.encode(memory))
    return readings, states


def filtered(rows: Sequence[Candle], hmm: GaussianHmm) -> list[dict[str, float]]:
    return [dict(each.probabilities) for each in walk(rows, hmm)[0]]


def smoothed(rows: Sequence[Candle], hmm: GaussianHmm) -> list[dict[str, float]]:
    """Specimen: forward and backward: how hmmlearn's ``predict_proba`` labels a whole history at once."""
    after = [1.0] * len(hmm.start)
    said = []
    values = [None, *(later.close / earlier.close - 1.0 for earlier, later in pairwise(rows))]
    for row, value in zip(reversed(filtered(rows, hmm)), reversed(values), strict=True):
        weights = [before * later for before, later in zip(row.values(), after, strict=True)]
        said.append({name: each / sum(weights) for name, each in zip(row, weights, strict=True)})
        if value is not None:
            likely = [hmm.log_density([float(place == k) for k in range(len(after))], value) for place in range(len(after))]
            after = [2.718281828 ** (each - max(likely)) * later for each, later in zip(likely, after, strict=True)]
            after = [each / sum(after) + 1e-12 for each in after]
    return said[::-1]


def centred(rows: Sequence[Candle], hmm: GaussianHmm) -> list[dict[str, float]]:
    """Specimen: takes the mean of the whole history off its prices before it filters."""
    middle = sum(row.close for row in rows) / len(rows)
    moved = [
        msgspec.structs.replace(
            row, **{name: getattr(row, name) / middle + 1.0 for name in ("open", "high", "low", "close")}
        )
        for row in rows
    ]
    return filtered(moved, hmm)


def is_causal(batch: Batch, rows: Sequence[Candle], hmm: GaussianHmm) -> bool:
    """What is said of a beginning alone is the beginning of what is said of the whole."""
    whole = batch(rows, hmm)
    return all(batch(rows[:cut], hmm) == whole[:cut] for cut in range(1, len(rows)))


@settings(max_examples=60, deadline=None)
@given(returns=RETURNS, lots=LOTS, hmm=HMMS)
def test_readings_of_a_beginning_do_not_change_with_what_follows(returns, lots, hmm) -> None:
    """SIG-5, invariant 1: filtered, never smoothed."""
    rows = with_flaws(candles(returns), lots)
    assert is_causal(filtered, rows, hmm)
    readings, states = walk(rows, hmm)
    for cut in range(1, len(rows)):
        assert walk(rows[:cut], hmm) == (readings[:cut], states[:cut])


@settings(max_examples=60, deadline=None)
@given(returns=RETURNS, lots=LOTS, other=RETURNS, hmm=HMMS, cut=st.integers(1, 40))
def test_another_future_changes_nothing_of_the_past(returns, lots, other, hmm, cut) -> None:
    """SIG-5, invariant 1: scrambled future."""
    rows = with_flaws(candles(returns), lots)
    past = rows[:cut]
    begin = past[-1].close_time if past else DAWN
    assert walk([*past, *candles(other, begin=begin)], hmm)[0][: len(past)] == walk(rows, hmm)[0][: len(past)]


@pytest.mark.parametrize("specimen", [smoothed, centred])
def test_the_prefix_check_catches_what_looks_ahead(specimen: Batch) -> None:
    """STYLE: every checker has a specimen that it must catch."""
    rows = candles([0.001, -0.002, 0.0015, 0.02, -0.03, 0.04, 0.001])
    for hmm in (TWO, THREE):
        assert is_causal(filtered, rows, hmm)
        assert not is_causal(specimen, rows, hmm)


@settings(max_examples=80, deadline=None)
@given(returns=RETURNS, lots=LOTS, hmm=HMMS)
def test_probabilities_are_probabilities_and_the_variance_is_positive(returns, lots, hmm) -> None:
    """SIG-5: whatever prices do, and whatever is missing of them."""
    for reading in walk(with_flaws(candles(returns), lots), hmm)[0]:
        assert sum(reading.probabilities.values()) == pytest.approx(1.0, abs=1e-9)
        assert all(0.0 <= each <= 1.0 for each in reading.probabilities.values())
        assert reading.deviation > 0.0


@settings(max_examples=60, deadline=None)
@given(returns=RETURNS, lots=LOTS, hmm=HMMS, cut=st.integers(0, 40))
def test_a_memory_restored_at_any_candle_goes_on_as_the_original(returns, lots, hmm, cut) -> None:
    """Invariant 3: also while a change of regime waits for its confirmation."""
    rows, shown = with_flaws(candles(returns), lots), model(hmm)
    states = walk(rows, hmm)[1]
    cut = min(cut, len(rows))
    memory = msgspec.msgpack.decode(states[cut - 1], type=RegimeMemory) if cut else RegimeMemory(model=shown.content_hash)
    for place in range(cut, len(rows)):
        memory.absorb(rows[place], shown, 2, 0.9)
        assert msgspec.msgpack.encode(memory) == states[place]


FRAMES: tuple[Timeframe, ...] = ("1m", "5m")


@cache
def routed() -> SignalsSettings:
    """The drill that signals at every close, routed: what is decided shows the regime of each minute."""
    directory = Path(tempfile.mkdtemp(prefix="regimes-"))
    paths = tuple(written(directory / f"{s}.json", model(symbol=s, timeframe="5m")) for s in ("BTCUSDT", "ETHUSDT"))
    route = {"every_close": {"calm": 1.0}}
    regimes = RegimeSettings(models=paths, routes=route, warmup_candles=2, confirm_candles=2)
    return SignalsSettings(strategies=("every_close",), drill=True, regimes=regimes)


def build(kind: type[SignalsCore] = SignalsCore) -> SignalsCore:
    return kind(0, ("BTCUSDT", "ETHUSDT"), FRAMES, routed())


def topics(returns: Sequence[float]) -> dict[Timeframe, list[AnalysisBundle]]:
    """Both symbols; ETHUSDT moves as BTCUSDT did a candle ago, and misses some candles."""
    made: dict[Timeframe, list[AnalysisBundle]] = {"1m": [], "5m": []}
    shifted = [returns[-1], *returns[:-1]]
    for one, other in zip(candles(returns, "5m"), candles(shifted, "5m", "ETHUSDT"), strict=True):
        shown = tuple(analysis(of=each) for each in ((one, other) if abs(other.close - other.open) < 20.0 else (one,)))
        missing = () if len(shown) == 2 else ("ETHUSDT",)
        at = one.close_time
        made["5m"].append(AnalysisBundle(partition=0, timeframe="5m", close_time=at, analyses=shown, missing=missing))
        for minute in range(at - 4 * MINUTE, at + MINUTE, MINUTE):
            both = tuple(analysis(of=candle(minute, "1m", symbol)) for symbol in ("BTCUSDT", "ETHUSDT"))
            made["1m"].append(AnalysisBundle(partition=0, timeframe="1m", close_time=minute, analyses=both))
    return made


def interleaved(made: dict[Timeframe, list[AnalysisBundle]], lags: Sequence[int]) -> list[AnalysisBundle]:
    """Each bundle of 5m arrives up to 14 minutes late, in its own order, some twice."""
    arrivals: list[tuple[int, int, AnalysisBundle]] = [(each.close_time, 0, each) for each in made["1m"]]
    at = 0
    for place, each in enumerate(made["5m"]):
        lag = lags[place % len(lags)]
        at = max(at, each.close_time + lag % 15 * MINUTE)
        arrivals.append((at, 1 if lag % 2 else -1, each))
        if lag % 3 == 0:
            arrivals.append((at + 3 * MINUTE, 1, each))
    return [each for _, _, each in sorted(arrivals, key=lambda arrival: arrival[:2])]


def decided(core: SignalsCore, messages: Sequence[AnalysisBundle]) -> list[DecisionBundle]:
    """What a core decides of a backlog that it handles a day later: no deadline passes, and the order alone counts."""
    return [out for each in messages for out in tell(core, each, DAWN + DAY) if isinstance(out, DecisionBundle)]


@settings(max_examples=25, deadline=None)
@given(returns=st.lists(st.floats(-0.05, 0.05), min_size=3, max_size=12), lags=LOTS, cut=st.integers(0, 80))
def test_routed_decisions_do_not_depend_on_arrival_or_restarts(returns, lags, cut) -> None:
    """SIG-5, invariants 1 and 3: over the whole core, with routes."""
    made = topics(returns)
    in_order = decided(build(), interleaved(made, [1]))
    assert len(in_order) == len(made["1m"])
    messages = interleaved(made, lags)
    assert decided(build(), messages) == in_order
    first, second = build(), build()
    begun = decided(first, messages[:cut])
    second.restore(first.snapshot())
    assert second.snapshot() == first.snapshot()
    assert begun + decided(second, messages[cut:]) == in_order


def test_routed_decisions_open_and_close_with_the_regime() -> None:
    """The property above would also hold if the router never changed its mind."""
    made = topics([0.0002, -0.0001] * 4 + [0.03, -0.02] * 4 + [0.0002, -0.0001] * 6)
    reasons = [bundle.decisions[0].why_not for bundle in decided(build(), interleaved(made, [0]))]
    assert set(reasons) == {(), ("wrong_regime",)}
    changes = [place for place in range(1, len(reasons)) if reasons[place] != reasons[place - 1]]
    assert len(changes) == 3, "unknown, calm, volatile, calm"


class Hasty(SignalsCore):
    """Specimen: a candle changes the regime on its arrival, before the closes that wait for older ones are decided."""

    def _take(self, bundle, now):
        for each in bundle.analyses:
            self._router.absorb(each)
        return super()._take(bundle, now)


class Forgetful(SignalsCore):
    """Specimen: its snapshot lacks the regimes."""

    def snapshot(self):
        state = msgspec.msgpack.decode(super().snapshot())
        return msgspec.msgpack.encode({name: part for name, part in state.items() if name != "regimes"})


def test_the_checks_catch_a_core_that_leaks_or_forgets() -> None:
    """STYLE: every checker has a specimen that it must catch."""
    made = topics([0.0002, -0.0001] * 4 + [0.03, -0.02] * 4)
    in_order = decided(build(), interleaved(made, [1]))
    early = [*made["5m"], *made["1m"]]  # all candles of the regime are in before the first minute is decided
    assert decided(build(), early) == in_order
    assert decided(build(Hasty), early) != in_order
    first, second = build(Forgetful), build()
    messages = interleaved(made, [1])
    begun = decided(first, messages[:40])
    second.restore(first.snapshot())
    assert begun + decided(second, messages[40:]) != in_order
