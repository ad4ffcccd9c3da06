"""A notification to a person."""

from __future__ import annotations

from typing import Literal

import msgspec

from shared.domain.control import Severity

Kind = Literal["alert", "trade_opened", "trade_closed", "trade_failed", "kill_switch", "suppressed"]


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """One text for people. ``key`` names the condition; ``time``: when it was made, UTC ms."""

    kind: Kind
    severity: Severity
    key: str
    text: str
    time: int
