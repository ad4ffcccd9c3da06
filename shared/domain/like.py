"""Describes text settings in words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Like:
    """Says by example which text a setting's pattern accepts. Users read it instead of the pattern.

    ``Annotated[str, Field(pattern=...), Like("BTCUSDT")]`` reads "text like BTCUSDT".
    """

    words: str
