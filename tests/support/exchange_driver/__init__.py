"""Execution's driver in front of a simulator's server."""
