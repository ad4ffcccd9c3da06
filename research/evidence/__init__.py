"""Evidence: everything that can be said for and against a strategy from its backtests, and a plain verdict."""
