"""Computes how likely a fair value gap is to be filled before it expires, with a small trained model read from JSON.

Scoring is a dot product and a look into a table. The probability says nothing of profit: a gap that will be filled may be
filled after a stop was hit, and costs are not in it.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from importlib.resources import files
from math import log, log2
from pathlib import Path
from typing import Final

import msgspec

from services.analysis.base.finding import Finding
from services.analysis.sessions.timetable import Timetable
from services.analysis.settings.timetable import NEW_YORK_WINDOWS
from shared.domain.timeframes import DAY, DURATION, MINUTE, Timeframe

#: The version of the artefact that this code reads.
VERSION: Final = 1
#: Kill zones that are features; no zone is all of them at 0. They do not follow the settings: the model was trained on them.
ZONES: Final = ("asian", "london_open", "new_york_am", "london_close", "new_york_pm")
#: A kill zone says nothing of longer candles.
_LONGEST_IN_ZONE: Final = DURATION["1h"]


class Features(msgspec.Struct, frozen=True):
    """What is known of a gap at one close. ATR is that of the candles before the third one.

    ``size``: height in ATR; ``distance``: from its near edge to the close that confirmed it, in ATR; ``displacement``: body
    of candle 2 in the gap's direction, in ATR; ``trend``: 1 with it, -1 against it, 0 without one; ``zone``: kill zone in
    which candle 3 opened, empty for none; ``minutes``: length of a candle; ``age``: share of its life that is over, 0 at its
    confirmation; ``fill``: share of its height that price came back so far.
    """

    size: float
    distance: float
    displacement: float
    trend: float
    zone: str
    minutes: float
    age: float
    fill: float


#: The terms of the dot product, in order.
TERMS: Final = (
    "log_size", "log_size_squared", "log_distance", "log_distance_squared", "size_x_distance", "log_displacement", "trend",
    "log_minutes", "age", "age_squared", "fill", "age_x_fill", "age_x_distance", *(f"zone_{zone}" for zone in ZONES),
)  # fmt: skip


_OF_ZONE: Final = {zone: tuple(1.0 if each == zone else 0.0 for each in ZONES) for zone in ZONES}
_NO_ZONE: Final = (0.0,) * len(ZONES)


def terms(features: Features) -> list[float]:
    """The numbers of ``TERMS``. Ratios are taken as logarithms and bounded, so that no candle is beyond the model."""
    size = log(min(max(features.size, 0.02), 20.0))
    distance = log(0.05 + min(max(features.distance, 0.0), 20.0))
    age = min(max(features.age, 0.0), 1.0)
    fill = min(max(features.fill, 0.0), 1.0)
    return [
        size,
        size * size,
        distance,
        distance * distance,
        size * distance,
        log(0.1 + min(max(features.displacement, 0.0), 20.0)),
        features.trend,
        log2(features.minutes),
        age,
        age * age,
        fill,
        age * fill,
        age * distance,
        *_OF_ZONE.get(features.zone, _NO_ZONE),
    ]


class FillModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The artefact. ``probability`` is of being filled to ``filled_at`` within ``max_age_candles`` of the confirmation.

    ``calibration``: rising pairs (logit, probability), between which is interpolated. ``base_rates``: pairs (share of the
    life that is over, share of the gaps still open then that were filled later). The rest says where it comes from.
    """

    version: int
    max_age_candles: int
    filled_at: float
    min_size_percent: float
    terms: tuple[str, ...]
    intercept: float
    coefficients: tuple[float, ...]
    calibration: tuple[tuple[float, float], ...]
    base_rates: tuple[tuple[float, float], ...]
    data: tuple[dict[str, str | int], ...]
    scores: dict[str, dict[str, float | int]]
    command: str

    def __post_init__(self) -> None:
        if self.version != VERSION:
            raise ValueError(f"the model is of version {self.version}, this program reads {VERSION}; train it again")
        if self.terms != TERMS or len(self.coefficients) != len(TERMS):
            raise ValueError("the model has other terms than this program computes; train it again")
        if not self.calibration or not self.base_rates:
            raise ValueError("the model has no calibration or no base rates; train it again")

    def probability(self, features: Features) -> float:
        """From 0 to 1."""
        logit = self.intercept
        for coefficient, term in zip(self.coefficients, terms(features), strict=True):
            logit += coefficient * term
        return _between(self.calibration, logit)

    def base_rate(self, age: float) -> float:
        """What a gap of this age is worth when nothing else is known of it."""
        return _between(self.base_rates, age)

    def fits(self, max_age_candles: int, filled_at: float) -> bool:
        """True when it answers the question that these settings ask."""
        return self.max_age_candles == max_age_candles and self.filled_at == filled_at


def features_of(gap: Finding, timeframe: Timeframe, max_age_candles: int) -> Features | None:
    """Those of a gap as it stands; None where they are missing (the ATR was cold)."""
    close, atr, body, trend = gap.numbers[:4]
    if atr <= 0.0:
        return None
    bullish = gap.direction == "bullish"
    sign = 1.0 if bullish else -1.0
    near = gap.top if bullish else gap.bottom
    duration = DURATION[timeframe]
    return Features(
        size=(gap.top - gap.bottom) / atr,
        distance=sign * (close - near) / atr,
        displacement=sign * body / atr,
        trend=sign * trend,
        zone=kill_zone(gap.candles[2], duration),
        minutes=duration / MINUTE,
        age=(gap.changed_at - gap.confirmed_at) / (duration * max_age_candles),
        fill=gap.fill,
    )


class FillForecast:
    """The fill probability that an engine reports for its gaps.

    ``base_rate`` where there is no model for these settings; the model's base rate where features are missing.
    """

    def __init__(self, model: FillModel | None, max_age_candles: int, filled_at: float, base_rate: float) -> None:
        self._model = model if model is not None and model.fits(max_age_candles, filled_at) else None
        self._max_age = max_age_candles
        self._filled_at = filled_at
        self._base_rate = base_rate

    def of(self, gap: Finding, timeframe: Timeframe) -> float:
        """Of a gap as of its last change: 1 once it was filled, 0 once it ended unfilled."""
        if gap.is_over():
            return 1.0 if gap.state in ("inverted", "filled") else 0.0
        model = self._model
        if model is None:
            return self._base_rate
        features = features_of(gap, timeframe, self._max_age)
        if features is not None:
            return model.probability(features)
        return model.base_rate((gap.changed_at - gap.confirmed_at) / (DURATION[timeframe] * self._max_age))


def kill_zone(open_time: int, duration: int) -> str:
    """The kill zone (New York) in which a candle of this length (ms) opens, empty for none."""
    if duration > _LONGEST_IN_ZONE:
        return ""
    ends, names = _zones_of(open_time // DAY)
    return names[bisect_right(ends, open_time)]


@lru_cache(maxsize=64)
def _zones_of(day: int) -> tuple[list[int], list[str]]:
    """A day (UTC, days since 1970) in pieces: where each ends (ms) and the kill zone that it lies in, empty for none."""
    table = Timetable({name: NEW_YORK_WINDOWS[name] for name in ZONES})
    ends: list[int] = []
    names: list[str] = []
    time = day * DAY
    while time < (day + 1) * DAY:
        opened = table.open_at(time)
        time = table.next_change
        ends.append(time)
        names.append(opened[0].name if opened else "")
    return ends, names


def read_model(data: bytes) -> FillModel:
    """The model of a JSON document. Raises msgspec.ValidationError for anything else."""
    return msgspec.json.decode(data, type=FillModel)


@lru_cache(maxsize=8)
def load_model(path: Path | None) -> FillModel | None:
    """The one that ships with the package, or that of a file. None: nothing ships.

    Raises OSError and msgspec.ValidationError for a file that is not there or no model.
    """
    if path is not None:
        return read_model(path.read_bytes())
    shipped = files(__package__).joinpath("models", "fvg_fill.json")
    return read_model(shipped.read_bytes()) if shipped.is_file() else None


def _between(pairs: tuple[tuple[float, float], ...], at: float) -> float:
    """Linear between the pairs, flat beyond the first and the last."""
    place = bisect_right(pairs, at, key=lambda pair: pair[0])
    if place == 0:
        return pairs[0][1]
    if place == len(pairs):
        return pairs[-1][1]
    (left, low), (right, high) = pairs[place - 1], pairs[place]
    return low + (high - low) * (at - left) / (right - left)
