"""The types of the exchange port: orders, account, market data, streams, user events."""
