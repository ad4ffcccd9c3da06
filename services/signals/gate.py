"""A gate: what a strategy asks of a setup, with the numbers that it compared (SIG-7)."""

from __future__ import annotations

import msgspec

from shared.domain.decisions import Reason


class Gate(msgspec.Struct, frozen=True, gc=False):
    """One condition of a setup. Several gates may stand for the same reason.

    name: of the condition, in the strategy's words. reason: what the strategy answers when it does not hold. value, limit:
    the numbers that were compared, in ``unit``; None = there is none. text: one sentence for a person with the numbers;
    facts: ids of the facts that it looked at, as far as it names them. Both are empty while the strategy judges, because
    they cost time.
    """

    name: str
    reason: Reason
    passed: bool
    value: float | None = None
    limit: float | None = None
    unit: str = ""
    text: str = ""
    facts: tuple[str, ...] = ()
