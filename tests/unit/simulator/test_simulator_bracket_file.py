"""Where brackets come from: shipped tables, a file of the user's over them, and what is said of a file that is none."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from shared.runtime.process.exits import Exit, Leave
from simulator.bracket_file import load_brackets

ROW = {"bracket": 1, "initialLeverage": 20, "notionalFloor": 0, "notionalCap": 1000, "maintMarginRatio": 0.02}


def test_three_symbols_are_shipped() -> None:
    """BT-1: binance.md §7.4."""
    tables = load_brackets()
    assert {symbol: (table.max_leverage, len(table.rows)) for symbol, table in tables.items()} == {
        "BTCUSDT": (150, 12), "ETHUSDT": (150, 12), "SOLUSDT": (100, 10),
    }  # fmt: skip


def test_a_file_goes_over_what_is_shipped(tmp_path: Path) -> None:
    """BT-1: Binance's rows or ccxt's tiers."""
    path = tmp_path / "tiers.json"
    path.write_text(json.dumps({"XRP/USDT:USDT": [{"tier": 1.0, "info": ROW}], "BTCUSDT": [ROW]}))
    tables = load_brackets(str(path))
    assert tables["XRPUSDT"].maintenance(Decimal(100)) == 2
    assert (tables["BTCUSDT"].max_leverage, tables["ETHUSDT"].max_leverage) == (20, 150)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"BTCUSDT": []}',
        '{"BTCUSDT": [{}]}',
        json.dumps({"A": [ROW | {"notionalFloor": 5}]}),
        json.dumps({"A": [ROW | {"notionalFloor": "x"}]}),
    ],
)
def test_a_file_that_is_none_ends_the_process_with_a_sentence(tmp_path: Path, content: str) -> None:
    """EXEC-6: which setting, which file, what it must be."""
    path = tmp_path / "tiers.json"
    path.write_text(content)
    with pytest.raises(Leave, match=r"simulator\.brackets_file .*tiers\.json.*notionalFloor") as caught:
        load_brackets(str(path))
    assert caught.value.code is Exit.CONFIG_INVALID


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """EXEC-6: likewise."""
    with pytest.raises(Leave, match="FileNotFoundError"):
        load_brackets(str(tmp_path / "none.json"))
