"""Matching: validation, placement, triggers and fills of orders."""
