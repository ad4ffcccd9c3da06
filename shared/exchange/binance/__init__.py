"""Implements the exchange port for Binance USDⓈ-M futures, on python-binance."""
