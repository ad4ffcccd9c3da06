"""The REST endpoints: parameters in, an answer out. Pure; the HTTP server around them is ``simulator.server.http``."""
