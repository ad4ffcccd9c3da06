"""Trades: an entry and an exit ladder, their life as a table, and which entries may be sent."""

from shared.runtime.native import prefer_compiled

__path__ = prefer_compiled(__name__, __path__)
