"""Scenes for the tests of risk."""
