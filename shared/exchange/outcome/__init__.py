"""What became of an order call, and how an open outcome is resolved."""
