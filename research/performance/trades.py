"""Measures of closed trades: how often they win, how much, in USDT and in R."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final, NamedTuple

import msgspec
import numpy as np

from research.columns import Floats
from research.performance.finite import deviation, ratio
from shared.domain.account import Trade
from shared.domain.order_words import Side

#: Width of a bar of the distribution of R.
R_WIDTH: Final = 0.5


class TradeResult(msgspec.Struct, frozen=True, kw_only=True):
    """One closed trade in float64. Times UTC ms; everything else USDT.

    result: after fees, slippage and funding. fees, slippage: positive = paid. funding: positive = received. risk: what the
    stop would have lost when the trade was opened; 0 = unknown. entry_value, exit_value: notional of entry and exits.
    id: of the intent that it came from.
    """

    symbol: str
    side: Side
    opened_at: int
    closed_at: int
    result: float
    fees: float = 0.0
    slippage: float = 0.0
    funding: float = 0.0
    risk: float = 0.0
    entry_value: float = 0.0
    exit_value: float = 0.0
    id: str = ""

    @classmethod
    def of(cls, trade: Trade, slippage: float = 0.0) -> TradeResult:
        """From a trade as execution reports it. slippage: USDT that is known to be in its prices. Raises ValueError."""
        if trade.state != "closed":
            raise ValueError(f"trade {trade.intent_id} is {trade.state}: only closed trades have a result")
        return cls(
            symbol=trade.symbol,
            side=trade.side,
            opened_at=trade.opened_at,
            closed_at=trade.closed_at,
            result=float(trade.result),
            fees=float(trade.fees),
            slippage=slippage,
            funding=float(trade.funding),
            risk=float(trade.risk_amount),
            entry_value=float(trade.quantity * trade.entry_price),
            exit_value=float(trade.quantity * trade.exit_price),
            id=trade.intent_id,
        )

    @property
    def r(self) -> float | None:
        """Result in R, multiples of the amount risked; None when that is unknown."""
        return ratio(self.result, self.risk) if self.risk > 0.0 else None

    @property
    def costs(self) -> float:
        """Fees, slippage and funding, USDT; negative when funding received was more than the rest."""
        return self.fees + self.slippage - self.funding

    @property
    def before_costs(self) -> float:
        """The result without its costs, USDT."""
        return self.result + self.costs


class RBar(NamedTuple):
    """Number of trades with ``low`` <= R < ``high``."""

    low: float
    high: float
    trades: int


def results(trades: Iterable[TradeResult]) -> Floats:
    """Result of each trade, USDT."""
    return np.array([trade.result for trade in trades], dtype=np.float64)


def multiples(trades: Iterable[TradeResult]) -> Floats:
    """R of each trade that risked something."""
    return np.array([r for trade in trades if (r := trade.r) is not None], dtype=np.float64)


def win_rate(results: Floats) -> float | None:
    """Share of the trades with a result above zero, 0 to 1."""
    return float(np.mean(results > 0.0)) if len(results) else None


def profit_factor(results: Floats) -> float | None:
    """Sum of the wins over the sum of the losses; None without a loss."""
    return ratio(float(np.sum(results[results > 0.0])), float(-np.sum(results[results < 0.0])))


def payoff_ratio(results: Floats) -> float | None:
    """Mean win over mean loss; None without the one or the other."""
    won, lost = results[results > 0.0], results[results < 0.0]
    return ratio(float(np.mean(won)), float(-np.mean(lost))) if len(won) and len(lost) else None


def expectancy(values: Floats) -> float | None:
    """Mean of a trade, in the unit of ``values``: of ``multiples`` in R."""
    return float(np.mean(values)) if len(values) else None


def quality_number(multiples: Floats) -> float | None:
    """Mean R over its deviation (n - 1), times the root of the number of trades: the t-value of expectancy."""
    spread = deviation(multiples)
    return None if spread is None else ratio(float(np.mean(multiples)) * float(np.sqrt(len(multiples))), spread)


def cost_share(trades: Sequence[TradeResult]) -> float | None:
    """Costs over the result before costs; above 1 they ate all of it. None when there was nothing to eat."""
    gross = sum(trade.before_costs for trade in trades)
    return ratio(sum(trade.costs for trade in trades), gross) if gross > 0.0 else None


def mean_holding(trades: Sequence[TradeResult]) -> float | None:
    """Mean time from opened to closed, ms."""
    return sum(trade.closed_at - trade.opened_at for trade in trades) / len(trades) if trades else None


def longest_losing_streak(trades: Iterable[TradeResult]) -> int:
    """Most losses in a row, in the order in which the trades were closed; one that came out even ends a row."""
    ordered = sorted(trades, key=lambda trade: trade.closed_at)
    return max((len(list(row)) for lost, row in groupby(ordered, key=lambda trade: trade.result < 0.0) if lost), default=0)


def distribution(multiples: Floats, width: float = R_WIDTH, lowest: float = -5.0, highest: float = 10.0) -> list[RBar]:
    """Trades by R in bars of ``width``, without a hole; empty without trades.

    A trade beyond ``lowest`` or ``highest`` is counted in the outermost bar: one with a tiny risk would need a million bars.
    """
    if not len(multiples):
        return []
    places = np.floor(np.clip(multiples, lowest, highest - width) / width).astype(np.int64)
    first = int(places.min())
    counts = np.bincount(places - first)
    return [RBar((first + at) * width, (first + at + 1) * width, int(count)) for at, count in enumerate(counts)]
