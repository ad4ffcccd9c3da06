"""Marks the settings that most users decide; the reference lists them first."""

from __future__ import annotations

from typing import Final

from pydantic.config import JsonDict

#: ``Field(..., json_schema_extra=BASIC)``: a setting that a user is expected to look at. All others are advanced.
BASIC: Final[JsonDict] = {"level": "basic"}
