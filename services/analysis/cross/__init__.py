"""Facts across two symbols: SMT divergence and liquidity correlation (ICT-9; ict.md 2.24).

They stand beside the engines: an engine sees one symbol, and these see what the engines of two symbols said of one close.
"""
