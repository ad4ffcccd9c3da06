"""The lines of decisions without a signal, quicker than by making each decision: strategies say the same for hours."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

import msgspec

from shared.domain.decisions import Decision, Judgement, Reason
from shared.domain.ids import begun, ended

_encode: Final = msgspec.json.Encoder(order="sorted").encode
#: Wordings that are remembered; strategies have few, and say them again and again.
_MOST: Final = 4_096


def why_not(judgements: tuple[Judgement, ...]) -> tuple[Reason, ...]:
    """Every reason of these judgements, each once."""
    if len(judgements) == 1:
        reasons = judgements[0].reasons
        if len(reasons) == 1:
            return reasons
    return tuple(dict.fromkeys([reason for each in judgements for reason in each.reasons]))


class UnsignalledLines:
    """Knows how the line of a decision ends; time and id, with which it begins, are all that is new in it."""

    def __init__(self) -> None:
        self._begun: dict[str, blake2b] = {}
        self._ends: dict[tuple[str, tuple[Judgement, ...]], bytes] = {}

    def line(self, symbol: str, close_time: int, judgements: tuple[Judgement, ...]) -> bytes:
        """The whole line of a decision at ``close_time`` (UTC ms); without judgements nobody judges then."""
        digest = self._begun.get(symbol)
        if digest is None:
            digest = self._begun[symbol] = begun("decision", symbol)
        identity = ended(digest, close_time)
        begins = f'{{"close_time":{close_time},"id":"{identity}",'.encode()
        asked = (symbol, judgements)
        ends = self._ends.get(asked)
        if ends is not None:
            return begins + ends
        reasons: tuple[Reason, ...] = () if judgements else ("not_this_timeframe",)
        decision = Decision(id=identity, symbol=symbol, close_time=close_time, judgements=judgements, reasons=reasons)
        line = _encode(decision) + b"\n"
        if line.startswith(begins) and len(self._ends) < _MOST:
            self._ends[asked] = line[len(begins) :]
        return line
