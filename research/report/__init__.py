"""The report of a backtest: one page, without a network, of what a run did and why."""
