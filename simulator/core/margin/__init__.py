"""Margin, notional brackets, funding and liquidation of the simulated account."""
