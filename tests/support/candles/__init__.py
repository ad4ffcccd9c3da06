"""Rows for the candle repository, and a count of those that are held."""
