"""Implements the bus port inside one process, without a broker."""

from shared.runtime.native import prefer_compiled

__path__ = prefer_compiled(__name__, __path__)
