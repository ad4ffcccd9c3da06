"""Orders by client id: their life as a table, what the exchange says of them, and who made them. Knows nothing of trades."""
