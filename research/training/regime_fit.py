"""Fits a regime model with hmmlearn and arch: ``python -m research.training.regime_fit``, a worker process.

It reads a ``Task`` on stdin and writes a ``Fit`` or a ``Refusal`` to stdout, both as JSON. The fit is a pure function of the
task: the same returns and the same seed give the same numbers.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import msgspec
import numpy as np

from research.columns import Floats
from services.signals.regimes.garch import Garch
from services.signals.regimes.hmm import GaussianHmm


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """What to fit on: pieces of logarithmic returns, oldest first, between which something is missing.

    tries: starting points of the hidden Markov model beside our own. least_share: smallest share of the time, fraction, that
    a state must stand for.
    """

    pieces: tuple[tuple[float, ...], ...]
    states: int
    seed: int
    tries: int
    iterations: int
    least_share: float


class Fit(msgspec.Struct, frozen=True, kw_only=True, tag="fit"):
    """The parameters, and the versions of the libraries that found them."""

    hmm: GaussianHmm
    garch: Garch
    libraries: dict[str, str]


class Refusal(msgspec.Struct, frozen=True, kw_only=True, tag="refusal"):
    """Why these returns give no model."""

    text: str


class Unfit(Exception):
    """The returns give no model that could be used; the text says why and what to do."""


def fit(task: Task) -> Fit:
    """Fit both models. Raises Unfit."""
    import arch
    import hmmlearn

    values = np.array([each for piece in task.pieces for each in piece], dtype=np.float64)
    if values.std() <= 0.0:
        raise Unfit("the price does not move: there are no regimes to tell apart")
    versions = {"hmmlearn": hmmlearn.__version__, "arch": arch.__version__, "numpy": np.__version__}
    try:
        return Fit(hmm=fit_hmm(values, task), garch=fit_garch(values), libraries=versions)
    except ValueError as error:
        raise Unfit(f"{error}; give longer or other data") from error


def fit_hmm(values: Floats, task: Task) -> GaussianHmm:
    """Fit by expectation and maximisation from several starts; the likeliest that converged. Raises Unfit, ValueError."""
    from hmmlearn.hmm import GaussianHMM

    logging.getLogger("hmmlearn").setLevel(
        logging.ERROR
    )  # of a start that does not converge: another one does, or we say it
    middle, spread = float(values.mean()), float(values.std())
    table = ((values - middle) / spread).reshape(-1, 1)  # its priors are meant for numbers of about 1
    lengths = [len(piece) for piece in task.pieces]
    found, best = None, -np.inf
    for number in range(task.tries + 1):
        ours = number == 0
        model = GaussianHMM(
            n_components=task.states,
            covariance_type="diag",
            n_iter=task.iterations,
            tol=1e-2,
            min_covar=1e-6,
            random_state=task.seed + number,
            init_params="" if ours else "stmc",
        )
        if ours:  # long regimes that differ in how far returns spread: hmmlearn's own starts differ in where they lie
            _begin(model, task.states)
        model.fit(table, lengths)
        likelihood = model.score(table, lengths)
        if model.monitor_.iter < task.iterations and likelihood > best:
            found, best = model, likelihood
    if found is None:
        raise Unfit(f"the hidden Markov model did not converge within {task.iterations} iterations; give longer data")
    variances = found.covars_.reshape(task.states) * spread**2
    order = np.argsort(variances)
    transition = found.transmat_[np.ix_(order, order)]
    transition = transition / transition.sum(axis=1, keepdims=True)
    # hmmlearn's own start is the state of the very first candle. Live begins at any other: with the share that a state has.
    start = stationary(transition)
    if start.min() < task.least_share:
        share = f"{start.min():.2%} of the time, less than {task.least_share:.0%}"
        raise Unfit(f"one of {task.states} states stands for {share}; take fewer states or give longer data")
    return GaussianHmm(
        start=tuple(start.tolist()),
        transition=tuple(tuple(row) for row in transition.tolist()),
        means=tuple((found.means_.reshape(task.states)[order] * spread + middle).tolist()),
        variances=tuple(variances[order].tolist()),
    )


def fit_garch(values: Floats) -> Garch:
    """Fit GARCH(1,1) with a constant mean by maximum likelihood. Raises Unfit, ValueError."""
    from arch import arch_model

    spread = float(values.std())
    model = arch_model(values / spread, mean="Constant", vol="GARCH", p=1, q=1, dist="normal", rescale=False)
    result = model.fit(disp="off", show_warning=False, options={"maxiter": 1_000})
    if result.convergence_flag:
        raise Unfit("the GARCH model did not converge; give longer data")
    mean, omega, alpha, beta = (float(result.params[name]) for name in ("mu", "omega", "alpha[1]", "beta[1]"))
    return Garch(mean=mean * spread, omega=omega * spread**2, alpha=alpha, beta=beta, start=spread**2)


def stationary(transition: Floats) -> Floats:
    """Return the share of the time that a chain spends in each state in the long run."""
    states = len(transition)
    system = np.vstack([transition.T - np.eye(states), np.ones(states)])
    share, *_ = np.linalg.lstsq(system, np.append(np.zeros(states), 1.0), rcond=None)
    share = np.clip(share, 0.0, None)
    result: Floats = share / share.sum()
    return result


def _begin(model: Any, states: int) -> None:
    leave = 0.05
    transition = np.full((states, states), leave / (states - 1))
    np.fill_diagonal(transition, 1.0 - leave)
    model.startprob_, model.transmat_ = np.full(states, 1.0 / states), transition
    model.means_, model.covars_ = np.zeros((states, 1)), np.geomspace(0.25, 4.0, states).reshape(-1, 1)


def main() -> int:
    """Serve one task. Exit 0 with an answer, also with a refusal."""
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=Task)
    answer: Fit | Refusal
    try:
        answer = fit(task)
    except Unfit as error:
        answer = Refusal(text=str(error))
    sys.stdout.buffer.write(msgspec.json.encode(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
