"""The built-in strategies by name. One file a strategy: its rules, its settings, and ``STRATEGY``, which is listed here."""

from __future__ import annotations

from typing import Any, Final

from services.signals.contract import Strategy
from services.signals.strategies import (
    breaker_retest,
    every_close,
    judas,
    ob_fvg,
    ote,
    silver_bullet,
    sweep_reversal,
    top_down,
)
from services.signals.strategies.classical import (
    bollinger,
    donchian,
    funding_carry,
    macd,
    moving_averages,
    rsi_extremes,
    zscore,
)

STRATEGIES: Final[dict[str, Strategy[Any]]] = {
    module.STRATEGY.name: module.STRATEGY
    for module in (
        ob_fvg,
        top_down,
        sweep_reversal,
        silver_bullet,
        ote,
        breaker_retest,
        judas,
        every_close,
        moving_averages,
        donchian,
        macd,
        bollinger,
        rsi_extremes,
        zscore,
        funding_carry,
    )
}
