"""The risk core: a verdict bundle per close, a risk report per account statement, a kill switch that outlives restarts."""

from __future__ import annotations

from decimal import Decimal

import pytest

from services.risk.core import RiskCore
from services.risk.settings import RiskSettings
from shared.config.account import DEFAULT_ACCOUNT
from shared.domain.account import RiskReport
from shared.domain.control import Alert, ClockTick, Control
from shared.domain.decisions import Exit, LimitEntry
from shared.domain.ids import derive
from shared.domain.intents import ExitRung, VerdictBundle
from shared.domain.orders import StepReport
from shared.domain.timeframes import DAY, MINUTE
from tests.support.approval.pairs import JUDGE, SIGNER, STRANGER, VERIFIER
from tests.support.risk.scenes import (
    DAWN,
    INSTRUMENTS,
    build,
    control,
    feed,
    position,
    signal,
    stated,
    trade,
    wishes,
)
from tests.support.runtime.telling import tell

T = DAWN + MINUTE


def verdicts(outputs):
    return [verdict for output in outputs if isinstance(output, VerdictBundle) for verdict in output.verdicts]


def alerts(outputs):
    return [output for output in outputs if isinstance(output, Alert)]


def test_a_sound_signal_becomes_a_signed_intent():
    """RISK-1, invariant 5."""
    core = build()
    tell(core, stated(DAWN))
    (bundle,) = tell(core, wishes(T, signal(at=T), idle=("ETHUSDT",)), T + 700)
    (verdict,) = bundle.verdicts
    assert bundle.close_time == T
    assert (verdict.decision_id, verdict.refusals, verdict.notes) == (f"d-BTCUSDT-{T}", (), ())
    intent = verdict.intent
    assert (intent.id, intent.signal_id) == (derive("intent", f"signal-BTCUSDT-{T}"), f"signal-BTCUSDT-{T}")
    assert (intent.quantity, intent.price, intent.bound, intent.stop, intent.exits) == (
        Decimal("45.474"),
        Decimal(100),
        Decimal("100.1"),
        Decimal(98),
        (ExitRung(price=Decimal(104)),),
    )
    assert (intent.risk_amount, intent.risk_budget, intent.close_time) == (Decimal("90.948"), Decimal(100), T)
    assert (intent.decided_at, intent.valid_until, intent.rests_until) == (T + 700, T + 5_700, 0)
    assert (intent.purpose, intent.kind, intent.leg, intent.strategy) == ("enter", "market", "BOTH", "ob_fvg")
    assert VERIFIER.approved(intent, verdict.signature)
    assert STRANGER.sign(intent) != verdict.signature


def test_an_intent_is_not_valid_for_longer_than_its_signal():
    """RISK-1."""
    core = build()
    tell(core, stated(DAWN))
    (verdict,) = verdicts(tell(core, wishes(T, signal(at=T)), T + 58_000))
    assert verdict.intent.valid_until == T + 60_000


def test_a_limit_signal_becomes_an_intent_that_rests():
    """RISK-1: what is meant to rest is approved like what enters at once, with all that goes with it."""
    core = build()
    tell(core, stated(DAWN))
    exits = (Exit(price=102.0, share=0.5), Exit(price=104.0, share=0.5))
    entry = LimitEntry(price=99.96, rests_until=T + 600_000, void_at=102.04)
    wish = signal(at=T, entry=entry, exits=exits, break_even_after=1, close_by=T + 900_000)
    intent = verdicts(tell(core, wishes(T, wish)))[0].intent
    assert (intent.kind, intent.price, intent.bound, intent.rests_until) == ("limit", 100, 100, T + 600_000)
    assert intent.void_at == Decimal("102.0")
    assert (intent.valid_until, intent.break_even_after, intent.close_by) == (T + 5_000, 1, T + 900_000)
    assert [(each.price, each.share) for each in intent.exits] == [(102, Decimal("0.5")), (104, Decimal("0.5"))]


def test_a_close_without_signals_leaves_an_empty_bundle():
    assert tell(build(), wishes(T, idle=("BTCUSDT",))) == [VerdictBundle(close_time=T, verdicts=())]


def test_a_capped_size_says_so():
    core = build()
    tell(core, stated(DAWN))
    (verdict,) = verdicts(tell(core, wishes(T, signal(at=T, stop=99.7))))
    assert verdict.notes == ("capped by position margin",)


def test_verdicts_come_in_symbol_order_and_each_approval_counts_for_the_next():
    """RISK-2: the third symbol of one close meets the limit of two positions."""
    core = build(partitions=2)
    tell(core, stated(DAWN))
    tell(core, wishes(T, signal("XRPUSDT", T), signal("ETHUSDT", T), partition=1))
    outputs = tell(core, wishes(T, signal("BTCUSDT", T), partition=0))
    assert [(v.symbol, v.refusals) for v in verdicts(outputs)] == [
        ("BTCUSDT", ()),
        ("ETHUSDT", ()),
        ("XRPUSDT", ("position_limit",)),
    ]


def test_without_account_or_instrument_both_are_said():
    (verdict,) = verdicts(tell(build(), wishes(T, signal("DOGEUSDT", T))))
    assert verdict.refusals == ("no_account_state", "unknown_symbol")
    assert verdict.intent is None
    assert verdict.signature == ""


def test_a_size_under_the_minimum_is_refused_beside_all_else():
    core = build()
    tell(core, stated(DAWN, "9"))
    tell(core, control("halt"))
    (verdict,) = verdicts(tell(core, wishes(T, signal(at=T))))
    assert verdict.refusals == ("kill_switch", "below_minimum")


def test_a_stale_signal_is_refused_by_the_latest_time_known():
    core = build()
    tell(core, stated(DAWN))
    tell(core, ClockTick(time=T + 60_001))
    (verdict,) = verdicts(tell(core, wishes(T, signal(at=T))))
    assert verdict.refusals == ("signal_stale",)


@pytest.mark.parametrize(
    ("shown", "refusals"),
    [
        (stated(DAWN, "10000", position("BTCUSDT", "-1")), ("symbol_in_position",)),
        (stated(DAWN, "10000", position("BTCUSDT", "0")), ()),
        (stated(DAWN, "10000", trades=(trade("BTCUSDT", "entering"),)), ("symbol_in_position",)),
        (stated(DAWN, "10000", trades=(trade("BTCUSDT", "failed"),)), ()),
        (stated(DAWN, "10000", position("ETHUSDT"), position("SOLUSDT")), ("position_limit",)),
        (stated(DAWN, "10000", position("ETHUSDT"), trades=(trade("ETHUSDT", "open"),)), ()),
    ],
)
def test_symbol_with_a_position_or_order_is_occupied(shown, refusals):
    core = build()
    tell(core, shown)
    (verdict,) = verdicts(tell(core, wishes(T, signal(at=T))))
    assert verdict.refusals == refusals


def approved_intent(core, symbol="BTCUSDT", at=T):
    return verdicts(tell(core, wishes(at, signal(symbol, at))))[0].intent


def refused(core, symbol, at):
    """What speaks against a signal of a close at ``at``."""
    return verdicts(tell(core, wishes(at, signal(symbol, at))))[0].refusals


def test_a_statement_under_way_does_not_make_room_for_more_positions():
    """RISK-2: two are approved; a statement comes that was asked for while their entries were on their way."""
    core = build()
    tell(core, stated(DAWN))
    for symbol in ("BTCUSDT", "ETHUSDT"):
        assert approved_intent(core, symbol, T if symbol == "BTCUSDT" else T + 1_000) is not None
    tell(core, stated(T + 2_000))
    assert refused(core, "SOLUSDT", T + 3_000) == ("position_limit",)


def test_an_approval_occupies_its_symbol_until_a_statement_can_show_what_became_of_it():
    """RISK-2."""
    core = build()
    tell(core, stated(DAWN))
    intent = approved_intent(core)
    tell(core, stated(T + 8_000, asked_at=intent.valid_until))  # it may have been sent after that
    assert refused(core, "BTCUSDT", T + 9_000) == ("symbol_in_position",)
    tell(core, stated(T + 10_000, asked_at=intent.valid_until + 1))  # flat: it was not sent, or is over
    assert refused(core, "BTCUSDT", T + 11_000) == ()


def test_a_limit_entry_occupies_its_symbol_while_it_may_be_sent_and_then_by_its_trade():
    """RISK-2: execution names it among its trades for as long as it rests, and sends nothing after ``valid_until``."""
    core = build()
    tell(core, stated(DAWN))
    entry = LimitEntry(price=100.0, rests_until=T + 600_000)
    tell(core, wishes(T, signal(at=T, entry=entry)))
    tell(core, stated(T + 5_000))
    assert refused(core, "BTCUSDT", T + 5_001) == ("symbol_in_position",)
    tell(core, stated(T + 60_000, trades=(trade("BTCUSDT", "entering", "another"),)))
    assert refused(core, "BTCUSDT", T + 60_001) == ("symbol_in_position",)
    tell(core, stated(T + 60_002))
    assert refused(core, "BTCUSDT", T + 60_003) == ()


@pytest.mark.parametrize("place", ["trades", "ended"])
def test_an_approval_ends_with_the_first_statement_that_shows_its_trade(place):
    """RISK-2: from then on the trade itself speaks; another trade of the symbol says nothing of this one."""
    core = build()
    tell(core, stated(DAWN))
    intent = approved_intent(core)
    tell(core, stated(T + 100, **{place: (trade("BTCUSDT", "closed", "another"),)}))
    assert refused(core, "BTCUSDT", T + 200) == ("symbol_in_position",)
    tell(core, stated(T + 300, **{place: (trade("BTCUSDT", "closed", intent.id),)}))
    assert refused(core, "BTCUSDT", T + 400) == ()


def test_trades_of_a_day_are_limited_and_the_next_day_begins_anew():
    """RISK-2."""
    core = build(trades_per_day=2)
    times = [DAWN, DAWN + 5 * MINUTE, DAWN + 10 * MINUTE, DAWN + DAY]
    said = []
    for at in times:
        tell(core, stated(at))
        said.append(verdicts(tell(core, wishes(at + MINUTE, signal(at=at + MINUTE))))[0].refusals)
    assert said == [(), (), ("trades_per_day",), ()]


def test_the_report_after_each_statement_has_the_days_numbers():
    """RISK-3."""
    core = build()
    tell(core, stated(DAWN - MINUTE, "10000"))
    tell(core, wishes(DAWN - MINUTE, signal(at=DAWN - MINUTE)))
    (shown,) = tell(core, stated(DAWN + 5 * MINUTE, "9950.5", position("BTCUSDT")))
    assert shown == RiskReport(
        time=DAWN + 5 * MINUTE,
        kill_switch="NORMAL",
        reason="",
        equity=Decimal("9950.5"),
        day_start_equity=Decimal(10_000),  # the last one known before the day began
        day_result=Decimal("-49.5"),
        trades_today=0,
        open_positions=1,
    )


def test_the_first_report_ever_is_the_start_of_its_day():
    (shown,) = tell(build(), stated(DAWN + 7 * MINUTE, "1234"))
    assert (shown.day_start_equity, shown.day_result) == (Decimal(1234), Decimal(0))


def test_a_daily_loss_stops_entries_until_the_next_utc_day():
    """RISK-2."""
    core = build()
    tell(core, stated(DAWN))
    shown, alert = tell(core, stated(DAWN + MINUTE, "9700"))
    assert (shown.kill_switch, alert.severity) == ("DAY_HALT", "warning")
    assert "9700" in shown.reason
    (verdict,) = verdicts(tell(core, wishes(DAWN + 2 * MINUTE, signal(at=DAWN + 2 * MINUTE))))
    assert verdict.refusals == ("kill_switch", "daily_loss")
    (recovered,) = tell(core, stated(DAWN + 3 * MINUTE, "9990"))
    assert recovered.kill_switch == "DAY_HALT"
    (verdict,) = verdicts(tell(core, wishes(DAWN + 4 * MINUTE, signal(at=DAWN + 4 * MINUTE))))
    assert verdict.refusals == ("kill_switch",)
    tell(core, control("rearm"))
    assert verdicts(tell(core, wishes(DAWN + 5 * MINUTE, signal(at=DAWN + 5 * MINUTE))))[0].refusals == ("kill_switch",)
    bundle, alert = tell(core, wishes(DAWN + DAY, signal(at=DAWN + DAY)))
    assert verdicts([bundle])[0].refusals == ()
    assert (alert.severity, "NORMAL" in alert.text) == ("info", True)


def test_a_deep_loss_halts_until_rearmed_also_over_the_day():
    core = build()
    tell(core, stated(DAWN))
    shown, alert = tell(core, stated(DAWN + MINUTE, "9499"))
    assert (shown.kill_switch, alert.severity) == ("HALTED", "critical")
    (shown,) = tell(core, stated(DAWN + DAY, "9499"))
    assert shown.kill_switch == "HALTED"
    (_, alert) = tell(core, control("rearm"))
    assert (alert.severity, "NORMAL" in alert.text) == ("info", True)
    (shown,) = tell(core, stated(DAWN + DAY + MINUTE, "9499"))
    assert shown.kill_switch == "NORMAL"


def test_rearming_on_the_day_of_the_loss_does_not_lift_the_days_limit():
    core = build()
    feed(core, stated(DAWN), stated(DAWN + MINUTE, "9400"))
    (answer, alert) = tell(core, control("rearm"))
    assert answer.key == "control.rearm-1"
    assert "DAY_HALT" in answer.text
    assert "DAY_HALT" in alert.text
    (shown,) = tell(core, stated(DAWN + 2 * MINUTE, "9300"))  # acknowledged by hand: it does not halt again today
    assert shown.kill_switch == "DAY_HALT"
    shown, _ = tell(core, stated(DAWN + DAY, "9300"))
    assert shown.kill_switch == "NORMAL"
    shown, _ = tell(core, stated(DAWN + DAY + MINUTE, "8700"))  # a new day, a new deep loss
    assert shown.kill_switch == "HALTED"


def test_a_loss_not_yet_deep_when_rearmed_can_still_halt():
    core = build()
    feed(core, stated(DAWN), stated(DAWN + MINUTE, "9600"), control("halt"), control("rearm"))
    shown, _ = tell(core, stated(DAWN + 2 * MINUTE, "9400"))
    assert shown.kill_switch == "HALTED"


def test_an_operators_halt_acts_at_once_and_once():
    """RISK-7."""
    core = build()
    tell(core, stated(DAWN))
    (answer, alert) = tell(core, control("halt"))
    assert (answer.severity, answer.key) == ("info", "control.halt-1")
    assert (alert.severity, alert.source) == ("critical", "risk")
    assert "tester" in alert.text
    (again,) = tell(core, control("halt"))
    assert (again.key.split(".")[:2], again.severity) == (["command_refused", "replayed"], "warning")
    (verdict,) = verdicts(tell(core, wishes(T, signal(at=T))))
    assert verdict.refusals == ("kill_switch",)
    (shown,) = tell(core, stated(T))
    assert (shown.kill_switch, shown.reason) == ("HALTED", "halt by tester: a drill")
    tell(core, control("rearm"))
    tell(core, control("halt"))  # the old command, delivered again, does not act again
    assert verdicts(tell(core, wishes(T + MINUTE, signal(at=T + MINUTE))))[0].refusals == ()


def test_a_command_that_changes_nothing_is_answered():
    core = build()
    (alert,) = tell(core, control("rearm"))
    assert (alert.severity, "changed nothing" in alert.text) == ("info", True)
    feed(core, control("halt", 1))
    (alert,) = tell(core, control("halt", 2))
    assert "HALTED" in alert.text


def test_every_change_of_the_kill_switch_has_its_own_alert_id():
    """Two alerts of one moment must not be taken for one."""
    core = build()
    outputs = feed(core, *(control(command, number) for number in range(3) for command in ("halt", "rearm")))
    assert len({alert.message_id for alert in alerts(outputs)}) == 12  # each with its answer


def test_remembered_controls_are_bounded():
    core = build(controls_remembered=4)
    sizes = set()
    for number in range(20, 60):
        tell(core, Control(id=f"halt-{number}", command="halt", by="execution", reason="the key is refused"))
        sizes.add(len(core.snapshot()))
    assert len(sizes) <= 4
    assert max(sizes) == len(core.snapshot())


def test_a_flatten_halts_and_what_is_executions_affair_changes_nothing():
    """RISK-7: nothing is approved while everything is being closed."""
    core = build()
    tell(core, stated(DAWN))
    assert tell(core, control("cancel")) == []
    assert tell(core, control("close", symbol="BTCUSDT")) == []
    tell(core, control("flatten"))
    (shown,) = tell(core, stated(T))
    assert shown.kill_switch == "HALTED"


@pytest.mark.parametrize("command", ["halt", "rearm", "flatten"])
def test_an_unsigned_command_is_refused_and_told(command):
    """OPS-7: a forged rearm lifted HALTED, once."""
    core = build()
    feed(core, stated(DAWN), control("halt"))
    forged = Control(id="f", command=command, by="tester", reason="let me")
    (alert,) = tell(core, forged)
    assert (alert.key.split(".")[:2], alert.severity) == (["command_refused", "unsigned"], "critical")
    assert tell(core, forged) == []  # a flood is told once
    (shown,) = tell(core, stated(T))
    assert shown.kill_switch == "HALTED"


def test_executions_halt_needs_no_signature_and_acts_once():
    """EXEC-6: a service may only stop things."""
    core = build()
    echo = Control(id="e", command="halt", by="execution", reason="the key is refused")
    feed(core, stated(DAWN), echo, control("rearm"), echo)
    (shown,) = tell(core, stated(T))
    assert shown.kill_switch == "NORMAL"


@pytest.mark.parametrize("ignored", [control("reset"), StepReport(close_time=T)])
def test_foreign_message_changes_nothing_in_risk(ignored):
    core = build()
    tell(core, ClockTick(time=T))
    before = core.snapshot()
    assert tell(core, ignored) == []
    assert core.snapshot() == before


def test_statements_repeated_or_older_change_nothing():
    core = build()
    feed(core, stated(DAWN), stated(T, "9999"))
    before = core.snapshot()
    assert feed(core, stated(T, "1"), stated(DAWN, "1")) == []
    assert core.snapshot() == before


# -- the barrier of the partitions ------------------------------------------------------------------------------------


def closes(outputs):
    return [output.close_time for output in outputs if isinstance(output, VerdictBundle)]


def test_a_close_waits_for_all_partitions():
    core = build(partitions=3)
    assert feed(core, wishes(T, partition=2), wishes(T, partition=0), wishes(T, partition=0)) == []
    assert closes(tell(core, wishes(T, partition=1))) == [T]
    assert feed(core, *(wishes(T, partition=p) for p in range(3))) == []


def test_a_partition_that_speaks_of_a_later_close_is_not_awaited_for_an_earlier_one():
    core = build(partitions=2)
    tell(core, ClockTick(time=T + MINUTE))  # both closes wait since now
    assert feed(core, wishes(T, partition=0), wishes(T + MINUTE, partition=0)) == []
    first, alert, second = tell(core, wishes(T + MINUTE, partition=1))
    assert (first.close_time, second.close_time) == (T, T + MINUTE)
    assert (alert.key, alert.time) == ("decisions_incomplete", T)
    assert "partition 1" in alert.text


def test_the_deadline_decides_without_the_absent_partition():
    core = build(partitions=2)
    tell(core, stated(DAWN))
    tell(core, wishes(T, signal(at=T), partition=0))
    assert tell(core, ClockTick(time=T + 10_000)) == []
    bundle, alert = tell(core, ClockTick(time=T + 10_001))
    assert [v.refusals for v in bundle.verdicts] == [()]
    assert alert.severity == "warning"
    assert tell(core, wishes(T, signal("ETHUSDT", T), partition=1)) == []


def test_a_close_that_arrives_late_is_waited_for_from_its_arrival():
    """RISK-2: after an outage the decisions of old closes come in any order; their age alone makes nobody absent."""
    core = build(partitions=2)
    tell(core, stated(DAWN))
    tell(core, ClockTick(time=T + 600_000))
    tell(core, wishes(T, signal(at=T), partition=0))
    assert tell(core, ClockTick(time=T + 610_000)) == []
    (bundle,) = tell(core, wishes(T, partition=1))
    assert [v.refusals for v in bundle.verdicts] == [("signal_stale",)]


def test_the_ceiling_bounds_what_waits():
    """Invariant 6."""
    core = build(partitions=2, max_pending_closes=3)
    tell(core, ClockTick(time=T + 20 * MINUTE))  # all wait since now
    outputs = feed(core, *(wishes(T + n * MINUTE, partition=0) for n in range(20)))
    assert closes(outputs) == [T + n * MINUTE for n in range(17)]


def test_a_partition_that_does_not_exist_is_ignored():
    core = build()
    tell(core, ClockTick(time=T))
    before = core.snapshot()
    assert tell(core, wishes(T, signal(at=T), partition=5)) == []
    assert core.snapshot() == before


def test_a_gate_without_partitions_is_refused():
    with pytest.raises(ValueError, match="partition"):
        RiskCore(0, INSTRUMENTS, RiskSettings(), DEFAULT_ACCOUNT, SIGNER, JUDGE, sim=True, armed=True)


# -- the clock, and nothing else, says how late it is -------------------------------------------------------------------


def test_a_decision_that_waited_in_a_queue_is_stale_by_the_clock():
    """RISK-2: after downtime the last message is as old as the backlog."""
    core = build()
    core.handle(stated(DAWN), DAWN)
    (verdict,) = verdicts(core.handle(wishes(T, signal(at=T)), T + 60_001))
    assert verdict.refusals == ("signal_stale",)


def test_the_utc_day_is_the_clocks():
    """RISK-3: reports of yesterday that are handled today count for today, and no message begins a day ahead of time."""
    core = build()
    core.handle(stated(DAWN, "10000"), DAWN)
    (shown,) = core.handle(stated(DAWN + DAY + MINUTE, "9900"), DAWN + DAY - 1)
    assert shown.day_start_equity == 10_000
    (shown,) = core.handle(stated(DAWN + DAY + 2 * MINUTE, "9900"), DAWN + DAY)
    assert shown.day_start_equity == 9_900
