"""Backtests as jobs: named by what decides them, kept when done, run by processes, the same whoever runs them."""
