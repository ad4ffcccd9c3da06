"""The state of the signals core, as its snapshot holds it."""

from __future__ import annotations

import msgspec

from services.signals.barrier import CloseState
from services.signals.filters.zone_record import ZoneRecord
from services.signals.pauses import PausesState
from services.signals.regimes.memory import RegimeMemory
from services.signals.view import SymbolMemory


class StrategyFaults(msgspec.Struct):
    """What a strategy did wrong so far. counts: by reason. told_hour: the hour (since the epoch) of the last alert."""

    counts: dict[str, int] = msgspec.field(default_factory=dict)
    told_hour: int = -1


class SignalsState(msgspec.Struct, frozen=True, omit_defaults=True):
    """The whole state of the core, as the snapshot holds it. records, suitable: see ``Filters``.

    pauses: None until an operator's first command.
    """

    barrier: CloseState
    symbols: dict[str, SymbolMemory]
    faults: dict[str, StrategyFaults]
    regimes: dict[str, RegimeMemory] = msgspec.field(default_factory=dict)
    records: dict[str, ZoneRecord] = msgspec.field(default_factory=dict)
    suitable: bool = False
    pauses: PausesState | None = None
