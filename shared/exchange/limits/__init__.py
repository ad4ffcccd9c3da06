"""Keeps the calls of all processes within the exchange's rate limits."""
