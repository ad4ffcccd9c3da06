"""The REST endpoints, as pure functions from parameters to an answer; ``simulator.server.http`` serves them."""
