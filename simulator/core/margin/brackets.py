"""Notional brackets: highest leverage and maintenance margin by position size (docs/binance.md §7.3, §7.4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

import msgspec

from simulator.core.model.orders import ZERO

#: Cap of a bracket without an upper end, USDT.
_ENDLESS: Final = Decimal(10**18)


class Bracket(msgspec.Struct, frozen=True, kw_only=True):
    """One tier of position size: ``notional_floor`` <= notional < ``notional_cap``, USDT.

    maintenance_rate: fraction of the notional. cum: deducted from the maintenance margin, USDT.
    """

    number: int
    notional_floor: Decimal
    notional_cap: Decimal
    leverage: int
    maintenance_rate: Decimal
    cum: Decimal


class Brackets(msgspec.Struct, frozen=True, dict=True):
    """The brackets of one symbol, smallest first, without gaps."""

    rows: tuple[Bracket, ...]

    def __post_init__(self) -> None:
        if not self.rows or self.rows[0].notional_floor != 0:
            raise ValueError("brackets must begin at a notional of 0")
        for below, above in zip(self.rows, self.rows[1:], strict=False):
            if (
                below.notional_cap != above.notional_floor
                or above.leverage > below.leverage
                or above.maintenance_rate < below.maintenance_rate
            ):
                raise ValueError(
                    f"bracket {above.number} must begin where bracket {below.number} ends ({below.notional_cap}), "
                    "with no more leverage and no smaller maintenance rate"
                )

    @classmethod
    def flat(cls, leverage: int, maintenance_rate: Decimal) -> Brackets:
        """Make a single bracket for every size, used for symbols without a known table."""
        row = Bracket(
            number=1,
            notional_floor=ZERO,
            notional_cap=_ENDLESS,
            leverage=leverage,
            maintenance_rate=maintenance_rate,
            cum=ZERO,
        )
        return cls((row,))

    @classmethod
    def of_tiers(cls, tiers: Iterable[Mapping[str, Any]]) -> Brackets:
        """Read Binance's ``leverageBracket`` rows, or ccxt's leverage tiers, which contain them as ``info``.

        ``cum`` is computed (cum_k = cum_(k-1) + floor_k x (rate_k - rate_(k-1))), because files hold it as a rounded float.
        """
        rows: list[Bracket] = []
        for tier in tiers:
            info = tier.get("info", tier)
            notional_floor, rate = _decimal(info["notionalFloor"]), _decimal(info["maintMarginRatio"])
            before = rows[-1] if rows else None
            rows.append(
                Bracket(
                    number=int(info["bracket"]),
                    notional_floor=notional_floor,
                    notional_cap=_decimal(info["notionalCap"]),
                    leverage=int(info["initialLeverage"]),
                    maintenance_rate=rate,
                    cum=before.cum + notional_floor * (rate - before.maintenance_rate) if before is not None else ZERO,
                )
            )
        return cls(tuple(rows))

    @cached_property
    def max_leverage(self) -> int:
        """Return the highest leverage of any bracket."""
        return self.rows[0].leverage

    @cached_property
    def top_rate(self) -> Decimal:
        """Return the highest maintenance rate of any bracket, a fraction."""
        return self.rows[-1].maintenance_rate

    def at(self, notional: Decimal) -> Bracket:
        """Return the bracket of a position of this notional (USDT, >= 0); beyond the last cap, the last bracket."""
        for row in self.rows:
            if notional < row.notional_cap:
                return row
        return self.rows[-1]

    def maintenance(self, notional: Decimal) -> Decimal:
        """Return the maintenance margin of a position of this notional (USDT, >= 0): notional x rate - cum."""
        row = self.at(notional)
        return notional * row.maintenance_rate - row.cum

    def max_notional(self, leverage: int) -> Decimal:
        """Return the largest notional allowed at this leverage, USDT; 0 if no bracket allows the leverage."""
        return max((row.notional_cap for row in self.rows if row.leverage >= leverage), default=ZERO)


def bracket_tables(document: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Brackets]:
    """Read symbol -> brackets from rows by ccxt market (``BTC/USDT:USDT``) or Binance symbol."""
    return {_symbol(market): Brackets.of_tiers(tiers) for market, tiers in document.items()}


def _symbol(market: str) -> str:
    """Convert a ccxt market to Binance's symbol. A dated future (``BTC/USDT:USDT-261225``) keeps a name of its own."""
    pair, _, settled = market.partition(":")
    _, _, date = settled.partition("-")
    return pair.replace("/", "") + (f"_{date}" if date else "")


def _decimal(value: object) -> Decimal:
    return Decimal(str(value))
