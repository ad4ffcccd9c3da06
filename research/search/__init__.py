"""Searches for settings, and judges the choice on what it has not seen."""
