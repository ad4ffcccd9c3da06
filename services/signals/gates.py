"""Gates: what a strategy asks of a setup, each with the numbers that it compared (SIG-7).

A strategy that offers them judges by them: its reasons are ``failed(gates)``, so that judge and explanation cannot differ.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from shared.domain.decisions import Reason
from shared.domain.facts import Fact


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


def ids(*facts: Fact | None) -> tuple[str, ...]:
    """Return the ids of those facts that there are."""
    return tuple([fact.id for fact in facts if fact is not None])


def failed(gates: Iterable[Gate]) -> tuple[Reason, ...]:
    """Return the reasons of the gates that do not hold, each once, in their order."""
    return tuple(dict.fromkeys([gate.reason for gate in gates if not gate.passed]))
