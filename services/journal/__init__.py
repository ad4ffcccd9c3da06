"""The journal: everything that was decided, ordered and filled, in SQL."""

from shared.runtime.native import prefer_compiled

__path__ = prefer_compiled(__name__, __path__)
