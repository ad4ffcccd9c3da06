"""Facts across two symbols: SMT divergence and liquidity correlation (ICT-9; docs/ict.md §13.1).

They stand beside the engines: an engine sees one symbol, and these see what the engines of two symbols found at one close.
"""

from shared.runtime.native import prefer_compiled

__path__ = prefer_compiled(__name__, __path__)
