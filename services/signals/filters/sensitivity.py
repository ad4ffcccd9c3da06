"""Sensitivity: how many points a strategy asks for follows the kill zone, and the record of that zone (SIG-6, ICT-11).

1. The points that a strategy asks for are multiplied: by ``inside`` in a kill zone, by ``outside`` elsewhere. Below 1 it
   signals more easily, above 1 less. Strategies whose points are fixed are left as they are.
2. With ``learn``, also by the record of the zone: its signals, chosen or not, are followed on 1m candles to the stop (a
   loss), the first target (a win) or the time limit. The factor is the symbol's overall win rate over that of the zone.
3. A zone's rate is drawn towards the overall one by ``shrinkage`` trades; with fewer than ``min_sample`` trades the factor
   is 1, and it never leaves 1/``max_factor`` to ``max_factor``. No real fill is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Self

from pydantic import Field, model_validator

from services.signals.contract import Enabled
from services.signals.filters.contract import FilterSettings
from services.signals.filters.zone_record import ZoneRecord
from services.signals.gates import Gate
from shared.domain.decisions import Signal
from shared.domain.facts import Analysis, FactKind
from shared.domain.timeframes import DAY, FINEST, MINUTE
from shared.domain.zone_counts import OUTSIDE, zones_of

ZONE: Final[FactKind] = "kill_zone"


class SensitivitySettings(FilterSettings):
    """Settings of the sensitivity: factors of the points that a strategy asks for. Neutral by default."""

    enabled: bool = Field(False, description="Multiply the points that strategies ask for, by kill zone")
    inside: float = Field(1.0, gt=0.0, le=4.0, description="Factor of the points inside a kill zone; below 1 = more signals")
    outside: float = Field(1.0, gt=0.0, le=4.0, description="Factor of the points outside; above 1 = fewer signals")
    learn: bool = Field(False, description="Also multiply by the record of the zone, of hypothetical trades on candles")
    follow_ms: int = Field(
        DAY, ge=MINUTE, le=14 * DAY, description="Longest time in which a hypothetical trade is followed, ms"
    )
    memory: int = Field(
        300, ge=10, le=10_000, description="Trades after which one that was counted weighs about a third of a new one"
    )
    min_sample: int = Field(30, ge=1, le=10_000, description="Fewest trades of a zone before its record counts")
    shrinkage: float = Field(
        20.0, ge=0.0, le=10_000.0, description="How strongly a zone's rate is drawn to the overall one, trades"
    )
    max_factor: float = Field(
        1.5, ge=1.0, le=4.0, description="Largest factor that a record gives; the smallest is 1 / max_factor"
    )

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        """Raise ValueError if a zone could never have enough trades."""
        if self.min_sample >= self.memory:
            raise ValueError(
                f"min_sample {self.min_sample} is not below memory {self.memory}: no zone's record would ever count; raise "
                "memory or lower min_sample"
            )
        return self


class Sensitivity:
    """The factors of one partition's symbols, and the records that they are learnt from."""

    def __init__(self, symbols: Iterable[str], settings: SensitivitySettings) -> None:
        self._settings = settings
        self._symbols = frozenset(symbols)
        self.learns = settings.enabled and settings.learn
        self._records: dict[str, ZoneRecord] = {}

    @property
    def state(self) -> dict[str, ZoneRecord]:
        """By symbol, for the snapshot; of symbols with at least one signal."""
        return self._records

    def restore(self, state: Mapping[str, ZoneRecord]) -> None:
        """Take over a state; nothing of it when nothing is learnt now."""
        self._records = {s: each for s, each in state.items() if s in self._symbols} if self.learns else {}

    def absorb(self, analysis: Analysis) -> None:
        """Take a closed candle; only those of 1m that a followed trade waits for change anything."""
        if self._records and analysis.timeframe == FINEST:
            record = self._records.get(analysis.symbol)
            if record is not None and record.open:
                record.absorb(analysis.candle, float(self._settings.memory))

    def follow(self, signal: Signal, zones: tuple[str, ...] | None) -> None:
        """Begin to follow a signal, chosen or not, given in these zones; not where they are not known (None)."""
        if self.learns and zones is not None and self._settings.applies_to(signal.strategy):
            self._records.setdefault(signal.symbol, ZoneRecord()).follow(signal, zones, self._settings.follow_ms)

    def factor(self, symbol: str, strategy: str, zones: tuple[str, ...] | None) -> float:
        """How many times its usual points a strategy asks for now; 1 where the zones are not known.

        Of several zones that are open at once, the one that asks for most speaks.
        """
        settings = self._settings
        if zones is None or not settings.applies_to(strategy):
            return 1.0
        factor = settings.outside if zones == (OUTSIDE,) else settings.inside
        record = self._records.get(symbol)
        if record is None:
            return factor
        return factor * max(
            record.factor(
                zone,
                min_sample=settings.min_sample,
                shrinkage=settings.shrinkage,
                max_factor=settings.max_factor,
            )
            for zone in zones
        )

    def notes(self, symbol: str, enabled: Enabled, zones: tuple[str, ...] | None) -> tuple[Gate, ...]:
        """How many times its usual points a strategy asked for, for a person; nothing of one that it does not concern.

        The gate always holds: it is the strategy itself that asks for the points.
        """
        if zones is None or not enabled.strategy.points or not self._settings.applies_to(enabled.name):
            return ()
        factor = self.factor(symbol, enabled.name, zones)
        text = f"Kill zone: {', '.join(zones)}. Here it asks for {factor:.2f} times its usual points."
        return (Gate("sensitivity", "low_score", True, factor, unit="times", text=text),)


def zones_at(analysis: Analysis | None, close_time: int) -> tuple[str, ...] | None:
    """The kill zones that a close (UTC ms) lies in by its 1m analysis, else ``outside``; None when that is missing."""
    if analysis is None or analysis.candle.close_time != close_time:
        return None
    return zones_of([fact.label for fact in analysis.active if fact.kind == ZONE and fact.state != "provisional"])
