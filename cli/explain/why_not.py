"""``ict why-not``: what each strategy said at a past moment, computed again from the candles, with its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from cli.data.options import BadOption, CandleFiles
from cli.explain.replaying import chosen_symbols, deciding, open_replay
from cli.explain.showing import Said, as_json, show
from cli.play.market import parse_date
from cli.play.progress import Bar
from cli.printing import echo_json
from cli.run.configuration import refuse
from cli.settings import Settings
from services.ingest.candle_source import CandleSource, SourceRefused
from services.signals.contract import Enabled
from services.signals.explaining import Explanation, explain
from services.signals.gates import Gate
from services.signals.judging import Fault
from services.signals.view import MarketView
from services.signals.wording import moment
from shared.domain.decisions import Decision, Judgement
from shared.domain.timeframes import open_time
from shared.runtime.process.exits import Exit


def why_not(
    config: Sequence[Path] | None,
    data: CandleFiles,
    at: str,
    start: str | None,
    symbols: Sequence[str],
    strategies: Sequence[str],
    *,
    json: bool,
) -> None:
    """Run the command: the strategy's last close at or before ``at`` speaks. Exit 2 for a moment outside of the data."""
    console = Console(stderr=True)
    try:
        moment_asked = parse_date("--at", at)
    except BadOption as error:
        refuse(str(error), Exit.USAGE)
    assert moment_asked is not None  # it is a required option
    settings, source = open_replay(console, config, data, start, None, strategies)
    shown = chosen_symbols(source, symbols)
    if not source.first <= moment_asked <= source.last:
        span = f"{moment(source.first)} to {moment(source.last)}"
        refuse(f"--at {at}: the candles close from {span}; name a moment between", Exit.USAGE)
    said = [each for each in judged(console, settings, source, moment_asked) if each.explanation.symbol in shown]
    if json:
        echo_json({"at": moment_asked, "judgements": [as_json(each) for each in said]})
        return
    show(Console(), said)
    silent = sorted({each.name for each in settings.signals.enabled()} - {each.explanation.strategy for each in said})
    for name in silent:
        frame = next(each.timeframe for each in settings.signals.enabled() if each.name == name)
        Console().print(f"{name} has not judged yet: no {frame} candle has closed since the first one of the data.\n")


def judged(console: Console, settings: Settings, source: CandleSource, at: int) -> list[Said]:
    """Replay the candles up to ``at`` (UTC ms); what each strategy said at its last close, by symbol and strategy."""
    wanted = {each.name: open_time(at, each.timeframe) for each in settings.signals.enabled()}
    explained: list[Explanation] = []

    def watch(
        enabled: Enabled, view: MarketView, judgement: Judgement, fault: Fault | None, filters: tuple[Gate, ...]
    ) -> None:
        if view.close_time == wanted[enabled.name]:
            explained.append(explain(enabled, view, judgement, fault, filters))

    decisions: dict[tuple[str, int], Decision] = {}
    try:
        with Bar(console, "replayed", at - source.first) as bar:
            for close_time, decided in deciding(settings, watch).over(source):
                if close_time in wanted.values():
                    decisions |= {(each.symbol, close_time): each for each in decided}
                if close_time >= at:
                    break
                bar.at(close_time - source.first)
    except SourceRefused as error:
        refuse(str(error), Exit.NEGATIVE)
    order = {name: place for place, name in enumerate(settings.signals.strategies)}
    explained.sort(key=lambda each: (each.symbol, order[each.strategy]))
    return [Said(each, decisions.get((each.symbol, each.close_time))) for each in explained]
