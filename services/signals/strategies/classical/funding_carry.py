"""Funding carry: take the side that a crowded market pays, for a number of funding times, unless it runs the other way.

1. *Crowded*: the funding rate that was settled last is ``threshold`` or more in size. Positive: longs pay, so it sells;
   negative: shorts pay, so it buys.
2. *Fresh*: it enters only at the first ``entry_candles`` closes after that settlement: once a funding period, not at every
   close. Settlements older than eight hours are not known.
3. *No strong move*: the close is at most ``max_run`` average true ranges beyond its average of ``trend`` candles, in the
   direction of the crowd. A crowd that is winning is not stood against.
4. The trade is closed at the market a minute after the ``payments``-th funding time that follows; stop and target before.

It reads what was *settled*, never the rate that the exchange predicts: a recorded market knows no other, and live, paper and
replay must decide the same.
"""

from __future__ import annotations

from typing import Final, Self

from pydantic import Field, model_validator

from services.signals.gates import Gate
from services.signals.indicator_entry import IndicatorSettings, Setup, entry_strategy
from services.signals.indicators import sma
from services.signals.view import MarketView
from services.signals.view.history import Bars
from services.signals.wording import moment, price
from shared.domain.order_words import Side
from shared.domain.timeframes import DURATION, MINUTE

_HOUR: Final = 60 * MINUTE


class FundingCarrySettings(IndicatorSettings):
    """Settings of the strategy funding_carry: against a crowded side, with the funding that it pays."""

    threshold: float = Field(
        0.0005, gt=0.0, le=0.03, description="Funding rate from which a side is crowded, fraction of the notional"
    )
    entry_candles: int = Field(1, ge=1, le=96, description="Closes after a settlement at which it may enter")
    trend: int = Field(96, ge=2, le=1_000, description="Candles of the average that a strong move is measured from")
    max_run: float = Field(
        3.0, ge=0.0, le=50.0, description="Farthest that price may be beyond that average with the crowd, ATR"
    )
    payments: int = Field(1, ge=1, le=90, description="Funding times for which the trade is held")
    funding_hours: int = Field(8, ge=1, le=8, description="Time between two funding times of the symbol, hours")

    @model_validator(mode="after")
    def _in_time(self) -> Self:
        """Raise ValueError if an entry could be due when the trade is to be closed."""
        if self.entry_candles * DURATION[self.timeframe] >= self.payments * self.funding_hours * _HOUR:
            raise ValueError(
                f"entry_candles {self.entry_candles} of {self.timeframe} last as long as {self.payments} funding times of "
                f"{self.funding_hours} hours: lower entry_candles, or raise payments"
            )
        return self


def read(view: MarketView, bars: Bars, settings: FundingCarrySettings, *, told: bool) -> Setup:
    """SELL after a settlement at which longs paid ``threshold`` or more, unless price runs up; BUY mirrored."""
    funding = view.funding()
    if funding is None:
        text = "No funding is known that was settled in the last eight hours." if told else ""
        return Setup(None, (Gate("funding", "no_funding", False, limit=settings.threshold, text=text),), "")
    analysis = view.bare_at_close(settings.timeframe)
    assert analysis is not None, "the entry's gates have passed"
    size, close, mean = abs(funding.rate), bars.closes[-1], sma(bars.closes, settings.trend)
    side: Side = "SELL" if funding.rate > 0.0 else "BUY"
    run = (close - mean if side == "SELL" else mean - close) / analysis.atr
    age, longest = view.close_time - funding.time, settings.entry_candles * DURATION[settings.timeframe]
    average = price(float(f"{mean:.6g}")) if told else ""
    payer = "longs" if side == "SELL" else "shorts"
    crowded, fresh, calm = size >= settings.threshold, age <= longest, run <= settings.max_run
    gates = (
        Gate("crowded", "no_setup", crowded, size, settings.threshold, "fraction of notional",
             f"The {payer} paid {size:.4%} at {moment(funding.time)}; crowded is {settings.threshold:.4%}."
             if told else ""),
        Gate("fresh", "outside_window", fresh, age / MINUTE, longest / MINUTE, "minutes",
             f"That was {age // MINUTE} minutes ago; it enters up to {longest // MINUTE} minutes after a settlement."
             if told else ""),
        Gate("no_strong_move", "against_structure", calm, run, settings.max_run, "ATR",
             f"Price is {run:+.2f} average true ranges beyond its average {average} with the crowd; at most "
             f"{settings.max_run:g}." if told else ""),
    )  # fmt: skip
    why = f"{payer} paid {size:.4%} of funding at {moment(funding.time)} and price does not run with them; it closed"
    close_by = funding.time + settings.payments * settings.funding_hours * _HOUR + MINUTE
    return Setup(side if crowded and fresh and calm else None, gates, why, close_by)


STRATEGY: Final = entry_strategy(
    "funding_carry",
    "Takes the side that receives a high funding rate, for a number of funding times.",
    FundingCarrySettings,
    lambda settings: settings.trend,
    read,
    funding=True,
)
