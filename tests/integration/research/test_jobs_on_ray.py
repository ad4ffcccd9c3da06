"""Jobs on two nodes of Ray, of which workers and one node are killed: the bytes of one process; and its refusals."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
from typer.testing import CliRunner

from cli.main import app
from research.jobs.executor import Here, Stopped
from research.jobs.kept import Kept
from research.jobs.ray_cluster import NoCluster, OnRay
from research.jobs.running import outcomes
from shared.runtime.process.exits import Exit
from tests.support.ingest.candle_files import START, walk, write_csv
from tests.support.processes.answering import wait_until
from tests.support.research.jobs import Held, Noting, jobs, playing
from tests.support.research.ray_nodes import RayNodes, ray_nodes

#: Two nodes, three killed workers and a lost node take two minutes, and more than a busy machine's patience.
pytestmark = [
    pytest.mark.soak,
    pytest.mark.timeout(900),
    pytest.mark.skipif(find_spec("ray") is None, reason="Ray has no wheel for this machine"),
]
#: Of a Python in which nothing of ours is installed.
ABSENT = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name == "research":
            raise ModuleNotFoundError("No module named 'research'", name=name)

sys.meta_path.insert(0, Absent())
"""
MARKET = playing(days=1.0)
JOBS = jobs(MARKET, 6)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayNodes]:
    """A head with one CPU."""
    with ray_nodes(tmp_path_factory.mktemp("r")) as nodes:
        yield nodes
        import ray

        ray.shutdown()


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> tuple[Kept, float]:
    """The outcomes of this process, and how many seconds they took."""
    kept, began = Kept(tmp_path_factory.mktemp("alone")), time.monotonic()
    outcomes(JOBS, MARKET, kept, Here())
    return kept, time.monotonic() - began


def files(kept: Kept) -> dict[str, bytes]:
    return {str(path.relative_to(kept.directory)): path.read_bytes() for path in kept.directory.rglob("*.*")}


def test_two_nodes_share_the_work_and_a_worker_and_a_node_that_are_killed_change_no_byte(
    cluster: RayNodes, alone: tuple[Kept, float], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """BT-4: the outcomes do not depend on where they were played, nor on what was lost under way."""
    kept, seconds = alone
    node = cluster.add()
    executor = OnRay(cluster.address)
    for name in ("warm", "two", "plays", "held"):
        (tmp_path / name).mkdir()

    outcomes(JOBS, Held(MARKET, tmp_path / "warm"), Kept(tmp_path / "kept-warm"), executor)
    began = time.monotonic()
    held = Held(MARKET, tmp_path / "two")
    outcomes(JOBS, held, Kept(tmp_path / "kept-two"), executor)
    with capsys.disabled():
        ratio = seconds / (time.monotonic() - began)
        print(f"\n{len(JOBS)} backtests on two Ray nodes of a CPU each: {ratio:.2f} times as fast as one process", end="")
    assert held.nodes() == {cluster.raylet(0), cluster.raylet(node)}
    assert files(Kept(tmp_path / "kept-two")) == files(kept)
    assert {address.removeprefix("::ffff:") for address in cluster.listening()} == {"127.0.0.1"}

    noting = Noting(MARKET, tmp_path / "plays", deadly=JOBS[1].span.start, times=1)
    told: list[int] = []
    outcomes(JOBS[:3], noting, Kept(tmp_path / "kept-worker"), executor, told.append)
    assert noting.plays()[JOBS[1].span.start] == 2, "one worker was killed"
    assert told == [0, 1, 2, 3]

    held = Held(MARKET, tmp_path / "held", doomed=cluster.raylet(node))
    killer = threading.Thread(
        target=lambda: (
            wait_until(lambda: held.doomed in held.nodes(), 120, "a play on the second node"),
            cluster.kill(node),
        )
    )
    killer.start()
    outcomes(JOBS, held, Kept(tmp_path / "kept-worker"), executor)
    killer.join()
    assert held.doomed in held.nodes()
    assert files(Kept(tmp_path / "kept-worker")) == files(kept)


def test_the_loss_of_every_worker_ends_the_run_and_errors_of_jobs_are_raised_here(cluster: RayNodes, tmp_path: Path) -> None:
    """BT-4: what was done is not played again."""
    (tmp_path / "plays").mkdir()
    executor, kept = OnRay(cluster.address), Kept(tmp_path / "kept")
    deadly = Noting(MARKET, tmp_path / "plays", deadly=JOBS[1].span.start, times=3)
    with pytest.raises(Stopped, match="3 Ray workers with the same job were ended"):
        outcomes(JOBS[:2], deadly, kept, executor)
    assert outcomes(JOBS[:2], deadly, kept, executor) == [MARKET(each.settings, each.span) for each in JOBS[:2]]
    assert deadly.plays() == {JOBS[0].span.start: 1, JOBS[1].span.start: 4}
    wrong = msgspec.structs.replace(JOBS[0], span=JOBS[0].span._replace(end=0))
    with pytest.raises(ValueError, match="no whole minutes of the candles"):
        outcomes([wrong], MARKET, kept, executor)


def test_commands_answer_the_same_on_ray_with_their_study_in_postgresql(
    cluster: RayNodes, tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BT-4: a search, a walk-forward and counts of what strategies say, here and there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ICT_CONFIG", raising=False)
    monkeypatch.setenv("ICT_SECRETS_DIR", str(tmp_path / "no-secrets"))
    there = ("--ray", cluster.address)
    rows = write_csv(tmp_path / "walk.csv", walk(3, 1_500, start=START))
    market = ("--set", "market.days=1", "--set", "signals.zscore.timeframe=5m", "--least-trades", 1, "--json")
    search = ("optimise", "zscore", *market, "--range", "period=10..40", "--parts", 2, "--warm-up", 0.1, "--trials", 4)
    walking = ("walk-forward", *market, "--strategy", "zscore", "--vary", "signals.zscore.entry=1.5,2.0", "--train", 0.4)
    lengths = ("--test", 0.3, "--purge", 0.05, "--embargo", 0.05, "--warm-up", 0.1)
    study = ("--study", postgres_url, "--name", f"ray-{uuid4()}")

    for line, more in ((search, study), ((*walking, *lengths), ())):
        here = ict(*line, "--kept", "here")
        assert ict(*line, "--kept", "there", *there, *more) == here
    assert files(Kept(tmp_path / "here")) == files(Kept(tmp_path / "there"))
    assert ict(*search, "--kept", "here", *study) == ict(*search, "--kept", "here"), "the study is read where it is"

    counted = ("measure", "--data", f"BTCUSDT={rows}", "--strategy", "zscore", "--strategy", "ob_fvg", "--out")
    ict(*counted, "here.json")
    ict(*counted, "there.json", *there)
    one, other = (json.loads((tmp_path / name).read_text()) for name in ("here.json", "there.json"))
    for each in (one, other):
        each["sets"][0].pop("command")
    assert one == other


def test_a_node_that_has_not_the_product_is_named(cluster: RayNodes, tmp_path: Path) -> None:
    """OPS-1: in a sentence, at the first job that it is given; what was done by then is kept."""
    (tmp_path / "sitecustomize.py").write_text(ABSENT)
    executor, node = OnRay(cluster.address), cluster.add({"PYTHONPATH": str(tmp_path)})
    with pytest.raises(NoCluster, match=r"node 127\.0\.0\.\d \(.*\) .*'research'.*; install ict-trader"):
        outcomes(JOBS, MARKET, Kept(tmp_path / "kept"), executor)
    cluster.kill(node)


def test_a_cluster_of_another_ray_is_refused(cluster: RayNodes, monkeypatch: pytest.MonkeyPatch) -> None:
    """OPS-1: with both versions."""
    import ray

    installed = ray.__version__
    monkeypatch.setattr(ray, "__version__", "2.0.0")
    with pytest.raises(
        NoCluster, match=f"the cluster has Ray {re.escape(installed)} .* here are Ray 2.0.0 .* every machine"
    ):
        OnRay(cluster.address)


def ict(*arguments: object) -> str:
    done = CliRunner().invoke(app, [str(each) for each in arguments])
    assert done.exit_code == Exit.OK, done.output
    return done.stdout
