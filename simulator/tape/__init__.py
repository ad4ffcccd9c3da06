"""The tape: every trade, quote, book change and mark price of a market, in order of time, with its own true history."""
