"""The fast path: minutes in which nothing can happen are passed over (BT-7).

Its files are those of ``stepwise``, byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from functools import partial

from research.backtest.cache.cache import Cache
from research.backtest.cache.decisions import Part
from research.backtest.collecting import rarely
from research.backtest.deciding import decided, nobody_signals
from research.backtest.money import Money
from research.backtest.passing import Coming, Funding, Passing
from research.backtest.sections import Sections
from research.backtest.tape import Tape
from research.report.resting import Resting
from services.signals.core import Said
from shared.domain.decisions import DecisionBundle
from simulator.recorder import Recorder

#: Is told now and then which close was reached, UTC ms.
OnStep = Callable[[int], None]


@rarely()
def run(
    sections: Sections,
    tape: Tape,
    funding: Funding,
    recorder: Recorder,
    on_step: OnStep | None = None,
    lead: int = 0,
    resting: Resting | None = None,
    cache: Cache | None = None,
) -> int:
    """Play a tape; return how many minutes passed the account.

    lead: rows at the beginning that are analysed and not traded: strategies are warm when the account begins.
    resting: keeps the zones of signals, those of the lead too.
    cache: what it holds of this tape is read, and what it does not is left there; decisions only without a lead.
    """
    kept = cache.decisions(sections, zones=resting is not None) if cache is not None and not lead else None
    if kept is not None:
        return _again(kept, sections, tape, funding, recorder, on_step, resting)
    walk = _Walk(sections, tape.part(lead, len(tape)), funding, recorder)
    keep = cache.keeping_decisions(sections, recorder, zones=resting is not None) if cache is not None and not lead else None
    with keep or nullcontext() as keeping:
        if keeping is not None and resting is not None:
            resting = resting.also(keeping.rests_on)
        for row, said, bundles in decided(sections, tape, resting, cache):
            if row < lead:
                continue
            walk.until(row - lead)
            walk.close(row - lead, said, bundles)
            if keeping is not None:
                keeping.closed(row, bundles)
            if on_step is not None:
                on_step(tape.close_time(row))
        walk.until(len(tape) - lead)
        if keeping is not None:
            keeping.finish(len(tape))
    if on_step is not None:
        on_step(tape.last)
    return walk.passed


def _again(
    parts: Iterator[Part],
    sections: Sections,
    tape: Tape,
    funding: Funding,
    recorder: Recorder,
    on_step: OnStep | None,
    resting: Resting | None,
) -> int:
    """Play decisions that were kept to an account."""
    walk = _Walk(sections, tape, funding, recorder)
    for part in parts:
        walk.recorded(part)
        if resting is not None:
            for zones in part.zones:
                resting.tell(zones)
        if on_step is not None:
            on_step(tape.close_time(min(part.row, len(tape) - 1)))
    return walk.passed


class _Walk:
    """Passes the rows to the account that have to pass it, and records the decisions of the others."""

    def __init__(self, sections: Sections, tape: Tape, funding: Funding, recorder: Recorder) -> None:
        common = sections.common
        self._partitions = common.partitions.count
        self._symbols = sorted(symbol for number in range(self._partitions) for symbol in common.symbols_of(number))
        self._tape = tape
        self._funding = funding
        self._recorder = recorder
        self._money = Money(sections, recorder.take)
        self._passing = Passing(tape, funding, self._money, recorder.summary)
        self.passed = 0
        self._next = Coming(0)
        self._counted = 0  # rows whose decisions are in the summary, and in the files where they say something new

    def until(self, row: int) -> None:
        """Pass over everything before ``row``: nobody judges there."""
        first = self._counted
        if first < row:
            self._recorder.unjudged(self._symbols, row - first, self._tape.close_time(first))
            self._quiet(row)
            self._counted = row

    def close(self, row: int, said: Sequence[Said], bundles: tuple[DecisionBundle, ...]) -> None:
        """Record what is decided in ``row``; it passes the account if it has to, or if there is a signal (``bundles``)."""
        if bundles:
            self._step(row, bundles)
        else:
            self._recorder.judged(self._tape.close_time(row), said)
            self._quiet(row + 1)
        self._counted = row + 1

    def recorded(self, part: Part) -> None:
        """Pass over the rows of a part, whose decisions are recorded with it; its last one passes if there is a signal."""
        self._recorder.write_decisions(part.lines)
        self._recorder.summary.add_decided(part.decisions, part.signals, part.why_not)
        self._quiet(part.row if part.told else min(part.row + 1, len(self._tape)))
        if part.told:
            self._step(part.row, part.told, recorded=True)

    def _quiet(self, until: int) -> None:
        """Pass the rows before ``until`` that have to pass; there is no signal in any, and what is decided is recorded."""
        while self._next.row < until:
            self._pass(self._next.row)

    def _pass(self, row: int) -> None:
        close_time = self._move(row)
        self._money.pass_unjudged(partial(nobody_signals, self._partitions, close_time), close_time)
        self._done(row)

    def _step(self, row: int, bundles: tuple[DecisionBundle, ...], *, recorded: bool = False) -> None:
        while (missed := self._passing.before(row)) < row:
            self._pass(missed)
        self._money.decide(bundles, self._move(row), recorded=recorded)
        self._done(row)

    def _move(self, row: int) -> int:
        """Move the market of the account to a row; return its time, UTC ms."""
        if self._next == (row, True):
            self._money.stand(self._tape.close_time(row - 1), self._tape.candles(row - 1))
        close_time = self._tape.close_time(row)
        self._money.market(close_time, self._tape.candles(row), self._funding.rates_at(close_time))
        return close_time

    def _done(self, row: int) -> None:
        self.passed += 1
        self._recorder.step_done()
        self._next = self._passing.after(row)
