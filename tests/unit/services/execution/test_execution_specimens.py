"""Each fault of the review, brought back by a specimen, makes the scenario fail that was written for it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from services.execution.core import ExecutionCore
from tests.support.execution import desk, specimens
from tests.support.execution.watch import RECOVERY_MS, Watch
from tests.unit.services.execution import test_execution_additions as additions
from tests.unit.services.execution import test_execution_closes_in_doubt as closes
from tests.unit.services.execution import test_execution_doubts as doubts
from tests.unit.services.execution import test_execution_entry_gate as gate
from tests.unit.services.execution import test_execution_foreign_stops as foreign_stops
from tests.unit.services.execution import test_execution_forged_bundles as forged
from tests.unit.services.execution import test_execution_persons as persons
from tests.unit.services.execution import test_execution_protection as protection
from tests.unit.services.execution import test_execution_risk_orders as risk_orders
from tests.unit.services.execution import test_execution_unprotectable as unprotectable
from tests.unit.services.execution import test_execution_unreadable_queries as unreadable

HEDGE = ({"leg": "LONG"}, "hedge_leg")
FOUND: list[tuple[type[ExecutionCore], Callable[[], None]]] = [
    (specimens.HasNoClock, gate.test_a_signal_that_is_heard_two_hours_late_buys_nothing),
    (specimens.HasNoClock, gate.test_an_entry_that_waited_for_an_hour_at_the_driver_is_withheld_at_the_moment_of_sending),
    (specimens.BelievesStatementsAtOnce, doubts.test_a_held_position_keeps_its_stop_while_statements_lag_by_five_seconds),
    (
        specimens.WaitsForStatements,
        protection.test_account_reads_fail_and_the_fill_of_the_stop_still_takes_the_target_away,
    ),
    (
        specimens.WaitsForAnswers,
        protection.test_the_answer_to_the_entry_is_lost_and_the_stop_leaves_with_the_news_of_its_fill,
    ),
    (specimens.SendsAgain, doubts.test_an_entry_that_never_arrived_is_not_sent_again),
    (specimens.ForgetsItsDead, doubts.test_the_late_fill_of_a_dead_entry_brings_its_trade_back_protected),
    (specimens.ForgetsItsDead, doubts.test_the_fill_of_an_entry_that_is_forgotten_is_closed),
    (specimens.AsksNoPrice, gate.test_without_a_quote_nothing_is_sent),
    (specimens.AsksNoPrice, gate.test_an_entry_whose_reward_has_gone_is_withheld),
    (specimens.AsksNoPrice, protection.test_a_fill_over_budget_is_reduced_to_it),
    (
        specimens.TriesForEver,
        lambda: protection.test_a_symbol_in_which_no_stop_is_taken_is_left_at_the_market_and_not_entered_again(-4014),
    ),
    (specimens.ClosesAgain, lambda: closes.test_a_cut_of_which_nothing_is_heard_takes_its_quantity_once(True)),
    (specimens.ClosesAgain, lambda: closes.test_a_close_of_which_nothing_is_heard_leaves_what_a_person_holds_alone(True)),
    (
        specimens.TriesForEver,
        lambda: unprotectable.test_a_symbol_in_which_no_stop_comes_to_stand_is_entered_once("unknown"),
    ),
    (
        specimens.AsksForEver,
        lambda: unreadable.test_an_entry_that_never_arrived_and_is_never_told_of_is_given_up("unknown"),
    ),
    (specimens.DoesNotKnow4130, persons.test_a_stop_that_a_person_placed_where_ours_should_go_is_kept),
    (specimens.TakesAnySignature, gate.test_an_unsigned_message_buys_nothing),
    (
        specimens.FlattensForAnybody,
        lambda: risk_orders.test_an_order_that_risk_did_not_sign_now_closes_nothing_and_is_alerted("unsigned", "message"),
    ),
    (
        specimens.FlattensForAnybody,
        lambda: risk_orders.test_an_order_that_risk_did_not_sign_now_closes_nothing_and_is_alerted("forged", "bundle"),
    ),
    (specimens.FlattensAgain, risk_orders.test_an_order_said_again_after_all_was_closed_closes_nothing_more),
    (specimens.FreezesForGood, doubts.test_one_lost_answer_and_one_failed_question_freeze_nothing_for_good),
    (
        specimens.FundsOnlyTheLiving,
        doubts.test_a_payment_that_is_told_late_and_twice_counts_once_for_the_trade_that_was_held,
    ),
    (specimens.DeafToMarginCalls, persons.test_a_margin_call_and_an_unreadable_event_ask_for_the_account),
    (specimens.TakesHedgeLegs, lambda: gate.test_an_implausible_intent_is_refused_with_its_reason(*HEDGE)),
    (
        specimens.ObeysTheBundle,
        lambda: forged.test_a_forged_bundle_holds_up_neither_a_close_nor_an_entry_that_risk_signed("empty"),
    ),
    (
        specimens.TakesAnyStopForItsOwn,
        foreign_stops.test_a_far_stop_that_stood_before_the_entry_does_not_replace_ours,
    ),
    (specimens.LeavesNoStop, lambda: additions.test_the_stop_stays_for_what_a_person_added_when_our_trade_ends("BUY")),
    (specimens.SellsAll, additions.test_an_addition_is_not_sold_with_our_trade),
]


@pytest.mark.parametrize(("specimen", "scenario"), FOUND, ids=[f"{one.__name__}-{n}" for n, (one, _) in enumerate(FOUND)])
def test_the_scenario_fails_with_the_specimen(
    specimen: type[ExecutionCore], scenario: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """STYLE: every checker has a specimen that it must catch."""
    monkeypatch.setattr(desk, "KIND", specimen)
    with pytest.raises(AssertionError):
        scenario()


@pytest.mark.parametrize("beside", [0, 2])
@pytest.mark.parametrize("specimen", [specimens.ClosesAgain, ExecutionCore])
def test_the_watchman_sees_that_more_is_taken_off_than_was_wanted(specimen: type[ExecutionCore], beside: int) -> None:
    """EXEC-3, EXEC-4: a cut that is made twice; a close that takes what a person holds beside. The core does neither."""
    desk_ = desk.Desk(specimen)
    watch = Watch(desk_)
    closes.silent(desk_, arrives=True)
    desk_.enter(risk_budget=Decimal(12) if beside else Decimal(6))
    if beside:
        watch.others_act()
        desk_.person(beside)
        desk_.run(RECOVERY_MS + 1_000)
        closes.close(desk_)
    desk_.run(5_000)
    seen = [each for each in watch.violations if each.startswith("3 ")]
    assert bool(seen) == (specimen is specimens.ClosesAgain)
