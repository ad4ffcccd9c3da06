"""Commands over recorded candles: analyse, plot, lookahead, train, zones."""
