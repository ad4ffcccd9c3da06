"""Converts state and events to Binance's JSON: its field names, decimals as strings (docs/binance.md §4)."""
