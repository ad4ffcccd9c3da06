"""The order flow of a candle that is not closed yet: sums of what its minutes had (DATA-2, ICT-14)."""

from __future__ import annotations

from decimal import Context, Decimal

import msgspec

from shared.domain.order_flow import CandleFlow


class Mean(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A mean over minutes: those that were not measured count for nothing."""

    total: float = 0.0
    minutes: int = 0

    def add(self, other: Mean) -> None:
        """Take the minutes of another part."""
        self.total += other.total
        self.minutes += other.minutes

    def told(self) -> float | None:
        """The mean; None when no minute was measured."""
        return self.total / self.minutes if self.minutes else None


def _measured(value: float | None) -> Mean:
    return Mean() if value is None else Mean(total=value, minutes=1)


class FormingFlow(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What the minutes so far had. taker_bought is exact; it and ``trades`` are None when one of the minutes lacked them:
    a sum of some minutes would pass for one of all."""

    taker_bought: Decimal | None = None
    trades: int | None = None
    spread: Mean = msgspec.field(default_factory=Mean)
    imbalance: Mean = msgspec.field(default_factory=Mean)

    def told(self) -> CandleFlow | None:
        """The flow of the candle, closed now; None when nothing of it is known."""
        bought = None if self.taker_bought is None else float(self.taker_bought)
        spread, imbalance = self.spread.told(), self.imbalance.told()
        if bought is None and self.trades is None and spread is None and imbalance is None:
            return None
        if imbalance is not None:
            imbalance = max(-1.0, min(1.0, imbalance))  # a mean of ones may be above one by its last digit
        return CandleFlow(taker_bought=bought, trades=self.trades, spread=spread, imbalance=imbalance)


def forming(flow: CandleFlow | None) -> FormingFlow | None:
    """One minute's flow as the beginning of a sum."""
    if flow is None:
        return None
    return FormingFlow(
        taker_bought=None if flow.taker_bought is None else Decimal(repr(flow.taker_bought)),
        trades=flow.trades,
        spread=_measured(flow.spread),
        imbalance=_measured(flow.imbalance),
    )


def joined(whole: FormingFlow | None, part: FormingFlow | None, exact: Context) -> FormingFlow | None:
    """Both together, in either order of what is known; ``whole`` is changed. None when nothing is known of either."""
    if whole is None and part is None:
        return None
    whole, part = whole or FormingFlow(), part or FormingFlow()
    known = whole.taker_bought is not None and part.taker_bought is not None
    whole.taker_bought = exact.add(whole.taker_bought, part.taker_bought) if known else None  # type: ignore[arg-type]  # known
    whole.trades = whole.trades + part.trades if whole.trades is not None and part.trades is not None else None
    whole.spread.add(part.spread)
    whole.imbalance.add(part.imbalance)
    return whole
