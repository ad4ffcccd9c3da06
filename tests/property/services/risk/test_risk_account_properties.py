"""Over random sessions, what risk knows of the account is what the matching core made of it, to the cent (RISK-3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal, localcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.risk import funding as funding_rule
from services.risk import margin
from services.risk.core import RiskCore
from services.risk.equity import EquityBook
from services.risk.state import RiskState
from shared.domain.account import AccountState, AccountStatement, NextFunding, RiskReport
from shared.domain.control import MarkPrice, MarkPrices
from shared.domain.intents import ExitRung
from shared.domain.market_step import MarketStep
from shared.domain.timeframes import DAY, MINUTE
from simulator.bracket_file import load_brackets
from simulator.core.model.exact import EXACT
from simulator.core.model.requests import NewOrder
from simulator.execution_lane import ExecutionLane
from simulator.matching_driver import MatchingDriver
from simulator.settings import SimulatorSettings
from tests.support.execution.desk import bundle, core, intent
from tests.support.risk.scenes import DAWN, build
from tests.support.simulator.simulated_trader import BTC, ETH, INSTRUMENTS, candle

D = Decimal
ZERO = D(0)
SYMBOLS = (BTC, ETH)
CENT = D("0.01")
#: Sessions begin so many minutes before midnight.
BEFORE = 6

moves = st.tuples(st.integers(-60, 60), st.integers(-60, 60))  # of the two prices, per mille
actions = st.one_of(
    st.tuples(st.just("trade"), st.sampled_from(SYMBOLS), st.sampled_from(["-400", "-60", "-3", "0.5", "9", "250"])),
    st.tuples(st.just("transfer"), st.sampled_from(["-700", "-50", "120.55", "2500"])),
    st.tuples(st.just("enter"), st.sampled_from(SYMBOLS), st.sampled_from(["BUY", "SELL"])),
    st.tuples(st.just("nothing")),
)
rates = st.sampled_from([None, None, None, "0.0001", "-0.0025"])
minutes = st.lists(st.tuples(moves, rates, actions), min_size=4, max_size=16)


@dataclass
class Session:
    """The account at the matching core, execution beside it, risk behind it; the income as the core booked it.

    results: income without transfers, since the core began. day: results and unrealised profit at the day's first statement.
    marked: what risk made of the newest mark prices, until it is compared; marks: how often something held was compared.
    """

    risk: RiskCore = field(default_factory=build)
    price: dict[str, float] = field(default_factory=lambda: dict.fromkeys(SYMBOLS, 100.0))
    now: int = DAWN - BEFORE * MINUTE
    results: Decimal = ZERO
    moved: Decimal = ZERO
    day: Decimal | None = None
    day_number: int = -1
    last_income: int = 0
    reports: int = 0
    payments: int = 0
    projected: dict[str, tuple[Decimal, Decimal]] = field(default_factory=dict)
    orders: int = 0
    marks: int = 0
    marked: AccountState | None = None

    def __post_init__(self) -> None:
        wallet = SimulatorSettings(starting_wallet=D(5_000))
        self.exchange = MatchingDriver(wallet, INSTRUMENTS, load_brackets())
        self.lane = ExecutionLane(core(), self.exchange)

    def minute(self, moved: tuple[int, int], rate: str | None) -> None:
        """The prices move, funding is paid, the account is stated, and what risk makes of it is judged."""
        candles = []
        for symbol, by in zip(SYMBOLS, moved, strict=True):
            before = self.price[symbol]
            after = self.price[symbol] = max(20.0, round(before * (1 + by / 1000), 1))
            row = (before, max(before, after), min(before, after), after)
            candles.append(candle(row, self.now // MINUTE, symbol=symbol))
        self.now += MINUTE
        self.mark()
        funding = {} if rate is None else {BTC: D(rate), ETH: -D(rate)}
        self.projected = {symbol: (self.quantity(symbol), self.payment(symbol, each)) for symbol, each in funding.items()}
        step = MarketStep(close_time=self.now, candles=tuple(candles), funding_rates=funding)
        for message in self.lane.handle(step, self.now):
            self.tell(message)

    def mark(self) -> None:
        """Tell risk the prices of this close a moment before the account is stated at them."""
        prices = tuple(
            MarkPrice(
                symbol=symbol, time=self.now - 1, mark=price, index=price, funding_rate=0.0, next_funding_time=self.now
            )
            for symbol, price in self.price.items()
        )  # fmt: skip
        self.risk.handle(MarkPrices(partition=0, time=self.now - 1, prices=prices), self.now - 1)
        self.marked = self.risk._state.marked

    def judge_marks(self, stated: AccountState) -> None:
        """Where nothing but prices changed, the account at mark prices was what is stated now."""
        marked, self.marked = self.marked, None
        if marked is None or (marked.wallet, sizes(marked)) != (stated.wallet, sizes(stated)):
            return
        self.marks += bool(stated.positions)
        assert abs(marked.equity - stated.equity) < CENT
        assert margin.held(marked) == margin.held(stated)
        for one, other in zip(marked.positions, stated.positions, strict=True):
            assert one.mark_price == other.mark_price
            assert abs(one.unrealized - other.unrealized) < CENT

    def quantity(self, symbol: str) -> Decimal:
        return self.exchange.core.position(symbol).quantity

    def payment(self, symbol: str, rate: Decimal) -> Decimal:
        """What a leg is to pay (negative) or receive at the close that comes, by risk's rule, USDT."""
        quantity = self.quantity(symbol)
        coming = NextFunding(rate=rate, due=self.now, as_of=self.now - MINUTE)
        paid = funding_rule.rate_paid("BUY" if quantity > 0 else "SELL", coming, self.now - MINUTE)
        assert paid is not None
        return -paid * abs(quantity) * D(str(self.price[symbol]))

    def act(self, action: tuple[str, ...]) -> None:
        """Somebody does something two seconds later."""
        at, account = self.now + 2_000, self.exchange.core
        match action:
            case ("trade", symbol, signed):
                self.orders += 1
                side = "BUY" if D(signed) > 0 else "SELL"
                order = NewOrder(
                    symbol=symbol, side=side, type="MARKET", quantity=abs(D(signed)), client_id=f"web_{self.orders}"
                )  # fmt: skip
                account.place(order, at)
            case ("transfer", amount):
                account.transfer(D(amount), at)
            case ("enter", symbol, side):
                self.enter(symbol, side, at)

    def enter(self, symbol: str, side: str, at: int) -> None:
        self.orders += 1
        price, sign = D(str(self.price[symbol])), 1 if side == "BUY" else -1
        one = intent(
            f"i{self.orders}", at, symbol, side=side, quantity=D(2), price=price, bound=price + sign,
            stop=price - 3 * sign, exits=(ExitRung(price=price + 5 * sign),),
        )  # fmt: skip
        for message in self.lane.handle(bundle(one, close_time=self.now), at):
            self.tell(message)

    def tell(self, message: object) -> None:
        if not isinstance(message, AccountStatement):
            return
        self.book()
        for each in message.funding:
            quantity, payment = self.projected[each.symbol]
            if quantity == self.quantity(each.symbol):  # no stop and no liquidation came first
                self.payments += 1
                assert abs(each.amount - payment) < CENT
        self.judge_marks(message.account)
        self.begin_day(message)
        reports = [each for each in self.risk.handle(message, max(self.now, message.time)) if isinstance(each, RiskReport)]
        self.reports += len(reports)
        for report in reports:
            assert abs(report.equity - self.equity) < CENT
            assert self.day is not None
            assert abs(report.day_result - (self.results + self.unrealized - self.day)) < CENT
        self.judge_margin(message)

    def book(self) -> None:
        """Add what the core has booked since: results, and transfers apart."""
        for row in self.exchange.core.income():
            if row.id > self.last_income:
                self.last_income = row.id
                if row.type == "TRANSFER":
                    self.moved += row.amount
                else:
                    self.results += row.amount

    def begin_day(self, stated: AccountStatement) -> None:
        if stated.time // DAY > self.day_number:
            self.day_number = stated.time // DAY
            self.day = self.results + self.unrealized

    @property
    def unrealized(self) -> Decimal:
        with localcontext(EXACT):
            return sum((leg.unrealized for leg in self.exchange.core.positions() if leg.quantity), D(0))

    @property
    def equity(self) -> Decimal:
        return D(5_000) + self.results + self.moved + self.unrealized

    def judge_margin(self, stated: AccountStatement) -> None:
        """Maintenance margin, and each liquidation price as it follows from what is stated of the account."""
        account, needed = stated.account, margin.held(stated.account)
        assert needed == self.exchange.core.account().maintenance_margin
        for each in account.positions:
            others = needed - (each.maintenance_margin or D(0))
            balance = account.equity - each.unrealized - others
            tiers = self.risk._state.tiers[each.symbol]
            found = margin.liquidation_price(each.quantity, each.entry_price, balance, tiers)
            assert abs((found or D(0)) - each.liquidation) < CENT


def sizes(account: AccountState) -> list[tuple[str, Decimal, Decimal]]:
    return [(each.symbol, each.quantity, each.entry_price) for each in account.positions]


@settings(max_examples=150)
@given(minutes)
def test_the_result_of_the_day_the_margin_and_each_funding_payment_are_those_of_the_matching_core(
    session: list[tuple[tuple[int, int], str | None, tuple[str, ...]]],
) -> None:
    """RISK-3, RISK-5, RISK-6: trades of ours and of others, funding, transfers and liquidations, across midnight."""
    played = Session()
    played.minute((0, 0), None)
    for moved, rate, action in session:
        played.act(action)
        played.minute(moved, rate)
    assert played.reports >= len(session)


def test_a_session_with_funding_compares_its_payments() -> None:
    """RISK-6: the sessions above do."""
    played = Session()
    played.minute((0, 0), None)
    played.act(("trade", BTC, "9"))
    played.minute((10, 0), None)
    played.minute((0, 0), "0.0001")
    assert played.payments == 1


def test_a_session_with_positions_compares_them_at_mark_prices() -> None:
    """RISK-5: the sessions above do."""
    played = Session()
    played.minute((0, 0), None)
    played.act(("trade", BTC, "9"))
    played.minute((0, 0), None)
    played.minute((10, -3), None)
    assert played.marks == 1


def test_an_account_that_hears_no_mark_price_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """STYLE: every checker has a specimen that it must catch."""
    monkeypatch.setattr(RiskState, "mark", lambda self, prices, settings: None)
    with pytest.raises(AssertionError):
        test_a_session_with_positions_compares_them_at_mark_prices()


def test_a_transfer_that_counts_as_a_result_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """STYLE: every checker has a specimen that it must catch."""
    monkeypatch.setattr(EquityBook, "_move", lambda self, amount, equity, time, told: None)
    played = Session()
    for _ in range(BEFORE + 2):
        played.minute((0, 0), None)
    played.act(("transfer", "100"))
    with pytest.raises(AssertionError):
        played.minute((0, 0), None)
