"""Analysis: closed candles in, causal ICT facts out (ICT-*)."""
