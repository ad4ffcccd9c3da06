"""Gateway: the account's only hand at a real exchange."""
