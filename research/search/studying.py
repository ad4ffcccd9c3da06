"""A search with Optuna: seeded, resumable, with pruning; the same whoever plays, and however often it is interrupted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np
import optuna

from research.search.candidates import candidate
from research.search.ranges import Range
from research.search.scoring import score
from research.search.studies import opened_study
from research.search.walking import PlayAll, Rules
from research.validation.walk_forward import Span

#: Trials that are suggested before one of them is told. It is no number of processes: those change no result.
_BATCH: Final = 8
#: Trials that are drawn at random before what was learnt is used, and before anything is pruned.
_STARTUP: Final = 16
#: A trial is judged by the median of so many that lie nearest to it, itself included.
_NEIGHBOURS: Final = 5


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """One trial. score: mean of its spans; None = too few trades in one. plateau: median score of its neighbours.

    pruned: it was given up early, and has no score.
    """

    number: int
    values: dict[str, Any]
    score: float | None
    plateau: float | None
    pruned: bool


@dataclass(frozen=True)
class Question:
    """What is searched. settings: those that decide. spans: parts of the time, judged one after the other."""

    settings: Mapping[str, Any]
    ranges: Sequence[Range]
    spans: Sequence[Span]
    rules: Rules


def search(question: Question, play: PlayAll, storage: str | None, name: str, trials: int, identity: str) -> list[Tried]:
    """Search until the study has so many trials; return all of them, the best first.

    storage: URL of a database that keeps the study (``sqlite:///FILE``, ``postgresql://…``); None = this process.
    identity: what else decides the scores, such as the hash of the data. Raises studies.OtherStudy, studies.NoStudy.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    pruner = optuna.pruners.MedianPruner(n_startup_trials=_STARTUP, n_warmup_steps=0)
    with opened_study(storage, name, identity, pruner) as study:
        _search(study, question, play, trials)
        return judged(study.trials)


def _search(study: optuna.Study, question: Question, play: PlayAll, trials: int) -> None:
    while len(study.trials) < trials or _open(study):
        batch = _open(study)  # of a search that was interrupted
        begun = batch[0].number if batch else len(study.trials)
        while len(study.trials) < min(trials, (begun // _BATCH + 1) * _BATCH):
            # A sampler of its own for each trial: what is suggested depends on the seed, its number and what was told.
            seed = question.rules.seed * 1_000_003 + len(study.trials)
            study.sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=_STARTUP)
            batch.append(study.ask())
            for each in question.ranges:
                _suggest(batch[-1], each)
        _judge(study, batch, question, play)


def _open(study: optuna.Study) -> list[optuna.Trial]:
    """The trials that were suggested and never told. Optuna has no public way back to one but its number in the storage."""
    return [
        optuna.Trial(study, each._trial_id)
        for each in study.trials
        if each.state == optuna.trial.TrialState.RUNNING
    ]  # fmt: skip


def _suggest(trial: optuna.Trial, each: Range) -> None:
    if each.choices:
        trial.suggest_categorical(each.path, each.choices)
    elif each.whole:
        trial.suggest_int(each.path, int(each.low), int(each.high))
    else:
        trial.suggest_float(each.path, each.low, each.high)


def _judge(study: optuna.Study, batch: Sequence[optuna.Trial], question: Question, play: PlayAll) -> None:
    """Play the batch span by span; what does worse than the median of the trials before is given up."""
    alive = {trial.number: (trial, candidate(question.settings, trial.params)) for trial in batch}
    scores: dict[int, list[float]] = {number: [] for number in alive}
    rules, verdicts = question.rules, dict[int, float | None]()
    reported = {each.number: each.intermediate_values for each in study.trials}  # before an interruption
    for step, span in enumerate(question.spans):
        played = play([(tried.settings, span) for _, tried in alive.values()])
        for (number, (trial, _)), outcome in zip(list(alive.items()), played, strict=True):
            worth = score(outcome, span, rules.measure, rules.least_trades)
            if worth is None or not math.isfinite(worth):
                verdicts[number] = None
                del alive[number]
                continue
            scores[number].append(worth)
            if step not in reported[number]:
                trial.report(float(np.mean(scores[number])), step)
            if step + 1 < len(question.spans) and trial.should_prune():
                verdicts[number] = math.nan
                del alive[number]
    states = optuna.trial.TrialState
    for trial in batch:
        if trial.number in alive:
            study.tell(trial, float(np.mean(scores[trial.number])))
        elif verdicts[trial.number] is None:
            study.tell(trial, state=states.FAIL)
        else:
            study.tell(trial, state=states.PRUNED)


def judged(trials: Sequence[optuna.trial.FrozenTrial]) -> list[Tried]:
    """The trials with their plateaus, the best plateau first: a single peak among bad neighbours is luck."""
    states = optuna.trial.TrialState
    whole = [each for each in trials if each.state == states.COMPLETE]
    places = {each.number: _place(each) for each in whole}
    found = []
    for each in trials:
        plateau = None
        if each in whole and len(whole) >= _NEIGHBOURS:
            near = sorted(whole, key=lambda other: (_distance(places[each.number], places[other.number]), other.number))
            plateau = float(np.median([other.value for other in near[:_NEIGHBOURS]]))
        found.append(
            Tried(
                number=each.number,
                values=each.params,
                score=each.value if each.state == states.COMPLETE else None,
                plateau=plateau,
                pruned=each.state == states.PRUNED,
            )
        )
    least = -math.inf
    return sorted(
        found,
        key=lambda each: (
            least if each.plateau is None else each.plateau, least if each.score is None else each.score, -each.number
        ),
        reverse=True,
    )  # fmt: skip


def _place(trial: optuna.trial.FrozenTrial) -> list[object]:
    """Each setting of a trial, numbers as a share of their range."""
    found: list[object] = []
    for name, value in trial.params.items():
        kind = trial.distributions[name]
        if isinstance(kind, optuna.distributions.CategoricalDistribution) or kind.high == kind.low:
            found.append(str(value))
        else:
            found.append((value - kind.low) / (kind.high - kind.low))
    return found


def _distance(one: Sequence[object], other: Sequence[object]) -> float:
    """Root of the summed squares; a word that differs counts as the whole of a range."""
    total = 0.0
    for mine, theirs in zip(one, other, strict=True):
        if isinstance(mine, float) and isinstance(theirs, float):
            total += (mine - theirs) ** 2
        else:
            total += mine != theirs
    return math.sqrt(total)
