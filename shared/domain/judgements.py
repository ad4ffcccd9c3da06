"""What every strategy said at a close, with its numbers: a feed for people who look on. Nothing decides by it."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final

import msgspec

from shared.domain.bounds import MANY, Id
from shared.domain.decisions import Reason
from shared.domain.message import Message, Milliseconds, Partition, Price, Symbol
from shared.domain.order_words import Side
from shared.domain.timeframes import Timeframe

#: Longest name, unit and sentence of a gate, characters; most gates of a judgement.
NAME_LENGTH: Final = 80
UNIT_LENGTH: Final = 40
SENTENCE_LENGTH: Final = 400
MAX_GATES: Final = 64


class ToldGate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One condition of a setup. value, limit: what was compared, in ``unit``; None = there is no number.

    reason: what the strategy answers when it does not hold. text: one sentence; empty where it was left out for its length.
    """

    name: Annotated[str, msgspec.Meta(max_length=NAME_LENGTH)]
    reason: Reason
    passed: bool = True
    value: float | None = None
    limit: float | None = None
    unit: Annotated[str, msgspec.Meta(max_length=UNIT_LENGTH)] = ""
    text: Annotated[str, msgspec.Meta(max_length=SENTENCE_LENGTH)] = ""


class ToldSignal(msgspec.Struct, frozen=True, kw_only=True):
    """The signal of a strategy in short; the decision of that close has the whole. Prices in USDT; target: the last one."""

    side: Side
    entry: Price
    stop: Price
    target: Price
    score: float


class ToldJudgement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one strategy said of one symbol: a signal, or reasons; with its gates, where it offers them.

    timeframe: of the candles that it judges. A signal that may not be given, as of a paused strategy, is a reason here, and
    its gates all hold.
    """

    symbol: Symbol
    strategy: Id
    timeframe: Timeframe
    signal: ToldSignal | None = None
    reasons: Annotated[tuple[Reason, ...], msgspec.Meta(max_length=32)] = ()
    gates: Annotated[tuple[ToldGate, ...], msgspec.Meta(max_length=MAX_GATES)] = ()

    @property
    def failing(self) -> tuple[ToldGate, ...]:
        """The gates that do not hold."""
        return tuple(gate for gate in self.gates if not gate.passed)


class JudgementBundle(Message, frozen=True, kw_only=True, omit_defaults=True):
    """Every judgement of one partition at one close, by symbol; none is sent for a close at which no strategy judges.

    left_out: judgements that did not fit into the largest body; they are the last ones.
    """

    TYPE: ClassVar[str] = "judgement_bundle"
    partition: Partition
    close_time: Milliseconds
    judgements: Annotated[tuple[ToldJudgement, ...], MANY]
    left_out: Annotated[int, msgspec.Meta(ge=0)] = 0

    @property
    def topic(self) -> str:
        return f"judgement.p{self.partition}"

    @property
    def message_id(self) -> str:
        return f"judgement:p{self.partition}:{self.close_time}"

    @property
    def at(self) -> int:
        return self.close_time
