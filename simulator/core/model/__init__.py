"""Orders, requests, events and filters of the simulated exchange."""
