"""The body of ``ict evidence``: open each set, play its trials, judge them, write the file."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from rich.console import Console

from cli.backtest.choosing import Choice
from cli.data.options import CandleFiles
from cli.doubt.market import Opened, PlayedWithJobs, open_playing, refuse_unusable
from cli.doubt.varying import values_to_try
from cli.doubt.walk_forward import ms_of
from cli.evidence.showing import show
from cli.play.progress import Bar
from cli.printing import shell_line
from cli.research.measure import check_place, sets_of
from cli.research.output import output
from cli.run.configuration import refuse
from cli.workers import Workers
from research.evidence.days import Played, TooShort, candles_of, trial_of, whole_days
from research.evidence.judging import daily_sharpes, refused_row, row_of
from research.evidence.page import html_of
from research.evidence.record import Evidence, EvidenceSet, encode, read, trials_of
from research.evidence.trials import WITHOUT_A_PERSON, Subject, reads, refusal, subjects, trials
from research.jobs.job import engine
from research.search.candidates import Candidate
from research.validation.walk_forward import Span
from services.signals.plugins import UnusableStrategy
from services.signals.strategies import STRATEGIES
from shared.runtime.process.exits import Exit

#: What is tried of every strategy unless ``--vary`` says otherwise: how far the target lies, in distances of the stop.
VARIED: Final = "reward_risk=1.5,2,3"
#: The strategy that a market is opened with, whatever is judged on it: it reads nothing beside prices.
_PLAIN: Final = "ob_fvg"


class Wanted(NamedTuple):
    """The options that decide what is played; ``warm_up`` in days."""

    data: CandleFiles
    strategies: tuple[str, ...]
    vary: tuple[str, ...]
    start: str | None
    end: str | None
    funding: tuple[str, ...]
    settings: tuple[str, ...]
    warm_up: float
    seed: int


def evidence(
    config: Sequence[Path] | None, wanted: Wanted, out: Path, page: Path | None, workers: Workers, kept: Path, *, add: bool
) -> None:
    """Run the command. Exit 1 for candles with defects or too few days, a file that cannot be written or read."""
    check_place(out)
    if page is not None:
        check_place(page, "--page")
    found = _known(out) if add else Evidence()
    names = wanted.strategies or tuple(each.name for each in STRATEGIES.values() if not each.drill)
    form = f"SETTING=VALUE,VALUE without a strategy's name, like {VARIED}"
    varied = values_to_try(wanted.vary or (VARIED,), form, of_strategies=True)
    try:
        judged = subjects(names)
    except UnusableStrategy as error:
        refuse(str(error), Exit.USAGE)
    console = Console(stderr=True)
    for name, options in (sets_of(wanted.data.data) or {"generated": []}).items():
        files = wanted.data._replace(data=options)
        one = _set(console, config, wanted, name, files, judged, varied, workers, kept)
        if add:
            one = _beside(found, one)
        found = found.with_set(one)
        with output(out) as file:  # after each set, so that what was judged is there when the next one is not
            file.write(encode(found))
        show(Console(), one)
    console.print(f"written: {out}", highlight=False, markup=False, emoji=False, soft_wrap=True)
    if page is not None:
        with output(page, "--page") as file:
            file.write(html_of(found))
        console.print(f"written: {page}", highlight=False, markup=False, emoji=False, soft_wrap=True)


def _set(
    console: Console,
    config: Sequence[Path] | None,
    wanted: Wanted,
    name: str,
    files: CandleFiles,
    judged: Sequence[Subject],
    varied: Mapping[str, Sequence[Any]],
    workers: Workers,
    kept: Path,
) -> EvidenceSet:
    settings = (*WITHOUT_A_PERSON, *wanted.settings)
    choice = Choice(files, None, wanted.start, wanted.end, wanted.funding, (_PLAIN,), (), settings)
    opened = open_playing(console, config, choice, ms_of(wanted.warm_up), reads(judged))
    refused = {subject: refusal(subject, opened.playing.tape) for subject in judged}
    playable = [subject for subject, reason in refused.items() if not reason]
    rows = {subject: refused_row(subject, reason) for subject, reason in refused.items() if reason}
    try:
        span = whole_days(opened.span)
    except TooShort as error:
        refuse(f"{name}: {error}", Exit.NEGATIVE)
    played = _played(console, opened, span, playable, varied, workers, kept)
    everything = daily_sharpes(played)
    candles = candles_of(opened.playing.tape, span)
    with Bar(console, f"{name}: judged", len(played)) as bar:
        for each in played:
            rows[each.subject] = row_of(each, span, candles, everything, wanted.seed)
            bar.step()
    ordered = tuple(rows[subject] for subject in judged)
    return EvidenceSet(
        name=name,
        engine=engine(),
        command=f"ict {shell_line(sys.argv[1:])}",
        first=span.start,
        last=span.end,
        data=opened.playing.job(opened.settings, span).data,
        funding=", ".join(wanted.funding) or f"{opened.settings['funding_rate']} every 8 hours",
        varied={key: tuple(values) for key, values in varied.items()},
        settings={key: value for key, _, value in (each.partition("=") for each in settings)},
        trials=trials_of(ordered),
        rows=ordered,
    )


def _played(
    console: Console,
    opened: Opened,
    span: Span,
    playable: Sequence[Subject],
    varied: Mapping[str, Sequence[Any]],
    workers: Workers,
    kept: Path,
) -> list[Played]:
    tried: list[tuple[Subject, list[Candidate]]] = []
    for subject in playable:
        candidates = trials(opened.settings, subject, varied)
        for each in candidates:
            refuse_unusable(each.values, each.settings)
        tried.append((subject, candidates))
    play = PlayedWithJobs(console, opened.playing, kept, workers.executor())
    # All as they stand first: who stops it, and goes on with fewer values, has lost nothing.
    asked = sorted((place, at) for at, (_, candidates) in enumerate(tried) for place in range(len(candidates)))
    outcomes = dict(zip(asked, play([(tried[at][1][place].settings, span) for place, at in asked]), strict=True))
    return [
        Played(subject, tuple(trial_of(each.values, outcomes[place, at], span) for place, each in enumerate(candidates)))
        for at, (subject, candidates) in enumerate(tried)
    ]


def _known(out: Path) -> Evidence:
    try:
        return read(out) if out.exists() else Evidence()
    except OSError as error:
        refuse(f"--out {out}: cannot be read: {error.strerror or error}", Exit.NEGATIVE)
    except ValueError as error:
        refuse(f"--add: {error}; leave --add out to write it anew", Exit.NEGATIVE)


def _beside(known: Evidence, one: EvidenceSet) -> EvidenceSet:
    """The set, refused where the file has strategies in it that were not judged now."""
    before = next((each for each in known.sets if each.name == one.name), None)
    if before is not None and not {each.strategy for each in before.rows} <= {each.strategy for each in one.rows}:
        refuse(
            f"--add: the set {one.name} has strategies that were not judged now, and the number of trials decides every "
            "row: judge all of them, or give the set another name",
            Exit.USAGE,
        )
    return one
