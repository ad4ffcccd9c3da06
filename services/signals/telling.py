"""Makes the feed ``judgement.*``: what every strategy said at a close with its numbers, within a bounded size. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import msgspec

from services.signals.explaining import Explanation
from services.signals.gates import Gate
from services.signals.judging import REASONS
from shared.domain.bounds import shorten
from shared.domain.decisions import Judgement, Signal
from shared.domain.judgements import (
    MAX_GATES,
    NAME_LENGTH,
    SENTENCE_LENGTH,
    UNIT_LENGTH,
    JudgementBundle,
    ToldGate,
    ToldJudgement,
    ToldSignal,
)

#: Largest body, bytes: a quarter of what a message may have. Fifty symbols with four strategies and long sentences fit.
LARGEST: Final = 1024 * 1024


class JudgementFeed:
    """Collects the judgements of one close of one partition."""

    def __init__(self, partition: int) -> None:
        self._partition: Final = partition
        self._said: list[ToldJudgement] = []

    def add(self, explanation: Explanation, judgement: Judgement) -> None:
        """Take what a strategy said. judgement: as the decision has it, after pauses, filters and regimes."""
        stopped = explanation.stopped is not None and judgement.reasons == explanation.judgement.reasons
        filters = explanation.filters if stopped else ()
        asked = (*explanation.gates[: MAX_GATES - len(filters)], *filters)
        gates = [told for each in asked if (told := _gate(each)) is not None]
        self._said.append(
            ToldJudgement(
                symbol=explanation.symbol,
                strategy=explanation.strategy,
                timeframe=explanation.timeframe,
                signal=None if judgement.signal is None else _signal(judgement.signal),
                reasons=judgement.reasons,
                gates=tuple(gates),
            )
        )

    def take(self, close_time: int) -> tuple[JudgementBundle, ...]:
        """Return the message of the close (UTC ms) and begin anew; none when nobody judged."""
        said, self._said = self._said, []
        if not said:
            return ()
        return (fitting(JudgementBundle(partition=self._partition, close_time=close_time, judgements=tuple(said)), LARGEST),)


def fitting(bundle: JudgementBundle, largest: int) -> JudgementBundle:
    """Return the bundle in at most ``largest`` bytes: first without sentences, then without gates, then without the last."""
    for shorter in (bundle, _without_sentences(bundle), _without_gates(bundle)):
        if _size(shorter) <= largest:
            return shorter
    kept, room = 0, largest - _size(msgspec.structs.replace(bundle, judgements=(), left_out=len(bundle.judgements))) - 8
    for each in shorter.judgements:
        room -= len(msgspec.msgpack.encode(each))
        if room < 0:
            break
        kept += 1
    return msgspec.structs.replace(shorter, judgements=shorter.judgements[:kept], left_out=len(shorter.judgements) - kept)


def _size(bundle: JudgementBundle) -> int:
    return len(msgspec.msgpack.encode(bundle))


def _without_sentences(bundle: JudgementBundle) -> JudgementBundle:
    return _with_gates(bundle, [tuple(_mute(gate) for gate in each.gates) for each in bundle.judgements])


def _without_gates(bundle: JudgementBundle) -> JudgementBundle:
    return _with_gates(bundle, [()] * len(bundle.judgements))


def _with_gates(bundle: JudgementBundle, gates: Sequence[tuple[ToldGate, ...]]) -> JudgementBundle:
    pairs = zip(bundle.judgements, gates, strict=True)
    return msgspec.structs.replace(
        bundle, judgements=tuple(msgspec.structs.replace(each, gates=those) for each, those in pairs)
    )


def _mute(gate: ToldGate) -> ToldGate:
    return msgspec.structs.replace(gate, text="")


def _signal(signal: Signal) -> ToldSignal:
    return ToldSignal(side=signal.side, entry=signal.entry.price, stop=signal.stop, target=signal.target, score=signal.score)


def _gate(gate: Gate) -> ToldGate | None:
    """A gate as it may travel; None for one whose reason strategies do not have. A plug-in's fields may be anything."""
    if not isinstance(gate.reason, str) or gate.reason not in REASONS:
        return None
    return ToldGate(
        name=_text(gate.name, NAME_LENGTH),
        reason=gate.reason,
        passed=bool(gate.passed),
        value=_number(gate.value),
        limit=_number(gate.limit),
        unit=_text(gate.unit, UNIT_LENGTH),
        text=_text(gate.text, SENTENCE_LENGTH),
    )


def _number(value: object) -> float | None:
    """A finite number; None for anything else."""
    try:
        return float(value) if isinstance(value, int | float) and math.isfinite(value) else None
    except OverflowError:  # a whole number of four hundred digits
        return None


def _text(text: object, length: int) -> str:
    """A text that UTF-8 can carry, cut to its length; empty for what is no text."""
    return shorten(text.encode("utf-8", "replace").decode(), length) if isinstance(text, str) else ""
