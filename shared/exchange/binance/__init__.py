"""Binance USDⓈ-M futures behind the exchange port, on python-binance."""
