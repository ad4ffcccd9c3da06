"""Checks of the repository itself: coverage, purity, the table of requirements."""
