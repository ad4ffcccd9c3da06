"""freqtrade as a process of its own, live against a simulator, and its REST API."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Self, TypeVar

from tests.support.processes.answering import free_port
from tests.support.repository.pure_modules import ROOT

STRATEGIES: Final = ROOT / "tests" / "clients" / "freqtrade"
BITCOIN, ETHER = "BTC/USDT:USDT", "ETH/USDT:USDT"
USER, PASSWORD = "bench", "bench"
#: How long a step may take on a busy machine, seconds.
PATIENCE: Final = 120.0

Answer = TypeVar("Answer")


def until(what: str, ask: Callable[[], Answer | None]) -> Answer:
    """Ask until there is an answer; AssertionError with ``what`` after ``PATIENCE``."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if answer := ask():
            return answer
        time.sleep(0.3)
    raise AssertionError(f"not within {PATIENCE:.0f} s: {what}")


def configuration(rest: str, key: str, secret: str, port: int, database: Path) -> dict[str, Any]:
    """What a user writes to trade futures live by hand; ``urls`` is all that says where."""
    urls = {
        "sapi": f"{rest}/sapi/v1",
        "public": f"{rest}/api/v3",
        "private": f"{rest}/api/v3",
        "dapiPublic": f"{rest}/dapi/v1",
        "fapiData": f"{rest}/futures/data",
    }
    for suffix, version in (("", "v1"), ("V2", "v2"), ("V3", "v3")):
        urls[f"fapiPublic{suffix}"] = urls[f"fapiPrivate{suffix}"] = f"{rest}/fapi/{version}"
    prices = {"price_side": "other", "use_order_book": True, "order_book_top": 1}
    return {
        "max_open_trades": 3,
        "stake_currency": "USDT",
        "stake_amount": 1000,
        "dry_run": False,
        "trading_mode": "futures",
        "margin_mode": "isolated",
        "timeframe": "1m",
        "exchange": {
            "name": "binance",
            "key": key,
            "secret": secret,
            "ccxt_config": {"urls": {"api": urls}},
            "pair_whitelist": [BITCOIN, ETHER],
            "pair_blacklist": [],
        },
        "entry_pricing": prices,
        "exit_pricing": prices,
        "pairlists": [{"method": "StaticPairList"}],
        "api_server": {
            "enabled": True,
            "listen_ip_address": "127.0.0.1",
            "listen_port": port,
            "username": USER,
            "password": PASSWORD,
            "jwt_secret_key": "a secret of the bench, thirty-two long",
            "ws_token": "bench",
            "enable_openapi": False,
            "verbosity": "error",
            "CORS_origins": [],
        },
        "force_entry_enable": True,
        "initial_state": "running",
        "bot_name": "bench",
        "internals": {"process_throttle_secs": 1},
        "db_url": f"sqlite:///{database}",
    }


class Freqtrade:
    """Started on entering, and again by ``restart``: configuration and database stay."""

    def __init__(self, python: Path, home: Path, told: dict[str, str]) -> None:
        self._home = home
        self._port = free_port()
        self._log = home / "freqtrade.log"
        home.mkdir(parents=True, exist_ok=True)
        (home / "user_data").mkdir(exist_ok=True)
        config = home / "config.json"
        settings = configuration(told["rest"], told["key"], told["secret"], self._port, home / "trades.sqlite")
        config.write_text(json.dumps(settings, indent=1))
        self._command = [str(python.parent / "freqtrade"), "trade", "--config", str(config), "--strategy", "ByHand"]
        self._command += ["--strategy-path", str(STRATEGIES), "--userdir", str(home / "user_data")]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the process and wait until it trades."""
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, cwd=self._home, env=environment)
        until("freqtrade trades", self._trades)

    def stop(self) -> None:
        """End the process as a user does."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _trades(self) -> bool:
        try:
            return bool(self.ask("show_config")["state"] == "running")
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    @property
    def log(self) -> str:
        """What it has logged, of all its starts."""
        return self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else ""

    @property
    def refused_rows(self) -> list[str]:
        """What its database refused: an order number that came twice. An interrupt amid a query is no refusal."""
        return [line for line in self.log.splitlines() if "IntegrityError" in line]

    def ask(self, page: str, **body: Any) -> Any:
        """A page of its REST API; with a body it is posted."""
        credentials = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}/api/v1/{page}",
            data=json.dumps(body).encode() if body else None,
            headers={"Authorization": f"Basic {credentials}", "Content-Type": "application/json"},
        )
        assert self._process is not None
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.URLError:
            assert self._process.poll() is None, f"freqtrade ended:\n{self.log[-3000:]}"
            raise

    def enter(self, pair: str, side: str) -> int:
        """Open a trade by hand; its number."""
        return int(self.ask("forceenter", pair=pair, side=side)["trade_id"])

    def leave(self, trade: int) -> None:
        """Close a trade by hand."""
        self.ask("forceexit", tradeid=str(trade))

    def open_trade(self, trade: int) -> dict[str, Any] | None:
        """An open trade as it knows it."""
        return next((each for each in self.ask("status") if each["trade_id"] == trade), None)

    def has_stop(self, trade: int) -> bool:
        """Whether it knows the trade as filled, and of a stop that rests at the exchange."""
        known = self.open_trade(trade)
        if known is None or not known["open_fill_date"]:
            return False
        return any(each["ft_order_side"] == "stoploss" and each["is_open"] for each in known["orders"])

    def closed_trade(self, trade: int) -> dict[str, Any] | None:
        """A closed one, with the reason of its exit."""
        trades = self.ask("trades")["trades"]
        return next((each for each in trades if each["trade_id"] == trade and not each["is_open"]), None)
