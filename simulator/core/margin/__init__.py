"""Margin, brackets, funding and liquidation."""
