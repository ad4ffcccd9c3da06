"""The contract of a state store, and a Redis that can be killed."""
