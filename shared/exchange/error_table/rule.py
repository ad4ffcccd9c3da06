"""Defines a row of the error table: class, the exchange's own text, and a sentence for the person who reads it."""

from __future__ import annotations

from typing import Literal

import msgspec

Action = Literal[
    "retry",  # nothing happened; the same request may be sent again after a pause
    "refuse",  # nothing happened, and a repeat changes nothing: the request is wrong, or not possible now
    "query",  # the answer does not say how things stand: ask, never send it again
    "halt",  # nothing happened, and a person must act first: entries stop at once, what protects or reduces goes on
    "stands",  # what was asked for is so already: taken as done
]
#: A row as the sections write it: class, Binance's text, sentence, and the text with a ``%s`` where Binance names a value.
Row = tuple[Action, str, str] | tuple[Action, str, str, str]


class Rule(msgspec.Struct, frozen=True):
    """What is known of one error.

    name: the exchange's name of it. action: its class. text: the exchange's words. sentence: what happened, and what to do
    next. named: the exchange's words with ``%s`` for the value that it names; empty = it names none.
    """

    name: str
    action: Action
    text: str
    sentence: str
    named: str = ""

    def text_of(self, *values: str) -> str:
        """Return the exchange's words about these values. Raises TypeError if it does not name as many."""
        return self.named % values
