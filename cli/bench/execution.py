"""Measures execution at a real exchange: from a signed intent to the request, and from the exchange's news to the event.

Intent to request: from the delivery of a signed intent on the bus to the arrival of its entry at the exchange, in turns
with the reference: two SETs in Redis, one after the other, and one signed POST by aiohttp to the same server. The exchange
refuses all of these orders (-2019, no margin), so that nothing is held.

News: from the event that a resting entry was cancelled, handed to the user stream, to its OrderEvent on the bus; first while
it is the only live order, then beside about 200 conditional orders of 78 positions.
"""

from __future__ import annotations

import asyncio
import gc
import json
import statistics
import time
from collections.abc import Iterator, Sequence
from decimal import ROUND_DOWN, Decimal
from typing import Any, Final

import redis.asyncio as redis
import typer
import uvloop

from cli.bench.execution_floor import Floor, floor
from shared.domain.intents import EntryKind, ExitRung, OrderIntent

_PROBE: Final = "BTCUSDT"
_BESIDE: Final = tuple(f"SYM{number}USDT" for number in range(78))
_WARM_UP: Final = 20
#: Seconds between two samples: an account may place 300 orders in ten seconds, 1,200 in a minute.
_PAUSE: Final = 0.06
#: Looks, half a second apart, at which the number of conditional orders is the same when all is settled.
_SETTLED: Final = 6
#: Of an entry, USDT.
_SIZE: Final = Decimal(1_000)


def main(samples: int, *, as_json: bool) -> None:
    """Measure and print the figures."""
    gc.collect()
    gc.freeze()
    result = uvloop.run(_measure(samples))
    typer.echo(json.dumps(result) if as_json else json.dumps(result, indent=2))


async def _measure(samples: int) -> dict[str, Any]:
    async with floor(10, [_PROBE]) as found:
        ours, bare = await _requests(found, samples)
    figures, reference = _quantiles(ours), _quantiles(bare)
    async with floor(10_000_000, [_PROBE, *_BESIDE]) as found:
        alone = await _news(found, samples, "alone")
        others = await _open_positions(found)
        beside = await _news(found, samples, "beside")
    news = {"1": _quantiles(alone), str(1 + others): _quantiles(beside)}
    return {
        "samples": samples,
        "intent_to_request_ms": figures,
        "bare_ms": reference,
        "ratios": {name: round(figures[name] / reference[name], 2) for name in ("p50", "p99")},
        "wanted": {"p50": 1.5, "p99": 2.0},
        "news_to_event_ms": news,
        "news_ratio_p50": round(statistics.median(beside) / statistics.median(alone), 2),
    }


def _attempts(samples: int, taken: list[float]) -> Iterator[int]:
    """Count attempts until there are enough samples. Raises RuntimeError when most of them fail."""
    for number in range(_WARM_UP + 3 * samples):
        if len(taken) == samples:
            return
        yield number
    raise RuntimeError(f"of {3 * samples} entries only {len(taken)} were sent: the machine has too much to do")


# -- intent to request ----------------------------------------------------------------------------------------------------


async def _requests(found: Floor, samples: int) -> tuple[list[float], list[float]]:
    """Return milliseconds until the request arrived: of execution, of the reference, in turns."""
    store: Any = redis.from_url(found.settings.store.url.get_secret_value())
    ours: list[float] = []
    bare: list[float] = []
    try:
        for number in _attempts(samples, ours):
            price = await found.price(_PROBE)
            await asyncio.sleep(_PAUSE)
            mine = await _entered(found, price, f"e{number}")
            await asyncio.sleep(_PAUSE)
            reference = await _bare(found, store, price, f"bare-{number}")
            if mine is not None and number >= _WARM_UP:
                ours.append(mine)
                bare.append(reference)
    finally:
        await store.delete(*(f"{found.settings.namespace}:bare-{which}" for which in ("intent", "sent")))
        await store.aclose()
    return ours, bare


async def _entered(found: Floor, price: Decimal, name: str) -> float | None:
    """Return milliseconds; None if the entry was withheld (no quote in time, on a machine with too much to do)."""
    intent = _intent(found, _PROBE, price, name, "market")
    bundle, order = found.bundle([intent]), found.entry_id(intent)
    await found.bus.publish([bundle])  # encodes it and puts it into execution's queue; it is delivered in the next turn
    began = time.monotonic_ns()
    await found.until(lambda: f"{order} REJECTED" in found.published)
    requests, _ = await found.stamps()
    return (requests[order] - began) / 1e6 if order in requests else None


async def _bare(found: Floor, store: Any, price: Decimal, name: str) -> float:
    entry = json.dumps({"id": name, "symbol": _PROBE, "price": str(price), "pad": "x" * 400})
    order = {"symbol": _PROBE, "side": "BUY", "type": "LIMIT", "timeInForce": "IOC", "quantity": "0.010", "price": price}
    began = time.monotonic_ns()
    await store.set(f"{found.settings.namespace}:bare-intent", entry)
    await store.set(f"{found.settings.namespace}:bare-sent", entry)
    await found.signed("POST", "/fapi/v1/order", **order, newClientOrderId=name, newOrderRespType="RESULT")
    requests, _ = await found.stamps()
    return (requests[name] - began) / 1e6


# -- news -------------------------------------------------------------------------------------------------------------------


async def _news(found: Floor, samples: int, label: str) -> list[float]:
    """Return milliseconds from the event of a cancelled entry at the exchange to its OrderEvent."""
    taken: list[float] = []
    apart = time.time_ns() - time.monotonic_ns()  # between the clock of publishing and that of the exchange's notes
    for number in _attempts(samples, taken):
        price = (await found.price(_PROBE)) * Decimal("0.97")
        intent = _intent(found, _PROBE, price, f"{label}{number}", "limit")
        order = found.entry_id(intent)
        await found.bus.publish([found.bundle([intent])])
        await found.until(lambda order=order: {f"{order} NEW", f"{order} REJECTED"} & found.published.keys())
        if f"{order} NEW" not in found.published:
            continue
        await asyncio.sleep(_PAUSE * 2)
        await found.signed("DELETE", "/fapi/v1/order", symbol=_PROBE, origClientOrderId=order)
        await found.until(lambda order=order: f"{order} CANCELED" in found.published)
        _, events = await found.stamps()
        if number >= _WARM_UP:
            taken.append((found.published[f"{order} CANCELED"] - apart - events[f"{order} CANCELED"]) / 1e6)
    return taken


async def _open_positions(found: Floor) -> int:
    """Open the positions, each with a stop and two targets; return how many conditional orders stand when all is settled."""
    for number, symbol in enumerate(_BESIDE):
        price = await found.price(symbol)
        await found.bus.publish([found.bundle([_intent(found, symbol, price, f"held{number}", "market", rungs=2)])])
        await asyncio.sleep(_PAUSE * 4)
    counts = [0]
    while len(counts) <= _SETTLED or set(counts[-_SETTLED:]) != {counts[-1]}:
        await asyncio.sleep(0.5)
        counts.append(len(await found.signed("GET", "/fapi/v1/openAlgoOrders")))
    return counts[-1]


def _intent(found: Floor, symbol: str, price: Decimal, name: str, kind: EntryKind, *, rungs: int = 1) -> OrderIntent:
    """Return a long of about 1,000 USDT: stop 5 % away, the first exit 5 %, each further one 1 % more."""
    now, instrument = int(time.time() * 1000), found.instruments[symbol]

    def at(share: str) -> Decimal:
        return instrument.price(price * Decimal(share))

    each = (Decimal(1) / rungs).quantize(Decimal("0.01"), ROUND_DOWN)
    exits = tuple(ExitRung(price=at(f"1.0{5 + rung}"), share=each) for rung in range(rungs))
    return OrderIntent(
        id=name, signal_id=f"s-{name}", symbol=symbol, side="BUY", quantity=instrument.quantity(_SIZE / price),
        price=at("1"), bound=at("1") if kind == "limit" else at("1.003"), stop=at("0.95"), exits=exits,
        close_time=now, decided_at=now, valid_until=now + 5_000, risk_amount=Decimal(100), risk_budget=Decimal(10_000),
        kind=kind, rests_until=now + 60_000 if kind == "limit" else 0,
    )  # fmt: skip


def _quantiles(taken: Sequence[float]) -> dict[str, float]:
    ordered = sorted(taken)
    return {
        "p50": round(statistics.median(ordered), 3),
        "p99": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))], 3),
        "n": len(ordered),
    }
