"""Analysis: closed candles in, causal ICT facts out (ICT-*)."""

from shared.runtime.native import prefer_compiled

__path__ = prefer_compiled(__name__, __path__)
