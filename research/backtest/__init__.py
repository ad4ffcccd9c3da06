"""Backtest: the very cores that trade, called directly; no bus, no store, no clock."""
