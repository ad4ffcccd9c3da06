"""Outcomes of order calls."""
