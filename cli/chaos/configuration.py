"""Configuration of a drill: mode testnet against the simulated exchange, ten symbols, the drill at every close."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cli.chaos.symbols import SYMBOLS
from shared.approval.signing import KeyPair

#: API keys of the simulated exchange: execution's and the guardian's.
KEYS: Final = {"simulator-key": "simulator-secret", "guardian-key": "guardian-secret"}
#: The journal's file.
JOURNAL: Final = "journal.sqlite"
_HALT_SECRET: Final = "chaos: what guardian and execution share"  # noqa: S105  of a drill on this machine
#: Balance at the start, USDT, and what a trade risks of it: some thousand trades at their fees leave most of it.
WALLET: Final = "100000"
_RISK: Final[dict[str, Any]] = {
    "risk_per_trade": "0.00005",
    "max_positions": 100,
    "trades_per_day": 1_000_000,
    "intents_per_minute": 10_000,
    "max_exposure": 100,
    "max_costs": 10,
    "daily_loss_limit": 0.9,
    "halt_loss_limit": 0.95,
    "max_drawdown": 0.95,
    "max_losing_streak": 100,
    "caution_loss": 0.9,
    "caution_win_rate": 0,
    "caution_win_rate_release": 0,
}
#: The exchange's rate limits, twenty times what they are: as much faster closes come here, while a minute stays a minute.
_LIMITS: Final = {"weight_minute": 48_000, "orders_ten_seconds": 6_000, "orders_minute": 24_000}
#: What ingest reads is another exchange, of which it is the only client.
_UNHURRIED: Final = {"guardian": 0.01, "execution": 0.01, "rest": 0.98, "rest_alone": 1.0, "bulk": 0.75}
_SILENCE: Final = {"kline": 0, "agg_trade": 0, "book_ticker": 0, "depth": 0, "mark_price": 0, "liquidation": 0}


@dataclass(frozen=True, slots=True)
class Places:
    """Where a deployment's files and servers are. ports: HTTP of each process. bus, store: URLs, through the proxies.

    webhook: where the guardian posts its alarms.
    """

    directory: Path
    namespace: str
    bus: str
    store: str
    orders: str
    candles: str
    webhook: str
    ports: dict[str, int]
    approval: KeyPair
    operator: KeyPair

    @property
    def journal(self) -> Path:
        """The journal's file."""
        return self.directory / JOURNAL


def exchange_settings(ledger: Path | None) -> dict[str, Any]:
    """Return the configuration of a simulated exchange; the one that takes orders keeps ``ledger``."""
    server = {"api_keys": KEYS, "tape": {"history_minutes": 60, "trades_per_minute": 60}, **_LIMITS}
    return {
        "symbols": list(SYMBOLS),
        "server": {**server, "ledger": str(ledger)} if ledger is not None else server,
        "simulator": {"starting_wallet": WALLET, "closed_remembered": 1_000_000, "income_remembered": 1_000_000},
    }


def deployment_settings(places: Places) -> dict[str, Any]:
    """Return the configuration of every process."""
    halts = [f"http://127.0.0.1:{places.ports[name]}" for name in ("execution.a", "execution.b")]
    return {
        "mode": "testnet",
        "namespace": places.namespace,
        "account": {"name": places.namespace, "leverage": 20},
        "symbols": list(SYMBOLS),
        "timeframes": ["1m"],
        "approval": {"private_key": places.approval.private, "public_key": places.approval.public},
        "operator": {"private_key": places.operator.private, "public_key": places.operator.public},
        "bus": {"url": places.bus},
        "store": {"url": places.store},
        "journal": {"url": f"sqlite+aiosqlite:///{places.journal}"},
        "exchange": {**_exchange(places.orders), "stream": {"backoff_longest_s": 2.0}},
        "guardian": {
            "key": "guardian-key", "secret": KEYS["guardian-key"], "halt_secret": _HALT_SECRET, "halt_urls": halts,
            "webhook_url": places.webhook,
        },
        "ingest": {
            "live": {
                "depth": False, "silence": _SILENCE, "warm_up": {"candles": 10},
                "backoff": {"first_ms": 100, "longest_ms": 2_000},
            }
        },
        "signals": {
            "strategies": ["every_close"],
            "drill": True,
            "every_close": {"stop_distance": 0.003, "target_distance": 0.003, "ttl_ms": 86_400_000},
        },
        "risk": _RISK,
        "execution": {
            "entries_per_minute": 10_000,
            "driver": {"outbox_directory": str(places.directory / "outbox"), "statement_every_s": 1},
        },
        "log": {"level": "INFO", "format": "json"},
    }  # fmt: skip


def environment(name: str, places: Places) -> dict[str, str]:
    """Return what one process has beside the file: its port, its replica's name; ingest the market of the candles."""
    found = {"ICT_HTTP__PORT": str(places.ports[name])}
    if name.startswith("execution"):
        found["ICT_REPLICA"] = name.partition(".")[2]
    if name == "ingest":
        market = _exchange(places.candles)
        found |= {"ICT_EXCHANGE__REST_URL": market["rest_url"], "ICT_EXCHANGE__STREAM_URL": market["stream_url"]}
        found |= {f"ICT_EXCHANGE__LIMITER__{key.upper()}": str(value) for key, value in _UNHURRIED.items()}
    return found


def _exchange(url: str) -> dict[str, str]:
    return {
        "rest_url": url,
        "stream_url": url.replace("http", "ws", 1),
        "key": "simulator-key",
        "secret": KEYS["simulator-key"],
    }
