"""Cores and lanes under test: messages with a time, a lane at a bus of its own."""
