"""Outcomes of order calls, and the queries that resolve uncertain ones."""
