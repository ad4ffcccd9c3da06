"""Whatever comes in whatever order: the caps hold, the table holds, HALTED stays halted, repeats change nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.risk.core import RiskCore
from services.risk.settings import RiskSettings
from services.risk.sizing import size
from services.risk.state import RiskState
from shared.config.account import DEFAULT_ACCOUNT
from shared.domain.account import AccountReport, RiskReport
from shared.domain.approval import approved
from shared.domain.control import Control
from shared.domain.message import Message
from shared.domain.orders import VerdictBundle
from shared.domain.timeframes import DAY, MINUTE
from tests.support.risk.scenes import (
    DAWN,
    INSTRUMENTS,
    KEY,
    build,
    control,
    feed,
    instrument,
    position,
    report,
    signal,
    wishes,
)

SETTINGS = RiskSettings()
LEVERAGE = DEFAULT_ACCOUNT.leverage
SYMBOLS = tuple(INSTRUMENTS)
STEP = 3 * 60 * MINUTE  # eight steps a day


@st.composite
def histories(draw) -> list[Message]:
    """A few days of decisions, account reports and commands; equity wanders by several percent a step."""
    messages: list[Message] = []
    equity = Decimal(10_000)
    for number in range(draw(st.integers(4, 30))):
        at = DAWN + number * STEP
        equity += equity * draw(st.integers(-45, 40)) / 1000
        held = draw(st.sets(st.sampled_from(SYMBOLS), max_size=2))
        if draw(st.integers(0, 9)):
            messages.append(report(at, equity.quantize(Decimal("0.01")), *(position(symbol) for symbol in sorted(held))))
        if draw(st.integers(0, 4)) == 0:
            messages.append(control(draw(st.sampled_from(["halt", "rearm"])), number))
        chosen = sorted(draw(st.sets(st.sampled_from(SYMBOLS), max_size=4)))
        stop = 100.0 - draw(st.integers(1, 400)) / 100
        messages.append(wishes(at, *(signal(symbol, at, stop=stop) for symbol in chosen)))
    return messages


def state_of(core: RiskCore) -> RiskState:
    return msgspec.msgpack.decode(core.snapshot(), type=RiskState)


class Breach(AssertionError):
    """What the checker found."""


def check(make: Callable[[], RiskCore], messages: Sequence[Message], restart_every: int = 0) -> list[Message]:
    """The law of the gate, told without its code: account, day and halts are counted here from the messages alone."""
    core, outputs = make(), []
    equity, day_start, halted, pending, day, approvals = None, None, False, {}, -1, 0
    held: set[str] = set()
    rearmed_on = -1
    for number, message in enumerate(messages):
        if restart_every and number % restart_every == 0:
            successor = make()
            successor.restore(core.snapshot())
            core = successor
        before = state_of(core).kill_switch
        produced = core.handle(message)
        outputs += produced
        after = state_of(core).kill_switch
        time = getattr(message, "time", None) or getattr(message, "close_time", 0)
        new_day = time // DAY > day
        if new_day:
            day, approvals, day_start = time // DAY, 0, equity
        if not _lawful(before, after, message, new_day):
            raise Breach(f"{before} -> {after} by {message.message_id}")
        if isinstance(message, Control):
            halted = message.command == "halt"
            rearmed_on = day if message.command == "rearm" else rearmed_on
        if isinstance(message, AccountReport):
            equity = message.account.equity
            day_start = equity if day_start is None else day_start
            if day_start - equity >= SETTINGS.daily_loss_limit * day_start and after == "NORMAL":
                raise Breach("a loss at the day's limit was passed over")
            deep = day_start - equity > SETTINGS.halt_loss_limit * day_start
            if deep and after != "HALTED" and rearmed_on != day:
                raise Breach("a deep loss was passed over")
            held = {p.symbol for p in message.account.positions}
            pending = {symbol: at for symbol, at in pending.items() if at >= message.time}
            if [type(output) for output in produced[:1]] != [RiskReport]:
                raise Breach("an account report without a risk report")
        for output in produced:
            if not isinstance(output, VerdictBundle):
                continue
            for verdict in output.verdicts:
                if (verdict.intent is None) == (not verdict.refusals):
                    raise Breach("neither an intent nor a refusal, or both")
                if verdict.intent is None:
                    continue
                intent = verdict.intent
                if halted or after != "NORMAL" or equity is None:
                    raise Breach("approved while halted or blind")
                if intent.symbol in held | set(pending) or len(held | set(pending)) >= SETTINGS.max_positions:
                    raise Breach("too many positions")
                approvals += 1
                pending[intent.symbol] = intent.close_time
                if approvals > SETTINGS.trades_per_day:
                    raise Breach("too many trades a day")
                if intent.risk_amount > SETTINGS.risk_per_trade * equity:
                    raise Breach("too much risk")
                if intent.quantity * intent.entry > SETTINGS.position_margin_cap * equity * LEVERAGE:
                    raise Breach("too much margin")
                if not approved(intent, verdict.signature, KEY):
                    raise Breach("not signed")
    return outputs


def _lawful(before: str, after: str, message: Message, new_day: bool) -> bool:
    """Whether this message may move the kill switch so. Re-armed on the day of the loss it goes on to DAY_HALT at once."""
    reported = isinstance(message, AccountReport)
    halt, rearm = (isinstance(message, Control) and message.command == command for command in ("halt", "rearm"))
    causes = {
        ("NORMAL", "DAY_HALT"): reported,
        ("NORMAL", "HALTED"): reported or halt,
        ("DAY_HALT", "NORMAL"): new_day,
        ("DAY_HALT", "HALTED"): reported or halt,
        ("HALTED", "NORMAL"): rearm,
        ("HALTED", "DAY_HALT"): rearm,
    }
    return before == after or causes[before, after]


@settings(max_examples=120, deadline=None)
@given(messages=histories())
def test_no_sequence_gets_past_the_caps_or_the_kill_switch(messages):
    """RISK-1, RISK-2, RISK-3."""
    outputs = check(build, messages)
    closes = [output.close_time for output in outputs if isinstance(output, VerdictBundle)]
    assert closes == [message.close_time for message in messages if hasattr(message, "decisions")]


@settings(max_examples=60, deadline=None)
@given(messages=histories(), restart_every=st.integers(1, 5))
def test_restarts_at_any_point_change_nothing(messages, restart_every):
    """Invariant 5: the kill switch survives restarts."""
    assert check(build, messages, restart_every) == check(build, messages)


@settings(max_examples=60, deadline=None)
@given(messages=histories(), places=st.lists(st.integers(0, 200), max_size=30))
def test_repeats_change_nothing(messages, places):
    """Invariant 3."""
    repeated = list(messages)
    for place in places:
        source = place % len(repeated)
        repeated.insert(source + 1 + place % (len(repeated) - source), repeated[source])
    assert feed(build(), *repeated) == feed(build(), *messages)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), count=st.integers(1, 12))
def test_the_order_in_which_partitions_speak_changes_no_verdict(data, count):
    """Each partition in its own order, any interleaving, any repeat."""
    times = [DAWN + (n + 1) * MINUTE for n in range(count)]
    streams = [[wishes(at, signal(SYMBOLS[p], at), partition=p) for at in times] for p in range(3)]
    interleaved: list[Message] = []
    waiting = [list(stream) for stream in streams]
    while any(waiting):
        chosen = data.draw(st.sampled_from([stream for stream in waiting if stream]))
        interleaved.append(chosen.pop(0))
        if data.draw(st.booleans()):
            interleaved.append(data.draw(st.sampled_from(interleaved)))
    straight = [stream[n] for n in range(count) for stream in streams]
    start = report(DAWN)
    assert feed(build(3), start, *interleaved) == feed(build(3), start, *straight)


@settings(max_examples=200, deadline=None)
@given(
    equity=st.decimals("0.01", "1000000000", places=2),
    entry=st.floats(0.5, 90_000.0),
    fraction=st.floats(0.0005, 0.3),
    long=st.booleans(),
    held=st.decimals("0", "100000", places=2),
    tick=st.sampled_from(["0.00001", "0.01", "0.1", "0.5"]),
    step=st.sampled_from(["0.00001", "0.001", "0.3", "7"]),
)
def test_a_size_never_exceeds_risk_or_margin_and_lies_on_the_grid(equity, entry, fraction, long, held, tick, step):
    """RISK-1: exact, not to a tolerance."""
    sign = 1 if long else -1
    wish = signal(
        side="BUY" if long else "SELL",
        entry=entry,
        stop=entry * (1 - sign * fraction),
        target=entry * (1 + sign * fraction * 2),
    )
    sized = size(wish, instrument("BTCUSDT", tick, step), equity, held, SETTINGS, LEVERAGE)
    assert (sized.quantity == 0) == (sized.risk_amount == 0)
    if sized.quantity:
        assert sized.risk_amount <= Decimal("0.01") * equity
        assert sized.quantity * sized.entry <= equity
        assert held + sized.quantity * sized.entry <= 2 * equity
        assert sized.quantity % Decimal(step) == 0
        assert all(price % Decimal(tick) == 0 for price in (sized.entry, sized.stop, sized.target))
        assert (sized.stop <= Decimal(repr(wish.stop))) if long else (sized.stop >= Decimal(repr(wish.stop)))
        assert sized.quantity * sized.entry >= 5
        if not sized.notes:  # uncapped: one step more would be over the risk
            assert (sized.quantity + Decimal(step)) * abs(sized.entry - sized.stop) > Decimal("0.01") * equity


class Forgetful(RiskCore):
    """Specimen: its kill switch is gone after a restart."""

    def restore(self, data: bytes) -> None:
        super().restore(data)
        self._state.kill_switch = "NORMAL"


class Lenient(RiskCore):
    """Specimen: a new day re-arms it."""

    def _advance(self, time: int) -> None:
        before = self._state.day
        super()._advance(time)
        if self._state.day != before:
            self._state.kill_switch = "NORMAL"


class Hopeful(RiskCore):
    """Specimen: lifts the day's halt as soon as equity has recovered."""

    def _judge_loss(self) -> None:
        super()._judge_loss()
        if self._state.kill_switch == "DAY_HALT" and self._loss_event() is None:
            self._state.kill_switch = "NORMAL"


class Numb(RiskCore):
    """Specimen: does not look at losses."""

    def _judge_loss(self) -> None:
        pass


class Mild(RiskCore):
    """Specimen: takes a deep loss for a daily one."""

    def _judge_loss(self) -> None:
        self._state.deep_loss_acknowledged = True
        super()._judge_loss()


class Blind(RiskCore):
    """Specimen: forgets its own approvals until the account shows them."""

    def _verdict(self, decision, wish, close_time):
        verdict = super()._verdict(decision, wish, close_time)
        self._state.pending.clear()
        return verdict


HALT_AND_RESTART = [report(DAWN), control("halt"), wishes(DAWN + MINUTE), wishes(DAWN + DAY, signal(at=DAWN + DAY))]
RECOVERY = [report(DAWN), report(DAWN + MINUTE, "9650"), report(DAWN + 2 * MINUTE, "9900")]
CRASH = [report(DAWN), report(DAWN + MINUTE, "9000")]
CROWD = [report(DAWN), wishes(DAWN + MINUTE, *(signal(symbol, DAWN + MINUTE) for symbol in SYMBOLS))]


@pytest.mark.parametrize(
    ("specimen", "messages"),
    [
        (Forgetful, HALT_AND_RESTART),
        (Lenient, HALT_AND_RESTART),
        (Hopeful, RECOVERY),
        (Numb, RECOVERY),
        (Mild, CRASH),
        (Blind, CROWD),
    ],
)
def test_the_check_catches_a_broken_gate(specimen, messages):
    check(build, messages, restart_every=1)
    with pytest.raises(Breach):
        check(lambda: specimen(1, INSTRUMENTS, SETTINGS, DEFAULT_ACCOUNT, KEY), messages, restart_every=1)
