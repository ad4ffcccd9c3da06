"""Notional brackets: the leverage and the maintenance margin that a position of a size has (docs/binance.md §7.3, §7.4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

import msgspec

from simulator.core.model.orders import ZERO

#: A bracket that ends nowhere ends here, USDT.
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
        """One bracket for every size: what a symbol has for which no table is known."""
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
        """From Binance's ``leverageBracket`` rows, or ccxt's leverage tiers, which carry those as ``info``.

        ``cum`` is worked out here (cum_k = cum_(k-1) + floor_k x (rate_k - rate_(k-1))): files have it rounded by floats.
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
        """The highest leverage of all."""
        return self.rows[0].leverage

    @cached_property
    def top_rate(self) -> Decimal:
        """The highest maintenance rate of all."""
        return self.rows[-1].maintenance_rate

    def at(self, notional: Decimal) -> Bracket:
        """The bracket of a position of this (unsigned) notional; beyond the last cap, the last one."""
        for row in self.rows:
            if notional < row.notional_cap:
                return row
        return self.rows[-1]

    def maintenance(self, notional: Decimal) -> Decimal:
        """Maintenance margin of a position of this (unsigned) notional: notional x rate - cum."""
        row = self.at(notional)
        return notional * row.maintenance_rate - row.cum

    def max_notional(self, leverage: int) -> Decimal:
        """The largest position that may be held at this leverage; 0 for one that no bracket offers."""
        return max((row.notional_cap for row in self.rows if row.leverage >= leverage), default=ZERO)


def bracket_tables(document: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Brackets]:
    """Symbol -> brackets, from a file of tiers by ccxt's market (``BTC/USDT:USDT``) or by Binance's symbol."""
    return {_symbol(market): Brackets.of_tiers(tiers) for market, tiers in document.items()}


def _symbol(market: str) -> str:
    """Binance's symbol of a ccxt market; a dated future (``BTC/USDT:USDT-261225``) is not its perpetual."""
    pair, _, settled = market.partition(":")
    _, _, date = settled.partition("-")
    return pair.replace("/", "") + (f"_{date}" if date else "")


def _decimal(value: object) -> Decimal:
    return Decimal(str(value))
