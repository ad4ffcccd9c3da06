"""Backtests as jobs: the same outcomes whoever runs them, also when a process is killed, and none is played twice."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from research.backtest.beside import settled_of
from research.jobs import job as job_module
from research.jobs.executor import Here, Processes, Stopped, executor
from research.jobs.job import Outcome
from research.jobs.kept import Kept
from research.jobs.running import outcomes
from tests.support.research.jobs import SETTINGS, Noting, jobs, playing, spans

MARKET = playing()
JOBS = jobs(MARKET, 3)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """The outcomes of this process, one job after the other."""
    kept = Kept(tmp_path_factory.mktemp("alone"))
    outcomes(JOBS, MARKET, kept, Here())
    return kept


def files(kept: Kept) -> dict[str, bytes]:
    return {str(path.relative_to(kept.directory)): path.read_bytes() for path in kept.directory.rglob("*.*")}


def test_three_processes_one_of_them_killed_leave_the_bytes_of_one(alone: Kept, tmp_path: Path) -> None:
    """BT-4: results do not depend on the number of workers, nor on SIGKILL under way."""
    (tmp_path / "plays").mkdir()
    noting = Noting(MARKET, tmp_path / "plays", deadly=JOBS[1].span.start, times=1)
    told: list[int] = []
    kept = Kept(tmp_path / "kept")
    found = outcomes(JOBS, noting, kept, Processes(3), told.append)
    assert sum(len(each.trades) for each in found) > 5, "the market is traded"
    assert noting.plays()[JOBS[1].span.start] == 2, "one process was killed"
    assert files(kept) == files(alone)
    assert told == [0, 1, 2, 3]


def test_done_jobs_are_skipped_after_a_run_that_was_given_up(alone: Kept, tmp_path: Path) -> None:
    """BT-4: what kills every process ends the run; what was done is not played again."""
    (tmp_path / "plays").mkdir()
    kept = Kept(tmp_path / "kept")
    outcomes(JOBS[:2], Noting(MARKET, tmp_path / "plays"), kept, Here())
    deadly = Noting(MARKET, tmp_path / "plays", deadly=JOBS[2].span.start, times=3)
    with pytest.raises(Stopped, match="ended from outside"):
        outcomes(JOBS, deadly, kept, Processes(2))
    outcomes(JOBS, deadly, kept, Here())
    assert deadly.plays() == {JOBS[0].span.start: 1, JOBS[1].span.start: 1, JOBS[2].span.start: 4}
    assert files(kept) == files(alone)


@pytest.mark.parametrize("damage", [b"", b"{", b'{"job": 1}', b"\xff\xfe"])
def test_a_damaged_outcome_is_played_again(alone: Kept, tmp_path: Path, damage: bytes) -> None:
    """OPS-9: half a file is no result."""
    (tmp_path / "plays").mkdir()
    kept, noting = Kept(tmp_path / "kept"), Noting(MARKET, tmp_path / "plays")
    (job,) = JOBS[:1]
    kept.path(job).parent.mkdir(parents=True)
    kept.path(job).write_bytes(damage)
    found = outcomes([job, job], noting, kept, Here())
    assert found == [alone.get(job)] * 2
    assert noting.plays() == {job.span.start: 1}


def test_an_outcome_under_the_name_of_another_job_is_not_taken_for_it(alone: Kept, tmp_path: Path) -> None:
    """BT-4: a file that was renamed."""
    kept = Kept(tmp_path)
    kept.path(JOBS[0]).parent.mkdir(parents=True)
    kept.path(JOBS[0]).write_bytes(alone.path(JOBS[1]).read_bytes())
    assert kept.get(JOBS[0]) is None


def test_everything_that_decides_is_in_the_key() -> None:
    """BT-4: settings, span, candles, funding and code; not the directory or the number of processes."""
    (job,) = JOBS[:1]
    same = playing().job(SETTINGS, job.span)
    other = playing(days=1.51)
    assert same.key == job.key
    assert other.job(SETTINGS, job.span).key == job.key, "candles behind the span decide nothing"
    row = 10
    other.tape.columns["BTCUSDT"][4, row] += 1.0
    keys = {
        job.key,
        other.job(SETTINGS, job.span).key,
        MARKET.job({**SETTINGS, "funding_rate": "0.1"}, job.span).key,
        MARKET.job(SETTINGS, spans(MARKET, 4)[0]).key,
        msgspec.structs.replace(job, engine="0").key,
    }
    assert len(keys) == 5


def test_data_that_no_strategy_reads_makes_no_other_job() -> None:
    """BT-4, SIG-9: one tape serves those that read funding and those that do not."""
    (job,) = JOBS[:1]
    told = playing()
    told.tape.settled["BTCUSDT"] = settled_of([(told.tape.first, 0.0001)])
    assert told.job(SETTINGS, job.span).key == job.key
    carry = {**SETTINGS, "signals": {**SETTINGS["signals"], "strategies": ["funding_carry"]}}
    assert told.job(carry, job.span).key != MARKET.job(carry, job.span).key


def test_candles_before_a_span_warm_the_strategies_and_are_not_traded() -> None:
    """BT-4: the account of a test begins with the test, its strategies do not."""
    span = spans(MARKET, 3)[2]
    cold, warm = MARKET(SETTINGS, span), playing(lead=10**12)(SETTINGS, span)
    assert warm.signals > cold.signals
    assert warm.decisions == cold.decisions
    for each in (cold, warm):
        assert all(span.start <= trade.opened_at <= trade.closed_at <= span.end for trade in each.trades)
        assert each.start_equity == MARKET(SETTINGS, spans(MARKET, 3)[0]).start_equity
    assert isinstance(warm, Outcome)


def test_an_outcome_tells_how_each_trade_was_meant_to_leave_and_what_its_fills_cost(alone: Kept) -> None:
    """SIG-9: what entries by chance and dearer costs are reckoned from."""
    for job in JOBS:
        outcome = alone.get(job)
        assert outcome is not None
        assert [each.intent_id for each in outcome.plans] == [each.intent_id for each in outcome.trades]
        for plan, trade in zip(outcome.plans, outcome.trades, strict=True):
            assert 0.0 < plan.stop < plan.target < 0.2, "the target lies farther than the stop"
            risked = float(trade.risk_amount) / float(trade.quantity * trade.entry_price)
            assert plan.stop == pytest.approx(risked, rel=0.5), "risk counts costs beside the distance"
            assert plan.longest == 0
            assert -5.0 < plan.slippage < 50.0
        assert sum(each.slippage for each in outcome.plans) > 0.0


def test_readers_of_outcomes_do_not_decide_them() -> None:
    """BT-4: a changed page plays nothing again; whatever a play imports is in the key."""
    root = Path(job_module.__file__).parents[2]
    imported, waiting = set[Path](), [root / "research/jobs/playing.py", root / "research/backtest/stepwise.py"]
    while waiting:
        path = waiting.pop()
        if path in imported or not path.exists():
            continue
        imported.add(path)
        names = re.findall(r"^(?:from|import) (research[\w.]*)", path.read_text(encoding="utf-8"), re.MULTILINE)
        waiting += [root / f"{name.replace('.', '/')}.py" for name in names]
    assert len(imported) > 10
    for reading in job_module._READING:
        assert not [path for path in imported if path.is_relative_to(root / reading)]


def test_an_error_of_a_backtest_in_another_process_is_raised_here(tmp_path: Path) -> None:
    """OPS-1: no process is waited for."""
    wrong = msgspec.structs.replace(JOBS[0], span=JOBS[0].span._replace(end=0))
    with pytest.raises(ValueError, match="no whole minutes of the candles"):
        outcomes([JOBS[1], wrong], MARKET, Kept(tmp_path), Processes(2))


def test_a_span_beyond_the_candles_and_no_process_at_all_are_refused() -> None:
    """OPS-1: in a sentence."""
    span = JOBS[0].span
    for wrong in (span._replace(start=span.start - 60_000), span._replace(end=span.start), span._replace(end=span.end + 1)):
        with pytest.raises(ValueError, match="no whole minutes of the candles"):
            MARKET(SETTINGS, wrong)
    with pytest.raises(ValueError, match="at least 1"):
        executor(0)
