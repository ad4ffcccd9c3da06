"""``ict plot``: draw a chart of recorded candles with the events that the engine found."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from rich.console import Console

from cli.data.options import BadOption, CandleFiles
from cli.explain.scan import signals_of
from cli.play.progress import Bar
from cli.research.output import output
from cli.research.recorded import open_market
from cli.run.configuration import load_settings, refuse
from research.plot.canvas import Look
from research.plot.chart import NothingToShow, picture_of, words
from research.plot.html import write_html
from research.plot.png import is_drawable, write_png
from research.plot.theme import THEMES, ThemeName
from shared.domain.decisions import Signal
from shared.domain.facts import FactKind
from shared.domain.timezones import known_zone
from shared.runtime.extras import require
from shared.runtime.process.exits import Exit

_SIZE = re.compile(r"(\d{3,4})x(\d{3,4})")


def plot_files(
    data: CandleFiles,
    out: Path,
    timeframe: str,
    start: str | None,
    end: str | None,
    last: int,
    kinds: str,
    theme: str,
    zone: str,
    size: str,
    config: Sequence[Path] | None,
    signals: Sequence[Signal] = (),
    *,
    with_signals: bool = False,
) -> None:
    """Run the command. ``signals`` are drawn; with ``with_signals`` those of the configured strategies on these candles.

    With several symbols, write one file per symbol, with the symbol in its name."""
    try:
        look = _look(theme, zone, size)
        wanted = _kinds(kinds)
    except BadOption as error:
        refuse(str(error), Exit.USAGE)
    if out.suffix.lower() not in (".png", ".html"):
        refuse(f"--out {out}: end it with .png or .html", Exit.USAGE)
    if out.suffix.lower() == ".png":
        require("matplotlib", "a chart as PNG")
    settings = load_settings(config)
    console = Console(stderr=True)
    market = open_market(console, settings, data, timeframe, start, end)
    if with_signals:
        signals = signals_of(config, data, start, end)
    for symbol in market.symbols:
        with Bar(console, f"analysed {symbol}", market.last - market.first) as bar:

            def on_close(at: int, bar: Bar = bar) -> None:
                bar.at(at - market.first)

            try:
                picture = picture_of(
                    market, symbol, settings.analysis, look, last=last, kinds=wanted, on_close=on_close, signals=signals
                )
            except NothingToShow as error:
                refuse(str(error), Exit.NEGATIVE)
        path = out if len(market.symbols) == 1 else out.with_stem(f"{out.stem}-{symbol}")
        with output(path) as file:
            if out.suffix.lower() == ".png":
                write_png(picture, file, scale=1.0)
                if not is_drawable(symbol):
                    text = f"no font here has the letters of {symbol}: install Noto Sans CJK, or write .html"
                    console.print(text, style="yellow", highlight=False, markup=False, emoji=False, soft_wrap=True)
            else:
                write_html(picture, file, text=look.theme.text, faint=look.theme.faint)
        console.print(f"written: {path}", highlight=False, markup=False, emoji=False, soft_wrap=True)


def _look(theme: str, zone: str, size: str) -> Look:
    name: ThemeName
    if theme == "dark":
        name = "dark"
    elif theme == "light":
        name = "light"
    else:
        raise BadOption(f"--theme {theme}: choose {' or '.join(get_args(ThemeName))}")
    try:
        known_zone(zone)
    except ValueError as error:
        raise BadOption(f"--zone {zone}: {error}") from None
    pixels = _SIZE.fullmatch(size)
    if pixels is None:
        raise BadOption(f"--size {size}: write it like 1600x900, both from 100 to 9999")
    return Look(THEMES[name], zone, float(pixels[1]), float(pixels[2]))


def _kinds(text: str) -> frozenset[str]:
    asked = frozenset(word.strip() for word in text.split(",") if word.strip())
    known = {*words(), *get_args(FactKind)}
    unknown = sorted(asked - known)
    if unknown:
        raise BadOption(f"--kinds {', '.join(unknown)}: known are {', '.join(sorted(known))}")
    return asked
