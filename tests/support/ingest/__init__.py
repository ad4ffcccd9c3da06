"""Candle files, scenes and a scripted exchange for the tests of ingest."""
