"""The texts with which the simulated exchange refuses orders and settings: those of the exchange's own error table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from shared.exchange.error_codes import ErrorCode
from shared.exchange.errors import RULES

#: Error code -> Binance's text.
REASON: Final[Mapping[ErrorCode, str]] = {code: RULES[code].text for code in ErrorCode}
