"""Ingest: one-minute candles in, checked candles of every timeframe out (DATA-2, DATA-3)."""

from shared.runtime.native import prefer_compiled

__path__ = prefer_compiled(__name__, __path__)
