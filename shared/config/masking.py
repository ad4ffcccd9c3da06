"""Hides passwords in addresses that are shown."""

from __future__ import annotations

import re
from typing import Final

_USERINFO: Final = re.compile(r"(://[^/:@\s]*):[^@\s]*@")


def without_password(text: str) -> str:
    """Replace the password of every address in ``text``: ``amqp://ict:geheim@host`` → ``amqp://ict:***@host``."""
    return _USERINFO.sub(r"\1:***@", text)
