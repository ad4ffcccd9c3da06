"""backtesting.py on the candles of a file: ``python with_backtesting.py CANDLES.csv``; prints one JSON object.

The cross of two exponential averages of the close, one bitcoin a trade, entered at the next open; stop and target in parts
of the close that crossed; 5 bps a side. Runs in a virtualenv that knows nothing of this repository.
"""

from __future__ import annotations

import json
import sys
import time

import pandas as pd
from backtesting import Backtest, Strategy

CASH, FEE, STOP, TARGET, FAST, SLOW = 1_000_000, 0.0005, 0.005, 0.01, 20, 50


def average(closes, count):
    """The exponential average that begins with the first close."""
    return pd.Series(closes).ewm(span=count, adjust=False).mean().to_numpy()


class EmaCross(Strategy):
    """When flat, buy or sell one bitcoin where the averages cross."""

    def init(self):
        # Attributes of the strategy: only those are cut to what is known at a bar.
        self.fast = self.I(average, self.data.Close, FAST)
        self.slow = self.I(average, self.data.Close, SLOW)

    def next(self):
        if self.position or len(self.data) < SLOW + 1:
            return
        was, now = self.fast[-2] - self.slow[-2], self.fast[-1] - self.slow[-1]
        close = float(self.data.Close[-1])
        if was <= 0 < now:
            self.buy(size=1, sl=close * (1 - STOP), tp=close * (1 + TARGET))
        elif was >= 0 > now:
            self.sell(size=1, sl=close * (1 + STOP), tp=close * (1 - TARGET))


def main():
    candles = pd.read_csv(sys.argv[1], float_precision="round_trip").rename(columns=str.capitalize)
    candles.index = pd.to_datetime(candles.pop("Open_time"), unit="ms")
    began = time.perf_counter()
    found = Backtest(candles, EmaCross, cash=CASH, commission=FEE, finalize_trades=True).run()
    seconds = time.perf_counter() - began
    trades = [
        {
            "side": "BUY" if size > 0 else "SELL",
            "opened": int(opened.timestamp() * 1000),
            "closed": int(closed.timestamp() * 1000),
            "entry": float(entry),
            "exit": float(left),
        }
        for size, opened, closed, entry, left in found["_trades"][
            ["Size", "EntryTime", "ExitTime", "EntryPrice", "ExitPrice"]
        ].itertuples(index=False)
    ]
    print(json.dumps({"equity": float(found["Equity Final [$]"]), "seconds": seconds, "trades": trades}))


if __name__ == "__main__":
    main()
