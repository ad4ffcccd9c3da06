"""What risk shows of itself, and the metrics that are read out of it."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from msgspec import structs
from prometheus_client import CollectorRegistry

from services.risk.core import RiskCore
from services.risk.kpis import GOALS
from services.risk.metrics import RiskFigures
from services.risk.overview import RiskOverview
from services.risk.settings import RiskSettings
from shared.domain.account import Position
from shared.domain.timeframes import DAY
from tests.support.risk.scenes import DAWN, build, control, feed, lost, position, signal, stated, transfer, wishes

D = Decimal


def shown(core: RiskCore) -> RiskOverview:
    found = core.overview()["risk"]
    assert isinstance(found, RiskOverview)
    return found


def used(core: RiskCore) -> dict[str, tuple[str, str]]:
    return {each.name: (str(each.used), str(each.limit)) for each in shown(core).limits}


def with_margin(symbol: str, needed: str) -> Position:
    return structs.replace(position(symbol, "10"), maintenance_margin=D(needed))


def test_before_the_first_statement_nothing_of_the_account_is_claimed() -> None:
    """RISK-3: unknown is not zero."""
    found = shown(build())
    assert (found.stated_at, found.wallet, found.equity, found.margin_ratio, found.day_result) == (None,) * 5
    assert {each.name for each in found.limits} == {
        "max_losing_streak", "max_positions", "trades_per_day", "intents_per_minute",
    }  # fmt: skip


def test_the_account_and_its_day_are_those_of_the_statements() -> None:
    """RISK-8: 200 of 10,000 lost today, after a peak of 10,000; a deposit is no result."""
    core = build()
    feed(
        core,
        stated(DAWN, "10000"),
        stated(DAWN + 5, "9800", with_margin("BTCUSDT", "49")),
        stated(DAWN + 9, "10780", with_margin("BTCUSDT", "539"), moved=(transfer("980", DAWN + 7),)),
    )
    found = shown(core)
    assert (found.wallet, found.equity, found.stated_at) == (D(10_780), D(10_780), DAWN + 9)
    assert (found.day_start_equity, found.day_result) == (D(10_980), D(-200))
    assert (found.peak_equity, found.drawdown, found.margin_ratio) == (D(11_000), D("0.02"), D("0.05"))


def test_margin_that_the_exchange_did_not_state_is_unknown() -> None:
    core = build()
    feed(core, stated(DAWN, "10000", position("BTCUSDT")))
    assert shown(core).margin_ratio is None
    assert "max_margin_ratio" not in used(core)


def test_each_limit_says_how_far_it_is() -> None:
    """RISK-3: the day's loss is measured against three limits, positions count those on their way."""
    core = build()
    feed(core, stated(DAWN, "10000"))
    feed(core, stated(DAWN + 5, "9880", with_margin("ETHUSDT", "988"), ended=(lost(1), lost(2))))
    feed(core, wishes(DAWN + 9, signal("BTCUSDT", DAWN + 9)), now=DAWN + 9)
    found = used(core)
    assert found["daily_loss_limit"] == ("0.012", "0.03")
    assert found["halt_loss_limit"] == ("0.012", "0.05")
    assert found["max_drawdown"] == ("0.012", "0.15")
    assert found["max_margin_ratio"] == ("0.1", "0.5")
    assert found["max_losing_streak"] == ("2", "5")
    assert found["max_positions"] == ("2", "2")
    assert found["trades_per_day"] == ("1", "5")
    assert shown(core).approved == 1


def test_a_gain_uses_nothing_of_a_limit_on_losses() -> None:
    core = build()
    feed(core, stated(DAWN, "10000"), stated(DAWN + 5, "12000"))
    assert used(core)["daily_loss_limit"][0] == "0"


def test_a_limit_is_named_like_its_setting() -> None:
    core = build()
    feed(core, stated(DAWN, "10000"))
    assert set(used(core)) <= set(RiskSettings.model_fields)


def test_the_kill_switch_is_shown_with_its_reason() -> None:
    """RISK-3: whoever looks reads why nothing is entered."""
    core = build()
    feed(core, stated(DAWN, "10000"))
    assert shown(core).entries
    feed(core, control("halt"))
    found = shown(core)
    assert (found.kill_switch, found.entries) == ("HALTED", False)
    assert "a drill" in found.reason


def test_looking_changes_nothing() -> None:
    core = build()
    feed(core, stated(DAWN, "10000", position("BTCUSDT")), stated(DAWN + DAY, "9000", ended=(lost(1),)))
    before = core.snapshot()
    msgspec.json.encode(core.overview())
    assert core.snapshot() == before


@pytest.fixture
def figures() -> tuple[RiskFigures, CollectorRegistry]:
    made, registry = RiskFigures(), CollectorRegistry()
    registry.register(made)
    return made, registry


def test_metrics_are_the_figures_of_the_core_when_they_are_asked_for(
    figures: tuple[RiskFigures, CollectorRegistry],
) -> None:
    """RISK-8: KPIs as metrics; what is not known has no sample."""
    made, registry = figures
    core = build()
    made.show(core.overview)
    feed(core, stated(DAWN, "10000"), stated(DAWN + 5, "9850", ended=(lost(1, "20"), lost(2, "-5"))))
    value = registry.get_sample_value
    assert value("ict_risk_equity") == 9850
    assert value("ict_risk_day_result") == -150
    assert value("ict_risk_kill_switch", {"state": "CAUTION"}) == 1
    assert value("ict_risk_kill_switch", {"state": "NORMAL"}) == 0
    assert value("ict_risk_limit_used", {"limit": "daily_loss_limit"}) == 0.5
    assert value("ict_risk_kpi_trades") == 2
    assert value("ict_risk_kpi_win_rate") == 0.5
    assert value("ict_risk_kpi_reward_to_risk") == 4
    assert value("ict_risk_kpi_max_drawdown") == pytest.approx(0.015)
    assert value("ict_risk_kpi_sharpe") is None
    feed(core, stated(DAWN + 9, "10000"))
    assert value("ict_risk_equity") == 10_000


def test_a_replica_that_stands_by_has_no_figures(figures: tuple[RiskFigures, CollectorRegistry]) -> None:
    """RISK-8: two processes that report one account would be summed up."""
    made, registry = figures
    made.show(lambda: {"risk": None})
    assert not [sample for family in registry.collect() for sample in family.samples]


def test_every_goal_is_written_beside_its_metric(figures: tuple[RiskFigures, CollectorRegistry]) -> None:
    _, registry = figures
    texts = [family.documentation for family in registry.collect()]
    assert all(any(f"(goal: {goal.text})" in text for text in texts) for goal in GOALS.values())
