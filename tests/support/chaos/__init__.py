"""Ledgers written by hand, and defective processes, for the tests of the chaos harness."""
