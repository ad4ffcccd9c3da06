"""Runs a drill: deployment up, strikes one after the other while it trades, everything well again, flat, and judged."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cli.chaos import configuration
from cli.chaos.agreement import approvals, read_journal
from cli.chaos.drilled import Drilled
from cli.chaos.ears import Ears
from cli.chaos.exchange import SimulatedExchange
from cli.chaos.listening import listening
from cli.chaos.memory import Sample
from cli.chaos.mover import Mover
from cli.chaos.plan import PROCESSES, Strike
from cli.chaos.ports import free_port
from cli.chaos.processes import Processes, command
from cli.chaos.servers import Servers
from cli.chaos.striking import Striking
from cli.chaos.symbols import write_candles
from cli.chaos.webhook import webhook
from shared.approval.signing import COMMAND, Realm, Signer, new_pair
from shared.domain.client_ids import lineage
from shared.domain.control import Alert
from shared.domain.timeframes import MINUTE
from simulator.ledger.case import Case
from simulator.ledger.judge import CHECKS
from simulator.ledger.record import read_file

if TYPE_CHECKING:
    from shared.bus.rabbitmq.bus import RabbitBus

_START_S: Final = 120.0
#: Seconds between two looks at a process, a file or a page, which have no events; and for which prices stay at stops.
_LOOK_S, _TRIGGER_S = 1.0, 2.0
_WEIGH_S: Final = 5.0
#: The candles' market: history, and how far it may run ahead, minutes. Signals of it are valid for a day.
_HISTORY, _AHEAD = 60, 1_435


class DrillFailed(Exception):
    """The drill could not be run: nothing is known of what was to be judged."""


@dataclass(slots=True)
class Drill:
    """One run. speed: market seconds a second of the candles: 20 = a close in three seconds. commands: in place of the
    product's own, by process. say: gets a sentence at each stage. longest_s: of the strikes; over_s: how long they are
    spread over, 0 = one after the other; flat_s, books_s: how long the end may take until nothing is held, and until
    everybody knows it.
    """

    seed: int
    strikes: Sequence[Strike]
    servers: Servers
    directory: Path
    speed: float = 20.0
    entries: int = 0
    commands: Mapping[str, Sequence[str]] = field(default_factory=dict)
    say: Callable[[str], None] = lambda _: None
    namespace: str = field(default_factory=lambda: f"chaos-{secrets.token_hex(4)}")
    longest_s: float = 3_600.0
    over_s: float = 0.0
    flat_s: float = 90.0
    books_s: float = 60.0
    _memory: list[Sample] = field(default_factory=list)

    @property
    def ledger(self) -> Path:
        """Where the exchange keeps its ledger."""
        return self.directory / "ledger.jsonl"

    @property
    def _lineage(self) -> str:
        return lineage("testnet", self.namespace)

    async def run(self) -> Drilled:
        """Run it. Raises DrillFailed, NotStarted, ExchangeFailed."""
        began = time.monotonic()
        self.directory.mkdir(parents=True, exist_ok=True)
        minute = int(time.time() * 1000) // MINUTE * MINUTE
        async with AsyncExitStack() as stack:
            orders = await stack.enter_async_context(self._exchange("orders", minute - _HISTORY * MINUTE, 1.0, self.ledger))
            first = minute - (_HISTORY + _AHEAD) * MINUTE
            candles = await stack.enter_async_context(self._exchange("candles", first, 1.0, None))
            alerts: list[tuple[int, Alert]] = []
            places = self._places(orders, candles, await stack.enter_async_context(webhook(alerts)))
            bus = await stack.enter_async_context(listening(self.servers, places, self.say))
            signer = Signer(places.operator.private, Realm("testnet", self.namespace, self.namespace), COMMAND)
            ears = Ears(bus, signer, orders, alerts)
            processes = self._processes(places, orders)
            stack.push_async_callback(processes.end)
            await processes.start_all()
            await ears.start()
            stack.push_async_callback(ears.close)
            await processes.all_there(_START_S)
            await orders.note("began")
            began_at = time.time_ns() // 1_000_000
            self.say(f"{len(PROCESSES)} processes run after {time.monotonic() - began:.0f} s")
            striking = Striking(processes, self.servers, orders, ears, self.say)
            await self._through(orders, candles, processes, ears, striking)
            unsettled = await self._settle(orders, candles, processes, ears, bus)
            await orders.note("settled")
            codes = await processes.end()
            unsettled += [f"{name} ended with {code}" for name, code in codes.items() if code]
        return Drilled(
            lines=read_file(self.ledger), rows=read_journal(places.journal), lineage=self._lineage,
            start=Decimal(configuration.WALLET),
            execution=ears.statement.account.wallet if ears.statement is not None else None,
            risk=ears.report.equity if ears.report is not None else None,
            struck=striking.struck, hit=striking.hit, seconds=time.monotonic() - began, unsettled=unsettled,
            alerts=alerts, commands=ears.commands, began=began_at, memory=self._memory, fell=processes.fell,
        )  # fmt: skip

    # -- what stands --------------------------------------------------------------------------------------------------

    def _exchange(self, name: str, first: int, speed: float, ledger: Path | None) -> SimulatedExchange:
        directory = self.directory / name
        directory.mkdir(exist_ok=True)
        files = write_candles(directory, first, _HISTORY + _AHEAD + 24 * 60)
        settings = configuration.exchange_settings(ledger)
        return SimulatedExchange(directory, name, settings, files, speed, *(("--now",) if ledger is not None else ()))

    def _places(self, orders: SimulatedExchange, candles: SimulatedExchange, hook: str) -> configuration.Places:
        return configuration.Places(
            directory=self.directory, namespace=self.namespace, bus=self.servers.through_proxy("rabbitmq"),
            store=self.servers.through_proxy("redis"), orders=orders.url, candles=candles.url, webhook=hook,
            ports={name: free_port() for name in PROCESSES}, approval=new_pair(), operator=new_pair(),
        )  # fmt: skip

    def _processes(self, places: configuration.Places, orders: SimulatedExchange) -> Processes:
        import yaml

        config = self.directory / "deployment.yaml"
        config.write_text(yaml.safe_dump(configuration.deployment_settings(places), sort_keys=False))
        usual = {name: command(name.partition(".")[0], config) for name in PROCESSES}
        environments = {name: configuration.environment(name, places) for name in PROCESSES}
        return Processes({**usual, **self.commands}, environments, places.ports, self.directory / "logs", orders.note)

    # -- the drill itself ---------------------------------------------------------------------------------------------

    async def _through(
        self, orders: SimulatedExchange, candles: SimulatedExchange, processes: Processes, ears: Ears, striking: Striking
    ) -> None:
        await candles.ask("speed", "POST", {"speed": self.speed})  # only now: starting would take a part of its day
        began, mover = time.monotonic(), Mover(orders, candles, self.speed, self.seed)
        async with asyncio.TaskGroup() as group:
            beside = [
                group.create_task(mover.run()),
                group.create_task(ears.answer_halts()),
                group.create_task(_supervise(processes)),
                group.create_task(self._weigh(processes)),
            ]
            while not await ears.rearm():
                if time.monotonic() - began > _START_S:
                    raise DrillFailed("execution and risk do not answer a re-arming")
            for number, strike in enumerate(self.strikes, 1):
                if time.monotonic() - began > self.longest_s:
                    self.say(f"time is up before strike {number} of {len(self.strikes)}")
                    break
                await asyncio.sleep(began + self.over_s * (number - 1) / len(self.strikes) - time.monotonic())
                await mover.reach(strike.share)
                self.say(f"{number}/{len(self.strikes)} {strike}")
                await striking.strike(strike)
            while self._unfinished(time.monotonic() - began):  # noqa: ASYNC110  a file tells, which has no event
                await asyncio.sleep(_LOOK_S)
            for task in beside:
                task.cancel()

    def _unfinished(self, seconds: float) -> bool:
        """True while there is time, and closes are to go on, or entries are missing."""
        return seconds < self.longest_s and (seconds < self.over_s or _entered(self.ledger) < self.entries)

    async def _weigh(self, processes: Processes) -> None:
        while True:
            at = time.monotonic()
            self._memory += [Sample(name, pid, at, mb) for name, pid, mb in processes.memory()]
            await asyncio.sleep(_WEIGH_S)

    # -- the end ------------------------------------------------------------------------------------------------------

    async def _settle(
        self, orders: SimulatedExchange, candles: SimulatedExchange, processes: Processes, ears: Ears, bus: RabbitBus
    ) -> list[str]:
        """Stop the closes, move prices until nothing is held, wait until everybody knows; returns what did not come.

        An entry that was on its way meanwhile begins it all again.
        """
        await candles.ask("speed", "POST", {"speed": 0})
        mover, number = Mover(orders, candles, self.speed, self.seed), 0
        flat_until, books_until = time.monotonic() + self.flat_s, time.monotonic() + self.flat_s + self.books_s
        while True:
            while not _flat(truth := await orders.ask("account")):
                held = {each["symbol"]: each["positionAmt"] for each in truth["positions"] if Decimal(each["positionAmt"])}
                if time.monotonic() > flat_until:
                    return [f"not flat after {self.flat_s:g} s: {held}"]
                if held:  # else a price could take away what is left
                    number -= 1
                    await mover.leave(number)
                    await asyncio.sleep(_TRIGGER_S)
                    await mover.come_back()
                await asyncio.sleep(_LOOK_S)
                await processes.revive()
            since = await orders.time()
            while not await self._known(ears, bus, since):
                if time.monotonic() > books_until:
                    return [f"not everybody had heard of the end within {self.flat_s + self.books_s:g} s"]
                await asyncio.sleep(_LOOK_S)
            if _flat(await orders.ask("account")):
                return []

    async def _known(self, ears: Ears, bus: RabbitBus, since: int) -> bool:
        """Execution and risk have stated the account as of after ``since`` (ms), the journal has read everything, and
        somebody has said of every approved entry what became of it: a doubt of the last seconds takes a while.
        """
        stated, report = ears.statement, ears.report
        if stated is None or report is None or stated.asked_at <= since or report.time < stated.time:
            return False
        if any([await bus.depth(name) for name in ("journal", "risk", "execution")]):
            return False
        rows = await asyncio.to_thread(read_journal, self.directory / configuration.JOURNAL)
        case = Case(read_file(self.ledger), approvals(rows, self._lineage))
        return not CHECKS["lost"](case)


def _entered(ledger: Path) -> int:
    """Return how many entries the exchange has taken so far, by a look at the bytes of its lines."""
    lines = ledger.read_bytes().splitlines()
    return sum(
        b'"change":"NEW"' in line and b'"client_id":"icte' in line and b'"reduces"' not in line and b'"algo_id"' not in line
        for line in lines
    )


async def _supervise(processes: Processes) -> None:
    while True:
        await processes.revive()
        await asyncio.sleep(_LOOK_S)


def _flat(truth: Mapping[str, Any]) -> bool:
    held = any(Decimal(each["positionAmt"]) for each in truth["positions"])
    resting = any(each["status"] in ("NEW", "PARTIALLY_FILLED") for each in truth["orders"])
    waiting = any(
        each["algoStatus"] == "NEW" and not each["clientAlgoId"].startswith(("ictq", "icta"))
        for each in truth["algo_orders"]
    )
    return not held and not resting and not waiting
