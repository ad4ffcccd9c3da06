"""What a filter is: whether now is a moment to act on what a strategy sees (SIG-6).

A filter is pure: the same view, signal and settings give the same gates. It never makes a signal, it can only stop one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from services.signals.gates import Gate
from services.signals.view import MarketView
from shared.domain.decisions import Signal
from shared.domain.facts import FactKind
from shared.domain.timeframes import Timeframe


class FilterSettings(BaseModel):
    """Settings that every filter has."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(False, description="Ask this filter about every signal")
    strategies: tuple[str, ...] = Field((), max_length=64, description="Strategies that it is for; none named = all")

    def applies_to(self, strategy: str) -> bool:
        """Return True if it is on for this strategy."""
        return self.enabled and (not self.strategies or strategy in self.strategies)


F = TypeVar("F", bound=FilterSettings)


def _no_facts(settings: Any, timeframe: Timeframe) -> Mapping[Timeframe, frozenset[FactKind]]:
    return {}


def _no_history(settings: Any, timeframe: Timeframe) -> Mapping[Timeframe, int]:
    return {}


@dataclass(frozen=True, slots=True)
class Filter(Generic[F]):
    """One filter.

    name: of its section in ``signals.filters``. settings: their model. gates: what it asks of a signal at the view's close,
    with sentences; the reasons of those that do not hold stop the signal. reads, history: from its settings and the
    timeframe that the strategy judges, the kinds of facts that it looks at by timeframe, and how many candles it looks
    back, the closing one included; of timeframes that are 1m or the strategy's own. flow: the same of order flow.
    """

    name: str
    settings: type[F]
    gates: Callable[[MarketView, Signal, F], tuple[Gate, ...]]
    reads: Callable[[F, Timeframe], Mapping[Timeframe, frozenset[FactKind]]] = _no_facts
    history: Callable[[F, Timeframe], Mapping[Timeframe, int]] = _no_history
    flow: Callable[[F, Timeframe], Mapping[Timeframe, int]] = _no_history
