"""What counts as a difference between a recorded day and its replay, and which modes a replay can make orders of again."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from cli.parity.limits import Mode, limits
from cli.settings import Settings
from research.parity.differences import differences
from research.parity.replay import Story, content_of
from services.journal.span import Commanded, Extent, Placed, Stamped
from shared.domain.decisions import Decision, Judgement
from tests.support.journal import scenes
from tests.support.journal.scenes import at

HELD = Extent(
    owner="live/ict/main", first_candle=1, first_decision=1, last_decision=2, symbols=("BTCUSDT", "XRPUSDT"), wallet=None
)


def story() -> Story:
    """A day with a trade, as the journal tells it."""
    found = Story()
    found.decisions = {
        each.id: each for minute in (1, 2, 3) for each in scenes.decisions(minute, wish=minute == 1).decisions
    }
    for verdict in scenes.verdicts(1).verdicts:
        found.verdicts[verdict.decision_id] = Stamped(close_time=at(1), stamped_at=None, verdict=verdict)
    found.place(Placed(order=scenes.order("FILLED", "0.0150", 2), origin="ours", purpose="stop"))
    found.fill(scenes.fill(1))
    found.fill(scenes.fill(2))
    return found


def copied(of: Story) -> Story:
    return msgspec.msgpack.decode(msgspec.msgpack.encode(of), type=Story)


@given(st.data())
def test_only_that_is_told_which_one_of_the_two_lacks(data: st.DataObject) -> None:
    """BT-6: whatever is taken from either side, nothing else is named, and the cause stands before what follows."""
    one, other = story(), story()
    gone: set[tuple[str, str]] = set()
    for side in (one, other):
        for subject in ("decision", "verdict", "order", "fill"):
            table: dict[str, Any] = getattr(side, f"{subject}s")
            for key in data.draw(st.sets(st.sampled_from(sorted(table)))):
                del table[key]
                gone ^= {(subject, key)}
    found = differences(one, other, exact=True)
    assert {(each.subject, each.id) for each in found} == gone
    assert [each.time for each in found] == sorted(each.time for each in found)


def test_a_story_does_not_differ_from_itself() -> None:
    assert differences(story(), copied(story()), exact=True) == []


def test_clocks_keys_and_names_of_deployments_make_no_difference() -> None:
    """BT-6: an intent is approved at another moment, an order has another lineage, a fill another number."""
    one, other = story(), story()
    stamped = next(each for each in one.verdicts.values() if each.verdict.intent is not None)
    intent = msgspec.structs.replace(stamped.verdict.intent, decided_at=at(1) + 900, valid_until=at(1) + 5_900)  # type: ignore[type-var]
    verdict = msgspec.structs.replace(stamped.verdict, intent=intent, signature="another")
    other.verdicts[verdict.decision_id] = msgspec.structs.replace(stamped, verdict=verdict, stamped_at=at(1) + 900)
    name, placed = next(iter(one.orders.items()))
    other.orders[name] = msgspec.structs.replace(placed, order=msgspec.structs.replace(placed.order, client_id="ictezzzz-1"))
    other.fills = {key: [msgspec.structs.replace(each, id="x") for each in fills] for key, fills in one.fills.items()}
    assert differences(one, other, exact=True) == []


def test_a_later_state_of_an_order_replaces_an_earlier_one_and_no_other_way() -> None:
    found = Story()
    for status, filled in (("PARTIALLY_FILLED", "0.0050"), ("FILLED", "0.0150"), ("NEW", "0")):
        found.place(Placed(order=scenes.order(status, filled), origin="ours", purpose="stop"))
    assert [each.order.status for each in found.orders.values()] == ["FILLED"]


def test_an_order_is_named_by_its_content_whatever_the_deployment() -> None:
    assert content_of("icte1a2b-" + "0" * 26) == "0" * 26
    assert content_of("web_abc-1") == "web_abc-1"


def test_of_an_exchange_s_day_only_decisions_and_answers_are_compared() -> None:
    """BT-6: what an exchange filled, and at what size, a replay cannot know; that an entry was refused, it can."""
    one, other = story(), story()
    other.orders, other.fills = {}, {}
    key, stamped = next((key, each) for key, each in one.verdicts.items() if each.verdict.intent is not None)
    larger = msgspec.structs.replace(stamped.verdict.intent, quantity=Decimal(7))  # type: ignore[type-var]
    other.verdicts[key] = msgspec.structs.replace(stamped, verdict=msgspec.structs.replace(stamped.verdict, intent=larger))
    assert differences(one, other, exact=False) == []
    refused = msgspec.structs.replace(stamped.verdict, intent=None, refusals=("daily_loss",))
    other.verdicts[key] = msgspec.structs.replace(stamped, verdict=refused)
    (found,) = differences(one, other, exact=False)
    assert found.fields == {"answer": ("approved", "refused: daily_loss")}


def test_reasons_of_a_close_without_judgements_are_compared_too() -> None:
    one, other = Story(), Story()
    decision = Decision(id="d", symbol="BTCUSDT", close_time=at(1), reasons=("data_missing",))
    one.decisions, other.decisions = {"d": decision}, {"d": msgspec.structs.replace(decision, reasons=("no_setup",))}
    (found,) = differences(one, other, exact=True)
    assert found.fields == {"reasons": ("data_missing", "no_setup")}
    judged = msgspec.structs.replace(decision, judgements=(Judgement(strategy="ote", reasons=("no_setup",)),), reasons=())
    other.decisions = {"d": judged}
    (found,) = differences(one, other, exact=True)
    assert found.fields == {"ote": ("nothing", "no_setup")}


def test_a_live_day_s_gaps_are_named() -> None:
    """BT-6: mark prices, instrument lists, orders of an exchange, strange symbols and commands."""
    commands = [
        Commanded(id="1", words=("reset",), by="market", reason="", at=at(1), refused=False),
        Commanded(id="2", words=("dance",), by="anna", reason="", at=at(2), refused=False),
    ]
    told = "\n".join(limits(Mode.of(HELD.owner), Settings(), HELD, commands, at(1)))
    for part in (
        "no settings",
        "mark prices",
        "instruments",
        "neither they nor sizes",
        "XRPUSDT, which",
        "ETHUSDT, which",
        "reset",
        "'dance'",
        "begins",
    ):
        assert part in told, part


def test_only_a_simulated_session_or_paper_in_one_process_begins_armed() -> None:
    """BT-6: elsewhere risk begins halted, and a replay with it."""
    assert [Mode.of(each).begins_armed("split") for each in ("sim", "paper/ict/main", "live/ict/main")] == [
        True,
        False,
        False,
    ]
    assert Mode.of("paper/ict/main").begins_armed("embedded")
    assert any("one millisecond" in each for each in limits(Mode.of("paper/ict/main"), Settings(), HELD, (), None))
    assert [Mode.of(each).simulated for each in ("", "paper/ict/main", "testnet/ict/main")] == [True, True, False]
