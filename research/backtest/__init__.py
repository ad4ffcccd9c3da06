"""Backtest: the very cores that trade, called directly; no bus, no store, no clock."""

from shared.runtime.native import prefer_compiled

__path__ = prefer_compiled(__name__, __path__)
