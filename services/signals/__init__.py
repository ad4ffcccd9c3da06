"""Signals: what the strategies say at every close (SIG-1, SIG-7). Prices and reasons, never quantities or balances."""

from shared.runtime.native import prefer_compiled

__path__ = prefer_compiled(__name__, __path__)
