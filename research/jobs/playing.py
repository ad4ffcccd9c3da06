"""The port ``Backtest`` on one tape by the fast path, with the candles before a span analysed but not traded."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from research.backtest import fast
from research.backtest.beside import reads_of
from research.backtest.passing import Funding
from research.backtest.sections import Sections
from research.backtest.tape import Tape
from research.jobs.job import EquityPoint, Job, Outcome, engine
from research.jobs.plans import plans_of
from research.validation.walk_forward import Span
from shared.domain.timeframes import MINUTE
from simulator.equity_line import EquityLine
from simulator.recorder import Recorder

_LINE: Final = msgspec.json.Decoder(EquityLine)


@dataclass(frozen=True)
class Playing:
    """Plays spans of one market. sections: from settings as JSON has them; a function of a module, for other processes.

    lead: ms of candles before a span that strategies see, so that they need not warm up in it; less where the tape begins.
    """

    tape: Tape
    funding: Funding
    sections: Callable[[Mapping[str, Any]], Sections]
    lead: int = 0

    def __call__(self, settings: Mapping[str, Any], span: Span) -> Outcome:
        """Play; positions that are open at the end stay open. Raises ValueError for a span that is not on the tape."""
        sections = self.sections(settings)
        tape, lead = self._part(sections, span)
        with tempfile.TemporaryDirectory() as directory:
            with Recorder(Path(directory)) as recorder:
                fast.run(sections, tape, self.funding, recorder, lead=lead)
            trades = [each for each in recorder.summary.trades if each.state == "closed"]
            plans = plans_of(Path(directory), trades, tape)
            lines = [_LINE.decode(line) for line in (Path(directory) / "equity.jsonl").read_bytes().splitlines()]
        summary = recorder.summary
        return Outcome(
            start_equity=float(summary.first_equity or 0),
            last_equity=float(summary.last_equity),
            max_drawdown=float(1 - summary.lowest_ratio),
            decisions=summary.decisions,
            signals=summary.signals,
            orders=summary.orders,
            fills=summary.fills,
            equity=tuple(EquityPoint(line.time, float(line.equity)) for line in lines),
            trades=tuple(trades),
            plans=plans,
        )

    def job(self, settings: Mapping[str, Any], span: Span) -> Job:
        """The job of a span, named by the candles and funding rates that it plays. Raises ValueError as the call does."""
        tape, _ = self._part(self.sections(settings), span)
        data = {}
        for symbol in tape.symbols:
            rates = hashlib.sha256()
            now = tape.first - MINUTE
            while (coming := self.funding.next_of(symbol, now)) is not None and coming[0] <= tape.last:
                now, rate = coming
                rates.update(f"{now} {rate}\n".encode())
            data[symbol] = f"{tape.digest(symbol)}:{rates.hexdigest()}"
        return Job(settings=dict(settings), span=span, data=data, engine=engine())

    def _part(self, sections: Sections, span: Span) -> tuple[Tape, int]:
        """The rows that are played, without what these strategies do not read of them, and how many of them are lead."""
        opened, end = self.tape.first - MINUTE, self.tape.last
        if span.start < opened or span.end > end or span.end <= span.start or span.start % MINUTE or span.end % MINUTE:
            raise ValueError(f"from {span.start} to {span.end} are no whole minutes of the candles, {opened} to {end}")
        begin, until = (span.start - opened) // MINUTE, (span.end - opened) // MINUTE
        lead = min(begin, self.lead // MINUTE)
        return self.tape.part(begin - lead, until, reads_of(sections.signals)), lead
