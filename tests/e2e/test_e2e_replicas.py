"""Two replicas of analysis share the lanes of two symbols and eight timeframes; one leaves in every way there
is (killed, asked to go, frozen) or comes late, and the bytes of the run are those of one undisturbed process."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.analysis.core import AnalysisCore
from services.analysis.settings import AnalysisSettings
from services.signals.settings import SignalsSettings
from shared.bus.codec import decode, encode
from shared.domain.candles import Candle, CandleBundle
from shared.domain.message import Message
from shared.domain.timeframes import Timeframe
from tests.support.bus.tap import Copy, Tap
from tests.support.processes.fleet import ICT, Fleet, ict, same_bytes, write_config
from tests.support.processes.watch import Watch, until
from tests.support.risk.drill import DRILL_RISK
from tests.support.runtime.telling import tell

PARTITIONS = {"count": 2, "pinned": {"BTCUSDT": 0, "ETHUSDT": 1}}
#: Orders from early on: the strategy on 5m candles, and the drill's entry whenever a symbol is flat.
SIGNALS = {
    "drill": True,
    "strategies": ["ob_fvg", "every_close"],
    "ob_fvg": {"timeframe": "5m", "warmup_candles": 5, "entry_score": 3.0},
}
FILES = ("decisions.jsonl", "orders.jsonl", "fills.jsonl", "equity.jsonl")
RANGE = ("--from", "2025-05-07T00:00", "--to", "2025-05-07T06:00")
STEPS = 360
#: 30 minutes of market a second, so that there is time for two processes to change places, however fast the machine.
SPEED = 1800
#: Slower, so that there is time to start a process in the middle.
SLOWER = 900
OTHERS = ("ingest", "signals", "risk", "execution")
TIMEFRAMES = ("1m", "5m", "15m", "30m", "1h", "4h", "1d", "1w")
LANES = {f"analysis.p{p}.{timeframe}" for p in (0, 1) for timeframe in TIMEFRAMES}
#: Lanes whose candles close so often that a replay brings them a message every second at least.
BUSY = {lane for lane in LANES if lane.endswith((".1m", ".5m", ".15m", ".30m"))}
#: Closes within RANGE, per lane: what both replicas together must have handled, once each.
CLOSES = {"1m": 360, "5m": 72, "15m": 24, "30m": 12, "1h": 6, "4h": 1, "1d": 0, "1w": 0}

pytestmark = [pytest.mark.e2e, pytest.mark.rabbitmq, pytest.mark.redis, pytest.mark.realdata, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def data(market_data: Path) -> list[str]:
    arguments = []
    for symbol in ("BTCUSDT", "ETHUSDT"):
        arguments += ["--data", f"{symbol}={market_data}/market/{symbol}-um-1m-2025-05-04_2025-06-24.parquet"]
    return arguments


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory, data: list[str]) -> Path:
    """The run in one process: what every disturbed run must equal."""
    home = tmp_path_factory.mktemp("calm")
    config = write_config(
        home / "config.yaml", {"layout": "embedded", "partitions": PARTITIONS, "signals": SIGNALS, "risk": DRILL_RISK}
    )
    demo = ict("demo", "--config", str(config), *data, *RANGE, "--out", str(home / "out"), "--json", timeout=100)
    assert demo.returncode == 0, demo.stderr
    assert json.loads(demo.stdout)["decisions"] == STEPS * 2
    assert (home / "out" / "orders.jsonl").stat().st_size > 0, "a range without an order proves little"
    return home / "out"


@dataclass
class Scene:
    """A replay under way over services of which analysis runs as one or two replicas, ``-a`` and ``-b``."""

    fleet: Fleet
    replay: subprocess.Popen[bytes]
    out: Path
    watches: dict[str, Watch]
    tap: Tap

    def join(self, label: str) -> Watch:
        """Start a replica of analysis."""
        watch = self.watches[label] = Watch()
        self.fleet.start("analysis", label=label, env={**watch.env, "ICT_REPLICA": f"replica{label}"})
        return watch

    def handled(self, label: str) -> float:
        return sum(self.watches[label].lanes("handled").values())

    def finish(self) -> None:
        """Wait for the end of the replay."""
        try:
            assert self.replay.wait(150) == 0, self.fleet.tail()
        except subprocess.TimeoutExpired:
            pytest.fail(f"the replay is stuck\n{self.fleet.tail()}", pytrace=False)

    def going_on(self) -> bool:
        return self.replay.poll() is None


@pytest.fixture
def stage(tmp_path: Path, data: list[str], namespace: str, rabbitmq_url: str, redis_url: str):
    """Starts the services with the given replicas of analysis, all ready, then the replay."""
    config = write_config(
        tmp_path / "config.yaml",
        {
            "layout": "split",
            "namespace": namespace,
            "partitions": PARTITIONS,
            "signals": SIGNALS,
            "risk": DRILL_RISK,
            "bus": {"url": rabbitmq_url},
            "store": {"url": redis_url},
            "log": {"level": "INFO", "format": "json"},
        },
    )

    @contextmanager
    def open_stage(*labels: str, speed: int = SPEED) -> Iterator[Scene]:
        with Fleet(config, tmp_path / "logs", OTHERS) as fleet:
            watches: dict[str, Watch] = {}
            for label in labels:
                watches[label] = Watch()
                fleet.start("analysis", label=label, env={**watches[label].env, "ICT_REPLICA": f"replica{label}"})
            share = len(LANES) // len(labels)
            for watch in watches.values():
                until(lambda watch=watch: len(watch.owned()) == share, 90, fleet.tail)
            tap = Tap(rabbitmq_url, namespace, ["candle.#", "analysis.#"])
            command = [*ICT, "replay", "--config", str(config), *data, *RANGE, "--speed", str(speed)]
            command += ["--out", str(tmp_path / "replay")]
            with (tmp_path / "logs" / "replay.log").open("wb") as log:
                replay = subprocess.Popen(command, stdout=log, stderr=log)
            try:
                yield Scene(fleet, replay, tmp_path / "replay", watches, tap)
            finally:
                replay.kill()
                replay.wait()

    return open_stage


def lean_core(partition: int, timeframe: Timeframe) -> AnalysisCore:
    """As the services build it."""
    return AnalysisCore(partition, timeframe, AnalysisSettings(), SignalsSettings().reads())


def wrong_analyses(copies: list[Copy]) -> list[str]:
    """The analyses published that one undisturbed core would not have published so, and those that nobody published.

    Decisions look at few of the facts; this looks at every byte of every analysis, of repeats too: a repeat with other
    contents would be dropped or believed as chance has it.
    """
    cores = {(p, tf): lean_core(p, tf) for p in (0, 1) for tf in TIMEFRAMES}
    expected: dict[str, bytes] = {}
    for candles in dict.fromkeys(copy for copy in copies if copy.topic.startswith("candle.")):
        message = decode(candles.type, CandleBundle.VERSION, candles.body)
        assert isinstance(message, CandleBundle)
        for analysis in tell(cores[message.partition, message.timeframe], message):
            expected[analysis.message_id] = encode(analysis)
    published = [copy for copy in copies if copy.topic.startswith("analysis.")]
    faults = [f"{copy.topic} {copy.message_id}" for copy in published if expected.get(copy.message_id) != copy.body]
    missing = set(expected) - {copy.message_id for copy in published}
    return faults + [f"never published: {message_id}" for message_id in sorted(missing)]


def seconds_until_taken_over(scene: Scene, label: str, lanes: set[str], since: float) -> dict[str, float]:
    """Lane → seconds after ``since`` until this replica has handled a message of it."""
    before = scene.watches[label].lanes("handled")
    taken: dict[str, float] = {}

    def all_taken() -> bool:
        now = scene.watches[label].lanes("handled")
        for lane in lanes - set(taken):
            if now[lane] > before[lane]:
                taken[lane] = time.monotonic() - since
        return set(taken) == lanes

    until(all_taken, 60, lambda: f"taken over: {taken} of {lanes}\n{scene.fleet.tail()}")
    return taken


def handled_once(scene: Scene) -> dict[str, float]:
    """Messages handled per lane by all replicas that are still there, repeats not counted."""
    total = dict.fromkeys(LANES, 0.0)
    for watch in scene.watches.values():
        repeats = watch.lanes("duplicates")
        for lane, count in watch.lanes("handled").items():
            total[lane] += count - repeats[lane]
    return total


def test_a_replica_that_is_killed_is_replaced_within_five_seconds(stage, calm: Path) -> None:
    """OPS-1: SIGKILL one of two; the other handles its queues within 5 s and decides the same bytes."""
    with stage("-a", "-b") as scene:
        until(lambda: min(scene.handled("-a"), scene.handled("-b")) > 120, 60, scene.fleet.tail)
        orphaned = LANES - scene.watches["-b"].owned()
        assert len(orphaned) == len(LANES) // 2
        died = time.monotonic()
        scene.fleet.kill("analysis-a")
        assert scene.going_on(), "the replay was over before the kill"
        taken = seconds_until_taken_over(scene, "-b", orphaned & BUSY, died)
        print({lane: round(seconds, 2) for lane, seconds in sorted(taken.items())})
        assert max(taken.values()) <= 5.0, taken
        scene.finish()
        until(lambda: scene.watches["-b"].owned() == LANES, 15, scene.fleet.tail)
        assert same_bytes(calm, scene.out, FILES) == []
        assert wrong_analyses(scene.tap.drain()) == []


def test_a_replica_that_joins_gets_its_half_of_the_lanes_and_nothing_is_lost(stage, calm: Path) -> None:
    """OPS-1: scale from one to two in the middle; every lane ends where it belongs, each close handled once."""
    with stage("-a", speed=SLOWER) as scene:
        until(lambda: scene.handled("-a") > 120, 60, scene.fleet.tail)
        newcomer = scene.join("-b")
        until(lambda: len(newcomer.owned()) == len(LANES) // 2, 90, scene.fleet.tail)
        rightful = newcomer.owned()
        until(lambda: scene.watches["-a"].owned() == LANES - rightful, 15, scene.fleet.tail)
        handed = scene.watches["-a"].lanes("handled")
        began = newcomer.lanes("handled")
        assert scene.going_on(), "the replay was over before the newcomer had its half"
        frequent = {lane for lane in rightful if lane.endswith(".1m")}
        until(lambda: all(newcomer.lanes("handled")[lane] > began[lane] for lane in frequent), 30, scene.fleet.tail)
        scene.finish()
        expected = {lane: CLOSES[lane.rsplit(".", 1)[1]] + 1.0 for lane in LANES}  # and the reset
        until(lambda: handled_once(scene) == expected, 15, lambda: f"{handled_once(scene)}\n{scene.fleet.tail()}")
        at_last = scene.watches["-a"].lanes("handled")
        assert {lane: at_last[lane] for lane in rightful} == {lane: handed[lane] for lane in rightful}, (
            "the first replica still handled lanes of the second"
        )
        assert same_bytes(calm, scene.out, FILES) == []
        assert wrong_analyses(scene.tap.drain()) == []


def test_a_replica_that_is_asked_to_go_hands_its_lanes_over_without_a_repeat(stage, calm: Path) -> None:
    """OPS-2: SIGTERM one of two; it leaves with 0, the other has all, and no message was handled twice."""
    with stage("-a", "-b") as scene:
        until(lambda: min(scene.handled("-a"), scene.handled("-b")) > 120, 60, scene.fleet.tail)
        orphaned = LANES - scene.watches["-b"].owned()
        asked = time.monotonic()
        assert scene.fleet.terminate("analysis-a") == 0, scene.fleet.tail()
        assert scene.going_on(), "the replay was over before the replica left"
        taken = seconds_until_taken_over(scene, "-b", orphaned & BUSY, asked)
        print({lane: round(seconds, 2) for lane, seconds in sorted(taken.items())})
        assert max(taken.values()) <= 5.0, taken
        scene.finish()
        assert scene.watches["-b"].owned() == LANES
        assert set(scene.watches["-b"].lanes("duplicates").values()) == {0}, "a hand-over in good order repeats nothing"
        assert set(scene.watches["-b"].lanes("fenced").values()) == {0}
        assert same_bytes(calm, scene.out, FILES) == []
        assert wrong_analyses(scene.tap.drain()) == []


def test_a_replica_that_was_frozen_comes_back_to_its_lanes_and_not_to_its_old_state(stage, calm: Path) -> None:
    """OPS-1, invariant 3: SIGSTOP one until the broker has given its queues away, SIGCONT: it takes its lanes back and
    decides from the state that its stand-in left, never from its own of before the freeze."""
    with stage("-a", "-b") as scene:
        until(lambda: min(scene.handled("-a"), scene.handled("-b")) > 120, 60, scene.fleet.tail)
        rightful = LANES - scene.watches["-b"].owned()
        froze = time.monotonic()
        pid = scene.fleet.pid("analysis-a")
        scene.fleet.send("analysis-a", signal.SIGSTOP)
        try:
            taken = seconds_until_taken_over(scene, "-b", rightful & BUSY, froze)
        finally:
            scene.fleet.send("analysis-a", signal.SIGCONT)
        print({lane: round(seconds, 2) for lane, seconds in sorted(taken.items())})
        assert scene.going_on(), "the replay was over before the replica came back"
        returned = seconds_until_taken_over(scene, "-a", rightful & BUSY, time.monotonic())
        print({lane: round(seconds, 2) for lane, seconds in sorted(returned.items())})
        scene.finish()
        assert scene.fleet.pid("analysis-a") == pid
        assert all(scene.fleet.alive().values()), scene.fleet.tail()
        assert same_bytes(calm, scene.out, FILES) == []
        assert wrong_analyses(scene.tap.drain()) == []


def bundle(close_time: int) -> CandleBundle:
    price = close_time / 6_000  # it jumps from candle to candle, so that the average true range remembers the one before
    ohlc = {"open": price, "high": price, "low": price, "close": price}
    candle = Candle(symbol="BTCUSDT", timeframe="1m", open_time=close_time - 60_000, volume=1.0, **ohlc)
    return CandleBundle(partition=0, timeframe="1m", close_time=close_time, candles=(candle,))


def copy_of(message: Message) -> Copy:
    return Copy(message.topic, message.TYPE, message.message_id, encode(message))


def test_the_check_of_analyses_catches_one_of_another_state_and_one_that_is_missing() -> None:
    """The specimens: a core that has seen the last candle only, worse than a thawed replica's, and one that says nothing."""
    bundles = [bundle(minute * 60_000) for minute in range(1, 41)]
    candles = [copy_of(each) for each in bundles]
    core = lean_core(0, "1m")
    right = [copy_of(analysis) for each in bundles for analysis in tell(core, each)]
    stale = [copy_of(analysis) for analysis in tell(lean_core(0, "1m"), bundles[-1])]
    assert wrong_analyses([*candles, *right, right[0]]) == []
    assert wrong_analyses([*candles, *right, *stale]) == [f"analysis.p0.1m {stale[0].message_id}"]
    assert wrong_analyses([*candles, *right[:-1]]) == [f"never published: {right[-1].message_id}"]
