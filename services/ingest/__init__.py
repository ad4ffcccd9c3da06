"""Ingest: one-minute candles in, checked candles of every timeframe out (DATA-2, DATA-3)."""
