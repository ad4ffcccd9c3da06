"""Filters know no later candle, survive a restart at any message, keep bounded state, and treat both sides alike."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.signals.core import SignalsCore, SignalsState
from services.signals.filters.cost import CostSettings, cost_in_r
from services.signals.filters.hypothetical import Hypothetical
from services.signals.filters.settings import FiltersSettings
from services.signals.filters.time_suitability import TimeSuitabilitySettings, gates, suitability
from services.signals.filters.volatility import VolatilitySettings, volatilities
from services.signals.filters.volatility import gates as volatility_gates
from services.signals.filters.zone_record import ZoneRecord
from services.signals.settings import SignalsSettings
from services.signals.view.history import Bars
from shared.domain.candles import Candle
from shared.domain.control import Alert
from shared.domain.decisions import DecisionBundle
from shared.domain.facts import Analysis, AnalysisBundle
from shared.domain.message import Message
from shared.domain.timeframes import DAY, MINUTE, Timeframe
from tests.support.runtime.telling import tell
from tests.support.signals.filter_scenes import flat, limit, market, market_view, minute, window
from tests.support.signals.scenes import CLOSE, DAWN, analysis, block, gap

MIDDLE = 100.0
#: Quarters: sums and mirrors of them are exact.
QUARTERS = st.integers(-8, 8).map(lambda steps: MIDDLE + steps / 4.0)
#: Of each minute: two prices that it reached, its close between them, and what is wrong with it (0: it is missing).
MINUTES = st.lists(st.tuples(QUARTERS, QUARTERS, st.integers(0, 2), st.integers(0, 9)), min_size=1, max_size=30)
ZONES = ("asian", "outside")


def path(rows: Sequence[tuple[float, float, int, int]], *, mirrored: bool = False) -> list[Candle]:
    made = []
    for place, (one, other, where, lot) in enumerate(rows):
        prices = [one, other, [one, other, (one + other) / 2.0][where]]
        low, high, close = (2.0 * MIDDLE - each if mirrored else each for each in (min(prices), max(prices), prices[2]))
        low, high = min(low, high), max(low, high)
        if lot:
            at = CLOSE + (place + 1) * MINUTE
            made.append(flat(at, close, low=low, high=high, state="disputed" if lot == 1 else "closed"))
    return made


@settings(max_examples=150, deadline=None)
@given(rows=MINUTES, distance=st.integers(1, 6), reward=st.integers(1, 6), rests=st.integers(0, 5), until=st.integers(1, 30))
def test_a_mirrored_market_gives_mirrored_hypothetical_trades(rows, distance, reward, rests, until) -> None:
    """ICT-11: buys and sells are one piece of arithmetic."""
    told = []
    for sign in (1.0, -1.0):
        stop, target = MIDDLE - sign * distance / 4.0, MIDDLE + sign * reward / 4.0
        signal = limit(MIDDLE, stop, target=target, rests=rests) if rests else market(MIDDLE, stop, target=target)
        trade = Hypothetical.of(signal, ZONES, until * MINUTE)
        told.append([trade.take(each) for each in path(rows, mirrored=sign < 0.0)])
    assert told[0] == told[1]


@settings(max_examples=60, deadline=None)
@given(entry=st.floats(1.0, 1e5), share=st.floats(0.001, 0.5), maker=st.booleans())
def test_the_cost_of_a_buy_is_that_of_the_mirrored_sell(entry, share, maker) -> None:
    """SIG-6: and it falls as the stop lies farther away."""
    make = limit if maker else market
    costs = [cost_in_r(make(entry, entry * (1.0 + each)), CostSettings()) for each in (-share, share, 2.0 * share)]
    assert costs[0] == pytest.approx(costs[1])
    assert costs[2] == pytest.approx(costs[1] / 2.0)


@settings(max_examples=100, deadline=None)
@given(
    at=st.integers(0, 60 * 24 * 800).map(lambda minutes: DAWN + minutes * MINUTE),
    kinds=st.lists(st.sampled_from(["kill_zone", "silver_bullet", "macro", "session", "quiet_hours", "key_open"])),
    age=st.integers(0, 2_000),
    least=st.floats(0.0, 1.0),
)
def test_the_score_is_between_0_and_1_grows_with_windows_and_is_the_same_for_both_sides(at, kinds, age, least) -> None:
    """SIG-6."""
    own = TimeSuitabilitySettings(min_score=least)
    facts = [window(kind, f"{kind}_{place}", at - age * MINUTE, at) for place, kind in enumerate(kinds)]
    scores = [suitability(minute(at, *facts[:count]), own) for count in range(len(facts) + 1)]
    assert scores == sorted(scores)
    assert 0.0 <= scores[0] <= scores[-1] <= 1.0
    view = market_view(minute(at, *facts), at=at)
    assert gates(view, market(100.0, 99.0, at=at), own) == gates(view, market(100.0, 101.0, at=at), own)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(QUARTERS, QUARTERS, QUARTERS), min_size=12, max_size=30), period=st.integers(1, 4))
def test_volatility_is_judged_by_its_window_alone_and_the_same_for_both_sides(rows, period) -> None:
    """SIG-6, invariant 1: candles from before the window change nothing, and no gate looks at the side."""
    bars = [(max(each), min(each), each[2]) for each in rows]
    own = VolatilitySettings(period=period, window=6)
    whole, tail = market_view(bars=bars), market_view(bars=bars[-own.candles :])
    buy, sell = market(100.0, 99.0), market(100.0, 101.0)
    assert volatility_gates(whole, buy, own) == volatility_gates(tail, sell, own)
    columns = Bars(*[[each[place] for each in bars] for place in range(3)])
    moved = Bars(*[[each + 1.0 for each in column] for column in columns])
    assert len(volatilities(columns, period)) == len(rows) - period
    for one, other, close in zip(
        volatilities(columns, period), volatilities(moved, period), columns.closes[period:], strict=True
    ):
        assert one * close == pytest.approx(other * (close + 1.0))


FRAMES: tuple[Timeframe, ...] = ("1m", "5m")


@cache
def filtered() -> SignalsSettings:
    """Everything on, with so small a sample that records count at once; a strategy that signals often."""
    everything = {
        "time_suitability": {"enabled": True, "min_score": 0.2, "tell": True, "threshold": 0.5},
        "volatility": {"enabled": True, "period": 2, "window": 3, "lowest_rank": 0.1, "highest_rank": 0.9},
        "cost": {"enabled": True, "max_cost_r": 0.5},
        "sensitivity": {"enabled": True, "inside": 0.9, "outside": 1.1}
        | {"learn": True, "min_sample": 1, "follow_ms": 7 * MINUTE, "shrinkage": 1.0},
    }
    own = {"timeframe": "5m", "warmup_candles": 0, "max_stop_distance": 0.4}
    return SignalsSettings.model_validate(
        {"strategies": ("ob_fvg", "every_close"), "drill": True, "ob_fvg": own, "filters": everything}
    )


def build(kind: type[SignalsCore] = SignalsCore) -> SignalsCore:
    return kind(0, ("BTCUSDT", "ETHUSDT"), FRAMES, filtered())


def bundles(moves: Sequence[int]) -> list[AnalysisBundle]:
    """1m and 5m of two symbols, with a block and a gap at every close, zones that come and go, and holes."""
    made: list[AnalysisBundle] = []
    price = 101.5
    for place, move in enumerate(moves):
        at = DAWN + (place + 1) * MINUTE
        before, price = price, max(100.2, price + move / 8.0)
        facts = [block(id=f"block-{place}"), gap(id=f"gap-{place}")]
        if place % 12 > 5:
            facts.append(window("kill_zone", "asian" if place % 24 > 11 else "london_open", at - MINUTE, at))
        if place % 8 > 4:
            facts.append(window("silver_bullet", "silver", at - MINUTE, at))
        for frame in FRAMES if (place + 1) % 5 == 0 else FRAMES[:1]:
            shown = [_candle(at, frame, symbol, before, price) for symbol in ("BTCUSDT", "ETHUSDT")]
            gone = move == 7
            told = tuple(analysis(*facts, of=each) for each in (shown[:1] if gone else shown))
            missing = ("ETHUSDT",) if gone else ()
            made.append(AnalysisBundle(partition=0, timeframe=frame, close_time=at, analyses=told, missing=missing))
    return made


def _candle(at: int, frame: Timeframe, symbol: str, before: float, after: float) -> Candle:
    low = min(before, after) - 0.5
    plain = flat(at, after, low=min(low, 101.0) if frame == "5m" else low, high=max(before, after) + 0.5)
    return msgspec.structs.replace(
        plain, symbol=symbol, timeframe=frame, open_time=at - (5 if frame == "5m" else 1) * MINUTE
    )


def outputs(core: SignalsCore, messages: Sequence[AnalysisBundle]) -> list[Message]:
    return [out for each in messages for out in tell(core, each, DAWN + DAY)]


MOVES = st.lists(st.integers(-7, 7), min_size=10, max_size=60)


@settings(max_examples=40, deadline=None)
@given(moves=MOVES, other=MOVES, cut=st.integers(0, 70))
def test_filtered_decisions_do_not_depend_on_what_follows_or_on_restarts(moves, other, cut) -> None:
    """Invariants 1 and 3: a beginning says the beginning; restored at any message, the same bytes follow."""
    messages = bundles(moves)
    whole = outputs(build(), messages)
    first, second = build(), build()
    begun = outputs(first, messages[:cut])
    assert begun == whole[: len(begun)]
    second.restore(first.snapshot())
    assert second.snapshot() == first.snapshot()
    assert begun + outputs(second, messages[cut:]) == whole
    outputs(first, messages[cut:])
    assert second.snapshot() == first.snapshot()
    # Another future, and every message twice, change nothing of what was said.
    begin = list(moves[: len(moves) // 2])
    known = outputs(build(), bundles(begin))
    assert outputs(build(), bundles([*begin, *other]))[: len(known)] == known
    assert outputs(build(), [each for each in messages for _ in range(2)]) == whole


def test_the_scenes_of_the_property_show_every_reason_and_both_results() -> None:
    """The property above would also hold if nothing was ever filtered or learnt."""
    core = build()
    told = outputs(core, bundles([(place * 5) % 13 - 6 for place in range(600)]))
    decisions = [one for each in told if isinstance(each, DecisionBundle) for one in each.decisions]
    reasons = {reason for one in decisions for reason in one.why_not}
    assert {"unsuitable_time", "volatility_extreme", "cost_too_high", "against_structure"} <= reasons
    assert len({one.signal.threshold for one in decisions if one.signal is not None}) > 2
    assert any(isinstance(each, Alert) for each in told)
    records = msgspec.msgpack.decode(core.snapshot(), type=SignalsState).records
    assert {"asian", "london_open", "outside"} <= set(records["BTCUSDT"].zones)
    assert 0.0 < records["BTCUSDT"].overall.win_rate < 1.0


def test_memory_of_filters_is_bounded() -> None:
    """Invariant 6: a thousand closes more add no byte to speak of."""
    core = build()
    moves = [(place * 5) % 13 - 6 for place in range(1_600)]
    messages = bundles(moves)
    sizes = []
    for part in (messages[:720], messages[720:]):
        outputs(core, part)
        records = msgspec.msgpack.decode(core.snapshot(), type=SignalsState).records
        sizes.append(len(msgspec.msgpack.encode(records)))
        assert all(len(each.open) <= 2 and len(each.zones) <= 3 for each in records.values())
    assert sizes[1] <= sizes[0] * 1.3


class Hasty(SignalsCore):
    """Specimen: a followed trade sees a candle on its arrival, before the closes that wait for older ones are decided."""

    def _take(self, bundle, now):
        for each in bundle.analyses:
            self._filters.absorb(each)
        return super()._take(bundle, now)


class Forgetful(SignalsCore):
    """Specimen: its snapshot lacks the records."""

    def snapshot(self):
        state = msgspec.msgpack.decode(super().snapshot())
        return msgspec.msgpack.encode({name: part for name, part in state.items() if name != "records"})


def test_the_checks_catch_a_core_that_leaks_or_forgets() -> None:
    """STYLE: every checker has a specimen that it must catch."""
    messages = bundles([(place * 5) % 13 - 6 for place in range(300)])
    whole = outputs(build(), messages)
    delayed = sorted(messages, key=lambda each: each.close_time + (4 * MINUTE if each.timeframe == "5m" else 0))
    assert outputs(build(), delayed) == whole
    assert outputs(build(Hasty), delayed) != whole
    first, second = build(Forgetful), build()
    begun = outputs(first, messages[:200])
    second.restore(first.snapshot())
    assert begun + outputs(second, messages[200:]) != whole


def peeking(trades: ZoneRecord, rows: Sequence[Candle]) -> list[float]:
    """Specimen: counts the outcome of a trade where it begins."""
    for each in rows:
        trades.absorb(each, 100.0)
    return [trades.overall.trades] * len(rows)


def counted(trades: ZoneRecord, rows: Sequence[Candle]) -> list[float]:
    told = []
    for each in rows:
        trades.absorb(each, 100.0)
        told.append(trades.overall.trades)
    return told


def test_an_outcome_counts_only_from_the_close_that_showed_it() -> None:
    """ICT-11, invariant 1: of any beginning the counts are the beginning of the counts; the specimen is caught."""
    rows = path([(100.0, 100.25, 0, 5)] * 3 + [(99.0, 100.0, 0, 5)])

    def causal(count) -> bool:
        made = []
        for end in range(1, len(rows) + 1):
            record = ZoneRecord()
            record.follow(market(MIDDLE, 99.0), ZONES, DAY)
            made.append(count(record, rows[:end]))
        return all(each == made[-1][: len(each)] for each in made)

    assert causal(counted)
    assert not causal(peeking)


def test_analyses_of_strangers_and_other_timeframes_change_no_record() -> None:
    core = build()
    outputs(core, bundles([1, -1] * 10))
    before = core.snapshot()
    strange: Analysis = minute(DAWN + 21 * MINUTE, symbol="XRPUSDT")
    core._filters.absorb(strange)
    core._filters.absorb(analysis(of=_candle(DAWN + 25 * MINUTE, "5m", "BTCUSDT", 1.0, 200.0)))
    assert core.snapshot() == before
    assert FiltersSettings().sensitivity.learn is False
