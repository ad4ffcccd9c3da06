"""Compose files, read and held against the code."""
