"""Searches candles for an id: the decision, the signal or the fact that it names, computed again."""

from __future__ import annotations

from dataclasses import dataclass, field

from rich.console import Console

from cli.explain.replaying import deciding
from cli.explain.showing import Said
from cli.play.progress import Bar
from cli.run.configuration import refuse
from cli.settings import Settings
from services.ingest.candle_source import CandleSource, SourceRefused
from services.journal.story import Story
from services.signals.contract import Enabled
from services.signals.explaining import Explanation, FactAt, explain
from services.signals.gates import Gate
from services.signals.judging import Fault
from services.signals.view import MarketView
from shared.domain.decisions import Decision, Judgement
from shared.domain.facts import Analysis
from shared.domain.ids import derive
from shared.runtime.process.exits import Exit


@dataclass(slots=True)
class Found:
    """What the candles say of an id. life: every state of the fact, oldest first; empty when it names none."""

    decision: Decision | None = None
    explained: list[Explanation] = field(default_factory=list)
    life: list[FactAt] = field(default_factory=list)

    @property
    def said(self) -> list[Said]:
        """The explanations with the decision that they belong to."""
        return [Said(each, self.decision) for each in self.explained]

    def __bool__(self) -> bool:
        return self.decision is not None or bool(self.life)


def search(console: Console, settings: Settings, source: CandleSource, asked: str, story: Story | None) -> Found:
    """Replay the candles until the id is found; those of a fact to their end, for its later states.

    story: what the journal has of it; its decision is then looked for, and of a signal's strategy only that.
    """
    found = Found()
    decision_id = asked if story is None else story.decision.id

    def watch(
        enabled: Enabled, view: MarketView, judgement: Judgement, fault: Fault | None, filters: tuple[Gate, ...]
    ) -> None:
        whole = derive("decision", view.symbol, view.close_time) == decision_id
        own = judgement.signal is not None and judgement.signal.id == asked
        if own or (whole and (story is None or story.strategy in ("", enabled.name))):
            found.explained.append(explain(enabled, view, judgement, fault, filters))

    def see(analysis: Analysis) -> None:
        found.life += [
            FactAt(symbol=analysis.symbol, timeframe=analysis.timeframe, fact=fact)
            for fact in analysis.events
            if fact.id == asked
        ]

    of_fact = story is None or story.kind == "fact"
    try:
        with Bar(console, "searched", source.last - source.first) as bar:
            for close_time, decided in deciding(settings, watch, see if of_fact else None).over(source):
                bar.at(close_time - source.first)
                signals = {(each.symbol, each.close_time) for each in found.explained}
                for each in decided:
                    if each.id == decision_id or (each.symbol, each.close_time) in signals:
                        found.decision = each
                if found.decision is not None and (story is None or story.kind != "fact"):
                    break
    except SourceRefused as error:
        refuse(str(error), Exit.NEGATIVE)
    return found
