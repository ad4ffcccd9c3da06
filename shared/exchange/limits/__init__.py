"""Rate limits of the exchange."""
