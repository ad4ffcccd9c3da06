"""Fills the candle repository: public archives, the exchange's REST, files; and reports on what is in it."""
