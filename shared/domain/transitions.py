"""Lives as tables: the one error for an event that a table does not allow, and the one way to look an event up.

Whoever has a life writes it as state → event → state: a feed's connection, an order of the simulated exchange, a trade.
docs/lifecycles.md is drawn from the tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

State = TypeVar("State", bound=str)
Event = TypeVar("Event", bound=str)


class IllegalTransition(Exception):
    """An event that the present state does not allow: a bug of the caller, never a condition of the market.

    subject: whose life it is, as a person would name it ("order ict-1").
    allowed: what the state does allow; empty = the life is over.
    """

    def __init__(self, subject: str, state: str, event: str, allowed: Iterable[str]) -> None:
        self.subject = subject
        self.state = state
        self.event = event
        self.allowed = tuple(allowed)
        super().__init__(f"{subject} is {state}: no {event}; allowed: {', '.join(self.allowed) or 'none'}")


def next_state(table: Mapping[State, Mapping[Event, State]], subject: str, state: State, event: Event) -> State:
    """Look ``event`` up in the row of ``state``. Raises IllegalTransition if the row does not have it."""
    allowed = table[state]
    if event not in allowed:
        raise IllegalTransition(subject, state, event, allowed)
    return allowed[event]
