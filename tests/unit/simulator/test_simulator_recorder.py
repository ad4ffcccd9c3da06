"""The record of a run: complete, in order, each thing once, the same bytes for the same run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.signals import judging
from shared.domain.account import KillSwitch
from shared.domain.candles import FeedStep
from shared.domain.decisions import Decision, DecisionBundle, Judgement, Reason
from shared.domain.ids import derive
from shared.domain.message import Message
from simulator.recorder import FILES, Recorder, Summary
from tests.support.journal.scenes import account, at, decisions, event, fill, order, risk, stated, trade


def recorded(directory: Path, *steps: Sequence[Message]) -> dict[str, list[dict]]:
    """The lines of each file after these steps."""
    with Recorder(directory) as recorder:
        for step in steps:
            for message in step:
                recorder.take(message)
            recorder.step_done()
    return {name: [json.loads(line) for line in (directory / name).read_text().splitlines()] for name in FILES}


def bundle(partition: int, minute: int, *symbols: str, reason: Reason = "no_fvg") -> DecisionBundle:
    wishes = tuple(Decision(id=f"d-{symbol}", symbol=symbol, close_time=at(minute), reasons=(reason,)) for symbol in symbols)
    return DecisionBundle(partition=partition, close_time=at(minute), decisions=wishes)


def test_decisions_stand_by_close_then_symbol_whichever_partition_was_first(tmp_path: Path) -> None:
    """BT-1: separate processes finish in any order; the record has one."""
    one, two = bundle(0, 1, "XRPUSDT", "BTCUSDT"), bundle(1, 1, "ETHUSDT")
    late = bundle(0, 2, "BTCUSDT", reason="no_bias")
    first = recorded(tmp_path / "a", [late, two, one])
    second = recorded(tmp_path / "b", [one, late, two])
    assert first == second
    lines = [(line["close_time"], line["symbol"]) for line in first["decisions.jsonl"]]
    assert lines == [(at(1), "BTCUSDT"), (at(1), "ETHUSDT"), (at(1), "XRPUSDT"), (at(2), "BTCUSDT")]


def test_a_decision_that_says_what_the_last_line_of_its_symbol_says_is_not_written_again(tmp_path: Path) -> None:
    """BT-7: a line a change; id and time alone are no change, and other symbols have lines of their own."""
    steps = [[decisions(minute)] for minute in (1, 2, 3)] + [[bundle(0, 4, "BTCUSDT")], [bundle(0, 5, "BTCUSDT")]]
    written = [(line["close_time"], line["symbol"]) for line in recorded(tmp_path, *steps)["decisions.jsonl"]]
    assert written == [(at(1), "BTCUSDT"), (at(1), "ETHUSDT"), (at(4), "BTCUSDT")]


def test_judgements_without_a_signal_leave_what_their_decisions_leave(tmp_path: Path) -> None:
    """BT-7: lines, and every figure, whether or not the decisions were made to write them."""
    one = Judgement(strategy="ote", reasons=("no_bias",))
    two = (one, Judgement(strategy="judas", reasons=("no_shift", "no_bias")))
    closes: list[tuple[tuple[Judgement, ...], ...]] = [((), ()), ((one,), two), ((), ()), ((one,), ()), ((one,), ())]
    symbols = ("BTCUSDT", "ETHUSDT")
    with Recorder(tmp_path / "made") as made, Recorder(tmp_path / "said") as said:
        for minute, judgements in enumerate(closes):
            both = [
                judging.decide(derive("decision", symbol, at(minute)), symbol, at(minute), own)
                for symbol, own in zip(symbols, judgements, strict=True)
            ]
            made.take(DecisionBundle(partition=0, close_time=at(minute), decisions=tuple(both)))
            made.step_done()
            if any(judgements):
                said.judged(at(minute), list(zip(symbols, judgements, strict=True)))
            else:
                said.unjudged(symbols, 1, at(minute))
    lines = [(tmp_path / name / "decisions.jsonl").read_bytes() for name in ("made", "said")]
    assert lines[0] == lines[1]
    assert lines[0].count(b"\n") == 7
    assert (made.summary.decisions, made.summary.signals) == (said.summary.decisions, said.summary.signals)
    assert list(made.summary.why_not.items()) == list(said.summary.why_not.items())


def test_a_decision_with_a_signal_is_always_written(tmp_path: Path) -> None:
    """SIG-7: also when the one before it had the same."""
    wish = decisions(1, wish=True).decisions[0]
    again = DecisionBundle(partition=0, close_time=at(2), decisions=(msgspec.structs.replace(wish, id="d-2"),))
    first = DecisionBundle(partition=0, close_time=at(1), decisions=(wish,))
    assert [line["id"] for line in recorded(tmp_path, [first], [again])["decisions.jsonl"]] == [wish.id, "d-2"]


@pytest.mark.parametrize(
    ("later", "written"),
    [
        ({"wallet": "10000", "equity": "10007"}, 1),  # a mark moved
        ({"wallet": "10001", "equity": "10001"}, 2),
        ({"wallet": "10000", "equity": "10000", "held": "0.5"}, 2),
        ({"wallet": "10000", "equity": "10000", "kill_switch": "CAUTION"}, 2),
        ({"wallet": "10000", "equity": "10000", "trades_today": 7}, 2),
    ],
)
def test_equity_has_a_line_when_more_than_marks_moved(tmp_path: Path, later: dict[str, Any], written: int) -> None:
    """BT-7, RISK-3: wallet, kill switch, trades of the day, what is held."""

    def step(
        minute: int, wallet: str, equity: str, held: str = "0", kill_switch: KillSwitch = "NORMAL", trades_today: int = 0
    ) -> list[Message]:
        state = msgspec.structs.replace(account(equity, held), wallet=Decimal(wallet))
        report = msgspec.structs.replace(risk(minute, kill_switch), trades_today=trades_today)
        return [msgspec.structs.replace(stated(minute), account=state), report]

    lines = recorded(tmp_path, step(1, "10000", "10000"), step(2, **later), step(3, **later))["equity.jsonl"]
    assert [line["time"] for line in lines] == [at(1), at(2)][:written]


def test_orders_and_fills_stand_as_the_exchange_had_them(tmp_path: Path) -> None:
    """EXEC-4: a line a change, in the order in which they were told."""
    lines = recorded(
        tmp_path,
        [
            event(order("NEW")),
            event(order("PARTIALLY_FILLED", "1"), fill(1)),
            event(order("PARTIALLY_FILLED", "2"), fill(3)),
        ],
        [event(order("FILLED", "3"), fill(2))],
    )
    statuses = [line["status"] for line in lines["orders.jsonl"]]
    assert statuses == ["NEW", "PARTIALLY_FILLED", "PARTIALLY_FILLED", "FILLED"]
    assert [line["id"] for line in lines["fills.jsonl"]] == [fill(1).id, fill(3).id, fill(2).id]


def test_repeated_message_is_recorded_once(tmp_path: Path) -> None:
    """EXEC-2: a killed service repeats its last messages, in the same step or in a later one."""
    answer, wishes, account, gate = event(order("FILLED", "2"), fill(1)), decisions(1), stated(1), risk(1)
    once = recorded(tmp_path / "once", [answer, wishes, account, gate], [])
    again = recorded(
        tmp_path / "again", [answer, answer, wishes, account, gate, wishes, account], [gate, answer, wishes, account]
    )
    assert again == once
    assert len(once["equity.jsonl"]) == len(once["fills.jsonl"]) == 1


def test_repeats_are_known_for_thousands_of_messages_and_forgotten_at_some_time() -> None:
    """OPS-9: a month of minutes must not pile up in memory."""
    recorder = Recorder(None)
    for minute in range(6_500):
        recorder.take(risk(minute))
        recorder.step_done()
    kept = recorder._seen | recorder._seen_before
    assert len(kept) < 4_100
    assert risk(6_499).message_id in kept
    assert risk(6_499 - 1_500).message_id in kept


def test_a_step_has_an_equity_line_only_when_both_reports_are_in(tmp_path: Path) -> None:
    """RISK-3: the line joins the account and the gate's state of one close."""
    lines = recorded(tmp_path, [stated(1, equity="10000.10")], [risk(2)], [risk(3, "HALTED"), stated(3, equity="9999.90")])
    assert lines["equity.jsonl"] == [
        {
            "equity": "9999.90",
            "kill_switch": "HALTED",
            "time": at(3),
            "trades_today": risk(3).trades_today,
            "wallet": msgspec.to_builtins(stated(3, equity="9999.90").account)["wallet"],
        }
    ]


def test_lines_are_canonical(tmp_path: Path) -> None:
    """BT-1: keys sorted, no spaces, money as text: two runs are compared byte by byte."""
    recorded(tmp_path, [event(order("FILLED", "2"), fill(1)), decisions(1, wish=True), stated(1), risk(1)])
    for name in FILES:
        for line in (tmp_path / name).read_bytes().splitlines():
            assert line == json.dumps(json.loads(line), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def test_a_run_replaces_the_record_of_the_one_before(tmp_path: Path) -> None:
    """A record that two runs share would be nobody's."""
    recorded(tmp_path, [decisions(1)])
    assert recorded(tmp_path, []) == {name: [] for name in FILES}


def test_the_summary_counts_what_the_files_have() -> None:
    """SIG-7: without a directory nothing is written, and the summary is the same."""
    recorder = Recorder(None)
    for message in (
        decisions(1),
        decisions(2, wish=True),
        event(order("PARTIALLY_FILLED", "1"), fill(1)),
        event(order("FILLED", "2"), fill(2)),
        stated(2, closed=(trade("closed"),)),
        risk(2),
        FeedStep(partition=0, close_time=at(2), candles=()),
    ):
        recorder.take(message)
    recorder.step_done()
    summary = recorder.summary
    assert (summary.signals, summary.orders, summary.fills, len(summary.trades)) == (1, 2, 2, 1)
    assert summary.decisions == len(decisions(1).decisions) + len(decisions(2).decisions)
    assert summary.why_not["no_fvg"] >= 1


def test_a_step_with_two_statements_loses_no_trade() -> None:
    """EXEC-4: each statement has the trades that ended since the one before."""
    recorder = Recorder(None)
    for message in (stated(2, closed=(trade("closed"),)), stated(3, closed=(trade("closed", intent_id="i-2"),)), risk(3)):
        recorder.take(message)
    recorder.step_done()
    assert [each.intent_id for each in recorder.summary.trades] == ["i-1", "i-2"]


def test_drawdown_is_measured_from_the_highest_equity_before() -> None:
    """BT-2: 80 after 100 is 20 %, whatever came after; a rise is none."""
    summary = Summary()
    for equity in (50, 100, 80, 200, 190):
        summary.add_equity(Decimal(equity))
    assert summary.lowest_ratio == Decimal("0.8")
    assert (summary.first_equity, summary.last_equity) == (Decimal(50), Decimal(190))


@pytest.mark.parametrize("equity", [Decimal(0), Decimal(-5)])
def test_an_account_that_never_had_anything_has_no_drawdown(equity: Decimal) -> None:
    """Nothing is divided by zero."""
    summary = Summary()
    summary.add_equity(equity)
    assert summary.lowest_ratio == 1


def test_files_are_closed_when_the_run_fails(tmp_path: Path) -> None:
    """What was recorded until then can be read: it shows where it went wrong."""

    def fail() -> None:
        with Recorder(tmp_path) as recorder:
            recorder.take(decisions(1))
            recorder.step_done()
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        fail()
    assert len((tmp_path / "decisions.jsonl").read_text().splitlines()) == len(decisions(1).decisions)
