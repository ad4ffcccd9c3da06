"""The tape: trades, quotes, book changes and mark prices of a simulated market in order of time, and its klines."""
