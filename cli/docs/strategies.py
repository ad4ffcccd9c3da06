"""Writes docs/strategies.md: the rules of every built-in strategy, what it reads, and its settings."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any, Final

from cli.docs import evidence, measured
from cli.docs.markdown import code, page, table
from cli.docs.settings import HEADER, rows
from research.measure.record import Measured, read
from research.plot.setup_cases import CASES, file_name
from services.signals.contract import Strategy
from services.signals.strategies import STRATEGIES
from services.signals.trade import TradeSettings
from shared.domain.timeframes import DURATION

_INTRODUCTION: Final = (
    "A strategy looks at closed candles and at the [facts](ict.md) that were known at a close, and answers with a signal or with every "
    "[reason](reasons.md) why there is none. Name those that you want under `signals.strategies`. **None of them is known to earn "
    "money**: the rules are written down so that you can check each by eye, not because they work. The pictures are setups on a made-up "
    "market (`make pictures`), with the default settings: the dashed upright line stands behind the candle that was judged, and what "
    "follows it was not known. How to add one: "
    "[the guide](guides/add-a-strategy.md)."
)
_SHARED: Final = (
    "Every ICT strategy but `ob_fvg` has these settings beside its own, with the same meaning. The ladder: the last target is the "
    "nearest opposing liquidity between `reward_risk` and `max_reward_risk` distances of the stop; where none rests, it is "
    "`reward_risk` itself. A part is taken off at nearer liquidity from `partial_reward_risk` on, and then the stop moves to the entry."
)
_CLASSICAL: Final = (
    "Every strategy that reads candles and trend only enters at the market, at the close that its rule names. The stop is `stop_atr` "
    "average true ranges away, and from `min_stop_distance` to `max_stop_distance` of the price; the only target is `reward_risk` times "
    "as far away. Its indicators are [TA-Lib](dependencies.md)'s over the newest candles, none of them missing or implausible: after a "
    "gap it waits until enough have followed. The relative strength index and MACD never forget: here they begin six periods, and four "
    "times `slow` + `signal`, before the close, on a chart at its first candle. On 20,000 quarters of an hour of BTCUSDT the index differed "
    "from that of the whole series by 0.8 points at most, and 4 of 457 signals, of MACD 2 of 1,521, came at one of the two only."
)
#: Folder of the pictures, from the page.
_PICTURES: Final = "pictures/strategies"
_OPTIONAL: Final = (
    "While the newest candle of an optional timeframe is missing or implausible, the strategy judges without its facts; of any other "
    "it does not judge at all."
)
#: Ids of requirements, which say nothing to a user.
_IDS: Final = re.compile(r"\s*\([A-Z]+-\d+[^)]*\)")


def render() -> str:
    """Return the whole page."""
    shared = [row for name, field in TradeSettings.model_fields.items() for _, row in rows(name, field)]
    record = read(measured.RECORD)
    sections = [part for strategy in STRATEGIES.values() for part in _section(strategy, record)]
    return page(
        "Strategies",
        _INTRODUCTION,
        table(("strategy", "what it does"), ((code(each.name), each.about) for each in STRATEGIES.values())),
        *measured.overview(record),
        *sections,
        "## What the ICT strategies share",
        _SHARED,
        table(HEADER, shared),
        "## What the classical strategies share",
        _CLASSICAL,
    )


def _section(strategy: Strategy[Any], record: Measured) -> Iterator[str]:
    defaults = strategy.settings()
    yield f"## {strategy.name}"
    yield rules_of(sys.modules[strategy.settings.__module__].__doc__ or strategy.about)
    if (case := CASES.get(strategy.name)) is not None:
        yield f"A setup that signals. {case.fires}"
        yield f"![{strategy.name} signals]({_PICTURES}/{file_name(strategy.name, signals=True)})"
        yield f"One that must not: of the gates that are asked, {code(case.gate)} alone does not hold. {case.fails}"
        yield f"![{strategy.name} does not signal]({_PICTURES}/{file_name(strategy.name, signals=False)})"
    if strategy.presets:
        names = ", ".join(code(each) for each in strategy.presets)
        yield f"Presets: {names}; choose one by `signals.presets: {{{strategy.name}: NAME}}`, and set nothing of its section beside it."
    judged = strategy.timeframe(defaults)
    yield f"Judges at every {judged} close by default. It reads, with its defaults:"
    reads, optional = strategy.reads(defaults), strategy.optional(defaults)
    yield table(
        ("timeframe", "facts"),
        (
            (
                frame,
                (", ".join(code(kind) for kind in sorted(reads[frame])) or "candles and trend only")
                + ("; optional" if frame in optional else ""),
            )
            for frame in sorted(reads, key=DURATION.__getitem__)
        ),
    )
    beside = [f"the order flow of {count} {frame} candles" for frame, count in strategy.flow(defaults).items()]
    beside += ["the funding that was settled last"] if strategy.funding else []
    if beside:
        yield f"It also reads {' and '.join(beside)}."
    if optional:
        yield _OPTIONAL
    yield evidence.of_strategy(strategy.name)
    yield from measured.of_strategy(record, strategy.name)
    own = [
        row
        for name, field in strategy.settings.model_fields.items()
        if TradeSettings.model_fields.get(name) is None or not issubclass(strategy.settings, TradeSettings)
        for _, row in rows(f"signals.{strategy.name}.{name}", field)
    ]
    yield table(HEADER, own)


def rules_of(text: str) -> str:
    """Write the docstring of a strategy's or filter's file as Markdown: its rules are the first thing that it says."""
    return _IDS.sub("", text.strip()).replace("``", "`")
