"""Measures live ingest under load: stream messages per second on one core, and their lag. Goal: 5,000/s within 50 ms.

Two measurements, each with a reference in the same run:

* capacity: frames through reading and the feed's state, against a bare JSON decode of the same frames;
* sustained: another process sends frames over two WebSockets at a rate; lag is from the moment a frame was stamped to the
  moment the feed state has taken it. The reference reads the same sockets and only decodes JSON.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any, Final

import typer

from cli.bench.ingest_feeder import SYMBOL
from cli.bench.tick_frames import Frames
from services.ingest.live.feed_state import FeedState
from services.ingest.settings.live import LiveSettings
from shared.domain.timeframes import FINEST, MINUTE
from shared.exchange.binance.sockets import Socket
from shared.exchange.binance.stream_forms import Forms
from shared.exchange.binance.streams import BinanceMarketStream
from shared.exchange.binance.wire.streams import Route, read_frame, wire_name
from shared.exchange.model.market_data import Depth
from shared.exchange.model.streams import Heard, StreamName
from shared.exchange.settings import StreamSettings

_COUNT, _RUNS = 10_000, 5
_NAMES: Final = (
    StreamName("kline", SYMBOL, FINEST),
    StreamName("agg_trade", SYMBOL),
    StreamName("mark_price", SYMBOL),
    StreamName("book_ticker", SYMBOL),
    StreamName("depth", SYMBOL),
)


def _feed_state(now: int) -> FeedState:
    feed_state = FeedState(0, (SYMBOL,), now - now % MINUTE + MINUTE, LiveSettings())
    levels = tuple((61_800.0 - n / 10, 1.0) for n in range(1_000))
    feed_state.books[SYMBOL].snapshot(Depth(symbol=SYMBOL, time=now, last_update=1_000, bids=levels, asks=levels))
    return feed_state


def _median_us(action: Callable[[], Any]) -> float:
    action()
    times = []
    for _ in range(_RUNS):
        began = time.perf_counter()
        action()
        times.append((time.perf_counter() - began) / _COUNT * 1e6)
    return statistics.median(times)


def capacity() -> dict[str, float]:
    """Return microseconds per frame, in one thread, without sockets."""
    frames, now = Frames(SYMBOL, seed=1), int(time.time() * 1_000)
    texts = [frames.make(kind, now) for kind in frames.kinds(_COUNT)]
    names = {wire_name(name): name for name in _NAMES}

    def through_feed_state() -> None:
        feed_state = _feed_state(now)
        for text in texts:
            stream, event = read_frame(text)
            feed_state.hear(Heard(names[stream], event, 0.0), now)

    def bare() -> None:
        for text in texts:
            json.loads(text)

    ours, reference = _median_us(through_feed_state), _median_us(bare)
    return {
        "us_per_message": round(ours, 2),
        "reference_json_us": round(reference, 2),
        "ratio_to_reference": round(ours / reference, 2),
        "messages_per_s": round(1e6 / ours),
    }


async def _fed(rate: int, seconds: float, read: Callable[[int, list[float]], Any]) -> dict[str, float]:
    """Run the feeder and ``read`` its frames. Lags are in ms, CPU is that of this process."""
    feeder = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cli.bench.ingest_feeder", str(rate), str(seconds), stdout=asyncio.subprocess.PIPE
    )
    assert feeder.stdout is not None
    port = int(await feeder.stdout.readline())
    lags: list[float] = []
    cpu, began = time.process_time(), time.perf_counter()
    await read(port, lags)
    took = time.perf_counter() - began
    await feeder.wait()
    lags.sort()
    return {
        "messages": len(lags),
        "rate_per_s": round(len(lags) / took),
        "lag_p50_ms": round(lags[len(lags) // 2], 1),
        "lag_p99_ms": round(lags[len(lags) * 99 // 100], 1),
        "lag_max_ms": round(lags[-1], 1),
        "cpu_share": round((time.process_time() - cpu) / took, 2),
    }


async def _with_feed_state(port: int, lags: list[float]) -> None:
    feed_state = _feed_state(int(time.time() * 1_000))

    async def one(names: list[StreamName]) -> None:
        forms: dict[Route, Forms] = {"public": Forms(), "market": Forms()}
        async with BinanceMarketStream(f"ws://127.0.0.1:{port}", names, forms, StreamSettings()) as stream:
            async for heard in stream:
                now = time.time() * 1_000
                feed_state.hear(heard, int(now))
                if heard.stream.kind != "kline":
                    lags.append(now - heard.event.time)
                if len(lags) % 5_000 == 0:
                    feed_state.flow(int(now))

    public = [name for name in _NAMES if name.kind in ("book_ticker", "depth")]
    await _both(one(public), one([name for name in _NAMES if name not in public]))


async def _bare(port: int, lags: list[float]) -> None:
    async def one(route: str) -> None:
        socket = Socket(f"ws://127.0.0.1:{port}/{route}/", "stream?streams=all", StreamSettings())
        await socket.open()
        try:
            while True:
                text, _ = await socket.next_frame()
                lags.append(time.time() * 1_000 - json.loads(text)["data"]["E"])
        finally:
            await socket.shut()

    await _both(one("public"), one("market"))


async def _both(one: Any, other: Any) -> None:
    """Run both until the feeder closes the sockets."""
    await asyncio.gather(one, other, return_exceptions=True)


def main(*, rate: int, seconds: float, as_json: bool) -> None:
    """Measure and print the figures."""
    import uvloop

    result: dict[str, Any] = {"capacity": capacity()}
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        result["reference_sustained"] = runner.run(_fed(rate, seconds, _bare))
        result["sustained"] = runner.run(_fed(rate, seconds, _with_feed_state))
    result["asked_rate_per_s"] = rate
    if as_json:
        typer.echo(json.dumps(result))
        return
    for part, numbers in result.items():
        typer.echo(f"{part}: {numbers}")
