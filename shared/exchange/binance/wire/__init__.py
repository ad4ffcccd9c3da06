"""Decodes Binance's REST answers and stream frames, and converts them to the port's types. Pure."""
