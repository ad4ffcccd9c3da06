"""A regime model from recorded candles: fitted on the earlier part, judged on the later one (SIG-5)."""

from __future__ import annotations

import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Sequence
from hashlib import sha256
from math import log, pi
from typing import Final, NamedTuple

import msgspec
import numpy as np

from research.training.regime_fit import Fit, Refusal, Task, Unfit
from research.training.settings import RegimeTraining
from services.signals.regimes.memory import LONGEST_GAP
from services.signals.regimes.model import FEATURES, VERSION, RegimeModel
from shared.domain.candles import Candle
from shared.domain.timeframes import DURATION, Timeframe

#: ``-P``: a folder ``research`` in the directory that the command is typed in is not ours.
_WORKER: Final = (sys.executable, "-P", "-m", "research.training.regime_fit")


class Step(NamedTuple):
    """One candle. close_time: UTC ms. value: its logarithmic return; None where it or the one before is in doubt."""

    close_time: int
    value: float | None


def steps_of(candles: Iterable[Candle], most: int) -> list[Step]:
    """Return the newest ``most`` steps of a symbol's candles, as ``RegimeMemory`` would see them."""
    steps: deque[Step] = deque(maxlen=most)
    before: Candle | None = None
    for candle in candles:
        sound = candle.state != "disputed"
        joined = before is not None and before.close_time == candle.open_time
        value = log(candle.close / before.close) if before is not None and joined and sound else None
        steps.append(Step(candle.close_time, value))
        before = candle if sound else None
    return list(steps)


def train(
    symbol: str, timeframe: Timeframe, steps: Sequence[Step], states: int, settings: RegimeTraining, command: str
) -> RegimeModel:
    """Return the model with its scores on the later part. Raises Unfit when these candles give none."""
    place = int(len(steps) * (1.0 - settings.unseen))
    seen, unseen = steps[:place], steps[place:]
    for words, part in (("to fit on", seen), ("to judge by", unseen)):
        count = sum(step.value is not None for step in part)
        if count < settings.least_returns:
            raise Unfit(f"{count} returns {words}, at least {settings.least_returns} are needed; give a longer file")
    fitted = _in_worker(
        Task(
            pieces=_pieces(seen),
            states=states,
            seed=settings.seed,
            tries=settings.tries,
            iterations=settings.iterations,
            least_share=settings.least_share,
        ),
        settings.limit_s,
    )
    model = RegimeModel(
        version=VERSION,
        symbol=symbol,
        timeframe=timeframe,
        features=FEATURES,
        hmm=fitted.hmm,
        garch=fitted.garch,
        fitted_from=seen[0].close_time,
        fitted_to=seen[-1].close_time,
        candles=len(seen),
        data_hash=_hash(seen),
        libraries=fitted.libraries,
        seed=settings.seed,
        scores={},
        command=command,
    )
    return msgspec.structs.replace(model, scores=_scores(model, seen, unseen)).sealed()


def better(model: RegimeModel) -> bool:
    """True when both models forecast the unseen returns better than one normal distribution does."""
    return min(model.scores["hmm"], model.scores["garch"]) > model.scores["normal"]


def _pieces(steps: Sequence[Step]) -> tuple[tuple[float, ...], ...]:
    pieces: list[list[float]] = [[]]
    for step in steps:
        if step.value is None:
            pieces.append([])
        else:
            pieces[-1].append(step.value)
    return tuple(tuple(piece) for piece in pieces if piece)


def _in_worker(task: Task, limit_s: float) -> Fit:
    """Fit in a process of its own, which ends with its memory, and after ``limit_s`` seconds at the latest. Raises Unfit."""
    try:
        done = subprocess.run(  # noqa: S603  ours, with data on its stdin
            _WORKER, input=msgspec.json.encode(task), capture_output=True, timeout=limit_s, check=False
        )
    except subprocess.TimeoutExpired:
        raise Unfit(f"the fit took longer than {limit_s:g} s and was ended; give a shorter file or fewer states") from None
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise Unfit(f"the worker that fits ended with code {done.returncode}: {last}")
    answer = msgspec.json.decode(done.stdout, type=Fit | Refusal)
    if isinstance(answer, Refusal):
        raise Unfit(answer.text)
    return answer


def _hash(steps: Sequence[Step]) -> str:
    times = np.array([step.close_time for step in steps], dtype="<i8")
    values = np.array([np.nan if step.value is None else step.value for step in steps], dtype="<f8")
    return sha256(times.tobytes() + values.tobytes()).hexdigest()


def _scores(model: RegimeModel, seen: Sequence[Step], unseen: Sequence[Step]) -> dict[str, float | int]:
    """Return the mean log density that each gave the unseen returns before they came; ``normal``: that of the seen ones."""
    known = np.array([step.value for step in seen if step.value is not None])
    middle, spread = float(known.mean()), float(known.var())
    belief: list[float] = []
    variance = model.garch.start
    sums = {"hmm": 0.0, "garch": 0.0, "normal": 0.0}
    count, last = 0, seen[0].close_time
    for place, step in enumerate([*seen, *unseen]):
        for _ in range(min((step.close_time - last) // DURATION[model.timeframe] - 1, LONGEST_GAP)):
            belief, variance = model.hmm.step(belief, None), model.garch.step(variance, None)
        if step.value is not None and place >= len(seen):
            count += 1
            sums["hmm"] += model.hmm.log_density(belief, step.value)
            sums["garch"] += _log_normal(step.value, model.garch.mean, variance)
            sums["normal"] += _log_normal(step.value, middle, spread)
        belief, variance = model.hmm.step(belief, step.value), model.garch.step(variance, step.value)
        last = step.close_time
    return {"returns": count} | {name: round(total / count, 6) for name, total in sums.items()}


def _log_normal(value: float, mean: float, variance: float) -> float:
    return -0.5 * (log(2.0 * pi * variance) + (value - mean) ** 2 / variance)
