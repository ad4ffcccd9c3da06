"""The simulated exchange, and what plays a market through the system."""

from shared.runtime.native import prefer_compiled

__path__ = prefer_compiled(__name__, __path__)
