"""Execution: approved intents to orders, and no position without a stop at the exchange (EXEC-1 … EXEC-4)."""

from shared.runtime.native import prefer_compiled

__path__ = prefer_compiled(__name__, __path__)
