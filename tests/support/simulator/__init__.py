"""Desks at the simulated exchange, auditors over it, and its server in this process or another."""
