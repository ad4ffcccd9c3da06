"""Looks transitions up in state tables (state → event → state), and raises one error for an event that is not allowed.

A feed's connection, an order of the simulated exchange and a trade have such tables. docs/lifecycles.md is generated from
them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

State = TypeVar("State", bound=str)
Event = TypeVar("Event", bound=str)


class IllegalTransition(Exception):
    """An event that the present state does not allow: a bug of the caller, never a condition of the market.

    subject: what has the state, for a person ("order ict-1").
    allowed: the events that the state allows; empty = the state is final.
    """

    def __init__(self, subject: str, state: str, event: str, allowed: Iterable[str]) -> None:
        self.subject = subject
        self.state = state
        self.event = event
        self.allowed = tuple(allowed)
        super().__init__(f"{subject} is {state}: no {event}; allowed: {', '.join(self.allowed) or 'none'}")


def next_state(table: Mapping[State, Mapping[Event, State]], subject: str, state: State, event: Event) -> State:
    """Return the state that follows ``event`` in ``state``. Raises IllegalTransition if the table does not have it."""
    allowed = table[state]
    if event not in allowed:
        raise IllegalTransition(subject, state, event, allowed)
    return allowed[event]
