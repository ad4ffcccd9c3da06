"""Messages become rows: every fact in its table, what is not there left empty."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from services.journal.rows import order_sequence, rows, trade_sequence
from services.journal.tables import metadata
from shared.domain.control import ClockTick
from shared.domain.orders import Verdict, VerdictBundle
from tests.support.journal.scenes import at, day, decisions, order, report, trade, verdicts


def test_a_day_of_messages_fills_every_table_with_its_own_columns() -> None:
    """DATA-5: no row has a column that its table lacks, and no table stays empty after a whole day."""
    found = rows(day())
    assert set(found) == set(metadata.tables) - {"journal_schema"}  # the version of the tables, written at their making
    for name, written in found.items():
        columns = set(metadata.tables[name].columns.keys())
        assert all(set(row) <= columns for row in written), name


def test_a_decision_without_a_signal_leaves_its_reasons_and_no_signal() -> None:
    """SIG-7: a rejected setup is recorded with its reasons too."""
    found = rows([decisions(1), decisions(2, wish=True)])
    refused = next(row for row in found["decisions"] if row["symbol"] == "BTCUSDT" and row["close_time"] == at(1))
    assert refused["signal_id"] is None
    assert refused["reasons"] == "no_fvg,no_order_block"
    assert [row["decision_id"] for row in found["signals"]] == ["d-BTCUSDT-2"]


def test_a_refused_verdict_has_no_intent_and_all_refusals() -> None:
    """RISK-2: everything that spoke against it is on record."""
    verdict = Verdict(decision_id="d", symbol="BTCUSDT", refusals=("daily_loss", "position_limit"))
    found = rows([VerdictBundle(close_time=at(1), verdicts=(verdict,))])
    assert len(found["verdicts"]) == 1
    assert "intents" not in found
    assert "daily_loss" in str(found["verdicts"][0]["refusals"])
    assert "position_limit" in str(found["verdicts"][0]["refusals"])
    assert len(rows([verdicts(1)])["verdicts"]) >= 1


def test_messages_that_are_no_facts_leave_no_rows() -> None:
    """DATA-5: the clock's ticks would fill the disk and say nothing."""
    assert rows([ClockTick(time=1)]) == {}
    assert rows([]) == {}


@pytest.mark.parametrize(
    "life",
    [
        [order("NEW"), order("PARTIALLY_FILLED", "0.5"), order("PARTIALLY_FILLED", "1"), order("FILLED", "2")],
        [order("NEW"), order("NEW", updated=60_000), order("CANCELED", updated=60_000)],
        [order("PARTIALLY_FILLED", "9"), order("PARTIALLY_FILLED", "10"), order("CANCELED", "10")],
    ],
)
def test_the_sequence_of_an_order_grows_with_its_life(life: Sequence) -> None:
    """EXEC-4: an older state that comes late must not overwrite a newer one, compared as text on every database."""
    sequences = [order_sequence(each) for each in life]
    assert sequences == sorted(sequences)
    assert len(set(sequences)) == len(sequences)


def test_the_sequence_of_a_trade_grows_with_reports_and_within_one_with_its_life() -> None:
    """EXEC-4: a trade that opens and closes between two reports ends as closed."""
    states = ("entering", "protecting", "open", "closing", "closed", "failed")
    within = [trade_sequence(trade(state), at(1)) for state in states]
    assert within == sorted(set(within))
    assert trade_sequence(trade("entering"), at(2)) > within[-1]
    closed = rows([report(1, trade("open"), closed=(trade("closed"),))])["trades"]
    assert len(closed) == 2
