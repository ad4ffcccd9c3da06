"""Whatever comes in whatever order: the caps hold, the table holds, HALTED stays halted, repeats change nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Context, Decimal, Inexact, localcontext
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.risk.core import RiskCore
from services.risk.kill_switch import TRADING
from services.risk.settings import RiskSettings
from services.risk.sizing import Size, size
from services.risk.state import RiskState
from shared.config.account import DEFAULT_ACCOUNT
from shared.domain.account import AccountStatement, RiskReport
from shared.domain.control import Alert, Control, MarkPrices
from shared.domain.decisions import Exit, LimitEntry, MarketEntry, Signal
from shared.domain.ids import derive
from shared.domain.intents import OrderIntent, VerdictBundle
from shared.domain.message import Message
from shared.domain.timeframes import DAY, MINUTE
from tests.support.approval.pairs import CREDULOUS, SIGNER, VERIFIER
from tests.support.risk.scenes import (
    DAWN,
    INSTRUMENTS,
    build,
    control,
    feed,
    instrument,
    lost,
    marks,
    patient,
    position,
    signal,
    stated,
    trade,
    transfer,
    wishes,
)
from tests.support.runtime.telling import tell

SETTINGS = patient()
LEVERAGE = DEFAULT_ACCOUNT.leverage
SYMBOLS = tuple(INSTRUMENTS)
#: The code divides Decimals, the law keeps fractions: at a limit to the last digit they may differ.
NOISE = Fraction(1, 10**20)
STEP = 3 * 60 * MINUTE  # eight steps a day


@st.composite
def histories(draw) -> list[Message]:
    """A few days of decisions, account statements and commands; equity wanders by several percent a step.

    Money is deposited and withdrawn; trades end. Mark prices come between, also absurd ones.

    Some steps have a second round seconds later, while approvals of the first are under way. A statement may have been
    asked for earlier than it holds, and may show the trades of approvals.
    """
    messages: list[Message] = []
    equity, wished = Decimal(10_000), list[Signal]()
    for number in range(draw(st.integers(4, 24))):
        at = DAWN + number * STEP
        equity += equity * draw(st.integers(-45, 40)) / 1000
        for after in draw(st.sampled_from([(0,), (0,), (0, 3_000), (0, 3_000, 9_000)])):
            if draw(st.integers(0, 9)):
                held = [position(symbol) for symbol in sorted(draw(st.sets(st.sampled_from(SYMBOLS), max_size=2)))]
                shown = draw(st.lists(st.sampled_from(wished[-4:]), max_size=2)) if wished else []
                trades = tuple(trade(each.symbol, intent_id=derive("intent", each.id)) for each in shown)
                asked_at = at + after - draw(st.sampled_from([0, 0, 2_000]))
                value = equity.quantize(Decimal("0.01"))
                moved = ()
                if draw(st.integers(0, 5)) == 0:
                    amount = (value * draw(st.integers(-40, 40)) / 100).quantize(Decimal("0.01"))
                    equity, value, moved = equity + amount, value + amount, (transfer(amount, at + after),)
                over = [lost(len(messages), draw(st.sampled_from(["-10", "-10", "0", "15"])))] * draw(st.integers(0, 1))
                messages.append(
                    stated(at + after, value, *held, trades=trades, asked_at=asked_at, moved=moved, ended=tuple(over))
                )
            if draw(st.integers(0, 2)) == 0:
                prices = {symbol: draw(st.sampled_from([1.0, 60.0, 99.0, 101.0, 300.0])) for symbol in SYMBOLS}
                messages.append(marks(at + after + draw(st.sampled_from([0, 1_000])), **prices))
            if draw(st.integers(0, 4)) == 0:
                messages.append(control(draw(st.sampled_from(["halt", "rearm"])), len(messages)))
            chosen = sorted(draw(st.sets(st.sampled_from(SYMBOLS), max_size=4)))
            stop = 100.0 - draw(st.integers(1, 400)) / 100
            signals = [signal(symbol, at + after, stop=stop) for symbol in chosen]
            wished += signals
            messages.append(wishes(at + after, *signals))
    return messages


def state_of(core: RiskCore) -> RiskState:
    return msgspec.msgpack.decode(core.snapshot(), type=RiskState)


@dataclass
class Law:
    """The account as the law sees it: counted from statements alone, in its own way."""

    equity: Decimal | None = None
    start: Decimal = Decimal(0)
    moved: Decimal = Decimal(0)
    grown: Fraction = Fraction(1)  # equity over the day's start, transfers aside
    trough: Fraction = Fraction(1)  # equity over its peak, transfers aside
    midnight: int = 0
    begun: bool = False
    streak: int = 0
    flattened: bool = False  # the drawdown's limit was reached, and nobody has re-armed since

    def begin_day(self, day: int) -> None:
        self.midnight, self.begun, self.moved, self.grown = day * DAY, False, Decimal(0), Fraction(1)
        self.start = self.equity or Decimal(0)

    def take(self, message: AccountStatement) -> None:
        now = message.account.equity
        amount = sum((each.amount for each in message.transfers), Decimal(0))
        before, first = self.equity, self.equity is None
        growth = Fraction(1) if before is None else Fraction(now) / (Fraction(before) + Fraction(amount))
        self.grown *= growth
        self.trough = min(Fraction(1), self.trough * growth)
        self.flattened = self.flattened or self.fallen()
        self.moved += amount if not first else 0
        late = message.time > self.midnight + 60_000 and self.grown <= 1
        if first or not (self.begun or late):
            self.start, self.moved, self.grown = now, Decimal(0), Fraction(1)
        self.begun, self.equity = True, now
        for each in message.closed_trades:
            self.streak = 0 if each.result > 0 else self.streak + (each.result < 0)

    def rearm(self) -> None:
        self.streak = 0
        self.trough = Fraction(1) if self.flattened else self.trough
        self.flattened = False

    def lost(self, limit: Decimal, *, beyond: bool = False) -> bool:
        loss = 1 - self.grown - NOISE
        return loss > Fraction(limit) if beyond else loss >= Fraction(limit)

    def fallen(self) -> bool:
        return 1 - self.trough - NOISE >= Fraction(SETTINGS.max_drawdown)

    @property
    def day_result(self) -> Decimal:
        assert self.equity is not None
        return self.equity - self.start - self.moved


class Breach(AssertionError):
    """What the checker found."""


def check(make: Callable[[], RiskCore], messages: Sequence[Message], restart_every: int = 0) -> list[Message]:
    """The law of the gate, told without its code: account, day and halts are counted here from the messages alone."""
    core, outputs = make(), []
    law = Law()
    halted, day, approvals = False, -1, 0
    pending: dict[str, OrderIntent] = {}
    held: set[str] = set()
    rearmed_on = -1
    for number, message in enumerate(messages):
        if restart_every and number % restart_every == 0:
            successor = make()
            successor.restore(core.snapshot())
            core = successor
        before = state_of(core).kill_switch
        produced = tell(core, message)
        outputs += produced
        after = state_of(core).kill_switch
        time = getattr(message, "time", None) or getattr(message, "close_time", 0)
        new_day = time // DAY > day
        if new_day:
            day, approvals = time // DAY, 0
            law.begin_day(day)
        if not _lawful(before, after, message, new_day):
            raise Breach(f"{before} -> {after} by {message.message_id}")
        if isinstance(message, Control):
            halted = message.command == "halt"
            rearmed_on = day if message.command == "rearm" else rearmed_on
            if message.command == "rearm" and before == "HALTED":
                law.rearm()
        if isinstance(message, AccountStatement):
            law.take(message)
            if law.lost(SETTINGS.daily_loss_limit) and after in TRADING:
                raise Breach("a loss at the day's limit was passed over")
            if law.lost(SETTINGS.halt_loss_limit, beyond=True) and after in (*TRADING, "DAY_HALT") and rearmed_on != day:
                raise Breach("a deep loss was passed over")
            if law.lost(SETTINGS.caution_loss) and after == "NORMAL":
                raise Breach("a loss that asks for caution was passed over")
            if law.fallen() and after not in ("FLATTEN", "HALTED"):
                raise Breach("a drawdown was passed over")
            if law.streak >= SETTINGS.max_losing_streak and after not in ("FLATTEN", "HALTED"):
                raise Breach("a row of losses was passed over")
            if isinstance(produced[0], RiskReport) and produced[0].day_result != law.day_result:
                raise Breach("the day's result is not equity's change less transfers")
            held = {each.symbol for each in (*message.account.positions, *message.open_trades)}
            shown = {each.intent_id for each in message.open_trades}
            pending = {
                intent.symbol: intent
                for intent in pending.values()
                if intent.id not in shown and message.asked_at <= intent.valid_until
            }
            if [type(output) for output in produced].count(RiskReport) != 1:
                raise Breach("a statement without a risk report")
        for output in produced:
            if not isinstance(output, VerdictBundle):
                continue
            for verdict in output.verdicts:
                if (verdict.intent is None) == (not verdict.refusals):
                    raise Breach("neither an intent nor a refusal, or both")
                if verdict.intent is None:
                    continue
                intent = verdict.intent
                if halted or after not in TRADING or law.equity is None:
                    raise Breach("approved while halted or blind")
                equity = law.equity
                part = SETTINGS.caution_size if after == "CAUTION" else 1
                if intent.symbol in held | set(pending) or len(held | set(pending)) >= SETTINGS.max_positions:
                    raise Breach("too many positions")
                approvals += 1
                pending[intent.symbol] = intent
                if approvals > SETTINGS.trades_per_day:
                    raise Breach("too many trades a day")
                if (
                    lost_at_the_stop(intent) > intent.risk_budget
                    or intent.risk_budget > SETTINGS.risk_per_trade * part * equity
                ):
                    raise Breach("too much risk")
                if intent.quantity * intent.bound > SETTINGS.position_margin_cap * equity * LEVERAGE:
                    raise Breach("too much margin")
                if not VERIFIER.approved(intent, verdict.signature):
                    raise Breach("not signed")
    return outputs


def alert(text: str) -> Alert:
    return Alert(severity="critical", source="risk", key="test", text=text)


def lost_at_the_stop(trade: Size | OrderIntent) -> Decimal:
    """What a trade loses, USDT, that fills at its bound and leaves at its stop, with a taker's fee both ways; exact."""
    with localcontext(Context(prec=80, traps=[Inexact, *Context().traps])):
        fees = SETTINGS.taker_fee * (trade.bound + trade.stop)
        return trade.quantity * (abs(trade.bound - trade.stop) + fees)


def _lawful(before: str, after: str, message: Message, new_day: bool) -> bool:
    """Whether this message may move the kill switch so. Re-armed on the day of the loss it goes on to DAY_HALT at once."""
    reported = isinstance(message, AccountStatement)
    if after == "FLATTEN" or (before, after) == ("FLATTEN", "HALTED"):
        return before == after or reported
    halt, rearm = (isinstance(message, Control) and message.command == command for command in ("halt", "rearm"))
    causes = {
        ("NORMAL", "CAUTION"): reported,
        ("NORMAL", "DAY_HALT"): reported,
        ("NORMAL", "HALTED"): reported or halt,
        ("CAUTION", "NORMAL"): reported or new_day,
        ("CAUTION", "DAY_HALT"): reported,
        ("CAUTION", "HALTED"): reported or halt,
        ("DAY_HALT", "NORMAL"): new_day,
        ("DAY_HALT", "CAUTION"): new_day and reported,
        ("DAY_HALT", "HALTED"): reported or halt,
        ("HALTED", "NORMAL"): rearm,
        ("HALTED", "CAUTION"): rearm,
        ("HALTED", "DAY_HALT"): rearm,
    }
    return before == after or causes.get((before, after), False)


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
@given(messages=histories(), places=st.sets(st.integers(0, 120), max_size=20))
def test_restarts_change_no_refusal_and_no_number_with_the_settings_that_are_shipped(messages, places):
    """RISK-3: from a first start that is halted on, with statements that grow old and equity that jumps."""

    def shipped() -> RiskCore:
        return RiskCore(1, INSTRUMENTS, RiskSettings(), DEFAULT_ACCOUNT, SIGNER, CREDULOUS, sim=False, armed=False)

    core, outputs = shipped(), []
    for number, message in enumerate(messages):
        if number in places:
            successor = shipped()
            successor.restore(core.snapshot())
            core = successor
        outputs += tell(core, message, DAWN)
    assert outputs == feed(shipped(), *messages, now=DAWN)


@settings(max_examples=60, deadline=None)
@given(messages=histories(), places=st.lists(st.integers(0, 200), max_size=30))
def test_repeats_change_nothing(messages, places):
    """Invariant 3: a repeated command is told, and does nothing."""
    repeated = list(messages)
    for place in places:
        source = place % len(repeated)
        repeated.insert(source + 1 + place % (len(repeated) - source), repeated[source])
    outputs = [each for each in feed(build(), *repeated) if not getattr(each, "key", "").startswith("command_refused")]
    assert outputs == feed(build(), *messages)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), count=st.integers(1, 12))
def test_the_order_in_which_partitions_speak_changes_no_verdict(data, count):
    """Each partition in its own order, any interleaving, any repeat, all at one time."""
    times = [DAWN + (n + 1) * MINUTE for n in range(count)]
    streams = [[wishes(at, signal(SYMBOLS[p], at, valid_until=times[-1]), partition=p) for at in times] for p in range(3)]
    interleaved: list[Message] = []
    waiting = [list(stream) for stream in streams]
    while any(waiting):
        chosen = data.draw(st.sampled_from([stream for stream in waiting if stream]))
        interleaved.append(chosen.pop(0))
        if data.draw(st.booleans()):
            interleaved.append(data.draw(st.sampled_from(interleaved)))
    straight = [stream[n] for n in range(count) for stream in streams]
    now = times[-1]  # all of it waited: no deadline passes, and the order alone counts
    assert feed(build(3), stated(DAWN), *interleaved, now=now) == feed(build(3), stated(DAWN), *straight, now=now)


@st.composite
def wished(draw) -> Signal:
    """A signal with any prices, side, kind of entry and ladder."""
    entry, fraction = draw(st.floats(0.5, 90_000.0)), draw(st.floats(0.0005, 0.3))
    side = draw(st.sampled_from(["BUY", "SELL"]))
    sign, count = (1 if side == "BUY" else -1), draw(st.integers(1, 3))
    reach = draw(st.floats(0.05, 3.0)) * fraction
    exits = tuple(Exit(price=entry * (1 + sign * reach * (n + 1) / count), share=1 / count) for n in range(count))
    kind = draw(st.sampled_from([MarketEntry(price=entry), LimitEntry(price=entry, rests_until=0)]))
    return signal(side=side, entry=kind, stop=entry * (1 - sign * fraction), exits=exits)


@settings(max_examples=300, deadline=None)
@given(
    wish=wished(),
    equity=st.decimals("0.01", "1000000000", places=2),
    held=st.decimals("0", "100000", places=2),
    tick=st.sampled_from(["0.00001", "0.01", "0.1", "0.5"]),
    step=st.sampled_from(["0.00001", "0.001", "0.3", "7"]),
    leverage=st.integers(1, 125),
)
def test_a_size_never_exceeds_budget_or_margin_and_lies_on_the_grid(wish, equity, held, tick, step, leverage):
    """RISK-1: exact, not to a tolerance, whatever the filters, prices and leverage."""
    sized = size(wish, instrument("BTCUSDT", tick, step), equity, held, SETTINGS, leverage)
    assert (sized.quantity == 0) == (sized.risk_amount == 0)
    if not sized.quantity:
        return
    sign, worst = (1 if wish.side == "BUY" else -1), max(sized.price, sized.bound)
    assert lost_at_the_stop(sized) <= sized.risk_budget == Decimal("0.01") * equity
    assert sized.risk_amount <= sized.risk_budget
    assert sized.quantity * worst <= equity * leverage / 10
    assert held + sized.quantity * worst <= equity * leverage / 5
    assert sized.quantity % Decimal(step) == 0
    rungs = [each.price for each in sized.exits]
    assert all(price % Decimal(tick) == 0 for price in (sized.price, sized.bound, sized.stop, *rungs))
    assert sign * (Decimal(repr(wish.stop)) - sized.stop) >= 0
    assert 0 <= sign * (sized.bound - sized.price) <= min(abs(sized.price - sized.stop), abs(rungs[0] - sized.price)) / 4
    assert abs(sized.bound - sized.price) <= SETTINGS.max_slippage * sized.price
    assert sum(each.share for each in sized.exits) <= 1
    assert sized.quantity * min(sized.price, sized.bound) >= 5
    if not sized.notes:  # uncapped: one step more would be over the budget
        assert lost_at_the_stop(replace(sized, quantity=sized.quantity + Decimal(step))) > sized.risk_budget


class Forgetful(RiskCore):
    """Specimen: its kill switch is gone after a restart."""

    def restore(self, data: bytes) -> None:
        super().restore(data)
        self._state.kill_switch = "NORMAL"


class Lenient(RiskCore):
    """Specimen: a new day re-arms it."""

    def _advance(self, time):
        before = self._state.day
        outputs = super()._advance(time)
        if self._state.day != before:
            self._state.kill_switch = "NORMAL"
        return outputs


class Hopeful(RiskCore):
    """Specimen: lifts the day's halt as soon as equity has recovered."""

    def _judge(self):
        alerts = super()._judge()
        if self._state.kill_switch == "DAY_HALT" and not self._state.equity.day.reaches(SETTINGS.daily_loss_limit):
            self._state.kill_switch = "NORMAL"
        return alerts


class Numb(RiskCore):
    """Specimen: does not look at losses."""

    def _judge(self):
        return []


class Mild(RiskCore):
    """Specimen: takes a deep loss for a daily one."""

    def _judge(self):
        self._state.deep_loss_acknowledged = True
        return super()._judge()


class Steep(RiskCore):
    """Specimen: never flattens."""

    def _flatten(self, reason):
        return alert(reason)


class Deaf(RiskCore):
    """Specimen: takes withdrawals for losses, and deposits for profits."""

    def _report(self, told):
        return super()._report(msgspec.structs.replace(told, transfers=()))


class Stubborn(RiskCore):
    """Specimen: hears of no trade that ended."""

    def _report(self, told):
        return super()._report(msgspec.structs.replace(told, closed_trades=()))


class Bold(RiskCore):
    """Specimen: sizes as ever in CAUTION."""

    def _size(self, wish, filters):
        state, kept = self._state, self._state.kill_switch
        state.kill_switch = "NORMAL"
        sized = super()._size(wish, filters)
        state.kill_switch = kept
        return sized


class Blind(RiskCore):
    """Specimen: forgets its own approvals until the account shows them."""

    def _verdict(self, decision, wish, close_time):
        verdict = super()._verdict(decision, wish, close_time)
        self._state.pending.clear()
        return verdict


class Hasty(RiskCore):
    """Specimen: every statement ends what is pending, also one that was asked for while the entry was under way."""

    def _report(self, told):
        later = msgspec.structs.replace(told, asked_at=told.asked_at + 60_000)
        return super()._report(later)


class Carefree(RiskCore):
    """Specimen: counts the way to the stop only, neither fees nor slippage."""

    def _size(self, wish, instrument):
        sized = super()._size(wish, instrument)
        return sized and replace(sized, quantity=sized.risk_budget / abs(sized.price - sized.stop))


HALT_AND_RESTART = [stated(DAWN), control("halt"), wishes(DAWN + MINUTE), wishes(DAWN + DAY, signal(at=DAWN + DAY))]
RECOVERY = [stated(DAWN), stated(DAWN + MINUTE, "9650"), stated(DAWN + 2 * MINUTE, "9900")]
FALL = [stated(DAWN + n * DAY, str(10_000 - 400 * n)) for n in range(5)]
WITHDRAWN = [stated(DAWN), stated(DAWN + MINUTE, "9000", moved=(transfer("-1000", DAWN + MINUTE),))]
UNLUCKY = [stated(DAWN + n * MINUTE, ended=(lost(n),)) for n in range(6)]
WARY = [stated(DAWN), stated(DAWN + MINUTE, "9840"), wishes(DAWN + 2 * MINUTE, signal(at=DAWN + 2 * MINUTE))]
CRASH = [stated(DAWN), stated(DAWN + MINUTE, "9000")]
UNDER_WAY = [
    stated(DAWN),
    wishes(DAWN + MINUTE, *(signal(symbol, DAWN + MINUTE) for symbol in SYMBOLS[:2])),
    stated(DAWN + MINUTE + 2_000),
    wishes(DAWN + MINUTE + 3_000, signal(SYMBOLS[2], DAWN + MINUTE + 3_000)),
]


class Gullible(RiskCore):
    """Specimen: takes what the feed says of prices for what the exchange states of the account."""

    def handle(self, message, now):
        outputs = super().handle(message, now)
        if isinstance(message, MarkPrices) and self._state.marked is not None:
            self._state.account = self._state.marked
            self._state.equity.equity = self._state.marked.equity
            self._judge()
        return outputs


WRONG_PRICE = [stated(DAWN, "10000", position("BTCUSDT", "30")), marks(DAWN + 1, BTCUSDT=60.0)]
CROWD = [stated(DAWN), wishes(DAWN + MINUTE, *(signal(symbol, DAWN + MINUTE) for symbol in SYMBOLS))]


@pytest.mark.parametrize(
    ("specimen", "messages"),
    [
        (Forgetful, HALT_AND_RESTART),
        (Lenient, HALT_AND_RESTART),
        (Hopeful, RECOVERY),
        (Numb, RECOVERY),
        (Mild, CRASH),
        (Steep, FALL),
        (Deaf, WITHDRAWN),
        (Stubborn, UNLUCKY),
        (Bold, WARY),
        (Blind, CROWD),
        (Hasty, UNDER_WAY),
        (Carefree, CROWD),
        (Gullible, WRONG_PRICE),
    ],
)
def test_the_check_catches_a_broken_gate(specimen, messages):
    check(build, messages, restart_every=1)
    with pytest.raises(Breach):
        check(
            lambda: specimen(1, INSTRUMENTS, SETTINGS, DEFAULT_ACCOUNT, SIGNER, CREDULOUS, sim=True, armed=True),
            messages,
            restart_every=1,
        )
