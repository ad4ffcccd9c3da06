"""Matching: validation, placement, triggers and fills."""
