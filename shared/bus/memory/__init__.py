"""Implements the bus port inside one process, without a broker."""
