"""The contract of a bus, and buses that crash, repeat or delay."""
