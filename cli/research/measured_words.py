"""Writes lengths of time as people do."""

from __future__ import annotations


def lasted(minutes: int | None) -> str:
    """A length of time in two parts at most: ``45 min``, ``3 h 10 min``, ``2 d 4 h``; ``-`` for none."""
    if minutes is None:
        return "-"
    days, rest = divmod(minutes, 1_440)
    hours, left = divmod(rest, 60)
    parts = [(days, "d"), (hours, "h"), (0 if days else left, "min")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 min"
