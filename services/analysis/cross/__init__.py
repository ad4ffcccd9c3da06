"""Facts across two symbols: SMT divergence and liquidity correlation (ICT-9; ict.md 2.24).

They stand beside the engines: an engine sees one symbol, and these see what the engines of two symbols found at one close.
"""

from shared.runtime.native import prefer_compiled

__path__ = prefer_compiled(__name__, __path__)
