"""Messages become rows: every fact in its table, what is not there left empty."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from services.journal.rows import order_sequence, rows, trade_sequence
from services.journal.tables import metadata
from shared.domain.control import ClockTick
from shared.domain.intents import Verdict, VerdictBundle
from shared.domain.order_flow import CandleFlow, SettledFunding
from tests.support.journal.scenes import D, at, candles, day, decisions, event, fill, order, stated, trade, verdicts


def test_a_day_of_messages_fills_every_table_with_its_own_columns() -> None:
    """DATA-5: no row has a column that its table lacks, and no table stays empty after a whole day."""
    found = rows((message, None) for message in day())
    assert set(found) == set(metadata.tables) - {"journal_schema"}  # the version of the tables, written at their making
    for name, written in found.items():
        columns = set(metadata.tables[name].columns.keys())
        assert all(set(row) <= columns for row in written), name


def test_a_candle_is_recorded_with_what_strategies_read_of_it() -> None:
    """DATA-5, ICT-14: a replay of the day must decide the same; what is not known stays empty."""
    (bare, *_) = rows([(candles(1), None)])["candles"]
    beside = ("taker_bought", "trades", "spread", "imbalance", "funding_rate", "funding_time")
    assert [bare[name] for name in beside] == [None] * 6
    flow = CandleFlow(taker_bought=1e-7, trades=3, spread=0.0001, imbalance=-0.5)
    whole = replace(candles(1).candles[0], flow=flow, funding=SettledFunding(rate=-0.0001, time=at(0) - 60_000))
    (row,) = rows([(replace(candles(1), candles=(whole,)), None)])["candles"]
    assert [row[name] for name in beside] == [1e-7, 3, 0.0001, -0.5, -0.0001, at(0) - 60_000]


def test_a_decision_without_a_signal_leaves_its_reasons_and_no_signal() -> None:
    """SIG-7: a rejected setup is recorded with its reasons too."""
    found = rows([(decisions(1), None), (decisions(2, wish=True), None)])
    refused = next(row for row in found["decisions"] if row["symbol"] == "BTCUSDT" and row["close_time"] == at(1))
    assert refused["signal_id"] is None
    assert refused["reasons"] == "no_fvg,no_order_block"
    assert [row["decision_id"] for row in found["signals"]] == ["d-BTCUSDT-2"]


def test_a_refused_verdict_has_no_intent_and_all_refusals() -> None:
    """RISK-2: everything that spoke against it is on record."""
    verdict = Verdict(decision_id="d", symbol="BTCUSDT", refusals=("daily_loss", "position_limit"))
    found = rows([(VerdictBundle(close_time=at(1), verdicts=(verdict,)), None)])
    assert len(found["verdicts"]) == 1
    assert "intents" not in found
    assert "daily_loss" in str(found["verdicts"][0]["refusals"])
    assert "position_limit" in str(found["verdicts"][0]["refusals"])
    refused = rows([(verdicts(1), None)])["verdicts"][1]
    assert "0.031" in str(refused["checks"]), "with the numbers that were compared"


def test_messages_that_are_no_facts_leave_no_rows() -> None:
    """DATA-5: the clock's ticks would fill the disk and say nothing."""
    assert rows([(ClockTick(time=1), None)]) == {}
    assert rows([]) == {}


@pytest.mark.parametrize(
    "life",
    [
        [order("NEW"), order("PARTIALLY_FILLED", "0.5"), order("PARTIALLY_FILLED", "1"), order("FILLED", "2")],
        [order("NEW"), order("NEW", updated=60_000), order("CANCELED", updated=60_000)],
        [order("REJECTED", updated=1), order("NEW", updated=2), order("REJECTED", updated=3), order("EXPIRED", updated=3)],
        [order("PARTIALLY_FILLED", "9"), order("PARTIALLY_FILLED", "10"), order("CANCELED", "10")],
    ],
)
def test_the_sequence_of_an_order_grows_with_its_life(life: Sequence) -> None:
    """EXEC-4: an older state that comes late must not overwrite a newer one, compared as text on every database."""
    sequences = [order_sequence(each) for each in life]
    assert sequences == sorted(sequences)
    assert len(set(sequences)) == len(sequences)


def test_the_sequence_of_a_trade_grows_with_statements_and_within_one_with_its_life() -> None:
    """EXEC-4: a trade that opens and closes between two statements ends as closed."""
    states = ("entering", "protecting", "open", "closing", "closed", "failed")
    within = [trade_sequence(trade(state), at(1)) for state in states]
    assert within == sorted(set(within))
    assert trade_sequence(trade("entering"), at(2)) > within[-1]
    closed = rows([(stated(1, trade("open"), closed=(trade("closed"),)), None)])["trades"]
    assert len(closed) == 2


def test_a_signals_entry_and_ladder_are_on_record() -> None:
    """SIG-7: as the strategy wished it."""
    (row,) = rows([(decisions(2, wish=True), None)])["signals"]
    assert (row["kind"], row["price"], row["rests_until"], row["valid_until"]) == ("market", 100.1, 0, at(3))
    assert row["exits"] == '[{"price":102.0,"share":0.5},{"price":103.0,"share":0.5}]'


def test_an_intents_bound_validity_and_ladder_are_on_record() -> None:
    """RISK-1: what risk approved, with every digit."""
    (row,) = rows([(verdicts(1), None)])["intents"]
    assert (row["price"], row["bound"], row["risk_budget"]) == (D("100.10"), D("100.20"), D("10.00"))
    assert (row["decided_at"], row["valid_until"]) == (at(1) + 40, at(1) + 5_040)
    assert row["exits"] == '[{"price":"103.0","share":"1"}]'


def test_each_change_of_an_order_has_its_cause_and_a_fill_has_it_too() -> None:
    """EXEC-4: whose order it was, what for, and of which trade."""
    foreign = event(order(client_id="web-1"), origin="foreign", intent_id="")
    found = rows([(event(order("FILLED", "2"), fill(1)), at(1)), (foreign, None)])
    assert [row["stamped_at"] for row in (*found["orders"], *found["fills"])] == [at(1), None, at(1)]
    assert [(row["client_id"], row["origin"], row["intent_id"]) for row in found["orders"]] == [
        ("ict-1", "ours", "i-1"),
        ("web-1", "foreign", ""),
    ]
    assert [(row["id"], row["origin"], row["purpose"], row["intent_id"]) for row in found["fills"]] == [
        ("1", "ours", "stop", "i-1")
    ]


def test_a_statement_leaves_equity_positions_and_funding() -> None:
    """DATA-5: each leg as it stood then; a flat account has none."""
    found = rows([(stated(1, held="0.0150", funding=True), at(1)), (stated(2), at(2))])
    assert [(row["time"], row["asked_at"]) for row in found["equity"]] == [(at(1), at(1) - 30), (at(2), at(2) - 30)]
    assert [(row["symbol"], row["leg"], row["quantity"]) for row in found["positions"]] == [("BTCUSDT", "BOTH", D("0.0150"))]
    assert [(row["id"], row["amount"]) for row in found["funding"]] == [("77", D("-0.0123"))]
    assert [(row["id"], row["amount"]) for row in found["transfers"]] == [("t-1", D("250.00"))]
    assert [row["stamped_at"] for row in (*found["equity"], *found["positions"])] == [at(1), at(2), at(1)]
