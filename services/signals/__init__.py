"""Signals: what the strategies say at every close (SIG-1, SIG-7). Prices and reasons, never quantities or balances."""
