"""Gates: what a strategy asks of a setup, each with the numbers that it compared (SIG-7).

A strategy that offers them judges by them: its reasons are ``failed(gates)``, so that judge and explanation cannot differ.
"""

from __future__ import annotations

from collections.abc import Iterable

from services.signals.gate import Gate as Gate
from shared.domain.decisions import Reason
from shared.domain.facts import Fact


def ids(*facts: Fact | None) -> tuple[str, ...]:
    """Return the ids of those facts that there are."""
    return tuple([fact.id for fact in facts if fact is not None])


def failed(gates: Iterable[Gate]) -> tuple[Reason, ...]:
    """Return the reasons of the gates that do not hold, each once, in their order."""
    found: list[Reason] = []
    for gate in gates:
        if not gate.passed and gate.reason not in found:
            found.append(gate.reason)
    return tuple(found)
