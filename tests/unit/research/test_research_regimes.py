"""The fit of regimes: it finds what was drawn, its numbers are the libraries', and the command writes what signals reads."""

from __future__ import annotations

import json
from pathlib import Path

import arch
import hmmlearn
import msgspec
import numpy as np
import pytest
from click.testing import Result
from hmmlearn.hmm import GaussianHMM
from typer.testing import CliRunner

from cli.main import app
from research.training import regimes
from research.training.regime_fit import Task, Unfit, fit, fit_garch, fit_hmm
from research.training.regimes import better, steps_of, train
from research.training.settings import RegimeTraining
from services.signals.regimes.garch import Garch
from services.signals.regimes.hmm import GaussianHmm
from services.signals.regimes.model import load_model
from shared.runtime.process.exits import Exit
from tests.support.ingest.candle_files import walk, write_csv
from tests.support.signals.regime_scenes import GARCH, NEAR, THREE, TWO, candles, drawn, garch_returns

SMALL = RegimeTraining(least_returns=200, tries=1)


def task(returns: list[float], states: int, **changes: object) -> Task:
    fields = {"seed": 1, "tries": 1, "iterations": 500, "least_share": 0.02}
    return Task(pieces=(tuple(returns),), states=states, **(fields | changes))  # type: ignore[arg-type]  # a table row


def walked(hmm: GaussianHmm, returns: list[float]) -> list[list[float]]:
    beliefs: list[list[float]] = []
    for value in returns:
        beliefs.append(hmm.step(beliefs[-1] if beliefs else [], value))
    return beliefs


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("drawn_from", [TWO, NEAR, THREE], ids=["two", "two_near", "three"])
def test_more_than_seventy_percent_of_unseen_labels_are_found_filtered(drawn_from: GaussianHmm, seed: int) -> None:
    """SIG-5: fitted on one part of a drawn market, judged on the next, at each candle by what was known then."""
    returns, labels = drawn(drawn_from, 9_000, seed)
    fitted = fit_hmm(np.array(returns[:6_000]), task(returns[:6_000], len(drawn_from.start)))
    found = [belief.index(max(belief)) for belief in walked(fitted, returns)][6_000:]
    right = sum(one == other for one, other in zip(found, labels[6_000:], strict=True)) / len(found)
    commonest = max(labels[6_000:].count(each) for each in set(labels)) / len(found)
    assert right > 0.7
    assert right > commonest + 0.1, "always naming the commonest regime would do as well"


@pytest.mark.parametrize("hmm", [TWO, THREE], ids=["two", "three"])
def test_filtered_probabilities_are_those_of_hmmlearns_forward_pass(hmm: GaussianHmm) -> None:
    """SIG-5: to 1e-9, at every candle, also after moves of twenty deviations."""
    returns = [*drawn(hmm, 3_000, 5)[0], 0.2, -0.2, 0.0, *drawn(hmm, 100, 6)[0]]
    theirs = GaussianHMM(n_components=len(hmm.start), covariance_type="diag")
    theirs.startprob_, theirs.transmat_ = np.array(hmm.start), np.array(hmm.transition)
    theirs.means_, theirs.covars_ = np.array(hmm.means).reshape(-1, 1), np.array(hmm.variances).reshape(-1, 1)
    theirs.n_features = 1
    logs = theirs._compute_log_likelihood(np.array(returns).reshape(-1, 1))
    likelihood, lattice = hmmlearn._hmmc.forward_log(theirs.startprob_, theirs.transmat_, logs)
    normal = np.exp(lattice - np.logaddexp.reduce(lattice, axis=1, keepdims=True))
    beliefs = walked(hmm, returns)
    assert np.abs(np.array(beliefs) - normal).max() < 1e-9
    before = [[], *beliefs[:-1]]
    assert sum(hmm.log_density(b, value) for b, value in zip(before, returns, strict=True)) == pytest.approx(
        likelihood, rel=1e-9
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_fit_recovers_the_parameters_that_garch_returns_were_drawn_with(seed: int) -> None:
    """SIG-5."""
    true = Garch(mean=0.0002, omega=5e-7, alpha=0.1, beta=0.85, start=1e-5)
    fitted = fit_garch(np.array(garch_returns(true, 20_000, seed)))
    assert fitted.alpha == pytest.approx(true.alpha, abs=0.02)
    assert fitted.beta == pytest.approx(true.beta, abs=0.03)
    assert fitted.omega == pytest.approx(true.omega, rel=0.3)
    assert fitted.mean == pytest.approx(true.mean, abs=1e-4)
    assert fitted.start == pytest.approx(true.omega / (1 - true.alpha - true.beta), rel=0.15)


def test_the_expected_variance_is_that_of_arch() -> None:
    """SIG-5: to 1e-9 at every candle, and the forecast of the next one."""
    returns = np.array(garch_returns(GARCH, 3_000, 9))
    scale = 1.0 / returns.std()
    theirs = arch.arch_model(returns * scale, mean="Constant", vol="GARCH", p=1, q=1, rescale=False).fit(disp="off")
    mean, omega, alpha, beta = theirs.params
    path = np.asarray(theirs.conditional_volatility) ** 2
    ours = Garch(mean=mean, omega=omega, alpha=alpha, beta=beta, start=path[0])
    variance, walked_path = ours.start, []
    for value in returns * scale:
        walked_path.append(variance)
        variance = ours.step(variance, float(value))
    assert np.abs(np.array(walked_path) / path - 1.0).max() < 1e-9
    forecast = theirs.forecast(horizon=1).variance.to_numpy()[-1, 0]
    assert variance == pytest.approx(forecast, rel=1e-9)
    fitted = fit_garch(returns)
    assert (fitted.alpha, fitted.beta) == pytest.approx((alpha, beta), rel=1e-3)


def test_the_same_task_gives_the_same_numbers() -> None:
    """SIG-5: deterministic seed."""
    returns = drawn(TWO, 2_000, 4)[0]
    assert fit(task(returns, 2)) == fit(task(returns, 2))


def test_pieces_between_gaps_are_fitted_apart() -> None:
    """DATA-3: no transition is learnt over a gap; a disputed candle ends a piece as a missing one does."""
    rows = candles(drawn(TWO, 9, 1)[0])
    doubted = msgspec.structs.replace(rows[7], state="disputed")
    steps = steps_of([*rows[:3], *rows[4:7], doubted, *rows[8:]], 100)
    assert [step.value is None for step in steps] == [True, False, False, True, False, False, True, True, False]
    assert [len(piece) for piece in regimes._pieces(steps)] == [2, 2, 1]
    assert steps_of(rows, 4) == steps_of(rows, 100)[-4:]


def test_returns_that_give_no_model_are_told() -> None:
    with pytest.raises(Unfit, match="does not move"):
        fit(task([0.0] * 1_000, 2))
    with pytest.raises(Unfit, match="did not converge within 10"):
        fit(task(drawn(THREE, 2_000, 1)[0], 3, iterations=10))
    with pytest.raises(Unfit, match="less than 49%"):
        fit(task(drawn(TWO, 3_000, 1)[0], 2, least_share=0.49))
    short = steps_of(candles(drawn(TWO, 500, 1)[0]), 10_000)
    with pytest.raises(Unfit, match=r"12\d returns to judge by"):
        train("BTCUSDT", "15m", short, 2, SMALL, "")


def test_a_model_is_fitted_in_a_worker_and_judged_on_what_it_has_not_seen() -> None:
    """SIG-5: it says until when it was fitted; its scores are of the candles after that."""
    steps = steps_of(candles(drawn(TWO, 4_000, 7)[0]), 10_000)
    shown = train("BTCUSDT", "15m", steps, 2, SMALL, "ict train regimes")
    assert (shown.fitted_from, shown.fitted_to, shown.candles) == (steps[0].close_time, steps[2_999].close_time, 3_000)
    assert shown.scores["returns"] == 1_001
    assert better(shown)
    assert shown == shown.sealed()
    assert shown.libraries["hmmlearn"] == hmmlearn.__version__
    other = [*steps[:3_000], *steps_of(candles(drawn(TWO, 4_000, 8)[0]), 10_000)[3_000:]]
    again = train("BTCUSDT", "15m", other, 2, SMALL, "ict train regimes")
    assert (again.hmm, again.garch, again.data_hash) == (shown.hmm, shown.garch, shown.data_hash)
    assert again.scores != shown.scores


def test_a_worker_that_takes_too_long_or_dies_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = steps_of(candles(drawn(TWO, 1_000, 7)[0]), 10_000)
    with pytest.raises(Unfit, match=r"longer than 0\.01 s"):
        train("BTCUSDT", "15m", steps, 2, SMALL.model_copy(update={"limit_s": 0.01}), "")
    monkeypatch.setattr(regimes, "_WORKER", (*regimes._WORKER[:-1], "research.training.gone"))
    with pytest.raises(Unfit, match=r"ended with code 1: .*No module named"):
        train("BTCUSDT", "15m", steps, 2, SMALL, "")


def ict(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments])


def test_the_command_writes_a_model_that_signals_reads(tmp_path: Path) -> None:
    """SIG-5: whole or not at all, by its scores exit 0 or 1; the same again to stdout."""
    data = write_csv(tmp_path / "btc.csv", walk(3, 4_000, "15m"))
    out = tmp_path / "model.json"
    result = ict("train", "regimes", "--data", f"BTCUSDT={data}@15m", "--states", 2, "--out", out)
    assert out.exists(), result.output
    shown = load_model(out)
    assert result.exit_code == (Exit.OK if better(shown) else Exit.NEGATIVE), result.output
    assert (shown.symbol, shown.timeframe, shown.seed) == ("BTCUSDT", "15m", 1)
    printed = ict("train", "regimes", "--data", f"BTCUSDT={data}@15m", "--states", 2)
    again = json.loads(printed.stdout)
    assert again["hmm"] == json.loads(out.read_bytes())["hmm"]


@pytest.mark.parametrize(
    ("arguments", "code", "named"),
    [
        (("--data", "BTCUSDT=x.csv"), Exit.USAGE, "SYMBOL=FILE@TIMEFRAME"),
        (("--data", "BTCUSDT=x.csv@15m"), Exit.NEGATIVE, "missing_file"),
        (("--data", "BTCUSDT=x.csv@15m", "--unseen", "1.5"), Exit.USAGE, "--unseen"),
        (("--data", "BTCUSDT=x.csv@15m", "--states", "4"), Exit.USAGE, "--states"),
    ],
)
def test_the_command_refuses_what_it_cannot_do(arguments: tuple[str, ...], code: Exit, named: str) -> None:
    result = ict("train", "regimes", *arguments)
    assert result.exit_code == code
    assert named in result.output


def test_too_few_candles_leave_an_older_model_as_it_was(tmp_path: Path) -> None:
    few = write_csv(tmp_path / "few.csv", walk(3, 300, "15m"))
    out = tmp_path / "model.json"
    out.write_text("the model of yesterday")
    result = ict("train", "regimes", "--data", f"BTCUSDT={few}@15m", "--out", out)
    assert result.exit_code == Exit.NEGATIVE
    assert "returns to fit on" in result.output
    assert out.read_text() == "the model of yesterday"
