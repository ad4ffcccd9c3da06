"""Defines which texts are symbols: one pattern for settings, messages, files and the command line."""

from __future__ import annotations

import re
from typing import Final

#: Capital letters and digits, and the letters without case of Chinese, Japanese and Korean: 币安人生USDT is traded.
_CHARACTER: Final = "[A-Z0-9\u3041-\u3096\u30a1-\u30fa\u30fc\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3]"
#: A part of other patterns. Python's ``re``, msgspec and pydantic's engine read it alike.
SYMBOL: Final = rf"{_CHARACTER}{{2,30}}"
#: The whole text.
SYMBOL_PATTERN: Final = rf"^{SYMBOL}$"
_WHOLE: Final = re.compile(SYMBOL)


def is_symbol(text: str) -> bool:
    """Return True if the whole text is a symbol: 2 to 30 characters, at most 90 bytes (an AMQP routing key has up to
    255)."""
    return _WHOLE.fullmatch(text) is not None
