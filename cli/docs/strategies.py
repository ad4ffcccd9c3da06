"""Writes docs/strategies.md: the rules of every built-in strategy, what it reads, and its settings."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any, Final

from cli.docs.markdown import code, page, table
from cli.docs.settings import HEADER, rows
from services.signals.contract import Strategy
from services.signals.strategies import STRATEGIES
from services.signals.trade import TradeSettings
from shared.domain.timeframes import DURATION

_INTRODUCTION: Final = (
    "A strategy looks at closed candles and at the [facts](ict.md) that were known at a close, and answers with a signal or with every "
    "[reason](reasons.md) why there is none. Name those that you want under `signals.strategies`. **None of them is known to earn "
    "money**: the rules are written down so that you can check each by eye, not because they work. How to add one: "
    "[the guide](guides/add-a-strategy.md)."
)
_SHARED: Final = (
    "Every ICT strategy but `ob_fvg` has these settings beside its own, with the same meaning. The ladder: the last target is the "
    "nearest opposing liquidity between `reward_risk` and `max_reward_risk` distances of the stop; where none rests, it is "
    "`reward_risk` itself. A part is taken off at nearer liquidity from `partial_reward_risk` on, and then the stop moves to the entry."
)
#: Ids of requirements, which say nothing to a user.
_IDS: Final = re.compile(r"\s*\([A-Z]+-\d+[^)]*\)")


def render() -> str:
    """Return the whole page."""
    shared = [row for name, field in TradeSettings.model_fields.items() for _, row in rows(name, field)]
    sections = [part for strategy in STRATEGIES.values() for part in _section(strategy)]
    return page(
        "Strategies",
        _INTRODUCTION,
        table(("strategy", "what it does"), ((code(each.name), each.about) for each in STRATEGIES.values())),
        *sections,
        "## What the ICT strategies share",
        _SHARED,
        table(HEADER, shared),
    )


def _section(strategy: Strategy[Any]) -> Iterator[str]:
    defaults = strategy.settings()
    yield f"## {strategy.name}"
    yield _rules(strategy)
    judged = strategy.timeframe(defaults)
    yield f"Judges at every {judged} close by default. It reads, with its defaults:"
    reads = strategy.reads(defaults)
    yield table(
        ("timeframe", "facts"),
        (
            (frame, ", ".join(code(kind) for kind in sorted(reads[frame])) or "candles and trend only")
            for frame in sorted(reads, key=DURATION.__getitem__)
        ),
    )
    own = [
        row
        for name, field in strategy.settings.model_fields.items()
        if TradeSettings.model_fields.get(name) is None or not issubclass(strategy.settings, TradeSettings)
        for _, row in rows(f"signals.{strategy.name}.{name}", field)
    ]
    yield table(HEADER, own)


def _rules(strategy: Strategy[Any]) -> str:
    """The docstring of the strategy's file as Markdown: its rules are the first thing that it says."""
    text = sys.modules[strategy.judge.__module__].__doc__ or strategy.about
    return _IDS.sub("", text.strip()).replace("``", "`")
