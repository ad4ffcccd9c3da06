"""``ict train regimes``: fit a regime model on recorded candles; write it as JSON with its scores on unseen ones."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from cli.data.options import CandleFiles
from cli.play.progress import Bar
from cli.printing import shell_line
from cli.research.output import output
from cli.research.recorded import open_source
from cli.run.configuration import load_settings, refuse
from research.training.regime_fit import Unfit
from research.training.regimes import better, steps_of, train
from research.training.settings import RegimeTraining
from services.signals.regimes.model import RegimeModel
from shared.domain.candles import Candle
from shared.runtime.extras import require
from shared.runtime.process.exits import Exit


def train_regimes(
    data: CandleFiles,
    states: int,
    out: Path | None,
    start: str | None,
    end: str | None,
    unseen: float,
    seed: int,
    config: Sequence[Path] | None,
) -> None:
    """Fit and write the model. Exit 1 if it is no better than one normal distribution; it is written even then."""
    try:
        training = RegimeTraining(unseen=unseen, seed=seed)
    except ValidationError as error:
        refuse(f"--{error.errors()[0]['loc'][0]}: {error.errors()[0]['msg']}", Exit.USAGE)
    for package in ("hmmlearn", "arch"):
        require(package, "fitting a regime model")
    settings = load_settings(config)
    console = Console(stderr=True)
    _, market = open_source(console, settings, data, data.data[0], start, end)
    (symbol,) = market.symbols
    with Bar(console, f"{symbol} {market.timeframe}", market.last - market.first) as bar:

        def watched() -> Iterator[Candle]:
            for candle in market.candles(symbol):
                bar.at(candle.close_time - market.first)
                yield candle

        steps = steps_of(watched(), training.most_candles)
    try:
        model = train(symbol, market.timeframe, steps, states, training, f"ict {shell_line(sys.argv[1:])}")
    except Unfit as error:
        refuse(f"{data.data[0]}: {error}", Exit.NEGATIVE)
    document = msgspec.json.format(msgspec.json.encode(model), indent=1) + b"\n"
    if out is None:
        sys.stdout.write(document.decode())
    else:
        with output(out) as file:
            file.write(document)
    _show(console, model)
    if out is not None:
        console.print(f"written: {out}", highlight=False, markup=False, emoji=False, soft_wrap=True)
    if not better(model):
        refuse("forecasts unseen returns no better than one normal distribution", Exit.NEGATIVE)


def _show(console: Console, model: RegimeModel) -> None:
    table = Table(title=f"Regimes of {model.symbol} on {model.timeframe}, {model.candles:,} candles", title_justify="left")
    table.add_column("regime")
    for name in ("share of time", "lasts, candles", "mean of a return", "its deviation"):
        table.add_column(name, justify="right")
    hmm = model.hmm
    for place, name in enumerate(model.names):
        stay = hmm.transition[place][place]
        lasts = f"{1.0 / (1.0 - stay):.1f}" if stay < 1.0 else "for ever"
        table.add_row(
            name, f"{hmm.start[place]:.1%}", lasts, f"{hmm.means[place]:+.4%}", f"{hmm.variances[place] ** 0.5:.4%}"
        )
    console.print(table)
    garch, scores = model.garch, model.scores
    console.print(
        f"GARCH(1,1): alpha {garch.alpha:.4f}, beta {garch.beta:.4f}, deviation {garch.start**0.5:.4%}. "
        f"Mean log density of {scores['returns']:,} unseen returns: hidden Markov model {scores['hmm']:.4f}, GARCH "
        f"{scores['garch']:.4f}, one normal distribution {scores['normal']:.4f} (higher is better; says nothing of profit).",
        highlight=False, markup=False, emoji=False, soft_wrap=True,
    )  # fmt: skip
