"""Tests; the folders below the kinds mirror the packages. What they share is in ``tests/support``."""
