"""What the harness of a drill did wrong itself: else its excuses would hide what it is to find. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from simulator.ledger.record import FaultOver, FaultSet, Line, Note, Ordered
from simulator.ledger.spans import Span
from simulator.ledger.standing import contradictions, running

#: How long before it is seen to run a process may send, and how long after its end what it sent may be taken, ms.
_UNSEEN_MS: Final = 5_000
#: Who sends entries.
_ENTERING: Final = "execution"


def own_faults(lines: Sequence[Line], entries: Sequence[Ordered], end: int) -> list[tuple[int, str]]:
    """Return time (ms) and a sentence of each: positions that no executions explain, entries while nobody is said to run,
    faults that were never lifted, no end.
    """
    found = [(end, each) for each in contradictions(lines)]
    there = [Span(each.begin - _UNSEEN_MS, each.end + _UNSEEN_MS) for each in running(lines, _ENTERING, end)]
    found += [
        (each.at, f"{each.symbol}: {each.client_id} was taken while nobody was said to run who sends entries")
        for each in entries
        if not any(span.begin <= each.at <= span.end for span in there)
    ]
    over = {each.number for each in lines if isinstance(each, FaultOver)}
    found += [
        (each.at, f"fault {each.number} ({each.fields['kind']}) was never lifted")
        for each in lines
        if isinstance(each, FaultSet) and each.number not in over
    ]
    if not any(isinstance(each, Note) and each.what == "settled" for each in lines):
        found.append((end, "the drill was never said to be settled"))
    return found
