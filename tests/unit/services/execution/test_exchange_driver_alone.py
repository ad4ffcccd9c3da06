"""At the start: whom the account, or an answer, keeps from leading; and who need not ask."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from services.execution.drivers.exchange.alone import Alone
from services.execution.leading import Sign
from shared.config.settings import CommonSettings
from shared.domain.client_ids import client_order_id
from shared.runtime.leadership import MayNotLead
from tests.support.approval.pairs import OWN_KEYS

NOW = 1_764_000_000_000
COMMON = CommonSettings.model_validate({"mode": "testnet", "approval": OWN_KEYS, "symbols": ["BTCUSDT"]})
THEIRS = client_order_id("e", "zzzz", "i1", "stop")


class Account:
    """An exchange, a money loop, a halt, a question, a bus and a lease, as much of each as is used."""

    def __init__(self, *, led_until: int = 0, answer: Sign | None = None, theirs: bool = False, alias_of: str = "") -> None:
        self.led_until = led_until
        self.answer = answer
        self.theirs = theirs
        self.alias_of = alias_of
        self.done: list[str] = []
        self.core = SimpleNamespace(instrument=lambda symbol: symbol)

    def now(self) -> int:
        return NOW

    async def balances(self) -> Any:
        return (SimpleNamespace(account="SgsR"),)

    async def open_orders(self) -> Any:
        resting = SimpleNamespace(client_id=THEIRS, symbol="BTCUSDT", created_at=NOW, updated_at=NOW)
        return (resting,) if self.theirs else ()

    async def income(self, **_: Any) -> tuple[()]:
        return ()

    async def account_trades(self, symbol: str, **_: Any) -> tuple[()]:
        return ()

    async def also(self, name: str) -> str:
        self.done.append(name)
        return self.alias_of

    async def ask(self, instrument: Any) -> Sign | None:
        self.done.append("asked")
        return self.answer

    async def lead(self, instrument: Any) -> None:
        self.done.append("leads without asking")

    def halt(self, why: str) -> None:
        self.done.append(f"halted: {why}")

    async def publish(self, messages: Any) -> None:
        self.done.append(f"paged {messages[0].key}")

    async def ensure(self, *, holds: bool = False) -> list[str]:
        alone = Alone(self, COMMON, set(), patience=1.0, leadership=self)  # type: ignore[arg-type]
        await alone.ensure(self, self, self, self, holds=holds)  # type: ignore[arg-type]
        return self.done


async def test_a_first_start_leads_under_both_names_after_it_has_asked() -> None:
    """EXEC-4: nothing shows, nobody answers."""
    assert await Account().ensure() == ["testnet.alias.SgsR", "asked"]


@pytest.mark.parametrize(("ago", "asks"), [(9_999, False), (10_000, True)])
async def test_a_successor_of_a_leader_does_not_ask(ago: int, asks: bool) -> None:
    """EXEC-2: nobody else could begin while it led; a takeover is not held up. A process that only stood by never led."""
    done = await Account(led_until=NOW - ago).ensure()
    assert done[-1] == ("asked" if asks else "leads without asking")


async def test_an_order_of_another_deployment_keeps_a_process_without_a_trade_from_leading() -> None:
    """EXEC-4: a person is paged with its id; nobody is asked any more."""
    account = Account(theirs=True, led_until=NOW)
    with pytest.raises(MayNotLead, match=THEIRS):
        await account.ensure()
    assert account.done[1:] == [f"paged stands_by.{THEIRS}"]


async def test_with_a_trade_of_ours_entries_are_halted_and_it_is_protected() -> None:
    """EXEC-4, invariant 4: standing by would leave the position to nobody."""
    (_, halted) = await Account(theirs=True).ensure(holds=True)
    assert halted.startswith("halted: ")
    assert THEIRS in halted


async def test_an_answer_keeps_a_process_from_leading_like_an_order() -> None:
    """EXEC-4: whoever answers leads."""
    account = Account(answer=Sign("answer", "ictazzzz-1", "BTCUSDT", NOW))
    with pytest.raises(MayNotLead, match="ictazzzz-1"):
        await account.ensure()


async def test_who_leads_under_the_exchanges_name_of_the_account_keeps_others_from_it() -> None:
    """EXEC-2: two configurations that call one account differently."""
    with pytest.raises(MayNotLead, match=r"another account\.name than main"):
        await Account(alias_of="b/1 12345678").ensure()
