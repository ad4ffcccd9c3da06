"""Candles, harnesses and faulty specimens for the tests of the analysis."""
