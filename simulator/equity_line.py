"""What ``equity.jsonl`` says of a minute."""

from __future__ import annotations

from decimal import Decimal

import msgspec


class EquityLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of equity.jsonl: account (USDT) and risk state after the close at ``time`` (UTC ms).

    Written when wallet, kill switch, trades of the day or the symbols in a position are others than in the last line.
    """

    time: int
    wallet: Decimal
    equity: Decimal
    kill_switch: str
    trades_today: int
