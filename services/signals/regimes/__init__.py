"""Regimes of the market: how far returns spread now and next, and which strategies may trade then (SIG-5)."""
