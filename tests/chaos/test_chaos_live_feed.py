"""The fault matrix of the market side: each fault of the simulator alone, against a running ingest.

A real ``ict simulator`` is the exchange, a real ``ict run ingest`` of mode paper reads it, a tap on the broker hears what is
published. While the fault holds, candles may be late; once it clears they must all be there within five seconds; and in the
end every candle published is the exchange's own, and none is missing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import msgspec
import pytest

from shared.domain.candles import CandleBundle
from shared.domain.timeframes import MINUTE
from tests.support.bus.tap import Tap
from tests.support.processes import clearing
from tests.support.processes.fleet import Fleet, write_config
from tests.support.simulator.process import SimulatorProcess

pytestmark = [pytest.mark.chaos, pytest.mark.e2e, pytest.mark.timeout(600)]

SYMBOLS = ("BTCUSDT", "ETHUSDT")
SPEED = 45  # a minute of the market is four thirds of a second
HELD = 67_500  # ms of the market that a fault holds: some minute ends under it
RECOVERY = 5.0
#: Limits that fit a market at this speed; everything else is as it ships.
LIVE = {"silence": {"kline": 1_500, "agg_trade": 3_000, "book_ticker": 3_000, "depth": 3_000, "mark_price": 3_000}}

#: REST faults come with a cut connection: what was missed must be asked for through them.
REST = {
    "latency": {"ms": 1_500},
    "timeout_before_accept": {},
    "timeout_after_accept": {},
    "unknown_503": {},
    "unavailable_503": {},
    "internal_503": {},
    "throttled_503": {},
    "backend_timeout_408": {},
    "rate_limited_429": {"retry_after_s": 1},
    "banned_418": {"retry_after_s": 1},
    "rest_outage": {},
}
STREAMS = {
    "refuse_streams": {},
    "silent_streams": {"stream": "*"},
    "lost_market_events": {"share": 0.5},
    "duplicate_market_events": {},
    "clock_skew": {"ms": 5_000},
    "price_spike": {"symbol": "BTCUSDT", "percent": 3.0},
}


Candles = dict[int, tuple[float, ...]]


def differences(ours: Candles, truth: Candles) -> list[str]:
    """What was published otherwise than the exchange has it, not at all, or out of thin air."""
    found = [f"missing {opened}" for opened in truth if opened not in ours]
    found += [f"invented {opened}" for opened in ours if opened not in truth]
    return found + [f"wrong {opened}" for opened in truth if opened in ours and ours[opened] != truth[opened]]


def test_the_comparison_catches_what_it_must() -> None:
    """STYLE: every checker has a specimen."""
    truth: Candles = {0: (1.0, 2.0, 0.5, 1.5, 9.0), 60_000: (1.5, 2.0, 1.0, 1.0, 3.0)}
    assert differences(dict(truth), truth) == []
    assert differences({0: truth[0]}, truth) == ["missing 60000"]
    assert differences({**truth, 120_000: truth[0]}, truth) == ["invented 120000"]
    assert differences({**truth, 0: (1.0, 2.0, 0.5, 1.5, 8.9)}, truth) == ["wrong 0"]


class Scene:
    """The exchange, the ingest that reads it, and every one-minute candle that was published."""

    def __init__(self, simulator: SimulatorProcess, fleet: Fleet, tap: Tap) -> None:
        self.simulator = simulator
        self.fleet = fleet
        self._tap = tap
        self.published: dict[str, Candles] = {symbol: {} for symbol in SYMBOLS}
        self.missing: list[tuple[str, int]] = []
        self.repeats: list[int] = []
        self.newest = 0

    def listen(self) -> None:
        for copy in self._tap.drain():
            bundle = msgspec.msgpack.decode(copy.body, type=CandleBundle)
            if bundle.warmup:
                continue
            if bundle.close_time <= self.newest:
                self.repeats.append(bundle.close_time)
            self.newest = max(self.newest, bundle.close_time)
            self.missing += [(symbol, bundle.close_time) for symbol in bundle.missing]
            for each in bundle.candles:
                self.published[each.symbol][each.open_time] = (each.open, each.high, each.low, each.close, each.volume)

    def until(self, true: Callable[[], bool], within: float, what: str) -> None:
        """Wait for something at the exchange. Fails after ``within`` seconds."""
        began = time.monotonic()
        while not true():
            assert time.monotonic() - began < within, f"not {what} after {within:g} s\n{self.fleet.tail()}"
            time.sleep(0.05)

    def caught_up(self, within: float) -> float:
        """Seconds until everything that is over now is published. Fails after ``within``."""
        due = self.simulator.time // MINUTE * MINUTE
        began = time.monotonic()
        while self.newest < due:
            self.listen()
            waited = time.monotonic() - began
            assert waited < within, f"behind by {due - self.newest} ms after {waited:.1f} s\n{self.fleet.tail()}"
            time.sleep(0.05)
        return time.monotonic() - began


#: At this speed a minute of the market passes in a second, and a minute of the rate limits in sixty: ingest gets nearly all.
UNHURRIED = {"guardian": 0.01, "execution": 0.01, "rest": 0.98, "rest_alone": 1.0, "bulk": 0.75}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, rabbitmq_url: str) -> Iterator[Scene]:
    path = tmp_path_factory.mktemp("live")
    namespace = f"live{time.time_ns() % 10**9}"
    with SimulatorProcess(path / "simulator.log", speed=str(SPEED)) as simulator:
        config = write_config(
            path / "paper.yaml",
            {
                "mode": "paper",
                "namespace": namespace,
                "timeframes": ["1m", "5m", "1h"],
                "signals": {"ob_fvg": {"timeframe": "5m"}},
                "bus": {"url": rabbitmq_url},
                "store": {"url": f"sqlite:///{path}/state.sqlite"},
                "exchange": simulator.exchange | {"limiter": UNHURRIED},
                "ingest": {"live": LIVE},
                "log": {"level": "INFO", "format": "json"},
            },
        )
        with Fleet(config, path / "logs", ("ingest",)) as fleet:
            yield Scene(simulator, fleet, tap_as_soon_as_possible(rabbitmq_url, namespace))
    clearing.run_apart(clearing.delete_from_broker(rabbitmq_url, namespace))


def tap_as_soon_as_possible(url: str, namespace: str) -> Tap:
    """As soon as the exchanges stand; what came before is published again to nobody, but kept by the feed's own queues."""
    deadline = time.monotonic() + 90.0
    while True:
        try:
            return Tap(url, namespace, ["candle.p0.1m"])
        except Exception as error:  # whatever the broker says while ingest has not declared yet
            if time.monotonic() > deadline:
                raise AssertionError("ingest did not declare its exchanges") from error
            time.sleep(0.05)


@pytest.fixture(autouse=True)
def undisturbed(scene: Scene) -> Iterator[None]:
    """Each fault meets a feed that is live, and leaves one."""
    scene.caught_up(within=60.0)
    yield
    scene.simulator.lift_all()


@pytest.mark.parametrize("kind", [*REST, *STREAMS])
def test_no_candle_is_lost_and_recovery_takes_less_than_five_seconds(scene: Scene, kind: str) -> None:
    """OPS-9, DATA-3, DATA-4: each fault alone."""
    scene.simulator.fault(kind, **(REST | STREAMS)[kind])
    if kind in REST or kind == "refuse_streams":
        scene.simulator.fault("disconnect")
    scene.simulator.pass_time(HELD)
    scene.simulator.lift_all()
    scene.caught_up(within=RECOVERY)


def test_connections_cut_again_and_again_lose_nothing(scene: Scene) -> None:
    """DATA-4: each cut comes as soon as the connections are back."""
    connections = len(scene.simulator.ask("state")["sockets"])
    assert connections >= 2, "one a route"
    for _ in range(4):
        scene.simulator.fault("disconnect")
        scene.until(lambda: len(scene.simulator.ask("state")["sockets"]) >= connections, RECOVERY, "connected again")
    scene.caught_up(within=RECOVERY)


def test_every_candle_that_was_published_is_the_exchanges_own(scene: Scene) -> None:
    """DATA-8, after all faults of this file: none missing, none wrong, none twice, in order."""
    scene.caught_up(within=RECOVERY)
    assert scene.missing == []
    assert scene.repeats == []
    for symbol in SYMBOLS:
        ours = scene.published[symbol]
        assert len(ours) > 20
        assert differences(ours, scene.simulator.history(symbol, min(ours), max(ours))) == []
    assert scene.fleet.terminate("ingest") == 0
