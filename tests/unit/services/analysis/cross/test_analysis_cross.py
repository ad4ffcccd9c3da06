"""SMT divergence and liquidity correlation on hand-made closes of two symbols (ICT-9; docs/ict.md §13.1)."""

from __future__ import annotations

import zlib
from typing import Literal

import msgspec
import pytest
from pydantic import ValidationError

from services.analysis.base.finding import Finding
from services.analysis.core import AnalysisCore
from services.analysis.cross.correlation import pearson
from services.analysis.cross.pair import Pair
from services.analysis.cross.pairs import Pairs
from services.analysis.cross.placement import unread_pairs
from services.analysis.cross.side import Side
from services.analysis.explain import fact_of
from services.analysis.settings import AnalysisSettings
from services.analysis.settings.cross import CrossSettings, PairSettings
from services.analysis.state import load, save
from shared.config.settings import CommonSettings
from shared.core import StaleSnapshot
from shared.domain.candles import Candle, CandleBundle
from shared.domain.facts import AnalysisBundle, Direction, Fact, FactKind, FactState
from tests.support.analysis.candles import STEP, TIMEFRAME, alone, closed, opened
from tests.support.runtime.telling import tell

BTC, ETH = "BTCUSDT", "ETHUSDT"
SWING_LENGTH = 2
Which = Literal["high", "low"]


def candle(symbol: str, number: int, close: float = 100.0) -> Candle:
    return Candle(
        symbol=symbol,
        timeframe=TIMEFRAME,
        open_time=opened(number),
        open=close,
        high=close,
        low=close,
        close=close,
        volume=1.0,
    )


def swing(symbol: str, side: Which, at: int, level: float) -> Finding:
    kind: FactKind = "swing_high" if side == "high" else "swing_low"
    direction: Direction = "bearish" if side == "high" else "bullish"
    return Finding(kind, direction, level, level, opened(at), closed(at + SWING_LENGTH))


def level(symbol: str, kind: FactKind, price: float, state: FactState = "active", at: int = 0, born: int = 0) -> Finding:
    direction: Direction = "bearish" if kind.endswith("high") else "bullish"
    found = Finding(kind, direction, price, price, opened(born) - STEP, closed(born))
    return found if state == "active" else found.changed(state, closed(at))


def close_of(
    symbol: str, number: int, events: tuple[Finding, ...] = (), active: tuple[Finding, ...] = (), price: float = 100.0
) -> Side:
    return Side(candle(symbol, number, price), list(events), lambda: list(active))


def pair(*, inverse: bool = False, **cross: object) -> Pair:
    return Pair(
        PairSettings(first=BTC, second=ETH, inverse=inverse), CrossSettings.model_validate(cross), STEP, SWING_LENGTH
    )


Told = tuple[int, str, str, str, str, float]


class Tape:
    """Feeds closes to a pair and writes down what it says: (candle, symbol, kind, direction, state, level)."""

    def __init__(self, one: Pair) -> None:
        self.pair = one
        self.told: list[Told] = []

    def close(self, number: int, btc: Side | None, eth: Side | None) -> None:
        one, other = (each and Side(each.candle, each.events, each.active) for each in (btc, eth))  # a pair writes on it
        found = self.pair.update(one, other, closed(number))
        for symbol, findings in zip((BTC, ETH), found, strict=True):
            for each in findings:
                assert each.changed_at == closed(number)
                fact = fact_of(each, symbol, TIMEFRAME)
                assert fact.why.endswith(".")
                self.told.append((number, symbol, each.kind, each.direction, each.state, each.top))

    def swings(
        self, last: int, btc: dict[int, float], eth: dict[int, float], side: Which, other: Which | None = None
    ) -> None:
        """Closes up to ``last``; of each symbol, swings by the candle they were formed at."""
        for number in range(last + 1):
            formed = number - SWING_LENGTH
            sides = []
            for symbol, levels, which in ((BTC, btc, side), (ETH, eth, other or side)):
                events = (swing(symbol, which, formed, levels[formed]),) if formed in levels else ()
                sides.append(close_of(symbol, number, events))
            self.close(number, sides[0], sides[1])


@pytest.mark.parametrize(
    ("side", "btc", "eth", "expected"),
    [
        # BTC makes a higher high, ETH a lower one.
        ("high", {0: 100, 4: 110}, {0: 50, 4: 48}, [(6, "bearish")]),
        ("high", {0: 100, 4: 90}, {0: 50, 4: 55}, [(6, "bearish")]),  # the other way round
        ("high", {0: 100, 4: 110}, {0: 50, 4: 55}, []),  # both higher
        ("high", {0: 100, 4: 90}, {0: 50, 4: 45}, []),  # both lower
        ("high", {0: 100, 4: 100}, {0: 50, 4: 45}, []),  # an equal high says nothing
        ("high", {0: 100, 4: 110}, {0: 50, 4: 50}, []),
        ("low", {0: 100, 4: 90}, {0: 50, 4: 55}, [(6, "bullish")]),
        ("low", {0: 100, 4: 110}, {0: 50, 4: 45}, [(6, "bullish")]),
        ("low", {0: 100, 4: 90}, {0: 50, 4: 45}, []),
        ("high", {0: 100, 4: 110}, {0: 50, 7: 48}, [(9, "bearish")]),  # the answer comes three candles later
        ("high", {0: 100, 7: 110}, {0: 50, 4: 48}, [(9, "bearish")]),
        ("high", {0: 100, 4: 110}, {0: 50, 8: 48}, []),  # four: too late for a window of three
        ("high", {0: 100, 4: 110}, {4: 48}, []),  # its first high has nothing to compare with
        # BTC's two highs: ETH answers the nearer one, each is read once.
        ("high", {0: 100, 4: 110, 6: 105}, {0: 50, 7: 48}, []),
        ("high", {0: 100, 4: 105, 6: 110}, {0: 50, 7: 48}, [(9, "bearish")]),
    ],
)
def test_swings_that_disagree_are_a_divergence(
    side: Which, btc: dict[int, float], eth: dict[int, float], expected: list[tuple[int, str]]
) -> None:
    """ICT-9: known when both swings are confirmed, told of both symbols with their own level."""
    tape = Tape(pair(smt={"swing_window": 3}, correlation={"enabled": False}))
    tape.swings(13, btc, eth, side)
    assert [(number, direction) for number, symbol, _, direction, _, _ in tape.told if symbol == BTC] == expected
    assert [(number, direction) for number, symbol, _, direction, _, _ in tape.told if symbol == ETH] == expected
    for number, symbol, kind, _, state, price in tape.told:
        levels = btc if symbol == BTC else eth
        assert (kind, state) == ("smt_swing", "active")
        assert price == levels[max(formed for formed in levels if formed + SWING_LENGTH <= number)]


def test_symbols_that_move_against_each_other_are_read_upside_down() -> None:
    """ICT-9: BTC makes a higher high, the other does not make a lower low."""
    tape = Tape(pair(inverse=True, correlation={"enabled": False}))
    tape.swings(8, {0: 100, 4: 110}, {0: 50, 4: 52}, "high", "low")
    assert [told[:5] for told in tape.told] == [
        (6, BTC, "smt_swing", "bearish", "active"),
        (6, ETH, "smt_swing", "bullish", "active"),
    ]
    agreeing = Tape(pair(inverse=True, correlation={"enabled": False}))
    agreeing.swings(8, {0: 100, 4: 110}, {0: 50, 4: 45}, "high", "low")
    assert agreeing.told == []


def test_a_divergence_lives_its_age_and_is_active_meanwhile() -> None:
    """ICT-9: ``max_age_candles`` after its confirmation."""
    tape = Tape(pair(smt={"max_age_candles": 3}, correlation={"enabled": False}))
    tape.swings(10, {0: 100, 4: 110}, {0: 50, 4: 48}, "high")
    assert [(told[0], told[4]) for told in tape.told if told[1] == BTC] == [(6, "active"), (10, "expired")]
    assert tape.pair.active() == ([], [])


def test_a_missing_candle_blocks_and_is_never_taken_for_a_failure() -> None:
    """ICT-9: evaluated only when both symbols closed; what was confirmed meanwhile is read then."""
    tape = Tape(pair(correlation={"enabled": False}))
    for number in range(10):
        btc = {2: 100.0, 6: 110.0}.get(number)
        eth = {2: 50.0, 7: 48.0}.get(number)
        one = close_of(BTC, number, () if btc is None else (swing(BTC, "high", number - 2, btc),))
        other = close_of(ETH, number, () if eth is None else (swing(ETH, "high", number - 2, eth),))
        tape.close(number, None if number == 7 else one, other)
    assert [(told[0], told[1]) for told in tape.told] == [(8, BTC), (8, ETH)]


PDH: FactKind = "previous_day_high"
PDL: FactKind = "previous_day_low"


def level_tape(
    kind: FactKind,
    answer: FactKind,
    btc: dict[int, FactState],
    eth: dict[int, FactState],
    *,
    missing: int = -1,
    inverse: bool = False,
) -> list[tuple[int, str, str, str]]:
    """Both have their level from candle 0 on; by candle, the state it gets."""
    tape = Tape(pair(inverse=inverse, smt={"level_window": 3, "max_age_candles": 2}, correlation={"enabled": False}))
    for number in range(1, 9):
        sides = []
        for symbol, own, states, price in ((BTC, kind, btc, 110.0), (ETH, answer, eth, 55.0)):
            events = (level(symbol, own, price, states[number], number),) if number in states else ()
            standing = () if any(at <= number for at in states) else (level(symbol, own, price),)
            sides.append(close_of(symbol, number, events, standing))
        tape.close(number, sides[0], None if number == missing else sides[1])
    return [told[:2] + told[3:5] for told in tape.told]


@pytest.mark.parametrize(("kind", "direction"), [(PDH, "bearish"), (PDL, "bullish"), ("session_high", "bearish")])
@pytest.mark.parametrize("state", ["swept", "broken"])
def test_a_level_that_only_one_takes_is_a_divergence(kind: FactKind, direction: Direction, state: FactState) -> None:
    """ICT-9: provisional when it is taken, there at the end of the window, gone with its age."""
    assert level_tape(kind, kind, {2: state}, {}) == [
        (2, BTC, direction, "provisional"),
        (2, ETH, direction, "provisional"),
        (5, BTC, direction, "active"),
        (5, ETH, direction, "active"),
        (8, BTC, direction, "expired"),
        (8, ETH, direction, "expired"),
    ]


@pytest.mark.parametrize(("kind", "direction"), [(PDH, "bearish"), (PDL, "bullish")], ids=["high", "low"])
@pytest.mark.parametrize(
    ("btc", "eth", "missing", "expected"),
    [
        ({2: "swept"}, {2: "swept"}, -1, []),  # both in the same candle
        ({2: "swept"}, {4: "broken"}, -1, [(2, "provisional"), (4, "failed")]),  # the other follows
        ({2: "swept"}, {5: "swept"}, -1, [(2, "provisional"), (5, "failed")]),  # at the last close of the window
        ({2: "swept"}, {6: "swept"}, -1, [(2, "provisional"), (5, "active"), (8, "expired")]),  # too late
        ({4: "swept"}, {2: "swept"}, -1, [(2, "provisional"), (4, "failed")]),  # the other one first
        ({2: "swept"}, {4: "expired"}, -1, [(2, "provisional"), (4, "expired")]),  # its level was replaced
        ({2: "swept"}, {}, 4, [(2, "provisional"), (4, "expired")]),  # a candle is missing: nobody knows
        ({2: "expired"}, {}, -1, []),  # not taken
    ],
)
def test_the_other_symbol_decides_about_a_taken_level(
    btc: dict[int, FactState],
    eth: dict[int, FactState],
    missing: int,
    expected: list[tuple[int, str]],
    kind: FactKind,
    direction: Direction,
) -> None:
    """ICT-9: failed when it follows within the window, unknown when a candle is missing."""
    told = level_tape(kind, kind, btc, eth, missing=missing)
    assert {one[2] for one in told} <= {direction}
    assert [(number, state) for number, symbol, _, state in told if symbol == BTC] == expected
    owed = [(5 if missing == 4 and number == 4 else number, state) for number, state in expected]
    assert [(number, state) for number, symbol, _, state in told if symbol == ETH] == owed


def test_a_level_of_another_period_is_no_answer() -> None:
    """ICT-9: the levels must be of the same period, known at the same close."""
    tape = Tape(pair(correlation={"enabled": False}))
    tape.close(
        3,
        close_of(BTC, 3, (level(BTC, PDH, 110.0, "swept", 3),)),
        close_of(ETH, 3, (), (level(ETH, PDH, 55.0, at=1, born=1),)),
    )
    assert tape.told == []


def test_of_symbols_that_move_against_each_other_a_low_answers_a_high() -> None:
    """ICT-9."""
    assert level_tape(PDH, PDL, {2: "swept"}, {}, inverse=True)[:4] == [
        (2, BTC, "bearish", "provisional"),
        (2, ETH, "bullish", "provisional"),
        (5, BTC, "bearish", "active"),
        (5, ETH, "bullish", "active"),
    ]


def correlation_tape(btc: list[float], eth: list[float], measure: str, missing: int = -1) -> list[tuple[int, str, str]]:
    tape = Tape(pair(smt={"enabled": False}, correlation={"measure": measure, "window": 5}))
    for number, (one, other) in enumerate(zip(btc, eth, strict=True)):
        sides = []
        for symbol, price in ((BTC, one), (ETH, other)):
            events = (swing(symbol, "high", -2, 200.0), swing(symbol, "low", -2, 50.0)) if number == 0 else ()
            sides.append(close_of(symbol, number, events, price=price))
        tape.close(number, sides[0], None if number == missing else sides[1])
    return [(told[0], told[1], told[4]) for told in tape.told]


WAVE = [100.0, 110.0, 90.0, 120.0, 80.0, 130.0]


@pytest.mark.parametrize(("measure", "first"), [("liquidity", 4), ("returns", 5)])
def test_two_that_move_together_are_correlated_from_a_full_window_on(measure: str, first: int) -> None:
    """ICT-9: an event above 0.7, told once of both."""
    together = [price * 0.9 for price in WAVE]
    assert correlation_tape(WAVE, together, measure) == [(first, BTC, "active"), (first, ETH, "active")]
    against = [200.0 - price for price in WAVE]
    assert correlation_tape(WAVE, against, measure) == []


def test_correlation_ends_below_the_threshold_less_the_hysteresis() -> None:
    """ICT-9: it does not flicker around 0.7."""
    one = [*WAVE, 100.0, 100.0, 120.0, 90.0]
    other = [*WAVE, 100.0, 120.0, 80.0, 130.0]
    told = correlation_tape(one, other, "liquidity")
    assert [(symbol, state) for _, symbol, state in told] == [
        (BTC, "active"),
        (ETH, "active"),
        (BTC, "expired"),
        (ETH, "expired"),
    ]


def test_a_missing_candle_adds_no_value_and_no_return_spans_it() -> None:
    """ICT-9: closes of both only."""
    wave = [*WAVE, 100.0]
    assert correlation_tape(wave, wave, "liquidity", missing=2)[0] == (5, BTC, "active")
    assert correlation_tape([*wave, 120.0], [*wave, 120.0], "returns", missing=2)[0] == (7, BTC, "active")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [([1, 2, 3], [2, 4, 6], 1.0), ([1, 2, 3], [3, 2, 1], -1.0), ([1, 1, 1], [1, 2, 3], 0.0), ([1, 2, 1], [1, 1, 2], -0.5)],
)
def test_pearson(one: list[float], other: list[float], expected: float) -> None:
    """ICT-9: by hand."""
    assert pearson(one, other) == pytest.approx(expected)


def test_a_pair_survives_a_restart_anywhere() -> None:
    """Invariant 3: saved and loaded at every close, it says the same."""
    steady, moved = Tape(pair(correlation={"window": 5})), Tape(pair(correlation={"window": 5}))
    for number in range(40):
        noise = zlib.crc32(str(number).encode())
        sides = []
        for symbol, bits in ((BTC, noise), (ETH, noise >> 8)):
            events: tuple[Finding, ...] = ()
            if number >= 2:
                events = (
                    swing(symbol, "high", number - 2, 150.0 + bits % 16),
                    swing(symbol, "low", number - 2, 50.0 + bits % 7),
                )
            if bits % 5 == 0:
                events = (*events, level(symbol, PDH, 110.0, "swept", number))
            standing = () if bits % 5 == 0 else (level(symbol, PDH, 110.0),)
            sides.append(None if bits % 11 == 0 else close_of(symbol, number, events, standing, 100.0 + bits % 32))
        fresh = pair(correlation={"window": 5})
        load(fresh, msgspec.msgpack.decode(msgspec.msgpack.encode(save(moved.pair))))
        moved.pair = fresh
        for tape in (steady, moved):
            tape.close(number, sides[0], sides[1])
    assert moved.told == steady.told
    assert {told[2] for told in steady.told} >= {"smt_swing", "smt_level"}
    assert save(moved.pair) == save(steady.pair)


def bundle(number: int, btc: Candle | None, eth: Candle | None) -> CandleBundle:
    return CandleBundle(
        partition=0,
        timeframe=TIMEFRAME,
        close_time=closed(number),
        candles=tuple(each for each in (btc, eth) if each is not None),
        missing=tuple(symbol for symbol, each in ((BTC, btc), (ETH, eth)) if each is None),
    )


WALKING = alone("structure", "cross", swing_length=1, cross={"smt": {"swing_window": 1}, "correlation": {"window": 5}})
#: Highs of both: BTC's second is higher, ETH's is lower.
BTC_CLOSES = [100.0, 110.0, 100.0, 95.0, 120.0, 100.0, 101.0]
ETH_CLOSES = [50.0, 55.0, 50.0, 48.0, 54.0, 50.0, 51.0]


def said(core: AnalysisCore, *, without_eth: int = -1, disputed: int = -1) -> list[Fact]:
    found = []
    for number, (btc, eth) in enumerate(zip(BTC_CLOSES, ETH_CLOSES, strict=True)):
        second = candle(ETH, number, eth)
        if number == disputed:
            second = msgspec.structs.replace(second, state="disputed")
        (answer,) = tell(core, bundle(number, candle(BTC, number, btc), None if number == without_eth else second))
        assert isinstance(answer, AnalysisBundle)
        for analysis in answer.analyses:
            mine = [fact for fact in analysis.events if fact.kind == "smt_swing"]
            found += mine
            assert all(fact in analysis.active for fact in mine if fact.state == "active")
    return found


def test_the_core_reads_pairs_after_its_engines() -> None:
    """ICT-9: in the bundle of the close at which both swings are confirmed, in the analysis of each symbol."""
    one, other = said(AnalysisCore(0, TIMEFRAME, WALKING))
    assert (one.direction, other.direction) == ("bearish", "bearish")
    assert (one.label, other.label, one.top, other.top) == (ETH, BTC, 120.0, 54.0)
    assert one.confirmed_at == closed(5)
    assert one.id != other.id


@pytest.mark.parametrize("kwargs", [{"without_eth": 5}, {"disputed": 5}])
def test_the_core_reads_no_pair_while_a_candle_is_missing_or_disputed(kwargs: dict[str, int]) -> None:
    """ICT-9, DATA-3."""
    assert said(AnalysisCore(0, TIMEFRAME, WALKING), **kwargs) == []


def test_switched_off_there_is_nothing() -> None:
    """ICT-9."""
    assert said(AnalysisCore(0, TIMEFRAME, alone("structure", swing_length=1))) == []


def test_a_snapshot_of_another_version_is_refused() -> None:
    """Invariant 3."""
    pairs = Pairs(TIMEFRAME, AnalysisSettings())
    state = pairs.state()
    with pytest.raises(StaleSnapshot, match="warm up"):
        Pairs(TIMEFRAME, AnalysisSettings()).restore(msgspec.structs.replace(state, layout="old"))
    Pairs(TIMEFRAME, alone()).restore(msgspec.structs.replace(state, layout="old"))  # none wanted, none refused


@pytest.mark.parametrize(
    ("common", "says"),
    [
        ({"partitions": {"count": 2, "pinned": {BTC: 0, ETH: 1}}}, "BTCUSDT is in partition 0, ETHUSDT in 1"),
        ({"symbols": [BTC]}, None),  # nobody asked for the pair that is read by default
        ({"symbols": ["SOLUSDT"]}, None),
        ({"partitions": {"count": 2, "pinned": {BTC: 1, ETH: 1}}}, None),
        ({}, None),
    ],
)
def test_a_pair_that_cannot_be_read_is_said_before_the_start(common: dict[str, object], says: str | None) -> None:
    """ICT-9: by name, with what to do."""
    notes = unread_pairs(CrossSettings(), CommonSettings.model_validate(common))
    assert len(notes) == (says is not None)
    assert all(says is not None and says in note and "analysis.cross.pairs" in note for note in notes)
    asked = CrossSettings.model_validate({"pairs": [{"first": "ADAUSDT", "second": "XRPUSDT"}]})
    assert "ADAUSDT, XRPUSDT; add" in unread_pairs(asked, CommonSettings())[0]
    assert unread_pairs(CrossSettings(enabled=False), CommonSettings.model_validate(common)) == []


@pytest.mark.parametrize(
    ("pairs", "says"),
    [
        ([{"first": BTC, "second": BTC}], "pairs BTCUSDT with itself"),
        ([{"first": BTC, "second": ETH}, {"first": ETH, "second": BTC}], "twice"),
    ],
)
def test_a_wrong_pair_is_refused(pairs: list[dict[str, str]], says: str) -> None:
    """ICT-9: bad input is decided at the border."""
    with pytest.raises(ValidationError, match=says):
        CrossSettings.model_validate({"pairs": pairs})
