"""``ict demo`` through a price gap that jumps over stop and bankruptcy: it is liquidated and owes nothing."""

from __future__ import annotations

import csv
import json
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any

from simulator.market.generator import DEFAULT_START, GeneratedMarket
from tests.support.processes.fleet import ICT

CONFIG = """symbols: [BTCUSDT]
account: {leverage: 10}
risk: {risk_per_trade: "0.05", position_margin_cap: "0.9", symbol_margin_cap: "0.9", max_exposure: "9"}
"""


def write(path: Path, *, gap_from: int | None = None, factor: float = 1.0) -> Path:
    """Eight hours of the generated market; from the candle that opens at ``gap_from`` (UTC ms) on times ``factor``."""
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("open_time", "open", "high", "low", "close", "volume"))
        for _, candles in GeneratedMarket(("BTCUSDT",), DEFAULT_START, 1 / 3, 1).steps():
            for each in candles:
                by = factor if gap_from is not None and each.open_time >= gap_from else 1.0
                prices = (round(price * by, 1) for price in (each.open, each.high, each.low, each.close))
                rows.writerow((each.open_time, *prices, each.volume))
    return path


def demo(data: Path, out: Path) -> list[dict[str, Any]]:
    """The fills of a run; ``out`` also gets the equity."""
    config = data.parent / "demo.yaml"
    config.write_text(CONFIG)
    command = [*ICT, "demo", "--config", str(config), "--data", f"BTCUSDT={data}", "--out", str(out), "--json"]
    subprocess.run(command, check=True, timeout=100, capture_output=True, cwd=data.parent)
    return [json.loads(line) for line in (out / "fills.jsonl").read_text().splitlines()]


def test_a_demo_is_liquidated_by_a_gap_and_ends_at_nothing_not_below(tmp_path: Path) -> None:
    """BT-1, RISK-1: a position of seven times the wallet, its stop 1 % away, and the next open 20 % down."""
    entry = demo(write(tmp_path / "calm.csv"), tmp_path / "calm")[0]
    assert entry["side"] == "BUY"
    gapped = write(tmp_path / "gapped.csv", gap_from=entry["time"] + 60_000, factor=0.8)
    fills = demo(gapped, tmp_path / "gapped")
    assert [fill["client_id"][:10] for fill in fills[1:]] == ["autoclose-"]
    equity = [
        Decimal(json.loads(line)["equity"]) for line in (tmp_path / "gapped" / "equity.jsonl").read_text().splitlines()
    ]
    assert min(equity) >= 0
    assert equity[-1] < 100
