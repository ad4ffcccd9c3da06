"""Defines the settings of the concepts that compare two symbols: SMT divergence and liquidity correlation."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from services.analysis.settings.base import Concept, Frozen
from shared.domain.like import Like
from shared.domain.symbols import SYMBOL_PATTERN

SymbolName = Annotated[str, Field(pattern=SYMBOL_PATTERN), Like("BTCUSDT")]


class PairSettings(Frozen):
    """Two symbols that are compared. Both must belong to the same partition."""

    first: SymbolName = Field(description="One symbol of the pair")
    second: SymbolName = Field(description="The other symbol of the pair")
    inverse: bool = Field(False, description="They move against each other: a high of one answers a low of the other")

    @model_validator(mode="after")
    def _two(self) -> Self:
        """Raise ValueError if both symbols are the same."""
        if self.first == self.second:
            raise ValueError(f"pairs {self.first} with itself; name two symbols")
        return self


#: The default pairs. If one is not wholly configured, it is ignored without a warning: nobody asked for it.
DEFAULT_PAIRS: Final = (PairSettings(first="BTCUSDT", second="ETHUSDT"),)


class SmtSettings(Concept):
    """Settings of SMT divergence: one symbol takes its high or low and the other does not."""

    swing_window: int = Field(5, ge=0, le=100, description="How far apart two swings may lie to answer each other, candles")
    level_window: int = Field(
        5,
        ge=1,
        le=100,
        description="How long the other symbol has to take its own level too, candles after the one that took the first",
    )
    max_age_candles: int = Field(20, ge=1, le=5_000, description="Life of a divergence after its confirmation, candles")


class CorrelationSettings(Concept):
    """Settings of the correlation between two symbols."""

    measure: Literal["liquidity", "returns"] = Field(
        "liquidity",
        description=(
            "What is correlated: liquidity = where the close stands between the last swing low and "
            "high, returns = logarithmic returns"
        ),
    )
    window: int = Field(50, ge=5, le=2_000, description="Candles of both symbols over which correlation is measured")
    threshold: float = Field(
        0.7, gt=0.0, lt=1.0, description="Correlation above which two symbols are correlated, which is an event"
    )
    hysteresis: float = Field(0.1, ge=0.0, lt=1.0, description="How far below the threshold a correlation ends")


class CrossSettings(Concept):
    """Settings of the concepts that compare two symbols; they are judged at closes at which both have a candle."""

    pairs: tuple[PairSettings, ...] = Field(
        DEFAULT_PAIRS, description="Pairs of symbols that are read against each other; both must be in one partition"
    )
    smt: SmtSettings = Field(default_factory=SmtSettings, description="SMT divergence")
    correlation: CorrelationSettings = Field(default_factory=CorrelationSettings, description="Liquidity correlation")

    @field_validator("pairs", mode="after")
    @classmethod
    def _once_each(cls, pairs: tuple[PairSettings, ...]) -> tuple[PairSettings, ...]:
        """Raise ValueError if a pair is named twice, in either order."""
        seen: set[frozenset[str]] = set()
        for pair in pairs:
            both = frozenset((pair.first, pair.second))
            if both in seen:
                raise ValueError(f"names the pair {pair.first}, {pair.second} twice; name each pair once")
            seen.add(both)
        return pairs
