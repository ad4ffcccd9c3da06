"""The body of ``ict optimise``."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from cli.backtest.choosing import Choice
from cli.doubt.market import PlayedWithJobs, open_playing
from cli.doubt.walk_forward import in_words, ms_of, refuse_unknown_measure, written
from cli.play.summary import table_of
from cli.printing import echo_json
from cli.research.measure import check_place
from cli.research.output import output
from cli.run.configuration import refuse
from cli.workers import Workers
from research.evidence.page import document, drawn
from research.evidence.pictures import search_pictures
from research.search.ranges import Range, declared, narrowed
from research.search.walking import Rules
from research.validation.walk_forward import Span
from services.signals.plugins import UnusableStrategy
from services.signals.settings import strategy_of
from shared.domain.timeframes import MINUTE
from shared.runtime.extras import require
from shared.runtime.process.exits import Exit
from shared.runtime.process.logs import configure


@dataclass(frozen=True)
class Search:
    """The options that shape the search; ``warm_up`` in days."""

    strategy: str
    ranges: tuple[str, ...]
    trials: int
    parts: int
    study: str
    name: str
    warm_up: float
    measure: str
    least_trades: int
    seed: int


def optimise(
    config: Sequence[Path] | None,
    choice: Choice,
    wanted: Search,
    workers: Workers,
    kept: Path,
    top: int,
    page: Path | None,
    *,
    json: bool,
) -> None:
    """Run the command. page: file for pictures of the plateau; None = none."""
    if page is not None:
        check_place(page, "--page")
    require("optuna", "a search for settings")
    from research.search.studies import NoStudy, OtherStudy, needs_psycopg, without_password
    from research.search.studying import Question, search

    if needs_psycopg(wanted.study):
        require("psycopg", "a study in PostgreSQL")
    refuse_unknown_measure(wanted.measure)
    ranges = _ranges(wanted)
    configure("WARNING", "console")
    console = Console(stderr=json)
    executor = workers.executor()
    opened = open_playing(console, config, choice, ms_of(wanted.warm_up))
    length = (opened.span.end - opened.span.start) // MINUTE // wanted.parts * MINUTE
    if not length:
        refuse(f"--parts {wanted.parts}: more parts than minutes", Exit.USAGE)
    spans = [
        Span(opened.span.start + place * length, opened.span.start + (place + 1) * length) for place in range(wanted.parts)
    ]
    rules = Rules(wanted.measure, wanted.least_trades, wanted.seed)
    whole = opened.playing.job(opened.settings, opened.span)
    asked = msgspec.json.encode((whole.key, ranges, spans, wanted.measure, wanted.least_trades, wanted.seed))
    try:
        if wanted.study.startswith("sqlite:///"):
            Path(wanted.study.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
        question = Question(opened.settings, ranges, spans, rules)
        play = PlayedWithJobs(console, opened.playing, kept, executor)
        found = search(question, play, wanted.study, wanted.name, wanted.trials, hashlib.sha256(asked).hexdigest())
    except OtherStudy as error:
        refuse(str(error), Exit.USAGE)
    except NoStudy as error:
        refuse(f"--study {without_password(wanted.study)}: {error}", Exit.UNREACHABLE)
    except OSError as error:
        refuse(f"--study {wanted.study}: {error.strerror or error}", Exit.NEGATIVE)
    if page is not None:
        pictures = search_pictures([(each.values, each.score) for each in found])
        told = (
            f"<p>{len(found)} trials by {wanted.measure}. The best of many is partly luck: what counts is its plateau.</p>"
        )
        with output(page, "--page") as file:
            file.write(document(f"Search: {wanted.strategy}", [told, drawn(pictures)]))
    if json:
        echo_json({"strategy": wanted.strategy, "measure": wanted.measure, "trials": msgspec.to_builtins(found)})
        return
    table = table_of("Search (a simulation, no promise)", ">trial", ">plateau", ">score", "settings")
    prefix = f"signals.{wanted.strategy}."
    for each in found[:top]:
        values: dict[str, Any] = {path.removeprefix(prefix): _short(value) for path, value in each.values.items()}
        table.add_row(str(each.number), written(each.plateau), written(each.score), in_words(values))
    console.print(table)
    scored, pruned = sum(each.score is not None for each in found), sum(each.pruned for each in found)
    console.print(
        f"{len(found)} trials by {wanted.measure}: {scored} have a score, {pruned} were given up early. "
        "The best of many trials is partly luck: judge it with `ict walk-forward`. See docs/doubt.md",
        soft_wrap=True,
    )


def _ranges(wanted: Search) -> list[Range]:
    try:
        everything = {
            each.path: each for each in declared(strategy_of(wanted.strategy).settings, f"signals.{wanted.strategy}")
        }
    except UnusableStrategy as error:
        refuse(str(error), Exit.USAGE)
    if not wanted.ranges:
        return list(everything.values())
    found = []
    for option in wanted.ranges:
        path, equals, text = option.partition("=")
        full = path if path.startswith("signals.") else f"signals.{wanted.strategy}.{path}"
        if full not in everything:
            refuse(f"--range {path}: no range is declared; there are: {', '.join(everything) or 'none'}", Exit.USAGE)
        try:
            found.append(narrowed(everything[full], text) if equals else everything[full])
        except ValueError as error:
            refuse(f"--range {error}", Exit.USAGE)
    return found


def _short(value: object) -> object:
    return f"{value:.4g}" if isinstance(value, float) else value
