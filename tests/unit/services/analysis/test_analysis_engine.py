"""The engine: order of work, reuse of facts, gaps, refusals (ICT-1 to ICT-5)."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import msgspec
import pytest

from services.analysis.engine import BadCandle, Engine
from services.analysis.lifecycle import TRANSITIONS
from shared.domain.candles import Candle
from shared.domain.facts import FactKind
from tests.support.analysis.candles import LIVELY, STEP, SYMBOL, TIMEFRAME, events, run, seeded_walk

WALK = seeded_walk(1, 400)

SWINGS: Final[tuple[FactKind, ...]] = ("swing_high", "swing_low")
#: Zones of the walk, in the order of the roster.
ZONES: Final[tuple[FactKind, ...]] = ("fvg", "order_block", "breaker_block", "mitigation_block")


def engine() -> Engine:
    return Engine(SYMBOL, TIMEFRAME, LIVELY)


def test_the_walk_shows_every_kind_and_state() -> None:
    """ICT-1..5: the walk that the tests below use has what they test."""
    seen = {(fact.kind, fact.state) for fact in events(run(WALK, LIVELY))}
    assert {"swing_high", "swing_low", "bos", "choch", "fvg", "order_block"} <= {kind for kind, _ in seen}
    for kind in (
        *ZONES,
        "rejection_block",
        "balanced_price_range",
        "ifvg",
        "pivot_high",
        "pivot_low",
        "swing_high",
        "internal_low",
    ):
        assert {state for one, state in seen if one == kind} == set(TRANSITIONS[kind])


def test_one_close_is_worked_in_the_stated_order() -> None:
    """ICT-1..5: zones alive before, breaks, swing confirmations, new gap, new block."""
    for analysis in run(WALK, LIVELY):
        close = analysis.candle.close_time
        ranks = []
        for fact in analysis.events:
            new = fact.confirmed_at == close
            if fact.kind in ZONES:
                made_room = fact.state == "expired"
                # An expired zone is either followed (first) or has made room (last): both places are right.
                ranks.append(None if made_room else ZONES.index(fact.kind) + (200 if new else 0))
            elif fact.kind in ("bos", "choch") or (fact.kind in SWINGS and fact.state == "broken"):
                ranks.append(100)
            elif fact.kind in SWINGS:
                ranks.append(101)
        known = [rank for rank in ranks if rank is not None]
        assert known == sorted(known)


def test_unchanged_facts_are_the_same_objects_in_the_same_order() -> None:
    """ICT-3, OPS-4: readers and the encoder meet the same instances from candle to candle."""
    before = run(WALK, LIVELY)
    quiet = 0
    for one, two in pairwise(before):
        changed = {fact.id for fact in two.events}
        if not two.events:
            assert two.active is one.active
            quiet += 1
        was = {fact.id: fact for fact in one.active}
        for fact in two.active:
            assert fact.id in changed or fact is was[fact.id]
        stays = [fact.id for fact in two.active if fact.id in was and fact.kind in ("fvg", "order_block")]
        assert stays == [fact.id for fact in one.active if fact.id in set(stays)]
    assert quiet > 5


def test_a_disputed_candle_is_passed_on_and_not_judged() -> None:
    """DATA-3: carried with its state, no event, no influence on levels, trend or ATR."""
    clean, met = engine(), engine()
    for candle in WALK[:100]:
        clean.update(candle)
        before = met.update(candle)
    wild = msgspec.structs.replace(WALK[100], high=100_000.0, low=1.0, state="disputed")
    said = met.update(wild)
    assert (said.candle, said.events) == (wild, ())
    assert said.active is before.active
    assert (said.trend, said.atr) == (before.trend, before.atr)
    clean.gap()
    assert [met.update(candle) for candle in WALK[101:]] == [clean.update(candle) for candle in WALK[101:]]


def test_a_jump_in_time_is_a_gap_also_when_nobody_said_so() -> None:
    """DATA-3: told or not, the same."""
    told, untold = engine(), engine()
    for candle in WALK[:100]:
        told.update(candle)
        untold.update(candle)
    told.gap()
    assert [told.update(candle) for candle in WALK[103:]] == [untold.update(candle) for candle in WALK[103:]]
    assert told.state() == untold.state()


@pytest.mark.parametrize("back", [0, STEP])
def test_a_candle_that_is_not_newer_is_refused_and_changes_nothing(back: int) -> None:
    """Duplicates are the core's to drop; history is never rewritten."""
    one = engine()
    for candle in WALK[:50]:
        one.update(candle)
    before = msgspec.msgpack.encode(one.state())
    with pytest.raises(ValueError, match="not newer"):
        one.update(msgspec.structs.replace(WALK[49], open_time=WALK[49].open_time - back))
    assert msgspec.msgpack.encode(one.state()) == before


@pytest.mark.parametrize("change", [{"symbol": "ETHUSDT"}, {"timeframe": "1h"}])
def test_a_foreign_candle_is_refused(change: dict[str, str]) -> None:
    """One engine, one symbol and timeframe."""
    foreign: Candle = msgspec.structs.replace(WALK[0], **change)
    with pytest.raises(ValueError, match="give it to its own engine"):
        engine().update(foreign)


def columns(candles: list[Candle]) -> tuple[list[int], list[float], list[float], list[float], list[float], list[float]]:
    return (
        [c.open_time for c in candles], [c.open for c in candles], [c.high for c in candles],
        [c.low for c in candles], [c.close for c in candles], [c.volume for c in candles],
    )  # fmt: skip


@pytest.mark.parametrize("chunk", [1, 7, 150, 400])
def test_columns_give_what_candles_give(chunk: int) -> None:
    """ICT-1..5: batch = chunked = stream, facts and state; a jump in time is a gap there too."""
    walk = [*WALK[:200], *WALK[203:]]
    one, facts = engine(), []
    for start in range(0, len(walk), chunk):
        facts += one.facts(one.run(*columns(walk[start : start + chunk])))
    assert facts == events(run(walk, LIVELY))
    streamed = engine()
    for candle in walk:
        last = streamed.update(candle)
    assert msgspec.msgpack.encode(one.state()) == msgspec.msgpack.encode(streamed.state())
    after = msgspec.structs.replace(walk[-1], open_time=walk[-1].open_time + STEP)
    assert one.update(after) == streamed.update(after)
    assert last.active


def test_arrays_are_columns_too() -> None:
    """ICT-15: research hands over what it has."""
    np = pytest.importorskip("numpy")
    one, two = engine(), engine()
    assert one.facts(one.run(*map(np.array, columns(WALK)))) == two.facts(two.run(*columns(WALK)))


NAN = float("nan")


@pytest.mark.parametrize(
    "change",
    [
        {"open": NAN}, {"high": NAN}, {"low": NAN}, {"close": NAN}, {"volume": NAN},
        {"low": 0.0}, {"low": -1.0}, {"high": float("inf")}, {"high": 1e12}, {"volume": -1.0},
        {"high": 1.0}, {"low": 5_000.0}, {"close": 5_000.0}, {"open": 1.0},
        {"open_time": WALK[50].open_time + 1}, {"open_time": WALK[49].open_time}, {"open_time": WALK[3].open_time},
    ],
)  # fmt: skip
def test_a_bad_row_is_refused_with_its_candle_named_and_changes_nothing(change: dict[str, float]) -> None:
    """ICT-1..5: decided at the border; what came before stays."""
    one = engine()
    one.run(*columns(WALK[:50]))
    before = msgspec.msgpack.encode(one.state())
    names = ("open_time", "open", "high", "low", "close", "volume")
    row = {name: getattr(WALK[50], name) for name in names} | change
    with pytest.raises(BadCandle, match=str(row["open_time"])):
        one.run(*([row[name]] for name in names))  # type: ignore[arg-type]  # columns of one
    assert msgspec.msgpack.encode(one.state()) == before
    later = events(run(WALK, LIVELY)[50:])
    assert list(one.facts(one.run(*columns(WALK[50:])))) == later


def test_columns_of_different_length_are_refused() -> None:
    """A shifted column would be a silent lie."""
    times, *prices = columns(WALK)
    with pytest.raises(BadCandle, match="differ in length"):
        engine().run(times[:-1], *prices)


def test_a_detector_that_is_off_says_nothing_and_feeds_nobody() -> None:
    """ICT-1..5: without gaps no block claims that one was left."""
    off = LIVELY.model_copy(update={"fvg": LIVELY.fvg.model_copy(update={"enabled": False})})
    facts = events(run(WALK, off))
    assert not [fact for fact in facts if fact.kind == "fvg"]
    assert all("no fair value gap left" in fact.why for fact in facts if fact.kind == "order_block")


def test_ids_are_unique_and_the_same_in_every_run() -> None:
    """ICT-3, ICT-5: content-derived; another symbol or timeframe has others."""
    walk = seeded_walk(3, 1_500)
    facts = events(run(walk, LIVELY))
    born = [fact.id for fact in facts if fact.confirmed_at == fact.changed_at]
    assert len(born) == len(set(born)) > 300
    assert [fact.id for fact in events(run(walk, LIVELY))] == [fact.id for fact in facts]
    other = events(run([msgspec.structs.replace(candle, symbol="ETHUSDT") for candle in walk], LIVELY))
    assert not {fact.id for fact in other} & set(born)


def test_the_active_facts_are_the_same_object_until_one_of_them_changes() -> None:
    """ICT-1..5: a reader sees by the object whether anything did, also at closes at which something else was found."""
    gaps = Engine(SYMBOL, TIMEFRAME, LIVELY, frozenset({"fvg"}))
    analyses, found = [gaps.update(each) for each in WALK], run(WALK, LIVELY)
    quiet = 0
    for (before, after), told in zip(pairwise(analyses), found[1:], strict=True):
        assert (after.active is before.active) is (after.active == before.active)
        quiet += after.active is before.active and bool(told.events)
    assert quiet, "the walk has such closes"
