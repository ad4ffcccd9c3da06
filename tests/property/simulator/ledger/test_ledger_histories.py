"""The judge beside a slow one that looks at every millisecond, in random histories of orders, stops, faults, processes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from simulator.ledger.judge import judge
from simulator.ledger.record import Conditional, FaultOver, FaultSet, Line, Note, Ordered, read
from simulator.ledger.spans import Span, common, joined, without
from simulator.server.ledger_file import encoded
from tests.support.chaos.ledgers import LOT, Story

SPANS = st.lists(st.builds(lambda begin, ms: Span(begin, begin + ms), st.integers(0, 60), st.integers(0, 20)), max_size=8)
STEPS = st.lists(
    st.tuples(st.sampled_from(["buy", "sell", "stop", "cancel", "outage", "well", "gone", "back"]), st.integers(0, 9)),
    max_size=30,
)


def moments(spans: list[Span]) -> set[int]:
    return {ms for each in spans for ms in range(each.begin, each.end)}


@given(SPANS, SPANS)
def test_spans_are_sets_of_moments(one: list[Span], other: list[Span]) -> None:
    assert moments(joined(one)) == moments(one)
    for each in one:
        assert moments(without(each, joined(other))) == moments([each]) - moments(other)
        assert moments(common(each, joined(other))) == moments([each]) & moments(other)


def told(steps: list[tuple[str, int]]) -> Story:
    """A history: what makes no sense in its place is left out."""
    story, stops, fault, there, held = Story(running=("guardian",), start=1_000), list[int](), 0, True, Decimal(0)
    for number, (what, ms) in enumerate(steps):
        story.wait(ms)
        if what in ("buy", "sell"):
            reduces = (held > 0) == (what == "sell") and held != 0
            story.order(f"icte0000-{number}", "BUY" if what == "buy" else "SELL", reduces=reduces)
            held += LOT if what == "buy" else -LOT
        elif what == "stop":
            stops.append(story.stop(f"icte0000-{number}", "SELL" if held > 0 else "BUY"))
        elif what == "cancel" and stops:
            story.stop_is(stops.pop(), "CANCELED")
        elif what == "outage" and not fault:
            fault = story.fault(kind="rest_outage")
        elif what == "well" and fault:
            story.lift(fault)
            fault = 0
        elif (what == "gone") == there and what in ("gone", "back"):
            there = not there
            story.note("running" if there else "gone", "guardian")
    story.wait(5)
    story.note("settled")
    return story


def slowly(lines: list[Line]) -> tuple[int, int, int]:
    """Milliseconds bare, bare while stops are refused, and bare while nobody runs, as one sees them moment by moment."""
    held, stops, faults, there = Decimal(0), dict[int, str](), set[int](), True
    bare = refused = unattended = 0
    for at in range(min(each.at for each in lines), max(each.at for each in lines)):
        for line in (each for each in lines if each.at == at):
            if isinstance(line, Ordered) and line.trade_id:
                held += line.filled if line.side == "BUY" else -line.filled
            elif isinstance(line, Conditional):
                _stand(stops, line)
            elif isinstance(line, FaultSet):
                faults.add(line.number)
            elif isinstance(line, FaultOver):
                faults.discard(line.number)
            elif isinstance(line, Note) and line.what in ("gone", "running"):
                there = line.what == "running"
        if held and ("SELL" if held > 0 else "BUY") not in stops.values():
            refused += bool(faults)
            unattended += not there and not faults
            bare += there and not faults
    return bare, refused, unattended


def _stand(stops: dict[int, str], line: Conditional) -> None:
    if line.status == "NEW":
        stops[line.algo_id] = line.side
    else:
        stops.pop(line.algo_id, None)


@given(STEPS)
def test_time_without_a_stop_is_what_one_sees_moment_by_moment(steps: list[tuple[str, int]]) -> None:
    """EXEC-3."""
    story = told(steps)
    found: Any = judge(story.case()).bare
    assert (found.total, found.refused, found.unattended) == slowly(story.lines)


@given(STEPS)
def test_a_ledger_reads_as_it_was_written(steps: list[tuple[str, int]]) -> None:
    lines = told(steps).lines
    assert read([encoded(each) for each in lines]) == lines
