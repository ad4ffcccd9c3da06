"""Lists settings that were renamed or moved, so that the error for an old name shows the new one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

#: Old dotted path → new dotted path.
MOVED: Final[dict[str, str]] = {
    "risk.leverage": "account.leverage",
    "simulator.leverage": "account.leverage",
    "gateway.leverage": "account.leverage",
    "analysis.alternation": "analysis.zigzag",
    "gateway.margin_type": "account.margin_type",
}


def moved_to(path: Sequence[str | int]) -> str:
    """Return the present dotted path of the setting at this old path; empty if it never moved."""
    return MOVED.get(".".join(str(part).lower() for part in path), "")
