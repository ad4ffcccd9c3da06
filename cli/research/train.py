"""``ict train``: train models on recorded candles; write them as JSON with their scores."""

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
from cli.settings import Settings
from research.training.fvg import Source, TooLittleData, train
from research.training.gaps import rows_of
from research.training.settings import TrainingSettings
from services.analysis.fvg_fill import FillModel
from shared.domain.candles import Candle
from shared.runtime.extras import require
from shared.runtime.process.exits import Exit


def train_fvg(
    data: CandleFiles, start: str | None, end: str | None, out: Path, unseen: float, config: Sequence[Path] | None
) -> None:
    """Train and write the model. Exit 1 if it does not beat the base rate for every symbol; it is written even then."""
    try:
        training = TrainingSettings(unseen=unseen)
    except ValidationError as error:
        refuse(f"--unseen {unseen}: {error.errors()[0]['msg']}", Exit.USAGE)
    require("sklearn", "training a model")
    settings = load_settings(config)
    console = Console(stderr=True)
    sources = [_source(console, settings, data, option, start, end) for option in data.data]
    try:
        model = train(sources, settings.analysis.fvg, training, f"ict {shell_line(sys.argv[1:])}")
    except TooLittleData as error:
        refuse(str(error), Exit.NEGATIVE)
    with output(out) as file:
        file.write(msgspec.json.format(msgspec.json.encode(model), indent=1))
        file.write(b"\n")
    _show(console, model)
    console.print(f"written: {out}", highlight=False, markup=False, emoji=False, soft_wrap=True)
    worse = [name for name in sorted({source.symbol for source in sources}) if not _better(model, name)]
    if worse:
        refuse(f"not better than the base rate on unseen months: {', '.join(worse)}", Exit.NEGATIVE)


def _source(
    console: Console, settings: Settings, data: CandleFiles, option: str, start: str | None, end: str | None
) -> Source:
    """Read the training rows of one ``SYMBOL=FILE@TIMEFRAME``. Exits with code 2 if it is written wrongly."""
    given, market = open_source(console, settings, data, option, start, end)
    (symbol,) = market.symbols
    with Bar(console, f"{symbol} {market.timeframe}", market.last - market.first) as bar:

        def watched() -> Iterator[Candle]:
            for candle in market.candles(symbol):
                bar.at(candle.close_time - market.first)
                yield candle

        rows = rows_of(watched(), settings.analysis)
    if not rows:
        refuse(f"{given}: no fair value gap of {market.timeframe} was filled or expired; give a longer file", Exit.NEGATIVE)
    return Source(symbol, market.timeframe, Path(given.partition("=")[2]).name, rows)


def _better(model: FillModel, name: str) -> bool:
    scores = model.scores.get(name)
    return scores is not None and scores["brier"] < scores["brier_base_rate"]


def _show(console: Console, model: FillModel) -> None:
    table = Table(title="Brier scores on unseen months (lower is better; says nothing of profit)", title_justify="left")
    table.add_column("what")
    for name in ("gaps", "filled", "model", "base rate", "base rate of timeframe"):
        table.add_column(name, justify="right")
    for name, scores in model.scores.items():
        table.add_row(
            name, f"{scores['rows']:,}", f"{scores['filled']:.1%}", f"{scores['brier']:.4f}",
            f"{scores['brier_base_rate']:.4f}", f"{scores['brier_base_rate_of_timeframe']:.4f}",
        )  # fmt: skip
    console.print(table)
