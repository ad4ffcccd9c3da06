"""What a process says of itself at ``/state``: readiness, and what its services show of their states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

#: Changes when a reader of the answer must change: a field that goes away or means something else.
VERSION: Final = 1


class ProcessState(msgspec.Struct, frozen=True, kw_only=True):
    """The answer.

    services: that run in this process. replica: name of this process among its replicas. ready, started, draining, checks:
    as ``/readyz`` has them. state: by part ("risk", "execution"), each as its service encodes it; null = this process stands
    by, or has had no message yet: another one may have the state.
    """

    version: int = VERSION
    services: tuple[str, ...] = ()
    replica: str = ""
    ready: bool
    started: bool
    draining: bool
    checks: dict[str, bool | str]
    state: dict[str, msgspec.Raw]


def encoded(parts: Mapping[str, msgspec.Struct | None]) -> dict[str, msgspec.Raw]:
    """Encode each part by itself, so that a reader may leave one that it does not know."""
    return {name: msgspec.Raw(msgspec.json.encode(part)) for name, part in sorted(parts.items())}
