"""The error of a strategy that asks for what it did not declare."""

from __future__ import annotations


class UndeclaredRead(Exception):
    """A strategy asked for a kind of fact, a timeframe or a symbol that is not among what it declares to read.

    What is not declared is there only while another strategy happens to read it: to answer would make one strategy depend
    on which others are switched on. The text names what was asked for.
    """
