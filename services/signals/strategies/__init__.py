"""The built-in strategies by name. One file a strategy: its rules, its settings, and ``STRATEGY``, which is listed here."""

from __future__ import annotations

from typing import Any, Final

from services.signals.contract import Strategy
from services.signals.strategies import every_close, ob_fvg
from services.signals.strategies.classical import bollinger, donchian, macd, moving_averages, rsi_extremes, zscore

STRATEGIES: Final[dict[str, Strategy[Any]]] = {
    module.STRATEGY.name: module.STRATEGY
    for module in (
        ob_fvg,
        every_close,
        moving_averages,
        donchian,
        macd,
        bollinger,
        rsi_extremes,
        zscore,
    )
}
