"""The verdict on a drill: what was struck, what the ledger and the books say, as JSON and as a table. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from cli.chaos.agreement import Books, approvals, balance_of_journal, disagreements, last_balance, money_of
from cli.chaos.drilled import Drilled
from cli.chaos.explained import kind_of, unexplained
from cli.chaos.memory import Life, highest, lives
from simulator.ledger.case import Breach, Case, Limits
from simulator.ledger.judge import Judgement, judge

Word = Literal["held", "broken", "void"]
#: Breaches told one by one; the rest are counted.
_TOLD: Final = 12


@dataclass(frozen=True, slots=True)
class Verdict:
    """word: held, broken, or void where too few entries or strikes came to judge by.

    differences: between the books at the end. unsettled: what did not come to rest. unexplained: alerts that nothing was
    behind. lives: the memory of processes that lived long. A drill with any of the first three, or a life that is not flat,
    is broken.
    """

    seed: int
    word: Word
    needed: int
    planned: int
    judgement: Judgement
    books: Books
    differences: tuple[str, ...]
    unsettled: tuple[str, ...]
    unexplained: tuple[str, ...]
    lives: tuple[Life, ...]
    drilled: Drilled

    @property
    def breaches(self) -> tuple[Breach, ...]:
        """Every invariant that was broken, and how."""
        return self.judgement.breaches


def verdict(seed: int, drilled: Drilled, needed: int, planned: int, limits: Limits) -> Verdict:
    """Judge a drill. needed: entries below which it is void, unless an invariant was broken all the same; planned: strikes
    of its plan, all of which must have been carried out.
    """
    case = Case(drilled.lines, approvals(drilled.rows, drilled.lineage), limits)
    judgement = judge(case)
    books = Books(
        start=drilled.start,
        exchange=last_balance(drilled.lines, drilled.start),
        ledger=money_of(drilled.lines, drilled.start),
        journal=balance_of_journal(drilled.rows, drilled.start),
        execution=drilled.execution,
        risk=drilled.risk,
    )
    differences = tuple(disagreements(drilled.lines, drilled.rows, books))
    alerts = tuple(unexplained(drilled.alerts, drilled.struck, drilled.commands, drilled.began))
    long = tuple(lives(drilled.memory))
    word: Word = "held"
    if judgement.breaches or differences or drilled.unsettled or alerts or not all(each.flat for each in long):
        word = "broken"
    elif judgement.entries < needed or sum(drilled.strikes.values()) < planned:
        word = "void"
    return Verdict(
        seed, word, needed, planned, judgement, books, differences, tuple(drilled.unsettled), alerts, long, drilled
    )


def as_json(found: Verdict) -> dict[str, Any]:
    """Return everything that is told, for a machine. Money as text, times in ms."""
    drilled = found.drilled
    return {
        "seed": found.seed,
        "verdict": found.word,
        "seconds": round(drilled.seconds, 1),
        "strikes_planned": found.planned,
        "strikes": dict(sorted(drilled.strikes.items())),
        "faults_hit": dict(sorted(drilled.hit.items())),
        "entries": found.judgement.entries,
        "entries_needed": found.needed,
        "intents": len(drilled.rows.intents),
        "orders": found.judgement.orders,
        "fills": found.judgement.fills,
        "bare_ms": asdict(found.judgement.bare),
        "books": {name: None if amount is None else f"{amount:.2f}" for name, amount in asdict(found.books).items()},
        "breaches": [asdict(each) for each in found.breaches],
        "differences": list(found.differences),
        "unsettled": list(found.unsettled),
        "ended_by_themselves": drilled.fell,
        "alerts": dict(Counter(kind_of(each) for _, each in drilled.alerts).most_common()),
        "unexplained": list(found.unexplained),
        "memory": [{**asdict(each), "flat": each.flat} for each in found.lives],
        "memory_highest_mb": {name: round(mb, 1) for name, mb in highest(drilled.memory).items()},
    }


def as_text(found: Verdict) -> str:
    """Return the verdict for a person."""
    drilled, bare = found.drilled, found.judgement.bare
    counts = Counter(each.invariant for each in found.breaches)
    lines = [
        f"seed {found.seed}: {found.word.upper()} after {drilled.seconds:.0f} s",
        f"  strikes   {', '.join(f'{count} {kind}' for kind, count in sorted(drilled.strikes.items())) or 'none'}"
        f" ({sum(drilled.strikes.values())} of {found.planned})",
        f"  entries   {found.judgement.entries} filled of {len(drilled.rows.intents)} approved; {found.needed} are needed",
        f"  orders    {found.judgement.orders} taken, {found.judgement.fills} executions",
        f"  bare      {bare.spells} times, longest {bare.longest} ms; while the exchange took none {bare.longest_refused} ms"
        f" (in all {bare.refused} ms); while nobody ran {bare.unattended} ms",
        f"  money     exchange {found.books.exchange:.2f}, journal {found.books.journal:.2f}, execution "
        f"{_amount(found.books.execution)}, risk {_amount(found.books.risk)} USDT",
    ]
    if found.lives:
        growth = max(found.lives, key=lambda each: each.after - each.before)
        lines.append(
            f"  memory    {len(found.lives)} long lives; {growth.name} grew most, by {growth.after - growth.before:.1f} MB"
            f" to {growth.after:.1f} MB"
        )
    if drilled.fell:
        lines.append(f"  ended     {'; '.join(drilled.fell[:_TOLD])}")
    if counts:
        lines.append(f"  broken    {', '.join(f'{name} {count} times' for name, count in sorted(counts.items()))}")
    lines += [f"    {each.invariant} at {each.at}: {each.what}" for each in found.breaches[:_TOLD]]
    lines += [f"    books: {each}" for each in found.differences[:_TOLD]]
    lines += [f"    end: {each}" for each in found.unsettled]
    lines += [f"    alert: {each}" for each in found.unexplained[:_TOLD]]
    lines += [
        f"    memory: {each.name} grew from {each.before:.1f} to {each.after:.1f} MB in {each.seconds:.0f} s"
        for each in found.lives
        if not each.flat
    ]
    if found.word != "held":
        lines.append(f"  again     ict chaos --seed {found.seed}, with the same other options")
    return "\n".join(lines)


def _amount(amount: Any) -> str:
    return "nothing" if amount is None else f"{amount:.2f}"
