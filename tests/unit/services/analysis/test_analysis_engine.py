"""The engine: order of work, reuse of facts, gaps, refusals (ICT-1 to ICT-5)."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest
from analysis_candles import LIVELY, STEP, SYMBOL, TIMEFRAME, events, run, seeded_walk

from services.analysis.engine import Engine
from shared.domain.candles import Candle

WALK = seeded_walk(1, 400)


def engine() -> Engine:
    return Engine(SYMBOL, TIMEFRAME, LIVELY)


def test_the_walk_shows_every_kind_and_state() -> None:
    """ICT-1..5: the walk that the tests below use has what they test."""
    seen = {(fact.kind, fact.state) for fact in events(run(WALK, LIVELY))}
    assert {kind for kind, _ in seen} == {"swing_high", "swing_low", "bos", "choch", "fvg", "order_block"}
    assert {state for kind, state in seen if kind == "fvg"} == {"active", "touched", "half_filled", "filled", "expired"}
    assert {state for kind, state in seen if kind == "order_block"} == {"active", "mitigated", "invalidated", "expired"}


def test_one_close_is_worked_in_the_stated_order() -> None:
    """ICT-1..5: zones alive before, breaks, swing confirmations, new gap, new block."""
    for analysis in run(WALK, LIVELY):
        close = analysis.candle.close_time
        ranks = []
        for fact in analysis.events:
            new = fact.confirmed_at == close
            if fact.kind in ("fvg", "order_block"):
                made_room = fact.state == "expired"
                # An expired zone is either followed (first) or has made room (last): both places are right.
                ranks.append(None if made_room else (("fvg", "order_block").index(fact.kind) + (5 if new else 0)))
            elif fact.kind in ("bos", "choch") or fact.state == "broken":
                ranks.append(3)
            else:
                ranks.append(4)
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
    assert quiet > 20


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


def test_ids_are_unique_and_the_same_in_every_run() -> None:
    """ICT-3, ICT-5: content-derived; another symbol or timeframe has others."""
    walk = seeded_walk(3, 1_500)
    facts = events(run(walk, LIVELY))
    born = [fact.id for fact in facts if fact.confirmed_at == fact.changed_at]
    assert len(born) == len(set(born)) > 300
    assert [fact.id for fact in events(run(walk, LIVELY))] == [fact.id for fact in facts]
    other = events(run([msgspec.structs.replace(candle, symbol="ETHUSDT") for candle in walk], LIVELY))
    assert not {fact.id for fact in other} & set(born)
