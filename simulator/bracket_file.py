"""Loads the tables of notional brackets: the shipped ones, replaced per symbol by those of a user's file."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import msgspec

from shared.runtime.process.exits import Exit, Leave
from simulator.core.margin.brackets import Brackets, bracket_tables

#: BTCUSDT, ETHUSDT and SOLUSDT as of 2026-09 (docs/binance.md §7.4), in the form of ``GET /fapi/v1/leverageBracket``.
SHIPPED: Final = "leverage_brackets.json"
_Document = dict[str, list[dict[str, Any]]]


def load_brackets(path: str = "") -> dict[str, Brackets]:
    """Load symbol -> brackets. Tables of the JSON file at ``path`` (empty = no file) replace the shipped ones.

    The file holds Binance's ``leverageBracket`` rows or ccxt's leverage tiers, by symbol or ccxt market. Raises Leave if it
    cannot be read or has no such rows.
    """
    shipped = (files("simulator.core.margin") / SHIPPED).read_bytes()
    tables = bracket_tables(msgspec.json.decode(shipped, type=_Document))
    if path:
        try:
            tables |= bracket_tables(msgspec.json.decode(Path(path).read_bytes(), type=_Document))
        except (OSError, msgspec.DecodeError, ValueError, KeyError, ArithmeticError) as error:
            raise Leave(
                Exit.CONFIG_INVALID,
                f"simulator.brackets_file {path}: {type(error).__name__} {error}; it must be JSON of leverage tiers by "
                "symbol, each with bracket, initialLeverage, notionalFloor, notionalCap and maintMarginRatio",
            ) from error
    return tables
