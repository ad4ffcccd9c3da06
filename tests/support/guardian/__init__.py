"""An account that a test moves, the guardian's core before it, and a watchman who knows the account only."""
