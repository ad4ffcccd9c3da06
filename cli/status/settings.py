"""Defines where `ict status` asks."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from shared.domain.like import Like

#: A host name, an IPv4 address or an IPv6 address in brackets, and a port.
_URL = r"^http://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+):\d{1,5}$"


class StatusSettings(BaseModel):
    """Whom `ict status` asks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    addresses: dict[str, Annotated[str, Field(pattern=_URL), Like("http://risk:9100")]] = Field(
        default_factory=dict,
        description="Processes that `ict status` asks, name → http://host:port of each; every replica behind a host name is "
        "asked. None = the one process at `http.port` of this machine",
    )
