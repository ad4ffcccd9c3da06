"""Binance's answers and frames as types, and what they say in the port's types. Pure."""
