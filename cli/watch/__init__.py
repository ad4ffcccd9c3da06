"""``ict watch``: follows what strategies say, close by close."""
