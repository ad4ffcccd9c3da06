"""Runs one core on one queue, so that each message takes effect once although it may be delivered twice."""
