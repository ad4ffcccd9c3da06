"""Risk's metrics: the account, the kill switch, how far each limit is, and the KPIs beside their goals (RISK-8).

They are read out of the core when Prometheus asks, so that a statement of the account costs nothing more; a replica that
stands by has none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Final, get_args

from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from services.risk.kpis import GOALS, Kpis
from services.risk.overview import RiskOverview
from shared.core import Overview
from shared.domain.account import KillSwitch

#: Field of ``Kpis`` → its metric and what that says; the goal is added.
_KPIS: Final = {
    "trades": ("ict_risk_kpi_trades", "Trades over that the KPIs of trades rest on, the last 500 at most"),
    "win_rate": ("ict_risk_kpi_win_rate", "Share of trades won, 0 to 1"),
    "reward_to_risk": ("ict_risk_kpi_reward_to_risk", "Average R of trades won over average loss in R of trades lost"),
    "average_r": ("ict_risk_kpi_average_r", "R a trade, on average"),
    "losses_in_row": ("ict_risk_kpi_losses_in_row", "Longest row of trades lost"),
    "month_return": ("ict_risk_kpi_month_return", "Return of this calendar month (UTC) so far, without transfers, fraction"),
    "last_month_return": ("ict_risk_kpi_last_month_return", "Return of the calendar month before this one, likewise"),
    "days": ("ict_risk_kpi_days", "Daily returns known for the Sharpe ratio, which is told from 30"),
    "sharpe": ("ict_risk_kpi_sharpe", "Sharpe ratio of daily returns without transfers, annualised by the root of 365"),
    "max_drawdown": ("ict_risk_kpi_max_drawdown", "Largest loss from the highest equity, without transfers, fraction"),
}  # fmt: skip


class RiskFigures(Collector):
    """The figures of the risk core that works in this process; without one there are none."""

    def __init__(self) -> None:
        self._read: Callable[[], Overview] = dict

    def show(self, read: Callable[[], Overview]) -> None:
        """Read the figures by ``read`` from now on."""
        self._read = read

    def collect(self) -> Iterable[Metric]:
        found = self._read().get("risk")
        shown = found if isinstance(found, RiskOverview) else None
        yield from _account(shown)
        for field, (name, text) in _KPIS.items():
            goal = f" (goal: {GOALS[field].text})" if field in GOALS else ""
            yield _gauge(name, text + goal, None if shown is None else _value(shown.kpis, field))


def _account(shown: RiskOverview | None) -> Iterable[Metric]:
    yield _gauge("ict_risk_equity", "Equity at the newest mark prices, USDT", None if shown is None else shown.equity)
    yield _gauge(
        "ict_risk_day_result", "Result of the UTC day, without transfers, USDT", None if shown is None else shown.day_result
    )
    switch = GaugeMetricFamily("ict_risk_kill_switch", "1 for the state in which the kill switch is", labels=["state"])
    limits = GaugeMetricFamily("ict_risk_limit_used", "Used part of a limit; 1 = reached", labels=["limit"])
    if shown is not None:
        for state in get_args(KillSwitch):
            switch.add_metric([state], float(state == shown.kill_switch))
        for each in shown.limits:
            limits.add_metric([each.name], float(each.used / each.limit) if each.limit else 0.0)
    yield switch
    yield limits


def _value(figures: Kpis, field: str) -> Decimal | float | None:
    value: Decimal | float | None = getattr(figures, field)
    return value


def _gauge(name: str, text: str, value: Decimal | float | None) -> GaugeMetricFamily:
    """A metric without a label; without a sample while the figure is not known."""
    return GaugeMetricFamily(name, text, value=None if value is None else float(value))


FIGURES: Final = RiskFigures()
REGISTRY.register(FIGURES)
