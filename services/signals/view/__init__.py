"""What a strategy may look at: the facts of all timeframes and symbols as they were known at one close (SIG-1)."""

from __future__ import annotations

from services.signals.view.market import MarketView
from services.signals.view.memory import SymbolMemory
from services.signals.view.undeclared import UndeclaredRead

__all__ = ["MarketView", "SymbolMemory", "UndeclaredRead"]
