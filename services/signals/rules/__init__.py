"""The judging parts of strategies that are compiled; their settings and their rules in words are in ``strategies``."""

from shared.runtime.native import prefer_compiled

__path__ = prefer_compiled(__name__, __path__)
