"""``ict keys``: make the keys with which services sign and verify."""
