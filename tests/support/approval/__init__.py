"""Keys of the tests' own, and what signs and verifies with them."""
