"""The settings that every service shares: the root of a configuration file, without the sections of the services."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from shared.approval.commands import CommandJudge
from shared.approval.settings import ApprovalSettings, OperatorSettings
from shared.approval.signing import Realm, Signer, Verifier
from shared.bus.topology import Layout, partition_of
from shared.config import assignment
from shared.config.account import AccountSettings
from shared.config.instruments import ANY_SYMBOL, DEFAULT_INSTRUMENTS, InstrumentSettings
from shared.config.process import HttpSettings, LogSettings
from shared.config.server_url import ServerUrl, with_scheme
from shared.domain.incoherent import Incoherent
from shared.domain.instruments import Instrument
from shared.domain.level import BASIC
from shared.domain.like import Like
from shared.domain.modes import Mode
from shared.domain.symbols import SYMBOL, SYMBOL_PATTERN
from shared.domain.timeframes import FINEST, TIMEFRAMES, Timeframe
from shared.exchange.settings import ExchangeSettings

SymbolName = Annotated[str, Field(pattern=SYMBOL_PATTERN), Like("BTCUSDT")]
InstrumentKey = Annotated[str, Field(pattern=rf"^({SYMBOL}|{ANY_SYMBOL})$"), Like(f"BTCUSDT, or {ANY_SYMBOL}")]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PartitionSettings(_Section):
    """How symbols are spread over lanes."""

    count: int = Field(
        1, ge=1, le=1024, description="Number of partitions; each symbol belongs to one, pinned or by a stable hash"
    )
    pinned: dict[SymbolName, Annotated[int, Field(ge=0, le=1023)]] = Field(
        default_factory=dict, description="Symbol → partition, for symbols that must not go where their hash says"
    )

    @model_validator(mode="after")
    def _pinned_exist(self) -> Self:
        faults = {
            f"pinned.{symbol}": f"partitions are numbered from 0 and count is {self.count}: must be below {self.count}"
            for symbol, partition in self.pinned.items()
            if partition >= self.count
        }
        if faults:
            raise Incoherent(faults)
        return self


class BusSettings(_Section):
    """The message broker."""

    url: Annotated[ServerUrl, with_scheme("amqp://", "amqps://")] = Field(
        ServerUrl("amqp://guest:guest@127.0.0.1:5672/"),
        description="Address of RabbitMQ: amqp://user:password@host:port/vhost",
        json_schema_extra=BASIC,
    )


class StoreSettings(_Section):
    """Where lanes keep their state."""

    url: Annotated[ServerUrl, with_scheme("redis://", "rediss://", "sqlite:///", "memory:")] = Field(
        ServerUrl("redis://127.0.0.1:6379/0"),
        description="Where lanes keep their state: redis://host:port/db, sqlite:///path, or memory: (lost at exit)",
        json_schema_extra=BASIC,
    )


class TakeSettings(_Section):
    """Which symbols and timeframes this process handles: globs, such as ``*`` or ``BTC*``."""

    symbols: tuple[str, ...] = Field(
        ("*",),
        min_length=1,
        description="Symbols that this process handles, as globs; a partition is taken whole or not at all",
    )
    timeframes: tuple[str, ...] = Field(("*",), min_length=1, description="Timeframes that this process analyses, as globs")


class LaneSettings(_Section):
    """How lanes write their state, and how often they look at the clock."""

    snapshot_every: int = Field(
        500, ge=1, le=100_000, description="Messages handled between two snapshots of a lane's state"
    )
    commit_linger_ms: float = Field(
        20.0, ge=0, le=1_000, description="Commit batching delay, ms; 0 = commit each message by itself"
    )
    dedupe_window: int = Field(1024, ge=1, le=1_000_000, description="Message ids that a lane remembers to drop repeats")
    tick_ms: int = Field(
        1_000,
        ge=100,
        le=60_000,
        description="Time between two looks at the clock where deadlines count, ms; mode sim has none",
    )


def _replica_name() -> str:
    return f"{socket.gethostname()}-{os.getpid()}"


class CommonSettings(_Section):
    """The root that every service shares; ``cli.settings.Settings`` adds a section a service."""

    mode: Mode = Field(
        "sim",
        description="Where the market is and where orders go; in sim and paper no order leaves this system",
        json_schema_extra=BASIC,
    )
    layout: Layout = Field(
        "split",
        description="Processes: split = one a service, fused = analysis to risk in one, embedded = everything in one",
        json_schema_extra=BASIC,
    )
    symbols: tuple[SymbolName, ...] = Field(
        ("BTCUSDT", "ETHUSDT"), min_length=1, description="Perpetuals that are traded", json_schema_extra=BASIC
    )
    account: AccountSettings = Field(default_factory=AccountSettings, description="Leverage and margin type")
    timeframes: tuple[Timeframe, ...] = Field(
        TIMEFRAMES,
        min_length=1,
        description="Candles that are built and analysed; 1m is needed, every other one is built from it",
        json_schema_extra=BASIC,
    )
    partitions: PartitionSettings = Field(default_factory=PartitionSettings, description="How symbols are spread over lanes")
    namespace: Annotated[str, Like("ict-2 (a to z, 0 to 9, _ and -, at most 40 characters)")] = Field(
        "ict",
        pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$",
        description="Prefix of every broker object and store key; deployments that share a broker need different ones. "
        "In the store, mode and account name follow it",
    )
    bus: BusSettings = Field(default_factory=BusSettings, description="The message broker")
    store: StoreSettings = Field(default_factory=StoreSettings, description="The store of the lanes' state")
    instruments: dict[InstrumentKey, InstrumentSettings] = Field(
        default_factory=lambda: dict(DEFAULT_INSTRUMENTS),
        description=(
            "Trading filters of each symbol; `default` holds for symbols that have none of their own. In modes testnet and "
            "live the exchange's own replace them"
        ),
    )
    log: LogSettings = Field(default_factory=LogSettings, description="What is logged, and how")
    http: HttpSettings = Field(default_factory=HttpSettings, description="Metrics and health over HTTP")
    take: TakeSettings = Field(default_factory=TakeSettings, description="Which symbols and timeframes this process handles")
    approval: ApprovalSettings = Field(default_factory=ApprovalSettings, description="Keys that sign what risk approves")
    operator: OperatorSettings = Field(default_factory=OperatorSettings, description="Keys that sign an operator's commands")
    replica: str = Field(
        default_factory=_replica_name, min_length=1, max_length=200, description="Name of this process among its replicas"
    )
    exchange: ExchangeSettings = Field(
        default_factory=ExchangeSettings, description="The exchange, in modes that have a real one (paper, testnet, live)"
    )
    lane: LaneSettings = Field(default_factory=LaneSettings, description="How lanes write their state")

    @field_validator("symbols", mode="after")
    @classmethod
    def _once_each(cls, symbols: tuple[str, ...]) -> tuple[str, ...]:
        twice = sorted({symbol for symbol in symbols if symbols.count(symbol) > 1})
        if twice:
            raise ValueError(f"names {', '.join(twice)} twice; name each symbol once")
        return symbols

    @field_validator("timeframes", mode="after")
    @classmethod
    def _finest_first(cls, timeframes: tuple[Timeframe, ...]) -> tuple[Timeframe, ...]:
        if len(set(timeframes)) != len(timeframes):
            raise ValueError("names a timeframe twice: name each once")
        if FINEST not in timeframes:
            raise ValueError(f"must contain {FINEST}: every other candle is built from it")
        return tuple(timeframe for timeframe in TIMEFRAMES if timeframe in timeframes)

    @field_validator("instruments", mode="before")
    @classmethod
    def _keep_the_defaults(cls, given: Any) -> Any:
        return {**DEFAULT_INSTRUMENTS, **given} if isinstance(given, Mapping) else given

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        faults: dict[str, str] = {}
        if self.mode == "live":
            faults |= {
                f"exchange.{name}": "live sends real orders: set it to true when it is so, or use mode testnet"
                for name in ("real_money", "proven_on_testnet")
                if not getattr(self.exchange, name)
            }
        if not self.simulated:
            for pair in (self.approval, self.operator):
                faults |= {f"{pair.SECTION}.{name}": text for name, text in pair.published().items()}
        for name, matches in (("symbols", self.assigned_partitions), ("timeframes", self.assigned_timeframes)):
            try:
                matches()
            except ValueError as error:
                faults[f"take.{name}"] = str(error).removeprefix(f"take.{name}: ")
        faults |= self._cross_section_faults()
        if faults:
            raise Incoherent(faults)
        return self

    def _cross_section_faults(self) -> dict[str, str]:
        """Return contradictions between sections that a subclass adds: dotted path → fault."""
        return {}

    @property
    def simulated(self) -> bool:
        """Return True in modes sim and paper, in which no order leaves this system."""
        return self.mode in ("sim", "paper")

    def realm(self) -> Realm:
        """Return where this configuration's signatures hold."""
        return Realm(self.mode, self.namespace, self.account.name)

    def state_name(self) -> str:
        """Return the namespace of this configuration's states in the store.

        A mode and an account have states of their own, in one namespace too: what testnet lost yesterday, and that a person
        re-armed it, says nothing of a live account.
        """
        return f"{self.namespace}.{self.mode}.{self.account.name}"

    def signer(self) -> Signer:
        """Return what risk signs its intents with. Raises ValueError if its key must be set and is not."""
        return Signer(self.approval.signing_key(simulated=self.simulated), self.realm())

    def verifier(self) -> Verifier:
        """Return what execution verifies intents with. Raises ValueError if its key must be set and is not."""
        return Verifier(self.approval.verifying_key(simulated=self.simulated), self.realm())

    def command_signer(self) -> Signer:
        """Return what an operator signs commands with. Raises ValueError if the key must be set and is not."""
        return self.operator.signer(self.realm(), simulated=self.simulated)

    def command_judge(self) -> CommandJudge:
        """Return what whoever obeys commands judges them with. Raises ValueError if the key must be set and is not."""
        return self.operator.judge(self.realm(), simulated=self.simulated, timed=self.mode != "sim")

    def partition_of(self, symbol: str) -> int:
        """Return the partition of a symbol, traded or not: the pinned one, else a stable hash."""
        return partition_of(symbol, self.partitions.count, self.partitions.pinned)

    def symbols_of(self, partition: int) -> tuple[str, ...]:
        """Return the symbols of one partition, sorted; empty when it has none."""
        return assignment.symbols_of(partition, self.symbols, self.partitions.count, self.partitions.pinned)

    def assigned_partitions(self) -> tuple[int, ...]:
        """Return the partitions that this process takes.

        Raises ValueError if ``take.symbols`` splits one or matches none.
        """
        return assignment.assigned_partitions(self.take.symbols, self.symbols, self.partitions.count, self.partitions.pinned)

    def assigned_timeframes(self) -> tuple[Timeframe, ...]:
        """Return the timeframes that this process takes, finest first. Raises ValueError when none matches."""
        return assignment.assigned_timeframes(self.take.timeframes, self.timeframes)

    def instrument(self, symbol: str) -> Instrument:
        """Return the filters of a symbol: its own, else the default ones."""
        return (self.instruments.get(symbol) or self.instruments[ANY_SYMBOL]).of(symbol)

    def instrument_table(self) -> dict[str, Instrument]:
        """Return the filters of every configured symbol, by symbol."""
        return {symbol: self.instrument(symbol) for symbol in self.symbols}
