"""What a strategy may look at: the facts of all timeframes and symbols as they were known at one close (SIG-1)."""

from __future__ import annotations

from shared.runtime.native import prefer_compiled

__path__ = prefer_compiled(__name__, __path__)

from services.signals.view.market import MarketView  # found on that path
from services.signals.view.memory import SymbolMemory
from services.signals.view.undeclared import UndeclaredRead

__all__ = ["MarketView", "SymbolMemory", "UndeclaredRead"]
