"""One strategy that goes wrong is contained: named, counted, told once an hour; the others go on (SIG-8)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from pydantic import BaseModel, ConfigDict

from services.signals import judging
from services.signals.contract import Answer, Enabled, Strategy, signal_id
from services.signals.core import SignalsCore
from services.signals.settings import SignalsSettings
from services.signals.strategies import STRATEGIES
from services.signals.strategies.ob_fvg import ObFvgSettings
from services.signals.view import MarketView, UndeclaredRead
from shared.bus.codec import decode, encode
from shared.domain.control import Alert
from shared.domain.decisions import Decision, DecisionBundle, Exit, LimitEntry, MarketEntry, Signal
from shared.domain.timeframes import TIMEFRAMES, closing_at
from tests.support.runtime.telling import tell
from tests.support.signals.scenes import CLOSE, QUARTER, bundle, bundles_of, candle, gap
from tests.support.signals.scenes import analysis as seen
from tests.support.signals.scenes import block as order_block


class Nothing(BaseModel):
    """No settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def signal(view: MarketView, **changes: Any) -> Signal:
    sound: dict[str, Any] = {
        "id": signal_id("wrong", view.symbol, view.close_time),
        "symbol": view.symbol,
        "strategy": "wrong",
        "side": "BUY",
        "entry": MarketEntry(price=100.0),
        "stop": 99.0,
        "exits": (Exit(price=102.0),),
        "score": 1.0,
        "close_time": view.close_time,
        "valid_until": view.close_time + 1,
        "rests_on": (),
        "why": "",
    }
    return Signal(**(sound | changes))


def strategy(judge: Callable[[MarketView, Any], Any], name: str = "wrong") -> Strategy[Nothing]:
    return Strategy(
        name=name,
        about="A specimen.",
        settings=Nothing,
        judge=judge,
        timeframe=lambda settings: "15m",
        reads=lambda settings: {"15m": frozenset({"order_block", "fvg"})},
    )


def raises(error: BaseException) -> Callable[[MarketView, Any], Answer]:
    def judge(view: MarketView, settings: Any) -> Answer:
        raise error

    return judge


def hides(view: MarketView, settings: Any) -> Answer:
    """Catches the error of what it asked, and answers as if nothing was."""
    try:
        view.facts("sweep", "15m")
    except UndeclaredRead:
        return signal(view)
    return ("no_setup",)


class Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError("no text")


class Word(str):
    """A text that no encoder knows."""


#: Half of a character, which UTF-8 cannot carry.
HALF = "\ud800"
NAN = float("nan")
WRONG: dict[str, tuple[Callable[[MarketView, Any], Any], str, str]] = {
    "raises": (raises(KeyError("price")), "strategy_failed", "raised KeyError: 'price'"),
    "recurses": (raises(RecursionError("too deep")), "strategy_failed", "RecursionError"),
    "raises without a text": (raises(Exception(Unprintable())), "strategy_failed", "raised Exception"),
    "nothing": (lambda view, settings: None, "bad_signal", "it returned None"),
    "no reasons": (lambda view, settings: (), "bad_signal", "neither a signal nor a tuple of reasons"),
    "a list": (lambda view, settings: ["no_fvg"], "bad_signal", "neither a signal nor a tuple of reasons"),
    "unprintable": (lambda view, settings: Unprintable(), "bad_signal", "it returned Unprintable"),
    "a word of its own": (lambda view, settings: ("mercury_retrograde",), "bad_signal", "'mercury_retrograde'"),
    "no word": (lambda view, settings: (5,), "bad_signal", "the reason 5"),
    "a word of ours": (lambda view, settings: ("paused",), "bad_signal", "'paused', which strategies do not have"),
    "too many words": (lambda view, settings: ("no_fvg",) * 99, "bad_signal", "99 reasons"),
    "no sound signal": (lambda view, settings: signal(view, stop=101.0), "strategy_failed", "ValueError: signal"),
    "another symbol": (lambda view, settings: signal(view, symbol="XRPUSDT"), "bad_signal", "is of wrong, XRPUSDT"),
    "another strategy": (lambda view, settings: signal(view, strategy="ob_fvg"), "bad_signal", "is of ob_fvg"),
    "another close": (lambda view, settings: signal(view, close_time=5), "bad_signal", "the close 5"),
    "an id of its own": (lambda view, settings: signal(view, id="1"), "bad_signal", "an id of its own"),
    "over before it begins": (lambda view, settings: signal(view, valid_until=CLOSE), "bad_signal", "is over at"),
    "no price": (lambda view, settings: signal(view, stop=NAN), "bad_signal", "prices that are no numbers"),
    "no score": (lambda view, settings: signal(view, score=NAN), "bad_signal", "prices that are no numbers"),
    "a text for a price": (lambda view, settings: signal(view, score="1"), "bad_signal", "prices that are no numbers"),
    "a negative price": (lambda view, settings: signal(view, stop=-1.0), "bad_signal", "is refused"),
    "a foreign fact": (lambda view, settings: signal(view, rests_on=("dream",)), "bad_signal", "rests on 'dream'"),
    "reasons without end": (lambda view, settings: ("no_setup",) * 33, "bad_signal", "33 reasons; at most 32"),
    "a word of another type": (lambda view, settings: (Word("no_setup"),), "bad_signal", "which strategies do not have"),
    "half a character in its error": (raises(ValueError(HALF)), "strategy_failed", "ValueError: ?"),
    "closed long ago": (lambda view, settings: signal(view, close_by=5), "bad_signal", "to be closed, until 5"),
    "rested long ago": (
        lambda view, settings: signal(view, entry=LimitEntry(price=100.0, rests_until=5)), "bad_signal", "5, which is over",
    ),
    "even after more exits than it has": (lambda view, settings: signal(view, break_even_after=8), "bad_signal", "after 8"),
    "a list of exits": (lambda view, settings: signal(view, exits=[Exit(price=102.0)]), "bad_signal", "of the exits"),
    "half a character in its words": (lambda view, settings: signal(view, why=HALF), "bad_signal", "is refused"),
    "a score beyond any number": (lambda view, settings: signal(view, score=10**30), "bad_signal", "is refused"),
    "words without end": (lambda view, settings: signal(view, why="😀" * 2_100), "bad_signal", "at most 8,192"),
    "leaves the process": (raises(SystemExit(0)), "strategy_failed", "raised SystemExit"),
    "panics": (raises(BaseException("panic")), "strategy_failed", "BaseException: panic"),
    "an undeclared kind": (lambda view, settings: view.facts("sweep", "15m"), "undeclared_read", "it read sweep on 15m"),
    "an undeclared timeframe": (lambda view, settings: view.newest("1h"), "undeclared_read", "it read timeframe 1h"),
    "an undeclared symbol": (lambda view, settings: view.other("XRPUSDT"), "undeclared_read", "it read symbol XRPUSDT"),
    "an undeclared read that it hides": (hides, "undeclared_read", "it read sweep on 15m"),
}  # fmt: skip


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> Callable[[Strategy[Any]], SignalsCore]:
    """A core in which the strategy judges beside ``ob_fvg``."""

    def make(other: Strategy[Any], paused: tuple[str, ...] = ()) -> SignalsCore:
        monkeypatch.setitem(STRATEGIES, other.name, other)
        monkeypatch.setattr(SignalsSettings, other.name, Nothing(), raising=False)
        settings = SignalsSettings(strategies=(other.name, "ob_fvg"), paused=paused, ob_fvg=ObFvgSettings(warmup_candles=0))
        return SignalsCore(0, ("BTCUSDT", "ETHUSDT"), TIMEFRAMES, settings)

    return make


def decided(core: SignalsCore, at: int = CLOSE) -> tuple[tuple[Decision, ...], list[Alert]]:
    """The decisions of a close with a setup for ``ob_fvg`` in BTCUSDT, and the alerts beside them."""
    out = [
        message
        for frame in closing_at(at)
        for message in tell(core, bundle(frame, at, ("BTCUSDT", "ETHUSDT"), order_block(), gap()))
    ]
    (decisions,) = [message.decisions for message in out if isinstance(message, DecisionBundle)]
    return decisions, [message for message in out if isinstance(message, Alert)]


@pytest.mark.parametrize("case", WRONG)
def test_a_strategy_that_goes_wrong_is_named_and_the_others_go_on(case, beside) -> None:
    """SIG-8: its judgement has the reason, the alert the sentence; ours trades as if it were not there."""
    judge, reason, sentence = WRONG[case]
    decisions, alerts = decided(beside(strategy(judge)))
    for decision in decisions:
        assert [(each.strategy, each.reasons) for each in decision.judgements] == [("wrong", (reason,)), ("ob_fvg", ())]
        assert decision.chosen == "ob_fvg"
    decided_again = DecisionBundle(partition=0, close_time=CLOSE, decisions=decisions)
    assert decode(DecisionBundle.TYPE, DecisionBundle.VERSION, encode(decided_again)) == decided_again
    (alert,) = alerts
    assert decode(Alert.TYPE, Alert.VERSION, encode(alert)) == alert
    assert alert.key == f"{reason}.wrong.p0"
    assert f"Strategy wrong did not judge BTCUSDT at the close {CLOSE}" in alert.text
    assert sentence in alert.text
    assert len(alert.text) < 1_000


@pytest.mark.parametrize(
    "changes",
    [
        {"stop": 99, "score": 1, "exits": (Exit(price=102, share=1),), "entry": MarketEntry(price=100)},
        {"entry": LimitEntry(price=100, rests_until=CLOSE + 1, void_at=101), "threshold": 1},
    ],
)
def test_whole_numbers_for_prices_give_the_bytes_that_a_broker_would_give(changes, beside) -> None:
    """Invariant 2: a decision that stays in its process is written as one that was encoded on its way."""
    decisions, _ = decided(beside(strategy(lambda view, settings: signal(view, **changes))))
    assert decisions[0].judgements[0].signal is not None
    sent = DecisionBundle(partition=0, close_time=CLOSE, decisions=decisions)
    read = decode(DecisionBundle.TYPE, DecisionBundle.VERSION, encode(sent))
    assert msgspec.json.encode(sent) == msgspec.json.encode(read)


def test_fields_of_a_kind_of_signal_of_its_own_are_left_out(beside) -> None:
    """SIG-8: no reader of the message would have it."""

    class Own(Signal):
        mood: str = "good"

    def judge(view: MarketView, settings: Any) -> Answer:
        return Own(**{name: getattr(signal(view), name) for name in Signal.__struct_fields__})

    decisions, _ = decided(beside(strategy(judge)))
    assert type(decisions[0].judgements[0].signal) is Signal


def test_faults_are_told_once_an_hour_and_all_of_them_are_counted_across_a_restart(beside) -> None:
    """SIG-8: a strategy that fails at every close must not flood a chat."""
    core = beside(strategy(raises(KeyError("price"))))
    told: list[int] = []
    for number in range(9):
        at = CLOSE + number * QUARTER
        told += [alert.time for alert in decided(core, at)[1]]
        successor = beside(strategy(raises(KeyError("price"))))
        successor.restore(core.snapshot())
        core = successor
    assert told == [CLOSE, CLOSE + 3 * QUARTER, CLOSE + 7 * QUARTER]  # 00:15, 01:00, 02:00
    assert core.overview()["signals.p0"].faults == {"wrong": {"strategy_failed": 18}}


def test_a_process_that_is_told_to_end_is_not_taken_for_a_fault(beside) -> None:
    with pytest.raises(KeyboardInterrupt):
        decided(beside(strategy(raises(KeyboardInterrupt()))))


def test_an_enabled_strategy_is_not_asked_about_what_is_missing_or_disputed(beside) -> None:
    """SIG-1, DATA-3: whatever it would have said."""
    asked: list[str] = []

    def judge(view: MarketView, settings: Any) -> Answer:
        asked.append(view.symbol)
        return ("no_setup",)

    core = beside(strategy(judge))
    disputed = msgspec.structs.replace(bundle("15m", CLOSE), analyses=(seen(of=candle(CLOSE, state="disputed")),))
    out = [message for each in (disputed, *bundles_of(CLOSE, ("1m", "5m"))) for message in tell(core, each)]
    (decisions,) = [message.decisions for message in out if isinstance(message, DecisionBundle)]
    assert [each.why_not for each in decisions] == [("data_disputed",), ("data_missing",)]
    assert asked == []


def test_a_signal_of_the_other_side_is_a_conflict_and_of_the_same_side_the_higher_score_is_chosen(beside) -> None:
    """SIG-8: the rule of ``Decision``; equal scores go by name."""
    short = {"side": "SELL", "stop": 103.0, "exits": (Exit(price=98.0),)}
    for changes, chosen in (
        ({"score": 99.0}, "wrong"),
        ({"score": 0.1}, "ob_fvg"),
        ({"score": 5.5}, "ob_fvg"),  # of equal scores, the first of the alphabet
        (short, ""),
    ):
        decisions, alerts = decided(beside(strategy(lambda view, settings, c=changes: signal(view, **c))))
        assert (decisions[0].chosen, alerts) == (chosen, [])
        assert decisions[0].why_not == (() if chosen else ("conflict",))
        assert all(each.signal is not None for each in decisions[0].judgements)


def test_a_paused_strategy_takes_no_part_in_the_choice(beside) -> None:
    """SIG-8: its opposite signal is no conflict, and an unchosen one leaves the other's zone its own."""
    sells = strategy(lambda view, settings: signal(view, side="SELL", stop=103.0, exits=(Exit(price=98.0),)))
    core = beside(sells, ("wrong",))
    decisions, _ = decided(core)
    assert [each.reasons for each in decisions[0].judgements] == [("paused",), ()]
    assert decisions[0].chosen == "ob_fvg"


def test_used_zones_are_each_strategys_own(beside) -> None:
    """SIG-8: what one strategy says does not depend on which others are on."""

    def judge(view: MarketView, settings: Any) -> Answer:
        (found,) = view.facts("order_block", "15m")
        return ("zone_used",) if found.id in view.used else signal(view, rests_on=(found.id,))

    core = beside(strategy(judge))
    first, _ = decided(core)
    second, _ = decided(core, CLOSE + QUARTER)
    assert [each.reasons for each in first[0].judgements] == [(), ()]
    assert [each.reasons for each in second[0].judgements] == [("zone_used",), ("zone_used",)]


def test_nothing_to_choose_from_is_no_choice() -> None:
    assert judging.choose([]) == ("", ())
    assert judging.decide("d", "BTCUSDT", CLOSE, []).why_not == ("not_this_timeframe",)


def test_an_enabled_strategy_says_what_it_is() -> None:
    made = Enabled(strategy(raises(KeyError())), Nothing())
    assert (made.name, made.timeframe, made.symbols) == ("wrong", "15m", ())
