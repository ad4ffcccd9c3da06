"""Marks the basic settings, those that most users decide; docs/settings.md lists them first."""

from __future__ import annotations

from typing import Final

from pydantic.config import JsonDict

#: ``Field(..., json_schema_extra=BASIC)`` marks a setting as basic. All others are advanced.
BASIC: Final[JsonDict] = {"level": "basic"}
