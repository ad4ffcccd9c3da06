"""Commands that play recorded markets to the cores without a bus, and that show the results: backtest, runs."""
