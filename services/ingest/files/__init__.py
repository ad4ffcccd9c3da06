"""Recorded candles from files, examined before they are played."""
