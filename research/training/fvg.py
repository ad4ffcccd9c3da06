"""The fill probability of fair value gaps: learnt in time order, calibrated, judged on months it has not seen (ICT-6)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from research.columns import Floats
from research.training.gaps import AGES, Row
from research.training.settings import TrainingSettings
from services.analysis.fvg_fill import TERMS, VERSION, FillModel, terms
from services.analysis.settings.fvg import FvgSettings
from shared.domain.timeframes import Timeframe

#: Share of the rows at each end that no pair of the calibration table stands for: the outermost are too few to be trusted.
_TAIL: Final = 0.005


class Source(NamedTuple):
    """The rows of one file on one timeframe."""

    symbol: str
    timeframe: Timeframe
    file: str
    rows: Sequence[Row]


class TooLittleData(Exception):
    """What is there is not enough to learn from and to judge by; the text says what is missing."""


class Split(NamedTuple):
    """Rows in time order, each part later than the one before within its source; ``unseen_from`` (UTC ms) by source."""

    train: list[Row]
    calibrate: list[Row]
    unseen: list[list[Row]]
    unseen_from: list[int]


def split(sources: Sequence[Source], settings: TrainingSettings) -> Split:
    """The last months of every source are unseen; what overlaps the unseen span of *any* source is not learnt from.

    Raises TooLittleData.
    """
    unseen_from = [_unseen_from(source, settings.unseen) for source in sources]
    spans = [(begin, source.rows[-1].answered_at) for source, begin in zip(sources, unseen_from, strict=True)]
    unseen = [
        [row for row in source.rows if row.asked_at >= begin] for source, begin in zip(sources, unseen_from, strict=True)
    ]
    seen = [
        row
        for source, begin in zip(sources, unseen_from, strict=True)
        for row in source.rows
        if row.answered_at < begin and not any(row.asked_at <= end and row.answered_at >= start for start, end in spans)
    ]
    seen.sort(key=lambda row: (row.asked_at, row.symbol, row.timeframe))
    place = int(len(seen) * (1.0 - settings.calibration))
    learnt = [row for row in seen[:place] if row.answered_at < seen[place].asked_at] if seen else []
    parts = Split(learnt, seen[place:], unseen, unseen_from)
    for name, rows in (("to learn from", parts.train), ("to calibrate with", parts.calibrate)):
        _enough(name, len(rows), settings)
    _enough("to judge by", sum(map(len, parts.unseen)), settings)
    return parts


def train(sources: Sequence[Source], fvg: FvgSettings, settings: TrainingSettings, command: str) -> FillModel:
    """The model with its scores on the unseen months. Raises TooLittleData."""
    parts = split(sources, settings)
    coefficients, intercept = _fit(parts.train, settings)
    calibration = _calibrate(parts.calibrate, coefficients, intercept, settings)
    model = FillModel(
        version=VERSION,
        max_age_candles=fvg.max_age_candles,
        filled_at=fvg.filled_at,
        min_size_percent=fvg.min_size_percent,
        terms=TERMS,
        intercept=round(intercept, 6),
        coefficients=tuple(round(float(each), 6) for each in coefficients),
        calibration=calibration,
        base_rates=_base_rates([*parts.train, *parts.calibrate]),
        data=tuple(_described(source, begin) for source, begin in zip(sources, parts.unseen_from, strict=True)),
        scores={},
        command=command,
    )
    return _judged(model, sources, parts)


def brier(forecasts: Floats, answers: NDArray[np.bool_]) -> float:
    """Mean squared distance between a forecast and what happened: 0 is perfect, lower is better."""
    return float(np.mean((forecasts - answers) ** 2))


def _unseen_from(source: Source, share: float) -> int:
    months = sorted({_month(row.asked_at) for row in source.rows})
    if len(months) < 2:
        raise TooLittleData(
            f"{source.file}: gaps of {len(months)} calendar month(s); two are needed, one to learn from and one to judge by"
        )
    kept = min(max(1, round(len(months) * share)), len(months) - 1)
    year, month = divmod(months[-kept], 12)
    return int(datetime(year, month + 1, 1, tzinfo=UTC).timestamp() * 1000)


def _month(time: int) -> int:
    moment = datetime.fromtimestamp(time / 1000, tz=UTC)
    return moment.year * 12 + moment.month - 1


def _enough(what: str, count: int, settings: TrainingSettings) -> None:
    if count < settings.least_rows:
        raise TooLittleData(f"{count} rows {what}, at least {settings.least_rows} are needed; give longer files")


def _fit(rows: Sequence[Row], settings: TrainingSettings) -> tuple[Floats, float]:
    """Logistic regression on standardised terms, given back for the plain ones."""
    from sklearn.linear_model import LogisticRegression

    table, answers = _table(rows), _answers(rows)
    middle, spread = table.mean(axis=0), table.std(axis=0)
    spread[spread == 0.0] = 1.0
    fitted = LogisticRegression(C=settings.regularisation, max_iter=5_000).fit((table - middle) / spread, answers)
    coefficients: Floats = fitted.coef_[0] / spread
    return coefficients, float(fitted.intercept_[0] - coefficients @ middle)


def _calibrate(
    rows: Sequence[Row], coefficients: Floats, intercept: float, settings: TrainingSettings
) -> tuple[tuple[float, float], ...]:
    """Isotonic regression on later rows, reduced to a short table."""
    from sklearn.isotonic import IsotonicRegression

    logits = _table(rows) @ coefficients + intercept
    steps = IsotonicRegression(y_min=0.005, y_max=0.995, out_of_bounds="clip").fit(logits, _answers(rows))
    quantiles = np.unique(np.quantile(logits, np.linspace(_TAIL, 1.0 - _TAIL, settings.calibration_points)))
    return tuple(
        (round(float(at), 4), round(float(probability), 4))
        for at, probability in zip(quantiles, steps.predict(quantiles), strict=True)
    )


def _base_rates(rows: Sequence[Row]) -> tuple[tuple[float, float], ...]:
    places = np.array([row.place for row in rows])
    answers = _answers(rows)
    return tuple(
        (age, round(float(answers[places == place].mean()), 4)) for place, age in enumerate(AGES) if (places == place).any()
    )


def _judged(model: FillModel, sources: Sequence[Source], parts: Split) -> FillModel:
    """The model with its Brier scores on the unseen months, by symbol, by source, and of all."""
    groups: dict[str, list[Row]] = {}
    for source, rows in zip(sources, parts.unseen, strict=True):
        for name in ("all", source.symbol, f"{source.symbol} {source.timeframe} {source.file}"):
            groups.setdefault(name, []).extend(rows)
    by_timeframe = _rates_by_timeframe([*parts.train, *parts.calibrate])
    scores = {}
    for name, rows in sorted(groups.items()):
        born = [row for row in rows if row.place == 0]
        if born:
            scores[name] = {**_scores(model, born, by_timeframe, ""), **_scores(model, rows, by_timeframe, "_at_all_ages")}
    return msgspec.structs.replace(model, scores=scores)


def _scores(
    model: FillModel, rows: Sequence[Row], by_timeframe: Callable[[Row], float], suffix: str
) -> dict[str, float | int]:
    answers = _answers(rows)
    said = np.array([model.probability(row.features) for row in rows])
    base = np.array([model.base_rate(AGES[row.place]) for row in rows])
    finer = np.array([by_timeframe(row) for row in rows])
    return {
        f"rows{suffix}": len(rows),
        f"filled{suffix}": round(float(answers.mean()), 4),
        f"brier{suffix}": round(brier(said, answers), 4),
        f"brier_base_rate{suffix}": round(brier(base, answers), 4),
        f"brier_base_rate_of_timeframe{suffix}": round(brier(finer, answers), 4),
    }


def _rates_by_timeframe(rows: Sequence[Row]) -> Callable[[Row], float]:
    """The base rate of the row's own timeframe and age, where it was seen; else of its age."""
    sums: dict[tuple[str, int], list[int]] = {}
    for row in rows:
        for key in ((row.timeframe, row.place), ("", row.place)):
            entry = sums.setdefault(key, [0, 0])
            entry[0] += row.filled
            entry[1] += 1

    def rate(row: Row) -> float:
        filled, count = sums.get((row.timeframe, row.place)) or sums.get(("", row.place)) or (1, 2)
        return filled / count

    return rate


def _described(source: Source, unseen_from: int) -> dict[str, str | int]:
    return {
        "symbol": source.symbol,
        "timeframe": source.timeframe,
        "file": source.file,
        "from": _date(source.rows[0].asked_at),
        "to": _date(source.rows[-1].answered_at),
        "unseen_from": _date(unseen_from),
        "gaps": sum(row.place == 0 for row in source.rows),
    }


def _date(time: int) -> str:
    return f"{datetime.fromtimestamp(time / 1000, tz=UTC):%Y-%m-%d}"


def _table(rows: Sequence[Row]) -> Floats:
    return np.array([terms(row.features) for row in rows], dtype=np.float64)


def _answers(rows: Sequence[Row]) -> NDArray[np.bool_]:
    return np.array([row.filled for row in rows], dtype=np.bool_)
