"""What a strategy is: its rules, its settings and what it reads, in one object (SIG-1, SIG-8).

A strategy is pure: the same view and settings give the same answer, without a clock, randomness or memory. Built-in ones
stand in ``services.signals.strategies``; others come from installed packages (``services.signals.plugins``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar, get_args

import annotated_types
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from services.signals.gates import Gate
from services.signals.view import MarketView
from services.signals.view.history import MOST_BARS
from services.signals.view.scope import Scope
from shared.domain.control import STRATEGY
from shared.domain.decisions import Reason, Signal
from shared.domain.facts import ALL_KINDS, FactKind
from shared.domain.ids import derive
from shared.domain.timeframes import DURATION, Timeframe

#: A strategy's answer: a signal, or every reason why not (never empty).
Answer = Signal | tuple[Reason, ...]
#: Kinds of facts by timeframe.
Reads = Mapping[Timeframe, frozenset[FactKind]]
S = TypeVar("S", bound=BaseModel)

NAME: Final = re.compile(STRATEGY)


def signal_id(strategy: str, symbol: str, close_time: int) -> str:
    """Return the id that the signal of a strategy has at a close (UTC ms): the same after every restart."""
    return derive("signal", strategy, symbol, close_time)


def _none(settings: Any) -> tuple[str, ...]:
    return ()


def _nothing() -> None:
    return None


def _none_optional(settings: Any) -> Collection[Timeframe]:
    return ()


def _no_history(settings: Any) -> Mapping[Timeframe, int]:
    return {}


@dataclass(frozen=True, slots=True)
class Strategy(Generic[S]):
    """One strategy.

    name: of lower-case letters, digits and underscores. about: one sentence for a person. settings: the model of its
    settings; every one has a default and a description, and every number a range, which search and sliders use.
    judge: the rules. timeframe: at whose closes it judges. reads: by timeframe, the kinds of facts that it looks at; an
    empty set reads candles and trend only. symbols: other symbols that it looks at. presets: named sets of settings.
    optional: the timeframes of ``reads`` that it can do without: while the newest candle of one is missing or disputed, its
    facts are left out of the view; of any other timeframe, the strategy then does not judge.
    drill: trades without a reason; mode live refuses it. history: by timeframe, how many candles it looks back, the closing
    one included, at most ``MOST_BARS``. explain: the gates by which ``judge`` answers, with sentences: all pass when it
    gives a signal, else its reasons are those of the gates that do not; None = it has its reasons only. points: the name of
    the setting that says how many points a signal needs, 0 or more; empty = its points are fixed. prepare: loads what the
    rules compute with, before the first close and only where the strategy is enabled.
    """

    name: str
    about: str
    settings: type[S]
    judge: Callable[[MarketView, S], Answer]
    timeframe: Callable[[S], Timeframe]
    reads: Callable[[S], Reads]
    symbols: Callable[[S], tuple[str, ...]] = _none
    presets: Mapping[str, S] = field(default_factory=dict)
    drill: bool = False
    history: Callable[[S], Mapping[Timeframe, int]] = _no_history
    explain: Callable[[MarketView, S], tuple[Gate, ...]] | None = None
    points: str = ""
    prepare: Callable[[], object] = _nothing
    flow: Callable[[S], Mapping[Timeframe, int]] = _no_history
    funding: bool = False
    optional: Callable[[S], Collection[Timeframe]] = _none_optional


class Enabled:
    """A strategy with the settings that it runs with."""

    __slots__ = ("name", "scope", "settings", "strategy", "symbols", "timeframe")

    def __init__(self, strategy: Strategy[Any], settings: BaseModel) -> None:
        """Raises ValueError, naming the strategy, when what it declares for these settings makes no sense."""
        self.strategy: Final = strategy
        self.settings: Final = settings
        self.name: Final = strategy.name
        try:
            timeframe, reads, symbols = strategy.timeframe(settings), strategy.reads(settings), strategy.symbols(settings)
            history, flows = dict(strategy.history(settings)), dict(strategy.flow(settings))
            looks = [*history.items(), *flows.items()]
            optional = frozenset(strategy.optional(settings))
            unknown = sorted(str(each) for each in {timeframe, *reads} - set(DURATION))
            unknown += sorted(f"{count} candles of {each}" for each, count in looks if not _possible(count))
            unknown += sorted({str(kind) for kinds in reads.values() for kind in kinds} - ALL_KINDS)
            self.symbols: Final = tuple(symbols)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # of a plug-in: anything, SystemExit too
            text = f"strategy {self.name} cannot say what it reads: {type(error).__name__}: {error}"
            raise ValueError(text) from error
        if unknown:
            raise ValueError(f"strategy {self.name} declares to read {', '.join(unknown)}, which does not exist")
        strangers = sorted(str(each) for each in (history.keys() | flows.keys()) - reads.keys())
        if strangers:
            raise ValueError(f"strategy {self.name} looks back on {', '.join(strangers)} and does not declare to read it")
        if timeframe not in reads:
            raise ValueError(f"strategy {self.name} judges {timeframe} candles and does not declare to read them")
        wanting = sorted(str(each) for each in optional - reads.keys() | optional & {timeframe})
        if wanting:
            text = f"strategy {self.name} declares {', '.join(wanting)} optional"
            raise ValueError(f"{text}: only what it reads beside its own candles can be")
        self.timeframe: Final = timeframe
        self.scope: Final = Scope(reads, self.symbols, history, flows, optional, funding=strategy.funding)

    def asking(self, factor: float) -> Enabled:
        """The same strategy asking for ``factor`` times the points; itself when its points are fixed."""
        name = self.strategy.points
        if not name:
            return self
        return Enabled(self.strategy, self.settings.model_copy(update={name: getattr(self.settings, name) * factor}))

    def prepare(self) -> None:
        """Load what the rules compute with. Raises ValueError, naming the strategy, when that fails."""
        try:
            self.strategy.prepare()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # of a plug-in: anything, SystemExit too
            raise ValueError(f"strategy {self.name} cannot be prepared: {type(error).__name__}: {error}") from error

    def answer(self, view: MarketView) -> Answer:
        """Judge one symbol at one close. Whatever a strategy raises comes out."""
        answer: Answer = self.strategy.judge(view, self.settings)
        return answer

    def gates(self, view: MarketView) -> tuple[Gate, ...]:
        """The gates of its answer, with sentences; empty when it offers none. Whatever a strategy raises comes out."""
        return () if self.strategy.explain is None else self.strategy.explain(view, self.settings)


def faults(strategy: Strategy[Any]) -> Iterator[str]:
    """Yield what keeps a strategy from being used, as sentences that go on from its name; nothing for a sound one."""
    if not NAME.fullmatch(strategy.name):
        yield "needs a name of lower-case letters, digits and underscores, at most 40"
    if not strategy.about.strip():
        yield "says nothing about itself: write a sentence into about"
    model = strategy.settings
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        yield "has settings that are no pydantic model"
        return
    if not (model.model_config.get("frozen") and model.model_config.get("extra") == "forbid"):
        yield 'needs settings with model_config = ConfigDict(extra="forbid", frozen=True)'
    for name, setting in model.model_fields.items():
        if setting.is_required():
            yield f"needs a default for its setting {name}"
        if not setting.description:
            yield f"needs a description of its setting {name}"
        if _is_number(setting) and not _has_range(setting):
            yield f"needs a range for its setting {name}: a lower bound (ge, gt) and an upper one (le, lt)"
    points = model.model_fields.get(strategy.points)
    if strategy.points and (points is None or points.annotation not in (int, float)):
        yield f"counts its points in {strategy.points}, which is no setting of it that is a number"
    for preset, settings in strategy.presets.items():
        if not isinstance(settings, model):
            yield f"has a preset {preset} that is no {model.__name__}"


def _possible(count: object) -> bool:
    return isinstance(count, int) and 1 <= count <= MOST_BARS


def _is_number(setting: FieldInfo) -> bool:
    kinds = get_args(setting.annotation) or (setting.annotation,)
    return any(kind in (int, float) for kind in kinds)


def _has_range(setting: FieldInfo) -> bool:
    low = any(isinstance(each, annotated_types.Ge | annotated_types.Gt) for each in setting.metadata)
    return low and any(isinstance(each, annotated_types.Le | annotated_types.Lt) for each in setting.metadata)
