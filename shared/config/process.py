"""The settings that every process has: its log, and its HTTP server."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.domain.level import BASIC


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LogSettings(_Section):
    """What is logged, and how."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least severe level that is logged", json_schema_extra=BASIC
    )
    format: Literal["json", "console", "auto"] = Field(
        "auto", description="JSON lines, readable lines, or auto: readable on a terminal, JSON elsewhere"
    )


class HttpSettings(_Section):
    """The HTTP server of a service: /metrics, /healthz, /readyz, /state."""

    host: str = Field(
        "127.0.0.1", min_length=1, description="Address of metrics, health and state; 0.0.0.0 inside a container"
    )
    port: int = Field(
        0, ge=0, le=65_535, description="Port of metrics, health and state; 0 = no server", json_schema_extra=BASIC
    )
