"""Shows explanations: the sentence, the gates with their numbers, the facts with the close at which each became known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cli.docs.vocabulary import words
from services.signals.explaining import Explanation, FactAt
from services.signals.gates import Gate
from services.signals.regimes.router import GATE as REGIME
from services.signals.wording import moment, price
from shared.domain import decisions
from shared.domain.decisions import Decision, LimitEntry, Signal


@dataclass(frozen=True, slots=True)
class Said:
    """One strategy's judgement, explained, and the decision of that close; None when it was not decided."""

    explanation: Explanation
    decision: Decision | None

    @property
    def verdict(self) -> str:
        """What became of it at that close: a key of ``_VERDICTS``."""
        name = self.explanation.strategy
        told = self.decision.judgements if self.decision is not None else ()
        own = next((each for each in told if each.strategy == name), None)
        if own is not None and "paused" in own.reasons:
            return "paused"
        if self.explanation.stopped is not None:
            stopped = [each.name for each in self.explanation.filters if not each.passed]
            return "regime" if stopped == [REGIME] else "filtered"
        if self.explanation.judgement.signal is None:
            return "no signal"
        if self.decision is None or self.decision.chosen == name:
            return "signal"
        return "conflict" if "conflict" in self.decision.reasons else "not chosen"


#: What the verdict on a signal means, for a person.
_VERDICTS = {
    "signal": "signal",
    "filtered": "a signal, but a filter stopped it",
    "regime": "a signal, but it may not trade in this regime",
    "paused": "a signal, but the strategy is paused",
    "conflict": "a signal, but another strategy wanted the opposite side: none was chosen",
    "not chosen": "a signal, but another strategy's had the higher score",
    "no signal": "no signal",
}


def show(console: Console, said: Iterable[Said]) -> None:
    """Print one block a strategy."""
    for each in said:
        told = each.explanation
        title = f"{told.symbol}, {told.strategy}: {_VERDICTS[each.verdict]}"
        console.print(Text(title, style="bold"))
        console.print(Text(f"judged the {told.timeframe} candle that closed {moment(told.close_time)}"))
        for part in _parts(told):
            console.print(Padding(part, (0, 0, 0, 2)))
        console.print()


def _parts(told: Explanation) -> Iterable[RenderableType]:
    signal = told.judgement.signal
    if told.fault:
        yield Text(f"The strategy is at fault: {told.fault}")
    if signal is not None:
        yield signal_text(signal)
    else:
        if told.stopped is not None:
            yield signal_text(told.stopped)
        yield reasons_table(told.judgement.reasons)
    if told.left_out:
        yield Text(
            f"Without {', '.join(told.left_out)}: the newest candle is missing or implausible, so its facts are left out."
        )
    if told.gates:
        yield gates_table(told.gates)
    elif not told.fault:
        yield Text(f"{told.strategy} offers no numbers: the candles and facts are those of `ict plot`.")
    if told.filters:
        yield Text("The filters and the regime:" if any(each.name == REGIME for each in told.filters) else "The filters:")
        yield gates_table(told.filters)
    if told.facts:
        yield facts_table(told.facts)


def signal_text(signal: Signal) -> RenderableType:
    """The proposed trade in two or three lines."""
    exits = ", ".join(f"{price(each.price)} ({each.share:.0%})" for each in signal.exits)
    how = (
        f"limit {price(signal.entry.price)} until {moment(signal.entry.rests_until)}{_void(signal.entry)}"
        if isinstance(signal.entry, LimitEntry)
        else f"market, at {price(signal.entry.price)}"
    )
    return Group(
        Text(f"{signal.side} {how}; stop {price(signal.stop)}; exits {exits}; score {signal.score:g}"),
        Text(signal.why),
        Text(f"id {signal.id}"),
    )


def _void(entry: LimitEntry) -> str:
    return f", or until price reaches {price(entry.void_at)}" if entry.void_at is not None else ""


def reasons_table(reasons: Sequence[str]) -> Table:
    """Every reason with its meaning."""
    table = plain_table("reason", "meaning")
    for reason in reasons:
        table.add_row(Text(reason), Text(meaning_of(reason)))
    return table


def gates_table(gates: Sequence[Gate]) -> Table:
    """Every gate: whether it holds, its name, its sentence."""
    table = plain_table("", "gate", "numbers")
    for gate in gates:
        mark = Text("ok", style="green") if gate.passed else Text("no", style="bold red")
        table.add_row(mark, Text(gate.name), Text(gate.text))
    return table


def facts_table(facts: Sequence[FactAt]) -> Table:
    """What a signal rests on, each with the close at which it became known."""
    table = plain_table("rests on", "of", "zone or level", "known since", "state")
    for each in facts:
        fact = each.fact
        bounds = price(fact.bottom) if fact.top == fact.bottom else f"{price(fact.bottom)}-{price(fact.top)}"
        table.add_row(
            f"{fact.direction} {fact.kind}",
            each.timeframe,
            bounds,
            moment(fact.confirmed_at).removesuffix(" UTC"),
            fact.state,
        )
    return table


def as_json(said: Said) -> dict[str, object]:
    """The same for machines; times are UTC ms."""
    told = said.explanation
    return {
        "symbol": told.symbol,
        "strategy": told.strategy,
        "timeframe": told.timeframe,
        "close_time": told.close_time,
        "verdict": said.verdict,
        "signal": told.judgement.signal,
        "reasons": {reason: meaning_of(reason) for reason in told.judgement.reasons},
        "gates": told.gates,
        "filters": told.filters,
        "facts": told.facts,
        "left_out": told.left_out,
        "fault": told.fault,
    }


def meaning_of(reason: str) -> str:
    """The meaning of a word of the vocabulary of reasons."""
    return _meanings().get(reason, "")


@cache
def _meanings() -> dict[str, str]:
    return words(decisions, "Reason")


def plain_table(*columns: str) -> Table:
    """A table without vertical lines, whose cells wrap where the terminal ends."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for name in columns:
        table.add_column(name, overflow="fold")
    return table
