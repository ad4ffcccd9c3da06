"""Scenes for the tests of signals."""
