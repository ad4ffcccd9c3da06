"""A gateway in front of a simulated exchange."""
