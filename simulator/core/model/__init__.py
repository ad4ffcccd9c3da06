"""Data types of the matching core: orders, requests, events, filters, statements."""
