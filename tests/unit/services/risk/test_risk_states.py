"""The states of risk on the core: what moves them, what they do to entries, and how they end (RISK-3)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec import structs

from services.risk import service
from services.risk.core import RiskCore
from shared.approval.commands import CommandMemory
from shared.approval.risk_orders import content
from shared.config.settings import CommonSettings
from shared.domain.account import MarginTier, RiskReport, Trade
from shared.domain.control import Alert, ClockTick
from shared.domain.decisions import LimitEntry
from shared.domain.intents import RiskOrder, Verdict, VerdictBundle
from shared.domain.message import Message
from shared.domain.timeframes import DAY, MINUTE
from tests.support.approval.pairs import RISK_ORDERS, VERIFIER
from tests.support.risk.scenes import (
    DAWN,
    INSTRUMENTS,
    build,
    control,
    feed,
    lost,
    patient,
    position,
    signal,
    stated,
    trade,
    transfer,
    wishes,
)

T = DAWN + MINUTE


def report(outputs: list[Message]) -> RiskReport:
    (found,) = [each for each in outputs if isinstance(each, RiskReport)]
    return found


def alerts(outputs: list[Message]) -> dict[str, Alert]:
    return {each.key: each for each in outputs if isinstance(each, Alert)}


def verdict(core: RiskCore, at: int, **changes: object) -> Verdict:
    outputs = feed(core, wishes(at, signal(at=at, **changes)))
    (found,) = [each for output in outputs if isinstance(output, VerdictBundle) for each in output.verdicts]
    return found


# -- no state ---------------------------------------------------------------------------------------------------------


def test_outside_sim_a_core_without_a_state_takes_no_entry_until_rearmed() -> None:
    """RISK-3, fault 14 of the review: an empty store re-arms nothing. The first thing said is a critical alert."""
    core = build(sim=False, max_leverage=20)
    told = alerts(feed(core, ClockTick(time=DAWN)))
    assert told["kill_switch.1"].severity == "critical"
    assert "no state of this deployment was found" in told["kill_switch.1"].text
    assert report(feed(core, stated(DAWN + 1))).kill_switch == "HALTED"
    assert "kill_switch" in verdict(core, T).refusals
    feed(core, control("rearm"))
    assert "kill_switch" not in verdict(core, T + MINUTE).refusals


def test_a_restored_core_goes_on_as_it_was_and_says_nothing() -> None:
    """RISK-3: a restart is no first start."""
    core, successor = build(sim=False), build(sim=False)
    feed(core, stated(DAWN), control("rearm"))
    successor.restore(core.snapshot())
    assert feed(successor, ClockTick(time=T)) == []
    assert report(feed(successor, stated(T))).kill_switch == "NORMAL"


@pytest.mark.parametrize(
    ("mode", "layout", "state"),
    [
        ("sim", "split", "NORMAL"),
        ("paper", "split", "HALTED"),
        ("paper", "embedded", "NORMAL"),
    ],
)
def test_a_first_start_is_armed_where_there_is_nothing_to_lose(mode: str, layout: str, state: str) -> None:
    """RISK-3: in mode sim, and in paper in one process, which no command of a person reaches."""
    common = CommonSettings.model_validate({"mode": mode, "layout": layout})
    (lane,) = service.spec(common, patient()).lanes
    assert report(feed(lane.build(), stated(DAWN))).kill_switch == state


# -- CAUTION ----------------------------------------------------------------------------------------------------------


def test_caution_halves_the_size_and_the_verdict_says_so() -> None:
    """RISK-3: a loss of 1.5 % of the day."""
    core = build()
    assert report(feed(core, stated(DAWN), stated(T, "9850"))[-2:]).kill_switch == "CAUTION"
    found = verdict(core, T)
    assert found.intent is not None
    assert found.intent.risk_budget == Decimal("49.25")
    assert found.notes == ("smaller by caution",)


def test_in_caution_a_signal_needs_more_points_than_its_strategy_asks_for() -> None:
    """RISK-3."""
    core = build()
    feed(core, stated(DAWN), stated(T, "9850"))
    found = verdict(core, T, score=4.9, threshold=4.0)
    assert (found.intent, found.refusals) == (None, ("score_in_caution",))
    assert verdict(core, T + 1, score=0.0, threshold=0.0).intent is not None, "it counts no points"
    core = build()
    feed(core, stated(DAWN), stated(T, "9850"))
    assert verdict(core, T, score=5.0, threshold=4.0).intent is not None
    core = build()
    feed(core, stated(DAWN))
    assert verdict(core, T, score=4.0, threshold=4.0).intent is not None, "in NORMAL the strategy's own are enough"


def test_caution_ends_below_its_lower_limit_only() -> None:
    """RISK-3: hysteresis."""
    core = build()
    feed(core, stated(DAWN), stated(T, "9850"))
    assert report(feed(core, stated(T + 1, "9899"))).kill_switch == "CAUTION"
    assert report(feed(core, stated(T + 2, "9900.01"))).kill_switch == "NORMAL"


def trades(won: int, of: int = 20) -> tuple[Trade, ...]:
    """Wins and losses, spread so that few losses stand in a row."""
    results = ["15" if number * won // of < (number + 1) * won // of else "-10" for number in range(of)]
    return tuple(lost(number, result) for number, result in enumerate(results))


@pytest.mark.parametrize(("won", "state"), [(10, "NORMAL"), (9, "CAUTION")])
def test_fewer_than_half_of_twenty_trades_won_ask_for_caution(won: int, state: str) -> None:
    """RISK-3."""
    assert report(feed(build(), stated(DAWN, ended=trades(won)))).kill_switch == state


def test_nineteen_trades_say_nothing() -> None:
    """RISK-3: a share of too few is chance."""
    assert report(feed(build(), stated(DAWN, ended=trades(6, of=19)))).kill_switch == "NORMAL"


def test_caution_by_trades_goes_on_over_the_days_halt() -> None:
    """RISK-3: a new day ends the day's halt; the trades are those of before."""
    core = build()
    feed(core, stated(DAWN, ended=trades(9)), stated(T, "9700"))
    assert report(feed(core, stated(DAWN + DAY, "9700"))).kill_switch == "CAUTION"


# -- a row of losses --------------------------------------------------------------------------------------------------


def test_five_losses_in_a_row_halt_until_rearmed_and_the_row_begins_anew() -> None:
    """RISK-2, RISK-3."""
    core = build()
    shown = [report(feed(core, stated(DAWN + n, ended=(lost(n),)))).kill_switch for n in range(5)]
    assert shown == ["NORMAL"] * 4 + ["HALTED"]
    assert verdict(core, T).refusals == ("kill_switch", "losing_streak")
    feed(core, control("rearm"))
    assert verdict(core, T + 1).refusals == ()
    assert report(feed(core, stated(T + 2, ended=(lost(9),)))).kill_switch == "NORMAL"


def test_a_win_ends_a_row_and_what_held_nothing_or_won_nothing_does_not() -> None:
    """RISK-2."""
    core = build()
    feed(core, stated(DAWN, ended=tuple(lost(n) for n in range(4))))
    feed(core, stated(DAWN + 1, ended=(lost(5, "0"), lost(6, state="failed"))))
    assert report(feed(core, stated(DAWN + 2, ended=(lost(7, "1"),)))).kill_switch == "NORMAL"
    assert report(feed(core, stated(DAWN + 3, ended=tuple(lost(n) for n in range(8, 12))))).kill_switch == "NORMAL"
    assert report(feed(core, stated(DAWN + 4, ended=(lost(12),)))).kill_switch == "HALTED"


def test_a_trade_that_is_told_again_counts_once_with_its_last_result() -> None:
    """RISK-2: a late funding payment changes a result that was told before."""
    core = build()
    feed(core, stated(DAWN, ended=tuple(lost(n) for n in range(4))))
    assert report(feed(core, stated(DAWN + 1, ended=(lost(3, "-11"),)))).kill_switch == "NORMAL"


# -- FLATTEN ----------------------------------------------------------------------------------------------------------


def test_a_drawdown_of_fifteen_percent_asks_to_close_all_and_halts_when_flat() -> None:
    """RISK-3: over days, so that no day's limit says it first."""
    core = build()
    for day, equity in enumerate(("10000", "9710", "9420", "9140", "8870", "8610")):
        feed(core, stated(DAWN + day * DAY, equity, position("BTCUSDT")))
    outputs = feed(core, stated(DAWN + 6 * DAY, "8500", position("BTCUSDT")))
    assert report(outputs).kill_switch == "FLATTEN"
    (asked,) = [each for key, each in alerts(outputs).items() if key.startswith("flatten")]
    assert asked.severity == "critical"
    assert verdict(core, DAWN + 6 * DAY + 1, symbol="ETHUSDT").refusals == ("kill_switch", "drawdown")
    (ignored,) = feed(core, control("rearm"))
    assert isinstance(ignored, Alert)
    assert "changed nothing" in ignored.text
    assert report(feed(core, stated(DAWN + 6 * DAY + 2, "8490", trades=(trade("BTCUSDT"),)))).kill_switch == "FLATTEN"
    assert report(feed(core, stated(DAWN + 6 * DAY + 3, "8490"))).kill_switch == "HALTED"


def test_after_a_drawdown_a_person_rearms_and_the_peak_begins_anew() -> None:
    """RISK-3: else it would flatten again at once."""
    core = build(daily_loss_limit="0.5", halt_loss_limit="0.5")
    shown = report(feed(core, stated(DAWN), stated(T, "8400"))[1:])
    assert (shown.kill_switch, "at its highest" in shown.reason) == ("HALTED", True)
    assert report(feed(core, stated(T + 1, "8400"))).kill_switch == "HALTED"
    feed(core, control("rearm"))
    assert report(feed(core, stated(T + 2, "7141"))).kill_switch == "CAUTION"
    assert report(feed(core, stated(T + 3, "7140"))).kill_switch == "HALTED"


def test_a_drawdown_flattens_also_while_halted() -> None:
    """RISK-3: what is held goes on losing after a halt."""
    core = build()
    feed(core, stated(DAWN), control("halt"))
    assert report(feed(core, stated(T, "8500", position("BTCUSDT")))).kill_switch == "FLATTEN"


def test_an_entry_on_its_way_is_not_flat() -> None:
    """RISK-3."""
    core = build()
    feed(core, stated(DAWN))
    assert verdict(core, T).intent is not None
    assert report(feed(core, stated(T + 1, "8400"))).kill_switch == "FLATTEN"
    assert report(feed(core, stated(T + 6_000, "8400"))).kill_switch == "HALTED"


def orders(outputs: list[Message]) -> list[RiskOrder]:
    """Those sent by themselves."""
    return [each for each in outputs if isinstance(each, RiskOrder)]


def bundled(outputs: list[Message]) -> RiskOrder | None:
    (found,) = [each for each in outputs if isinstance(each, VerdictBundle)]
    return found.order


def falling(*, sim: bool = False) -> RiskCore:
    """A core that is armed and has seen 10,000 USDT."""
    core = build(sim=sim)
    feed(core, control("rearm", 99), stated(DAWN, "10000", position("BTCUSDT")))
    return core


@pytest.mark.parametrize(
    ("moved_by", "state"),
    [(stated(T, "9700", position("BTCUSDT")), "DAY_HALT"), (control("halt"), "HALTED")],
    ids=["by a loss", "by a person"],
)
def test_when_entries_stop_those_before_are_withdrawn_at_once_and_in_each_bundle(moved_by: Message, state: str) -> None:
    """RISK-3: a limit entry that rests would fill in a state that takes none."""
    core = falling()
    (first,) = orders(feed(core, moved_by))
    assert core._state.kill_switch == state
    again = bundled(feed(core, wishes(T + 1)))
    assert again is not None
    assert (first.kind, again.kind, first.id) == ("withdraw", "withdraw", again.id)
    assert first.decided_at == again.decided_at == core._state.now - (T + 1 - first.decided_at)
    assert RISK_ORDERS.judge(first, CommandMemory(), first.sent_at) is None
    feed(core, stated(T + 2, "9700"))
    assert bundled(feed(core, wishes(T + MINUTE))) is None, "nothing is held, rests or is on its way any more"


def test_an_approval_of_before_is_withdrawn_until_a_statement_could_show_it() -> None:
    """RISK-3: what was approved may rest, or wait to be sent."""
    core = build(sim=False)
    tier = MarginTier(floor=Decimal(0), maintenance_rate=Decimal("0.01"), cum=Decimal(0), max_leverage=20)
    feed(core, control("rearm", 99), stated(DAWN, tiers={"BTCUSDT": (tier,)}))
    entry = LimitEntry(price=100.0, rests_until=T + 10 * MINUTE)
    feed(core, wishes(T, signal(entry=entry, valid_until=T + 10 * MINUTE)))
    assert core._state.pending, "it was approved"
    (told,) = orders(feed(core, stated(T + 1, "9700")))
    assert (told.kind, told.decided_at) == ("withdraw", T + 1)


def test_an_approval_that_became_no_trade_is_over_when_it_could_not_be_sent_any_more() -> None:
    """RISK-3: execution sends nothing after ``valid_until``; a limit that would have rested for days holds up no flatten."""
    core = build(sim=False)
    tier = MarginTier(floor=Decimal(0), maintenance_rate=Decimal("0.01"), cum=Decimal(0), max_leverage=20)
    feed(core, control("rearm", 99), stated(DAWN, tiers={"BTCUSDT": (tier,)}))
    entry = LimitEntry(price=100.0, rests_until=T + 2_400 * MINUTE)
    feed(core, wishes(T, signal(entry=entry, valid_until=T + MINUTE)))
    (pending,) = core._state.pending
    assert pending.until == T + 5_000
    feed(core, stated(T + 1, "8400"))
    assert core._state.kill_switch == "FLATTEN"
    feed(core, stated(T + 5_000, "8400", asked_at=T + 5_000))
    assert core._state.kill_switch == "FLATTEN", "it may have been sent in that millisecond"
    feed(core, stated(T + 5_001, "8400"))
    assert (core._state.kill_switch, core._state.occupied) == ("HALTED", frozenset())


def test_the_statement_at_the_limit_gives_a_signed_order_at_once_and_each_bundle_has_it_until_flat() -> None:
    """RISK-3: one id, another time in each copy; signed as intents are, for another kind of content."""
    core = falling()
    (first,) = orders(feed(core, stated(T, "8500", position("BTCUSDT"))))
    second = bundled(feed(core, wishes(T)))
    third = bundled(feed(core, wishes(T + MINUTE)))
    assert second is not None
    assert third is not None
    assert first.id == second.id == third.id
    assert first.sent_at < second.sent_at < third.sent_at
    assert (first.decided_at, third.decided_at) == (T, T)
    memory = CommandMemory()
    assert [RISK_ORDERS.judge(each, memory, T) for each in (first, second, third)] == [None, None, None]
    assert not VERIFIER.approved(content(first), first.signature)
    feed(core, stated(T + MINUTE + 1, "8500"))
    assert bundled(feed(core, wishes(T + 2 * MINUTE))) is None


def test_in_lock_step_the_bundle_alone_has_the_order() -> None:
    """RISK-3, invariant 2: a message of its own would reach execution beside the candles of its close."""
    core = falling(sim=True)
    assert orders(feed(core, stated(T, "8500", position("BTCUSDT")), ClockTick(time=T + 100))) == []
    assert bundled(feed(core, wishes(T))) is not None


def test_the_order_is_sent_again_while_no_candle_brings_it() -> None:
    """RISK-3: execution, or the broker, may have been away when it was sent first."""
    core = falling()
    feed(core, stated(T, "8500", position("BTCUSDT")))
    sent = [feed(core, ClockTick(time=T + ms)) for ms in (5_000, 9_999, 10_000, 15_000, 20_000)]
    assert [len(orders(each)) for each in sent] == [0, 0, 1, 0, 1]
    assert bundled(feed(core, wishes(T + MINUTE))) is not None
    feed(core, stated(T + MINUTE + 1, "8500"))
    assert orders(feed(core, ClockTick(time=T + 2 * MINUTE))) == []


def test_a_restart_in_flatten_goes_on_with_the_same_order() -> None:
    """RISK-3: execution obeys an id once; another one would be obeyed again."""
    core = falling()
    (first,) = orders(feed(core, stated(T, "8500", position("BTCUSDT"))))
    again = build(sim=False)
    again.restore(core.snapshot())
    second = bundled(feed(again, wishes(T)))
    assert second is not None
    assert second.id == first.id


def test_another_drawdown_is_another_order() -> None:
    """RISK-3: else it would not be obeyed."""
    core = falling()
    (first,) = orders(feed(core, stated(T, "8500", position("BTCUSDT"))))
    feed(core, stated(T + 1, "8500"), control("rearm", 2))
    (second,) = orders(feed(core, stated(T + 2, "7200", position("BTCUSDT"))))
    assert second.id != first.id


def test_a_drawdown_with_nothing_held_orders_nothing() -> None:
    """RISK-3: it is over at once."""
    core = falling()
    feed(core, stated(DAWN + 1))
    outputs = feed(core, stated(T, "8400"))
    assert (report(outputs).kill_switch, orders(outputs)) == ("HALTED", [])


# -- the day ----------------------------------------------------------------------------------------------------------


def test_a_loss_of_the_last_minute_is_no_loss_of_the_next_day() -> None:
    """RISK-3, hidden case F4: stopped out in the candle 23:59, told by the statement of 00:00."""
    core = build()
    feed(core, stated(DAWN), stated(DAWN + DAY - MINUTE, "10000"))
    shown = report(feed(core, stated(DAWN + DAY, "9600")))
    assert (shown.kill_switch, shown.day_start_equity, shown.day_result) == ("NORMAL", Decimal(9_600), 0)


def test_the_day_changes_at_midnight_to_the_millisecond() -> None:
    """RISK-3: a loss at 23:59:59.999 belongs to the old day, the statement of 00:00:00.000 begins the new one."""
    core = build()
    feed(core, stated(DAWN), stated(DAWN + DAY - 2))
    before = report(feed(core, stated(DAWN + DAY - 1, "9700")))
    assert (before.kill_switch, before.day_result) == ("DAY_HALT", -300)
    assert "kill_switch" in verdict(core, DAWN + DAY - 1).refusals
    after = report(feed(core, stated(DAWN + DAY, "9690")))
    assert (after.kill_switch, after.day_start_equity, after.day_result) == ("NORMAL", Decimal(9_690), 0)
    assert verdict(core, DAWN + DAY, symbol="ETHUSDT").refusals == ()


def test_a_statement_of_the_old_day_that_comes_after_midnight_does_not_begin_the_new_one() -> None:
    """RISK-3: statements are under way for a while."""
    core = build()
    feed(core, stated(DAWN), ClockTick(time=DAWN + DAY + 50))
    assert report(feed(core, stated(DAWN + DAY - 1, "9800"))).day_result == 0
    assert report(feed(core, stated(DAWN + DAY + 1_000, "9750"))).day_start_equity == 9_750


@pytest.mark.parametrize(
    ("after", "equity", "start"),
    [(60_000, "9500", 9_500), (60_001, "9500", 10_000), (60_001, "10500", 10_500)],
)
def test_a_first_statement_that_comes_late_hides_no_loss(after: int, equity: str, start: int) -> None:
    """RISK-3: what was lost between midnight and it counts; what was won does not make the limit wider."""
    core = build()
    feed(core, stated(DAWN + DAY - MINUTE))
    assert report(feed(core, stated(DAWN + DAY + after, equity))).day_start_equity == start


# -- transfers and jumps ----------------------------------------------------------------------------------------------


def test_a_withdrawal_is_no_loss_and_a_deposit_hides_none() -> None:
    """RISK-3, fault 14 of the review: withdraw 6 %; deposit 2,000 and lose 2,000."""
    core = build()
    shown = report(feed(core, stated(DAWN), stated(T, "9400", moved=(transfer("-600", T),)))[1:])
    assert (shown.kill_switch, shown.day_start_equity, shown.day_result) == ("NORMAL", Decimal(9_400), 0)
    core = build()
    feed(core, stated(DAWN), stated(T, "12000", moved=(transfer("2000", T),)))
    shown = report(feed(core, stated(T + 1, "10000", position("BTCUSDT"))))
    assert (shown.kill_switch, shown.day_result) == ("FLATTEN", -2_000)


def test_a_withdrawal_makes_no_loss_larger() -> None:
    """RISK-3: who has lost 2 % and withdraws more than half has lost 2 %."""
    core = build()
    feed(core, stated(DAWN), stated(T, "9800"))
    shown = report(feed(core, stated(T + 1, "3800", moved=(transfer("-6000", T + 1),))))
    assert (shown.kill_switch, shown.day_result) == ("CAUTION", -200)


def test_an_equity_that_nobody_can_explain_halts_and_sizes_nothing() -> None:
    """RISK-2, security C4: a forged statement of a billion made risk sign 10,000 BTC."""
    core = build(max_equity_jump="0.05")
    shown = report(feed(core, stated(DAWN), stated(T, "1000000000"))[1:])
    assert shown.kill_switch == "HALTED"
    assert verdict(core, T).refusals == ("kill_switch", "equity_jump")


@pytest.mark.parametrize(("equity", "state"), [("10500", "NORMAL"), ("10500.01", "HALTED"), ("9499.99", "HALTED")])
def test_a_jump_counts_beyond_its_limit_both_ways(equity: str, state: str) -> None:
    """RISK-2: exactly at the limit it passes."""
    core = build(max_equity_jump="0.05", daily_loss_limit="0.2", halt_loss_limit="0.2", caution_loss="0.2")
    assert report(feed(core, stated(DAWN), stated(T, equity))[1:]).kill_switch == state


def test_a_result_of_our_trades_is_no_jump() -> None:
    """RISK-2: also a large one."""
    core = build(max_equity_jump="0.05")
    assert report(feed(core, stated(DAWN), stated(T, "11000", ended=(lost(1, "1000"),)))[1:]).kill_switch == "NORMAL"


def test_a_jump_is_neither_a_loss_nor_a_peak_and_rearming_accepts_it() -> None:
    """RISK-3: a forged equity must not flatten the account when the true one comes back."""
    core = build(max_equity_jump="0.05")
    feed(core, stated(DAWN), stated(T, "20000"), stated(T + 1, "10000"))
    feed(core, control("rearm"))
    assert verdict(core, T + 2).refusals == ()
    core = build(max_equity_jump="0.05")
    assert report(feed(core, stated(DAWN), stated(T, "8000", position("BTCUSDT")))[1:]).kill_switch == "HALTED"
    feed(core, control("rearm"))
    shown = report(feed(core, stated(T + 1, "8000", position("BTCUSDT"))))
    assert (shown.kill_switch, shown.day_result) == ("NORMAL", 0)


def test_a_transfer_that_is_told_late_explains_the_jump() -> None:
    """RISK-3: the switch stays halted until a person looks, and nothing counts twice."""
    core = build(max_equity_jump="0.05")
    feed(core, stated(DAWN), stated(T, "12000"))
    assert report(feed(core, stated(T + 1, "12000", moved=(transfer("2000", T - 1),)))).day_result == 0
    feed(core, control("rearm"))
    shown = report(feed(core, stated(T + 2, "11990")))
    assert (shown.kill_switch, shown.day_start_equity, shown.day_result) == ("NORMAL", Decimal(12_000), -10)


# -- the gate on the core ---------------------------------------------------------------------------------------------


def test_a_verdict_shows_every_check_with_its_numbers() -> None:
    """RISK-2: also of what was approved."""
    core = build()
    feed(core, stated(DAWN))
    found = verdict(core, T)
    by_name = {each.name: each for each in found.checks}
    assert all(each.passed for each in found.checks)
    assert len(by_name) == 24
    assert (by_name["costs_too_high"].value, by_name["costs_too_high"].unit) == (Decimal("0.0594"), "R")
    assert (by_name["exposure_limit"].value, by_name["exposure_limit"].limit) == (Decimal("0.4551947400"), Decimal(3))


@pytest.mark.parametrize(("age", "refusals"), [(10_000, ()), (10_001, ("account_stale",))])
def test_an_account_that_was_asked_for_too_long_ago_refuses(age: int, refusals: tuple[str, ...]) -> None:
    """RISK-2, fault 6 of the review: the age is that of the question."""
    core = build(account_age_ms=10_000)
    feed(core, stated(T - 5_000, asked_at=T - age))
    assert verdict(core, T).refusals == refusals


def test_too_many_approvals_in_a_minute_begin_a_pause() -> None:
    """RISK-2: counted in ms of ``now``."""
    core = build(trades_per_day=100, max_positions=100, intents_per_minute=3, max_exposure=100)
    feed(core, stated(DAWN))
    at = [T, T + 30_000, T + 60_000, T + 60_001]
    for time, symbol in zip(at, INSTRUMENTS, strict=True):
        assert verdict(core, time, symbol=symbol).refusals == (), f"only two within a minute before {time}"
    assert report(feed(core, stated(T + 70_000))).kill_switch == "NORMAL"
    assert verdict(core, T + 360_000).refusals == ("order_frequency",)
    assert verdict(core, T + 360_001).refusals == ()


def test_an_entry_far_larger_than_those_before_is_refused_and_told() -> None:
    """RISK-2: a fat finger."""
    core = build(trades_per_day=100, max_positions=100, fat_finger_factor="1.5")
    feed(core, stated(DAWN))
    for number, symbol in enumerate(("ETHUSDT", "SOLUSDT", "XRPUSDT")):
        assert verdict(core, T + number, symbol=symbol).refusals == ()
    outputs = feed(core, wishes(T + 3, signal(at=T + 3, stop=99.2)))
    (told,) = alerts(outputs).values()
    assert (told.severity, told.key) == ("critical", f"fat_finger.d-BTCUSDT-{T + 3}")
    assert outputs[0].verdicts[0].refusals == ("fat_finger",)


def test_dear_trades_are_refused() -> None:
    """RISK-2: at a stop of 0.6 % fees and slippage cost a fifth of the risk, at 0.5 % more."""
    core = build(max_slippage="0")
    feed(core, stated(DAWN))
    assert verdict(core, T, stop=99.5).refusals == ("costs_too_high",)
    assert verdict(core, T + 1, stop=99.3).refusals == ()


@pytest.mark.parametrize(("lost", "state"), [("-1589", "HALTED"), ("-1590", "FLATTEN")])  # 15 % of 10,600
def test_beside_what_nobody_can_explain_the_explained_loss_still_reaches_the_drawdown(lost: str, state: str) -> None:
    """RISK-3: 600 USDT that came from nowhere keep nobody from closing at 15 %."""
    core = build(max_equity_jump=Decimal("0.05"))
    feed(core, stated(DAWN, "10000", position("BTCUSDT")), stated(DAWN + 1, "10600", position("BTCUSDT")))
    assert core._state.kill_switch == "HALTED"
    falling = structs.replace(position("BTCUSDT"), unrealized=Decimal(lost))
    feed(core, stated(DAWN + 2, 10_600 + Decimal(lost), falling))
    assert core._state.kill_switch == state


@pytest.mark.parametrize("gone", [5_000, 8_600])
def test_beside_a_large_loss_that_nobody_can_explain_what_is_left_is_closed_at_its_own_drawdown(gone: int) -> None:
    """RISK-3: a withdrawal whose row was not read must not let the rest be lost."""
    core = build(max_equity_jump=Decimal("0.05"))
    left = Decimal(10_000 - gone)
    feed(core, stated(DAWN, "10000", position("BTCUSDT")), stated(DAWN + 1, left, position("BTCUSDT")))
    for part, state in ((Decimal("0.149"), "HALTED"), (Decimal("0.15"), "FLATTEN")):
        falling = structs.replace(position("BTCUSDT"), unrealized=-part * left)
        feed(core, stated(DAWN + 2 + int(part * 1000), left - part * left, falling))
        assert core._state.kill_switch == state


def test_a_loss_that_nobody_can_explain_closes_nothing() -> None:
    """RISK-3, security C4: a figure that cannot be believed is looked at by a person."""
    core = build(max_equity_jump=Decimal("0.05"))
    feed(core, stated(DAWN, "10000", position("BTCUSDT")), stated(DAWN + 1, "7000", position("BTCUSDT")))
    assert core._state.kill_switch == "HALTED"
