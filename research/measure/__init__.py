"""Counts what strategies say of recorded candles, and how long their trades would last. It says nothing about profit."""
