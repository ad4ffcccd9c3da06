"""Execution: approved intents to orders, and no position without a stop at the exchange (EXEC-1 … EXEC-4)."""
