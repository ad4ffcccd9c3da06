"""Alerts of execution: one place, so that keys and wording stay consistent."""

from __future__ import annotations

from shared.domain.control import Alert, Severity


def alert(severity: Severity, key: str, text: str, time: int) -> Alert:
    """An alert of this service. ``time`` in ms."""
    return Alert(severity=severity, source="execution", key=key, text=text, time=time)
