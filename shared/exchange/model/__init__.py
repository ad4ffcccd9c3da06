"""The types that the exchange port speaks: orders, account, market, streams, user events."""
