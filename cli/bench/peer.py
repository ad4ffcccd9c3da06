"""The same strategy as the bare loop in backtesting.py, which lives in a virtual environment of its own.

It runs there as a script with nothing of ours beside it: candles in, seconds and trades out.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Final

import numpy as np

from research.backtest.tape import Tape

#: EMA 20/50 cross, a stop of 0.5 %, a target of 1 %, 5 bp a side, one unit a trade: the rules of the bare loop.
_SCRIPT: Final = """
import json, sys, time, warnings
warnings.filterwarnings("ignore")
import numpy as np, pandas as pd
from backtesting import Backtest, Strategy
from backtesting.lib import crossover

table = np.load(sys.argv[1])
frame = pd.DataFrame(table.T, columns=["Open", "High", "Low", "Close", "Volume"])
frame.index = pd.date_range("2025-01-01", periods=len(frame), freq="min")

def average(values, span):
    return pd.Series(values).ewm(span=span, adjust=False).mean()

class Cross(Strategy):
    def init(self):
        self.near = self.I(average, self.data.Close, 20)
        self.far = self.I(average, self.data.Close, 50)

    def next(self):
        if self.position:
            return
        close = self.data.Close[-1]
        if crossover(self.near, self.far):
            self.buy(size=1, sl=close * 0.995, tp=close * 1.01)
        elif crossover(self.far, self.near):
            self.sell(size=1, sl=close * 1.005, tp=close * 0.99)

began = time.process_time()
found = Backtest(frame, Cross, cash=1e9, commission=0.0005, margin=0.01).run()
print(json.dumps({"seconds": time.process_time() - began, "trades": int(found["# Trades"])}))
"""


def peer_seconds(python: Path, tape: Tape, symbol: str) -> float:
    """CPU seconds that backtesting.py takes for a symbol. Raises OSError, ValueError: no such Python, or it has it not."""
    with tempfile.TemporaryDirectory() as directory:
        table, script = Path(directory) / "candles.npy", Path(directory) / "peer.py"
        np.save(table, tape.columns[symbol])
        script.write_text(_SCRIPT, encoding="utf-8")
        done = subprocess.run([str(python), str(script), str(table)], capture_output=True, text=True, check=False)  # noqa: S603  # the caller's own Python
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise ValueError(f"{python} cannot run backtesting.py: {last}")
    return float(json.loads(done.stdout.splitlines()[-1])["seconds"])
