"""The report of `ict status`, put together from answers, and its page."""

from __future__ import annotations

import io
from decimal import Decimal

import msgspec
import pytest
from rich.console import Console

from cli.settings import Settings
from cli.status.asking import Answer
from cli.status.commands import addresses_of
from cli.status.report import StatusReport, assemble
from cli.status.showing import money, page, percent, price, ratio
from services.signals.overview import PausedStrategy, SignalsOverview
from shared.core import Overview
from shared.runtime.process.state import ProcessState, encoded
from tests.support.execution.desk import BTC, ETH, Desk
from tests.support.execution.desk import control as command
from tests.support.risk.scenes import DAWN, build, control, feed, lost, stated

D = Decimal
NOW = DAWN + 60_000


def answer(name: str, overview: Overview, *, ready: bool = True, checks: dict[str, bool | str] | None = None) -> Answer:
    state = ProcessState(
        services=(name,),
        replica=f"{name}-host",
        ready=ready,
        started=True,
        draining=False,
        checks=checks or {},
        state=encoded(overview),
    )
    return Answer(name, f"{name}:9100", state)


def gone(name: str) -> Answer:
    return Answer(name, f"{name}:9100", fault="nobody listens there", next="see whether the service runs")


def risk() -> Answer:
    core = build()
    feed(core, stated(DAWN, "10000"), stated(DAWN + 5, "9880", ended=(lost(1, "20"), lost(2, "-5"))))
    return answer("risk", core.overview())


def execution() -> Answer:
    desk = Desk()
    desk.enter()
    desk.price(104)
    desk.person(3, ETH)
    desk.run(10_000)
    desk.driver.state_account()
    desk.run(0)
    return answer("execution", desk.core.overview())


def report(*answers: Answer, mode: str = "paper") -> StatusReport:
    return assemble(answers, mode, "main", NOW)


def printed(shown: StatusReport) -> str:
    paper = io.StringIO()
    Console(width=160, file=paper).print(page(shown))
    return paper.getvalue()


def test_paused_strategies_of_all_lanes_are_shown_once() -> None:
    """SIG-8, OPS-3: by whom, and what ends the pause; a lane that stands by says nothing."""
    everywhere, here = PausedStrategy("ob_fvg", "", "command"), PausedStrategy("ote", "", "configuration")
    single = PausedStrategy("ob_fvg", "BTCUSDT", "command")
    first = answer("signals-a", {"signals.p0": SignalsOverview({}, paused=(everywhere, here)), "signals.p1": None})
    second = answer("signals-b", {"signals.p0": None, "signals.p1": SignalsOverview({}, paused=(here, single))})
    found = report(risk(), execution(), first, second)
    assert found.ok
    assert found.paused == (everywhere, single, here)
    lines = printed(found)
    assert "strategy ob_fvg: paused in every symbol, until `ict resume`" in lines
    assert "strategy ob_fvg: paused in BTCUSDT, until `ict resume`" in lines
    assert "strategy ote: paused in every symbol, by configuration" in lines


def test_signals_of_another_version_are_named_as_missing() -> None:
    """OPS-3: a pause that cannot be read is not shown as none."""
    strange = answer("signals", {"signals.p0": PausedStrategy("ob_fvg", "", "command")})
    found = report(risk(), execution(), strange)
    assert not found.ok
    assert any("signals.p0 at signals:9100 cannot be read" in each for each in found.missing)


def test_a_whole_report_is_ok_and_has_both_states() -> None:
    """OPS-3: what the core shows arrives as it was, amounts exact."""
    found = report(risk(), execution(), answer("journal", {}))
    assert (found.ok, found.missing) == (True, ())
    assert found.risk is not None
    assert found.execution is not None
    assert found.risk.equity == 9880
    assert [(each.symbol, each.foreign) for each in found.execution.positions] == [(BTC, 0), (ETH, 3)]
    assert found.led_by == {"risk": "risk-host", "execution": "execution-host"}
    assert [each.name for each in found.services] == ["risk", "execution", "journal"]


def test_an_unreachable_service_is_named_with_what_to_do_next() -> None:
    """OPS-10: the rest is shown all the same."""
    found = report(risk(), gone("execution"))
    assert not found.ok
    assert found.missing == (
        "execution at execution:9100: nobody listens there -> see whether the service runs",
        "execution: nobody that was reached runs it -> see whether it runs, and name it in status.addresses",
    )
    assert found.risk is not None
    assert found.execution is None
    text = printed(found)
    assert "not in this report: execution at execution:9100" in text
    assert "NOT REACHED" in text
    assert "9,880.00" in text


def test_of_two_replicas_the_one_that_has_the_state_is_shown_as_leading() -> None:
    """EXEC-4: the other one stands by, and that is no trouble."""
    standby = answer("execution", {"execution": None})
    found = report(risk(), standby, execution())
    assert found.ok
    assert found.execution is not None
    assert [each.parts for each in found.services[1:]] == [{"execution": "elsewhere"}, {"execution": "here"}]


def test_a_state_that_nobody_has_is_missing() -> None:
    """OPS-3: after a start there is none until the first message; flat would be a guess."""
    found = report(risk(), answer("execution", {"execution": None}))
    assert not found.ok
    assert "execution: whoever was reached does not have its state" in found.missing[0]


def test_of_two_states_the_newer_one_counts() -> None:
    """EXEC-4: a leader that was frozen still shows what it knew."""
    older, newer = build(), build()
    feed(older, stated(DAWN, "10000"), now=DAWN)
    feed(newer, stated(DAWN, "10000"), stated(DAWN + 5, "9000"), now=DAWN + 5)
    one, two = answer("old", older.overview()), answer("new", newer.overview())
    for answers in ((one, two), (two, one)):
        found = report(*answers, execution())
        assert found.risk is not None
        assert (found.risk.equity, found.led_by["risk"]) == (9000, "new-host")


def test_a_state_of_another_version_is_missing_and_hides_nothing_else() -> None:
    class Other(msgspec.Struct):
        now: str = "soon"

    found = report(answer("risk", {"risk": Other()}), execution())
    assert not found.ok
    assert found.risk is None
    assert found.execution is not None
    assert "risk at risk:9100 cannot be read" in found.missing[0]


def test_troubles_are_those_of_readiness() -> None:
    """OPS-2: each failing check is named."""
    found = report(risk(), answer("execution", {"execution": None}, ready=False, checks={"bus": False, "exchange": "down"}))
    assert found.services[1].troubles == ("bus", "exchange: down")
    assert not found.services[1].ready
    assert "not ready: execution at execution:9100: bus; exchange: down" in printed(found).splitlines()


def test_goals_are_met_missed_or_not_known() -> None:
    """RISK-8: reported, never promised."""
    goals = {each.name: each.met for each in report(risk(), execution()).goals}
    assert goals == {
        "win_rate": False, "reward_to_risk": True, "losses_in_row": True, "sharpe": None, "max_drawdown": True,
    }  # fmt: skip


def test_a_system_that_has_not_traded_has_met_no_goal_of_trades() -> None:
    goals = {each.name: each.met for each in report(answer("risk", build().overview()), execution()).goals}
    assert set(goals.values()) == {None}


def test_the_page_shows_positions_in_r_limits_orders_and_what_is_frozen() -> None:
    """OPS-3: what a trader asks first."""
    text = printed(report(risk(), execution()))
    words = " ".join(text.split())
    assert "BTCUSDT long 2 100.01 104 95 +7.98 +0.80" in words
    assert "risk.daily_loss_limit 1.20% 3.00% ████······" in words
    assert "risk.max_losing_streak 1 5" in words
    assert "ETHUSDT: no entries (foreign)" in text
    assert "STOP_MARKET" in text
    assert "win rate" in text


@pytest.mark.parametrize("which", ["risk", "execution"])
def test_the_page_says_first_why_nothing_is_entered(which: str) -> None:
    """RISK-7: a halt of either is read with its reason."""
    core, desk = build(), Desk()
    feed(core, stated(DAWN, "10000"))
    if which == "risk":
        feed(core, control("halt"))
    else:
        desk.driver.give(command("halt"))
    text = printed(report(answer("risk", core.overview()), answer("execution", desk.core.overview())))
    assert "HALTED" in text
    assert ("a drill" if which == "risk" else "a test") in text


def test_an_old_statement_is_marked_except_in_mode_sim() -> None:
    """EXEC-4: time of a simulated market is its own."""
    shown = report(risk(), answer("execution", {"execution": None}))
    assert "60 s ago: OLD" in printed(shown)
    assert "ago" not in printed(report(risk(), mode="sim"))


def test_json_of_the_report_is_read_back_as_it_was() -> None:
    """OPS-3: the shape is the structs'; amounts are text, so that no digit is lost."""
    found = report(risk(), execution(), gone("journal"))
    assert msgspec.json.decode(msgspec.json.encode(found), type=StatusReport) == found
    assert '"equity":"9880"' in msgspec.json.encode(found).decode()


@pytest.mark.parametrize(
    ("http", "addresses", "asked"),
    [
        ({}, {}, {}),
        ({"port": 9100}, {}, {"this machine": "http://127.0.0.1:9100"}),
        ({"port": 9100, "host": "0.0.0.0"}, {}, {"this machine": "http://127.0.0.1:9100"}),
        ({"port": 9100, "host": "::1"}, {}, {"this machine": "http://[::1]:9100"}),
        ({"port": 9100}, {"risk": "http://risk:9100"}, {"risk": "http://risk:9100"}),
    ],
)
def test_whom_to_ask_is_configured(http: dict[str, object], addresses: dict[str, str], asked: dict[str, str]) -> None:
    settings = Settings.model_validate({"http": http, "status": {"addresses": addresses}})
    assert dict(addresses_of(settings)) == asked


@pytest.mark.parametrize("url", ["https://risk:9100", "risk:9100", "http://risk", "http://u:p@risk:1", "http://risk:9100/x"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="addresses"):
        Settings.model_validate({"status": {"addresses": {"risk": url}}})


def test_figures_are_shown_as_a_trader_reads_them() -> None:
    assert (money(D("-1234.5"), sign=True), money(None)) == ("-1,234.50", "?")
    assert (percent(D("0.0123"), sign=True), percent(None)) == ("+1.23%", "?")
    assert (ratio(1.5), ratio(None)) == ("1.50", "?")
    assert [price(D(text)) for text in ("100", "0.10", "61234.50", "0.000000019")] == [
        "100",
        "0.1",
        "61,234.5",
        "0.00000002",
    ]
