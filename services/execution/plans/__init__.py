"""Trades: an entry and an exit ladder, their life as a table, and which entries may be sent."""
