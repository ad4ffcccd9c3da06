"""The contract of an exchange behind the exchange port, as checks. Each takes a Trader and raises AssertionError.

The same checks hold for the matching core, for the simulator through the adapter, and for Binance's demo exchange.
"""
