"""The filters by name. One file a filter: its rules, its settings, and ``FILTER``, which is listed here.

A new one also has a section in ``services.signals.filters.settings``.
"""

from __future__ import annotations

from typing import Any, Final

from services.signals.filters import cost, order_flow, time_suitability, volatility
from services.signals.filters.contract import Filter

#: In the order in which they are asked and shown. All of them are asked, so that every reason is told.
FILTERS: Final[dict[str, Filter[Any]]] = {
    module.FILTER.name: module.FILTER for module in (time_suitability, volatility, cost, order_flow)
}
