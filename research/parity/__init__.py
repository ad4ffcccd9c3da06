"""Parity: what was recorded of a past day, replayed through the same cores and compared."""
