"""A server with Binance's USDⓈ-M protocol: REST, market streams, user-data streams, and faults set on command.

Clients written for Binance can trade against it.
"""
