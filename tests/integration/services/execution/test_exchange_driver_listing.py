"""Execution at the simulator's server: filters, symbols and the account change there, as they do at the exchange."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared.exchange.binance.exchange import BinanceExchange
from shared.exchange.model.orders import NewOrder
from shared.runtime.process.exits import Exit, Leave
from tests.support.exchange_driver.scene import BTC, ETH, Scene, scene

QUICK = {"account_check_s": 1, "instruments_every_s": 1}


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(tmp_path) as made:
        yield made


@asynccontextmanager
async def another_client(at: Scene) -> AsyncIterator[BinanceExchange]:
    """A person in the app."""
    client = at.adapter()
    await client.start()
    try:
        yield client
    finally:
        await client.close()


def by_hand(side: Any = "BUY", **changes: Any) -> NewOrder:
    fields = {"client_id": "hand-1", "symbol": BTC, "type": "MARKET", "quantity": Decimal("0.010"), "side": side}
    return NewOrder(**{**fields, **changes})


async def test_a_quantity_refused_for_its_step_brings_the_new_step(at: Scene) -> None:
    """EXEC-3, fault 11: -4023 for the entry; the timer is a quarter of an hour away."""
    async with at.running():
        await at.hand.fault("filters", symbol=BTC, step_size="0.02")
        await at.enter("one", quantity=Decimal("0.030"))
        await at.ears.until(lambda: any(event.order.reject_code == -4023 for event in at.ears.events))
        assert {each.symbol: each.step_size for each in at.ears.lists[-1].instruments}[BTC] == Decimal("0.02")


async def test_a_settling_symbol_is_closed_to_entries_and_its_position_can_be_left(at: Scene) -> None:
    """EXEC-4: found on the timer; lifted, it opens again."""
    async with at.running(driver=QUICK):
        held = await at.open("held")
        number = await at.hand.fault("settling", symbol=BTC)
        await at.ears.until(lambda: at.ears.closed() == "status")
        assert at.ears.closed(ETH) == ""
        await at.enter("more")
        await at.hand.price(BTC, float(held.target + 20))
        await at.until(at.flat)
        await at.hand.ask("DELETE", f"faults/{number}")
        await at.ears.until(lambda: at.ears.closed() == "")
        await at.ears.until(lambda: bool(at.ears.alerted("opened.BTCUSDT.status")))
    assert await at.sent() == [at.entry_id(held)]


async def test_a_delisted_symbol_is_unlisted_and_the_others_go_on(at: Scene) -> None:
    """EXEC-4: gone from exchangeInfo; its reads answer -1121."""
    async with at.running(driver=QUICK) as process:
        await at.hand.fault("delisted", symbol=ETH)
        await at.ears.until(lambda: at.ears.closed(ETH) == "unlisted")
        assert at.ears.closed() == ""
        await at.open("one")
        assert process.core.state.halted is None


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"filters": [{"filterType": "LOT_SIZE", "stepSize": "1", "minQty": "1", "maxQty": "9"}]}, "has no PRICE_FILTER"),
        ({"contractType": "HYPER_PERPETUAL"}, "contract type 'HYPER_PERPETUAL'"),
        ({"contractType": None}, "contractType"),
    ],
)
async def test_one_odd_symbol_closes_itself_alone(at: Scene, row: dict[str, Any], words: str) -> None:
    """RISK-1: at the start; a person reads why, and the other symbol trades."""
    await at.hand.fault("odd_listing", symbol=ETH, row=row)
    async with at.running():
        assert (at.ears.closed(ETH), at.ears.closed()) == ("unreadable", "")
        assert [each.symbol for each in at.ears.lists[-1].instruments] == [BTC]
        await at.ears.until(lambda: any(words in each.text for each in at.ears.alerted("closed.ETHUSDT.unreadable")))
        await at.open("one")


async def test_a_tradifi_contract_is_taken_and_follows_the_schedule(at: Scene) -> None:
    """EXEC-4: weekends are closed, told ahead; one before its listing has no hours."""
    share = {"contractType": "TRADIFI_PERPETUAL", "underlyingType": "EQUITY"}
    early = {"contractType": "TRADIFI_PERPETUAL", "underlyingType": "PREMARKET"}
    for symbol, row in ((BTC, share), (ETH, early)):
        await at.hand.fault("odd_listing", symbol=symbol, row=row)
    async with at.running():
        told = at.ears.lists[-1]
        assert {each.symbol for each in told.instruments} == {BTC, ETH}
        assert {each.symbol for each in told.closures} == {BTC}
        windows = [each for each in told.closures if each.reason == "session"]
        assert windows
        assert all(each.until is not None and each.until - each.since in (86_400_000, 172_800_000) for each in windows)


async def test_an_announced_delisting_closes_the_symbol_a_day_ahead(at: Scene) -> None:
    """EXEC-4: the delivery date is within reach."""
    async with at.running(driver=QUICK):
        soon = at.ears.lists[-1].time + 3_600_000
        await at.hand.fault("odd_listing", symbol=BTC, row={"deliveryDate": soon})
        await at.ears.until(lambda: at.ears.closed() == "delisting")
        assert "is delisted at" in at.ears.lists[-1].closures[0].text


async def test_an_unsigned_agreement_is_told_with_what_to_do(at: Scene) -> None:
    """EXEC-6: -4411 closes the symbol for an hour; it halts nothing."""
    await at.hand.fault("agreement_needed", symbol=BTC)
    async with at.running() as process:
        await at.enter("one")
        await at.ears.until(lambda: at.ears.closed() == "agreement")
        assert at.ears.closed(ETH) == ""
        assert any("sign it in the Binance app" in each.text for each in at.ears.alerted("closed.BTCUSDT.agreement"))
        assert process.core.state.halted is None


@pytest.mark.parametrize(("kind", "words"), [("multi_assets", "multi-assets mode"), ("bnfcr", "futures credits (BNFCR)")])
async def test_an_asset_mode_that_is_not_counted_ends_the_start(at: Scene, kind: str, words: str) -> None:
    """RISK-5: with the sentence that mends it."""
    await at.hand.fault(kind)
    with pytest.raises(Leave) as left:
        async with at.running():
            pass
    assert left.value.code == Exit.REFUSED
    assert words in str(left.value)


async def test_an_asset_mode_changed_in_the_app_halts_entries_and_no_exit(at: Scene) -> None:
    """RISK-5, EXEC-3: with a position open; mended, the symbols open, and a person re-arms."""
    async with at.running(driver=QUICK) as process:
        held = await at.open("held")
        await at.hand.fault("multi_assets")
        await at.ears.until(lambda: at.ears.closed() == "account_mode" == at.ears.closed(ETH))
        await at.until(lambda: process.core.state.halted is not None)
        await at.hand.price(BTC, float(held.target + 20))
        await at.until(at.flat)
        await at.hand.lift()
        await at.ears.until(lambda: at.ears.closed() == "")
        assert process.core.state.halted is not None


async def test_leverage_changed_in_the_app_halts_entries_at_once(at: Scene) -> None:
    """RISK-5: the user stream tells it; the timer is a minute away; it is not set back behind the person's back."""
    async with at.running() as process, another_client(at) as client:
        await client.set_leverage(ETH, 20)
        await at.ears.until(lambda: at.ears.closed(ETH) == "leverage")
        await at.until(lambda: process.core.state.halted is not None)
        assert at.ears.closed() == ""
        assert process.core.state.halted is not None
        assert "leverage is 20, account.leverage is 10" in process.core.state.halted.why
        assert (await client.symbol_configs(ETH))[ETH].leverage == 20


async def test_a_margin_type_changed_before_the_start_waits_until_the_position_is_closed(at: Scene) -> None:
    """EXEC-3, fault 18: entries of that symbol wait; flat, the type is set and they are taken."""
    async with another_client(at) as client:
        await client.set_margin_type(BTC, "isolated")
        await client.place(by_hand())
        async with at.running(driver=QUICK) as process:
            assert (at.ears.closed(), at.ears.closed(ETH)) == ("margin_type", "")
            await client.place(msgspec.structs.replace(by_hand("SELL"), client_id="hand-2", reduce_only=True))
            await at.ears.until(lambda: at.ears.closed() == "")
            assert (await client.symbol_configs(BTC))[BTC].margin_type == "cross"
            assert process.core.state.halted is None


async def test_a_far_stop_set_in_the_app_before_is_left_alone_and_ours_stands_beside_it(at: Scene) -> None:
    """EXEC-3, fault 12: the exchange takes one closing stop a side (-4130); the budget holds by a stop by quantity."""
    async with at.running() as process, another_client(at) as client:
        await client.place(by_hand())
        price = await at.price()
        await client.place(
            NewOrder(
                client_id="app-1", symbol=BTC, side="SELL", type="STOP_MARKET", trigger=price - 2_000, close_position=True
            )
        )
        await client.place(by_hand("SELL", client_id="hand-2", reduce_only=True))
        stands = [each["clientAlgoId"] for each in await at.waiting("STOP_MARKET")]
        await at.enter("one")
        await at.until(lambda: _held(at))
        if stands:
            await at.until(lambda: len(process.core.state.plans) == 1)
        await at.until(lambda: _stops(at, [*stands, "ours"]))


async def _held(at: Scene) -> bool:
    return await at.held() != 0


async def _stops(at: Scene, wanted: list[str]) -> bool:
    found = [each["clientAlgoId"] for each in await at.waiting("STOP_MARKET")]
    return sorted("ours" if each.startswith("icte") else each for each in found) == sorted(wanted)
