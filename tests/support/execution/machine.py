"""Random histories of execution at the model exchange: intents, prices, weather, persons, refusals, restarts.

Every action is a method without arguments that draws what it needs, so that a history is a list of names and a seed.
"""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import msgspec

from services.execution.core import ExecutionCore
from services.execution.inputs import Connected, Leaving
from services.execution.settings import ExecutionSettings
from shared.domain.instruments import Instrument
from shared.domain.intents import ExitRung
from shared.domain.listing import InstrumentList
from tests.support.execution.desk import BTC, ETH, INSTRUMENTS, Desk, bundle, control, intent, order
from tests.support.execution.driver import Weather
from tests.support.execution.others import Others
from tests.support.execution.watch import Watch

D = Decimal
PRICES = [D(x) for x in ("92", "94.5", "97", "99", "100", "100.4", "101", "104", "106", "109.5", "111")]
CODES = (-2022, -4131, -4118, -1111, -4014, -2019)


class History(Others):
    """One history. ``snapshots``: those of every action so far, with the time."""

    def __init__(self, seed: int, kind: type[ExecutionCore] = ExecutionCore) -> None:
        self.draw = random.Random(seed)
        self.desk = Desk(kind, weather=Weather(draw=self.draw))
        self.desk.driver.statement_ms = int(ExecutionSettings().driver.statement_every_s * 1000)
        self.watch = Watch(self.desk)
        self.snapshots: list[bytes] = [self.desk.core.snapshot()]
        self.bundles: list[Any] = []
        self.count = 0
        self.persons = 0
        self.did: list[str] = []

    def do(self, name: str) -> None:
        """Do one action, let a moment pass, and judge."""
        self.did.append(name)
        getattr(self, name)()
        self.snapshots.append(self.desk.core.snapshot())
        self.desk.run(self.draw.choice([100, 300, 1_000]))

    def end(self) -> None:
        """The faults stop, a long calm follows: judge."""
        self.weather_clears()
        self.exchange_takes_all()
        self.watch.excuse()
        self.desk.run(60_000, step=250)
        self.watch.settled()

    # -- risk ---------------------------------------------------------------------------------------------------------

    def approve(self) -> None:
        self.count += 1
        long = self.draw.random() < 0.6
        symbol = self.draw.choice([BTC, BTC, ETH])
        price = self.desk.exchange.price[symbol]
        sign = 1 if long else -1
        rungs = self.draw.choice([(D(10),), (D(4), D(10)), (D(3), D(6), D(9))])
        share = D(1) if len(rungs) == 1 else D(1) / D(4)
        exits = tuple(ExitRung(price=price + sign * each, share=share) for each in rungs)
        limit = self.draw.random() < 0.3
        at = price - sign if limit else price
        one = intent(
            f"i{self.count}",
            self.desk.now,
            symbol,
            side="BUY" if long else "SELL",
            quantity=self.draw.choice([D(2), D("0.5"), D("0.004")]),
            price=at,
            bound=at if limit else price + sign * D("0.5"),
            stop=price - sign * D(5),
            exits=exits,
            kind="limit" if limit else "market",
            rests_until=self.desk.now + 8_000 if limit else 0,
            void_at=exits[0].price if limit and self.count % 3 else D(0),
            break_even_after=self.draw.choice([0, 1]),
            close_by=self.draw.choice([0, 0, self.desk.now + 12_000]),
            risk_budget=self.draw.choice([D(12), D(3), D(0)]),
        )
        self._give(bundle(one))
        self.watch.approve(one)
        self.desk.driver.give(self.bundles[-1])

    def approve_two(self) -> None:
        """Both symbols in one bundle, one long and one short."""
        intents = []
        for symbol, sign in ((BTC, 1), (ETH, -1)):
            self.count += 1
            price = self.desk.exchange.price[symbol]
            intents.append(
                intent(
                    f"i{self.count}", self.desk.now, symbol, side="BUY" if sign > 0 else "SELL", price=price,
                    bound=price + sign * D("0.5"), stop=price - sign * D(5), exits=(ExitRung(price=price + sign * D(10)),),
                )
            )  # fmt: skip
        self._give(bundle(*intents))
        self.watch.approve(*intents)
        self.desk.driver.give(self.bundles[-1])

    def approve_unsigned(self) -> None:
        self.count += 1
        self.desk.driver.give(bundle(intent(f"bad{self.count}", self.desk.now), signature="forged"))

    def repeat_verdict(self) -> None:
        if self.bundles:
            self.desk.driver.give(self.draw.choice(self.bundles[-3:]))

    def close_intent(self) -> None:
        self._manage("close")

    def move_stop_intent(self) -> None:
        self._manage("move_stop")

    def halt(self) -> None:
        self.desk.driver.give(control("halt", f"h{self.desk.now}"))

    def rearm(self) -> None:
        self.desk.driver.give(control("rearm", f"r{self.desk.now}"))

    def flatten(self) -> None:
        self.watch.everything_is_to_go(BTC, ETH)
        self.desk.driver.give(control("flatten", f"f{self.desk.now}"))

    def close_symbol(self) -> None:
        symbol = self.draw.choice([BTC, ETH])
        self.watch.everything_is_to_go(symbol)
        self.desk.driver.give(control("close", f"x{self.desk.now}", symbol=symbol))

    def cancel_entries(self) -> None:
        self.desk.driver.give(control("cancel", f"n{self.desk.now}"))

    def risk_withdraws(self) -> None:
        now = self.desk.now
        self.desk.driver.give(order(f"w{now}", now, kind="withdraw", decided_at=now))

    # -- the market and the weather -----------------------------------------------------------------------------------

    def price_moves(self) -> None:
        self.desk.price(str(self.draw.choice(PRICES)), self.draw.choice([BTC, BTC, ETH]))

    def time_passes(self) -> None:
        self.desk.run(self.draw.choice([500, 2_000, 6_000]))

    def depth_changes(self) -> None:
        self.desk.exchange.depth = self.draw.choice([D(1000), D("0.7"), D("0.3")])

    def weather_worsens(self) -> None:
        weather = self.desk.driver.weather
        what = self.draw.choice(
            ["lose_request", "lose_answer", "unsent", "lose_news", "repeat", "reorder", "absent", "slow", "slow_news", "lag"]
        )
        times: dict[str, list[float]] = {"slow": [300, 1_200], "slow_news": [300, 1_200], "lag": [3_000, 5_000]}
        setattr(weather, what, self.draw.choice(times.get(what, [0.3, 0.6])))

    def reads_fail(self) -> None:
        self.desk.driver.weather.reads = False

    def writes_fail(self) -> None:
        self.desk.driver.weather.writes = False

    def conditional_book_fails(self) -> None:
        self.desk.driver.weather.conditional = False

    def queries_are_unreadable(self) -> None:
        self.desk.driver.weather.unreadable = self.draw.choice([0.5, 1.0])

    def weather_clears(self) -> None:
        self.desk.driver.weather = Weather(draw=self.draw)

    def news_break(self) -> None:
        self.watch.excuse()
        self.desk.driver.give(Connected(open=False))
        self.desk.driver.weather.lose_news = 1.0

    def news_return(self) -> None:
        self.desk.driver.weather.lose_news = 0.0
        self.desk.driver.give(Connected(open=True))

    # -- the exchange refuses -----------------------------------------------------------------------------------------

    def exchange_refuses(self) -> None:
        code = self.draw.choice(CODES)
        kind = self.draw.choice(["STOP_MARKET", "TAKE_PROFIT_MARKET", "MARKET", "LIMIT"])
        self.desk.exchange.refuse = lambda order: code if order.type == kind else 0

    def exchange_takes_all(self) -> None:
        self.desk.exchange.refuse = lambda order: 0
        self.desk.exchange.child_fails = False

    def children_fail(self) -> None:
        self.watch.excuse()
        self.desk.exchange.child_fails = True

    def liquidated(self) -> None:
        self.watch.others_act()
        prefix = self.draw.choice(["autoclose-", "adl_autoclose"])
        self.desk.driver.happen(lambda: self.desk.exchange.close_by_exchange(BTC, prefix))

    def liquidation_is_known(self) -> None:
        self.desk.exchange.liquidation = self.draw.choice([D(0), D(90), D(96)])

    def filters_change(self) -> None:
        tick = self.draw.choice([D("0.1"), D("0.5")])
        most = self.draw.choice([None, D("0.9")])
        self.desk.exchange.tick, self.desk.exchange.market_maximum = tick, most
        told = tuple(_filters(each, tick, most) for each in INSTRUMENTS.values())
        self.desk.driver.give(InstrumentList(time=self.desk.now, instruments=told, closures=()))

    # -- the process --------------------------------------------------------------------------------------------------

    def stands_still(self) -> None:  # for longer than a request is valid; nothing is lost
        self.watch.excuse()
        self.desk.driver.give(Connected(open=self.desk.core.state.connected, woken=True))

    def leaves(self) -> None:
        """It ends as it is asked to, and another begins."""
        self.desk.driver.give(Leaving(flatten=self.draw.random() < 0.3))
        self.desk.run(self.draw.choice([100, 500, 3_000]))
        self.restart()

    def restart(self) -> None:
        self._again(self.desk.core.snapshot())

    def restart_from_older(self) -> None:
        self.watch.behind = True
        self._again(self.draw.choice(self.snapshots[-4:]))

    def restart_from_nothing(self) -> None:
        self.watch.behind = True
        self.watch.forgetful = True
        self._again(None)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _again(self, snapshot: bytes | None) -> None:
        self.watch.excuse()
        self.desk.run(100)
        self.watch.blind = True
        self.desk.driver.restart(snapshot)
        if self.bundles:
            self.desk.driver.give(self.bundles[-1])

    def _give(self, one: Any) -> None:
        self.bundles.append(one)

    def _manage(self, purpose: str) -> None:
        plan = self.desk.plan()
        if plan is None:
            return
        self.count += 1
        stop = self.desk.exchange.price[BTC] - plan.sign * D(2)
        stop -= stop % D("0.5")
        one = intent(
            f"m{self.count}", self.desk.now, side=plan.intent.side, purpose=purpose, about=plan.id, stop=stop
        )  # fmt: skip
        self.desk.driver.give(bundle(one))


def _filters(instrument: Instrument, tick: Decimal, most: Decimal | None) -> Instrument:
    return msgspec.structs.replace(instrument, tick_size=tick, market_max_quantity=most)


#: What happens on every day, the frequent more often.
STEADY: tuple[str, ...] = (
    *("approve",) * 6, "approve_two", "close_intent", "move_stop_intent", *("rearm",) * 3, *("price_moves",) * 6,
    *("time_passes",) * 4, *("weather_clears",) * 2, "news_return", *("exchange_takes_all",) * 2,
)  # fmt: skip
#: What disturbs.
DISTURBANCES: tuple[str, ...] = (
    "approve_unsigned", "repeat_verdict", "halt", "depth_changes", *("weather_worsens",) * 3, "reads_fail", "writes_fail",
    "conditional_book_fails", "queries_are_unreadable", "news_break", "exchange_refuses", "children_fail", "liquidated",
    "filters_change", "liquidation_is_known", "person_cancels_stop", "person_places_stop", "person_places_far_stop",
    "person_moves_stop", "person_trades", *("person_adds",) * 2, "person_closes", "person_cancels_another_exit",
    "person_cancels_entry", "guardian_acts", "restart", "restart_from_older", "restart_from_nothing",
    "stands_still", "leaves",
)  # fmt: skip
ACTIONS: tuple[str, ...] = STEADY + DISTURBANCES


def mix(seed: int) -> tuple[str, ...]:
    """A third of the disturbances beside the steady actions: among all of them few trades live long enough to meet one."""
    draw = random.Random(seed)
    return STEADY + tuple(each for each in DISTURBANCES if draw.random() < 0.35)


#: What an operator, or risk, may do beside: in histories of their own, because seeds of others hold for the actions above.
COMMANDS: tuple[str, ...] = ("flatten", "close_symbol", "cancel_entries", "risk_withdraws")


def play(seed: int, names: list[str], kind: type[ExecutionCore] = ExecutionCore) -> History:
    """Play a history and judge it at its end."""
    history = History(seed, kind)
    for name in names:
        history.do(name)
    history.end()
    return history
