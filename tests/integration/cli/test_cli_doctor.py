"""`ict doctor` with real services, with dead ports, and against an exchange of its own."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

from cli.doctor.check import PATIENCE, Outcome, examine, exit_code
from cli.doctor.report import checks_of
from cli.settings import Settings
from shared.runtime.process.exits import Exit
from simulator.server.settings import TEST_KEY, TEST_SECRET
from tests.support.approval.pairs import OPERATOR_KEYS, OWN_KEYS
from tests.support.processes.fleet import ict, write_config
from tests.support.simulator.protocol_server import a_hand, a_server

NAMES = ["python", "compiler", "disk", "rabbitmq", "store", "journal", "exchange", "clock", "key", "symbols", "account"]
#: Seconds for what does answer, on a machine that does other things too.
AMPLE = 60.0


async def examined(settings: Mapping[str, object], patience: float = AMPLE) -> tuple[int, dict[str, Outcome]]:
    found = await examine(checks_of(Settings.model_validate(settings)), patience)
    assert [outcome.name for outcome in found] == NAMES
    assert all(outcome.next for outcome in found if outcome.verdict != "ok"), "whoever reads it knows what to do"
    return exit_code(found), {outcome.name: outcome for outcome in found}


def unreachable(outcomes: Mapping[str, Outcome]) -> set[str]:
    return {name for name, outcome in outcomes.items() if outcome.unreachable}


@pytest.mark.rabbitmq
@pytest.mark.redis
async def test_everything_there_exits_0(rabbitmq_url: str, redis_url: str, postgres_url: str) -> None:
    settings = {"bus": {"url": rabbitmq_url}, "store": {"url": redis_url}, "journal": {"url": postgres_url}}
    code, checks = await examined(settings)
    assert [outcome for outcome in checks.values() if outcome.verdict == "fail"] == []
    assert code == Exit.OK
    assert checks["exchange"].text == "mode sim needs none"
    assert "***" in checks["rabbitmq"].text, "a password is not printed"


DEAD = {
    "mode": "paper",
    "bus": {"url": "amqp://guest:secret@127.0.0.1:1/"},
    "store": {"url": "redis://127.0.0.1:1/0"},
    "journal": {"url": "postgresql://ict:secret@127.0.0.1:1/ict"},
    "exchange": {"rest_url": "http://127.0.0.1:1"},
}


async def test_dead_ports_are_told_each() -> None:
    code, checks = await examined(DEAD)
    assert code == Exit.UNREACHABLE
    assert unreachable(checks) == {"rabbitmq", "store", "journal", "exchange", "clock", "symbols"}
    assert "secret" not in str(checks)


def test_command_prints_a_line_a_check_and_exits_4_with_nothing_running(tmp_path: Path) -> None:
    config = str(write_config(tmp_path / "dead.yaml", DEAD))
    shown = ict("doctor", "--config", config)
    assert (shown.returncode, shown.stderr) == (Exit.UNREACHABLE, "")
    assert [line.split()[1] for line in shown.stdout.splitlines()] == NAMES
    asked = ict("doctor", "--json", "--config", config)
    assert asked.returncode == Exit.UNREACHABLE
    answer = json.loads(asked.stdout)
    assert answer["ok"] is False
    assert [check["name"] for check in answer["checks"]] == NAMES


def test_a_check_is_bounded_to_three_seconds() -> None:
    assert PATIENCE <= 3.0


async def test_listeners_that_never_answer_are_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        settings = {
            "mode": "paper",
            "bus": {"url": f"amqp://guest:guest@127.0.0.1:{port}/"},
            "store": {"url": f"redis://127.0.0.1:{port}/0"},
            "journal": {"url": f"postgresql://ict@127.0.0.1:{port}/ict"},
            "exchange": {"rest_url": f"http://127.0.0.1:{port}"},
        }
        code, checks = await examined(settings, patience=1.0)
    assert code == Exit.UNREACHABLE
    assert unreachable(checks) == {"rabbitmq", "store", "journal", "exchange", "clock", "symbols"}


@pytest.mark.rabbitmq
async def test_wrong_password_of_the_broker_is_no_dead_broker(tmp_path: Path, rabbitmq_url: str) -> None:
    wrong = rabbitmq_url.replace("guest:guest", "guest:wrong")
    settings = {"bus": {"url": wrong}, "store": {"url": "memory:"}, "journal": {"url": f"sqlite:///{tmp_path}/j.sqlite"}}
    code, checks = await examined(settings)
    assert code == Exit.NEGATIVE
    assert "refuses user or password" in checks["rabbitmq"].text


async def test_exchange_clock_and_key_are_looked_at_where_the_mode_has_one() -> None:
    async with a_server() as server:
        settings = {
            "mode": "testnet",
            "approval": OWN_KEYS,
            "operator": OPERATOR_KEYS,
            "exchange": {"rest_url": server.url, "key": TEST_KEY, "secret": TEST_SECRET},
        }
        _, checks = await examined(settings)
        assert checks["exchange"].verdict == "ok"
        assert server.url in checks["exchange"].text
        assert checks["clock"].verdict in ("ok", "warn")
        assert "withdrawals are off" in checks["key"].text
        assert (checks["symbols"].verdict, checks["symbols"].text) == ("ok", "BTCUSDT, ETHUSDT: listed and traded")
        assert (checks["account"].verdict, checks["account"].text) == (
            "ok",
            "one-way, single-asset, leverage 10, cross; fees 0.000200 maker, 0.000500 taker (tier 0)",
        )
        settings["exchange"] = {"rest_url": server.url, "key": "nobody", "secret": "nothing"}
        _, checks = await examined(settings)
        assert (checks["key"].verdict, checks["key"].unreachable) == ("fail", False)


@pytest.mark.parametrize(
    ("kind", "fields", "name", "verdict", "words"),
    [
        ("multi_assets", {}, "account", "fail", "single-asset mode is wanted"),
        ("bnfcr", {}, "account", "fail", "futures credits (BNFCR)"),
        ("settling", {"symbol": "ETHUSDT"}, "symbols", "fail", "ETHUSDT is SETTLING"),
        ("odd_listing", {"symbol": "ETHUSDT", "row": {"filters": []}}, "symbols", "fail", "no PRICE_FILTER"),
        ("odd_listing", {"symbol": "BTCUSDT", "row": {"deliveryDate": 1}}, "symbols", "warn", "is delisted at"),
    ],
)
async def test_symbols_and_account_are_judged_as_execution_judges_them(
    kind: str, fields: dict[str, object], name: str, verdict: str, words: str
) -> None:
    async with a_server() as server, a_hand(server) as hand:
        await hand.fault(kind, **fields)
        settings = {
            "mode": "testnet",
            "approval": OWN_KEYS,
            "operator": OPERATOR_KEYS,
            "exchange": {"rest_url": server.url, "key": TEST_KEY, "secret": TEST_SECRET},
        }
        _, checks = await examined(settings)
        assert checks[name].verdict == verdict
        assert words in checks[name].text


async def test_a_symbol_that_nobody_trades_here_is_named_and_harms_nothing() -> None:
    async with a_server() as server, a_hand(server) as hand:
        await hand.fault("odd_listing", symbol="ETHUSDT", row={"status": "BREAK"})
        _, checks = await examined({"mode": "paper", "symbols": ["BTCUSDT"], "exchange": {"rest_url": server.url}})
    assert checks["symbols"].verdict == "ok"
    assert "other symbols cannot be read: ETHUSDT: status 'BREAK'" in checks["symbols"].text


async def test_mode_paper_is_told_of_filters_that_are_not_the_exchanges() -> None:
    async with a_server() as server, a_hand(server) as hand:
        await hand.fault("filters", symbol="BTCUSDT", tick_size="5")
        _, checks = await examined({"mode": "paper", "exchange": {"rest_url": server.url}})
    assert checks["symbols"].verdict == "warn"
    assert "BTCUSDT tick_size is 5 at the exchange, 0.10 here" in checks["symbols"].text


@pytest.mark.parametrize(
    ("rights", "verdict", "word"),
    [
        ((True, True, True), "fail", "withdraw"),
        ((False, False, True), "fail", "may not trade"),
        ((True, False, False), "warn", "any address"),
        ((None, None, None), "ok", "does not report"),
        ((True, False, True), "ok", "may not withdraw"),
    ],
)
async def test_key_that_may_withdraw_fails(
    monkeypatch: pytest.MonkeyPatch, rights: tuple[bool | None, ...], verdict: str, word: str
) -> None:
    from cli.doctor import exchange
    from shared.exchange.model.account import KeyRights

    class Told:
        async def start(self) -> None: ...

        async def close(self) -> None: ...

        async def key_rights(self) -> KeyRights:
            trade, withdraw, ip_restricted = rights
            return KeyRights(trade=trade, withdraw=withdraw, ip_restricted=ip_restricted)

    monkeypatch.setattr(exchange, "make_exchange", lambda *_: Told())
    settings = Settings.model_validate(
        {"mode": "testnet", "approval": OWN_KEYS, "operator": OPERATOR_KEYS, "exchange": {"key": "k", "secret": "s"}}
    )
    outcome = await exchange.key(settings)
    assert outcome.verdict == verdict
    assert word in outcome.text
