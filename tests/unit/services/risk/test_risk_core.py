"""The risk core: one verdict bundle per close, one risk report per account report, a kill switch that outlives restarts."""

from __future__ import annotations

from decimal import Decimal

import pytest

from services.risk.core import RiskCore
from services.risk.settings import RiskSettings
from shared.config.account import DEFAULT_ACCOUNT
from shared.domain.account import RiskReport
from shared.domain.approval import approved
from shared.domain.control import Alert, ClockTick
from shared.domain.ids import derive
from shared.domain.orders import StepReport, VerdictBundle
from shared.domain.timeframes import DAY, MINUTE
from tests.support.risk.scenes import DAWN, INSTRUMENTS, KEY, build, control, feed, position, report, signal, trade, wishes

T = DAWN + MINUTE


def verdicts(outputs):
    return [verdict for output in outputs if isinstance(output, VerdictBundle) for verdict in output.verdicts]


def alerts(outputs):
    return [output for output in outputs if isinstance(output, Alert)]


def test_a_sound_signal_becomes_a_signed_intent():
    """RISK-1, invariant 5."""
    core = build()
    core.handle(report(DAWN))
    (bundle,) = core.handle(wishes(T, signal(at=T), idle=("ETHUSDT",)))
    (verdict,) = bundle.verdicts
    assert bundle.close_time == T
    assert (verdict.decision_id, verdict.refusals, verdict.notes) == (f"d-BTCUSDT-{T}", (), ())
    intent = verdict.intent
    assert (intent.id, intent.signal_id) == (derive("intent", f"signal-BTCUSDT-{T}"), f"signal-BTCUSDT-{T}")
    assert (intent.quantity, intent.entry, intent.stop, intent.target) == (
        Decimal(50),
        Decimal(100),
        Decimal(98),
        Decimal(104),
    )
    assert (intent.risk_amount, intent.close_time, intent.expires_at) == (Decimal(100), T, T + 60_000)
    assert approved(intent, verdict.signature, KEY)
    assert not approved(intent, verdict.signature, KEY + "x")


def test_a_close_without_signals_leaves_an_empty_bundle():
    assert build().handle(wishes(T, idle=("BTCUSDT",))) == [VerdictBundle(close_time=T, verdicts=())]


def test_a_capped_size_says_so():
    core = build()
    core.handle(report(DAWN))
    (verdict,) = verdicts(core.handle(wishes(T, signal(at=T, stop=99.5))))
    assert verdict.notes == ("capped by position margin",)


def test_verdicts_come_in_symbol_order_and_each_approval_counts_for_the_next():
    """RISK-2: the third symbol of one close meets the limit of two positions."""
    core = build(partitions=2)
    core.handle(report(DAWN))
    core.handle(wishes(T, signal("XRPUSDT", T), signal("ETHUSDT", T), partition=1))
    outputs = core.handle(wishes(T, signal("BTCUSDT", T), partition=0))
    assert [(v.symbol, v.refusals) for v in verdicts(outputs)] == [
        ("BTCUSDT", ()),
        ("ETHUSDT", ()),
        ("XRPUSDT", ("position_limit",)),
    ]


def test_without_account_or_instrument_both_are_said():
    (verdict,) = verdicts(build().handle(wishes(T, signal("DOGEUSDT", T))))
    assert verdict.refusals == ("no_account_state", "unknown_symbol")
    assert verdict.intent is None
    assert verdict.signature == ""


def test_a_size_under_the_minimum_is_refused_beside_all_else():
    core = build()
    core.handle(report(DAWN, "9"))
    core.handle(control("halt"))
    (verdict,) = verdicts(core.handle(wishes(T, signal(at=T))))
    assert verdict.refusals == ("kill_switch", "below_minimum")


def test_a_stale_signal_is_refused_by_the_latest_time_known():
    core = build()
    core.handle(report(DAWN))
    core.handle(ClockTick(time=T + 60_001))
    (verdict,) = verdicts(core.handle(wishes(T, signal(at=T))))
    assert verdict.refusals == ("signal_stale",)


@pytest.mark.parametrize(
    ("shown", "refusals"),
    [
        (report(DAWN, "10000", position("BTCUSDT", "-1")), ("symbol_in_position",)),
        (report(DAWN, "10000", position("BTCUSDT", "0")), ()),
        (report(DAWN, "10000", trades=(trade("BTCUSDT", "entering"),)), ("symbol_in_position",)),
        (report(DAWN, "10000", trades=(trade("BTCUSDT", "failed"),)), ()),
        (report(DAWN, "10000", position("ETHUSDT"), position("SOLUSDT")), ("position_limit",)),
        (report(DAWN, "10000", position("ETHUSDT"), trades=(trade("ETHUSDT", "open"),)), ()),
    ],
)
def test_symbol_with_a_position_or_order_is_occupied(shown, refusals):
    core = build()
    core.handle(shown)
    (verdict,) = verdicts(core.handle(wishes(T, signal(at=T))))
    assert verdict.refusals == refusals


def test_an_approval_occupies_its_symbol_until_a_later_account_report():
    core = build()
    core.handle(report(DAWN))
    core.handle(wishes(T, signal(at=T)))
    core.handle(report(T))  # of the same close: it cannot show the trade yet
    (second,) = verdicts(core.handle(wishes(T + MINUTE, signal(at=T + MINUTE))))
    assert second.refusals == ("symbol_in_position",)
    core.handle(report(T + MINUTE))  # flat: the entry failed
    (third,) = verdicts(core.handle(wishes(T + 2 * MINUTE, signal(at=T + 2 * MINUTE))))
    assert third.refusals == ()


def test_trades_of_a_day_are_limited_and_the_next_day_begins_anew():
    """RISK-2."""
    core = build(trades_per_day=2)
    times = [DAWN, DAWN + 5 * MINUTE, DAWN + 10 * MINUTE, DAWN + DAY]
    said = []
    for at in times:
        core.handle(report(at))
        said.append(verdicts(core.handle(wishes(at + MINUTE, signal(at=at + MINUTE))))[0].refusals)
    assert said == [(), (), ("trades_per_day",), ()]


def test_the_report_after_each_account_report_has_the_days_numbers():
    """RISK-3."""
    core = build()
    core.handle(report(DAWN - MINUTE, "10000"))
    core.handle(wishes(DAWN - MINUTE, signal(at=DAWN - MINUTE)))
    (shown,) = core.handle(report(DAWN + 5 * MINUTE, "9950.5", position("BTCUSDT")))
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
    (shown,) = build().handle(report(DAWN + 7 * MINUTE, "1234"))
    assert (shown.day_start_equity, shown.day_result) == (Decimal(1234), Decimal(0))


def test_a_daily_loss_stops_entries_until_the_next_utc_day():
    """RISK-2."""
    core = build()
    core.handle(report(DAWN))
    shown, alert = core.handle(report(DAWN + MINUTE, "9700"))
    assert (shown.kill_switch, alert.severity) == ("DAY_HALT", "warning")
    assert "9700" in shown.reason
    (verdict,) = verdicts(core.handle(wishes(DAWN + 2 * MINUTE, signal(at=DAWN + 2 * MINUTE))))
    assert verdict.refusals == ("kill_switch", "daily_loss")
    (recovered,) = core.handle(report(DAWN + 3 * MINUTE, "9990"))
    assert recovered.kill_switch == "DAY_HALT"
    (verdict,) = verdicts(core.handle(wishes(DAWN + 4 * MINUTE, signal(at=DAWN + 4 * MINUTE))))
    assert verdict.refusals == ("kill_switch",)
    core.handle(control("rearm"))
    assert verdicts(core.handle(wishes(DAWN + 5 * MINUTE, signal(at=DAWN + 5 * MINUTE))))[0].refusals == ("kill_switch",)
    bundle, alert = core.handle(wishes(DAWN + DAY, signal(at=DAWN + DAY)))
    assert verdicts([bundle])[0].refusals == ()
    assert (alert.severity, "NORMAL" in alert.text) == ("info", True)


def test_a_deep_loss_halts_until_rearmed_also_over_the_day():
    core = build()
    core.handle(report(DAWN))
    shown, alert = core.handle(report(DAWN + MINUTE, "9499"))
    assert (shown.kill_switch, alert.severity) == ("HALTED", "critical")
    (shown,) = core.handle(report(DAWN + DAY, "9499"))
    assert shown.kill_switch == "HALTED"
    (alert,) = core.handle(control("rearm"))
    assert (alert.severity, "NORMAL" in alert.text) == ("info", True)
    (shown,) = core.handle(report(DAWN + DAY + MINUTE, "9499"))
    assert shown.kill_switch == "NORMAL"


def test_rearming_on_the_day_of_the_loss_does_not_lift_the_days_limit():
    core = build()
    feed(core, report(DAWN), report(DAWN + MINUTE, "9400"))
    (alert,) = core.handle(control("rearm"))
    assert "DAY_HALT" in alert.text
    (shown,) = core.handle(report(DAWN + 2 * MINUTE, "9300"))  # acknowledged by hand: it does not halt again today
    assert shown.kill_switch == "DAY_HALT"
    shown, _ = core.handle(report(DAWN + DAY, "9300"))
    assert shown.kill_switch == "NORMAL"
    shown, _ = core.handle(report(DAWN + DAY + MINUTE, "8000"))  # a new day, a new deep loss
    assert shown.kill_switch == "HALTED"


def test_a_loss_not_yet_deep_when_rearmed_can_still_halt():
    core = build()
    feed(core, report(DAWN), report(DAWN + MINUTE, "9600"), control("halt"), control("rearm"))
    shown, _ = core.handle(report(DAWN + 2 * MINUTE, "9400"))
    assert shown.kill_switch == "HALTED"


def test_an_operators_halt_acts_at_once_and_once():
    """RISK-7."""
    core = build()
    core.handle(report(DAWN))
    (alert,) = core.handle(control("halt"))
    assert (alert.severity, alert.source) == ("critical", "risk")
    assert "tester" in alert.text
    assert core.handle(control("halt")) == []
    (verdict,) = verdicts(core.handle(wishes(T, signal(at=T))))
    assert verdict.refusals == ("kill_switch",)
    (shown,) = core.handle(report(T))
    assert (shown.kill_switch, shown.reason) == ("HALTED", "halt by tester: a drill")
    core.handle(control("rearm"))
    assert core.handle(control("halt")) == []  # the old command, delivered again, does not act again
    assert verdicts(core.handle(wishes(T + MINUTE, signal(at=T + MINUTE))))[0].refusals == ()


def test_a_command_that_changes_nothing_is_answered():
    core = build()
    (alert,) = core.handle(control("rearm"))
    assert (alert.severity, "changed nothing" in alert.text) == ("info", True)
    feed(core, control("halt", 1))
    (alert,) = core.handle(control("halt", 2))
    assert "HALTED" in alert.text


def test_every_change_of_the_kill_switch_has_its_own_alert_id():
    """Two alerts of one moment must not be taken for one."""
    core = build()
    outputs = feed(core, *(control(command, number) for number in range(3) for command in ("halt", "rearm")))
    assert len({alert.message_id for alert in alerts(outputs)}) == 6


def test_remembered_controls_are_bounded():
    core = build(controls_remembered=4)
    sizes = set()
    for number in range(20, 60):
        core.handle(control("rearm", number))
        sizes.add(len(core.snapshot()))
    assert len(sizes) <= 4
    assert max(sizes) == len(core.snapshot())


@pytest.mark.parametrize("ignored", [control("reset"), StepReport(close_time=T)])
def test_foreign_message_changes_nothing_in_risk(ignored):
    core = build()
    before = core.snapshot()
    assert core.handle(ignored) == []
    assert core.snapshot() == before


def test_account_reports_repeated_or_older_change_nothing():
    core = build()
    feed(core, report(DAWN), report(T, "9999"))
    before = core.snapshot()
    assert feed(core, report(T, "1"), report(DAWN, "1")) == []
    assert core.snapshot() == before


# -- the barrier of the partitions ------------------------------------------------------------------------------------


def closes(outputs):
    return [output.close_time for output in outputs if isinstance(output, VerdictBundle)]


def test_a_close_waits_for_all_partitions():
    core = build(partitions=3)
    assert feed(core, wishes(T, partition=2), wishes(T, partition=0), wishes(T, partition=0)) == []
    assert closes(core.handle(wishes(T, partition=1))) == [T]
    assert feed(core, *(wishes(T, partition=p) for p in range(3))) == []


def test_a_partition_that_speaks_of_a_later_close_is_not_awaited_for_an_earlier_one():
    core = build(partitions=2)
    assert feed(core, wishes(T, partition=0), wishes(T + MINUTE, partition=0)) == []
    first, alert, second = core.handle(wishes(T + MINUTE, partition=1))
    assert (first.close_time, second.close_time) == (T, T + MINUTE)
    assert (alert.key, alert.time) == ("decisions_incomplete", T)
    assert "partition 1" in alert.text


def test_the_deadline_decides_without_the_absent_partition():
    core = build(partitions=2)
    core.handle(report(DAWN))
    core.handle(wishes(T, signal(at=T), partition=0))
    assert core.handle(ClockTick(time=T + 10_000)) == []
    bundle, alert = core.handle(ClockTick(time=T + 10_001))
    assert [v.refusals for v in bundle.verdicts] == [()]
    assert alert.severity == "warning"
    assert core.handle(wishes(T, signal("ETHUSDT", T), partition=1)) == []


def test_a_close_that_arrives_late_is_waited_for_from_its_arrival():
    """RISK-2: after an outage the decisions of old closes come in any order; their age alone makes nobody absent."""
    core = build(partitions=2)
    core.handle(report(DAWN))
    core.handle(ClockTick(time=T + 600_000))
    core.handle(wishes(T, signal(at=T), partition=0))
    assert core.handle(ClockTick(time=T + 610_000)) == []
    (bundle,) = core.handle(wishes(T, partition=1))
    assert [v.refusals for v in bundle.verdicts] == [("signal_stale",)]


def test_the_ceiling_bounds_what_waits():
    """Invariant 6."""
    core = build(partitions=2, max_pending_closes=3)
    outputs = feed(core, *(wishes(T + n * MINUTE, partition=0) for n in range(20)))
    assert closes(outputs) == [T + n * MINUTE for n in range(17)]


def test_a_partition_that_does_not_exist_is_ignored():
    core = build()
    before = core.snapshot()
    assert core.handle(wishes(T, signal(at=T), partition=5)) == []
    assert core.snapshot() == before


@pytest.mark.parametrize(("partitions", "key"), [(0, KEY), (1, "")])
def test_a_gate_without_partitions_or_key_is_refused(partitions, key):
    with pytest.raises(ValueError, match=r"partition|key"):
        RiskCore(partitions, INSTRUMENTS, RiskSettings(), DEFAULT_ACCOUNT, key)
