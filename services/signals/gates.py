"""Gates: what a strategy asks of a setup, each with the numbers that it compared (SIG-7).

A strategy that offers them judges by them: its reasons are ``failed(gates)``, so that judge and explanation cannot differ.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from shared.domain.decisions import Reason


class Gate(msgspec.Struct, frozen=True, gc=False):
    """One condition of a setup. Several gates may stand for the same reason.

    name: of the condition, in the strategy's words. reason: what the strategy answers when it does not hold. value, limit:
    the numbers that were compared, in ``unit``; None = there is none. text: one sentence for a person with the numbers;
    empty while the strategy judges, because sentences cost time.
    """

    name: str
    reason: Reason
    passed: bool
    value: float | None = None
    limit: float | None = None
    unit: str = ""
    text: str = ""


def failed(gates: Iterable[Gate]) -> tuple[Reason, ...]:
    """Return the reasons of the gates that do not hold, each once, in their order."""
    return tuple(dict.fromkeys([gate.reason for gate in gates if not gate.passed]))
