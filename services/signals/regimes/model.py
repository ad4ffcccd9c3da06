"""The artefact of ``ict train regimes``: a JSON document that says what it is, and shows when it was changed by hand."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from services.signals.regimes.garch import Garch
from services.signals.regimes.hmm import GaussianHmm
from shared.domain.message import Milliseconds, Symbol
from shared.domain.timeframes import Timeframe

#: The version of the artefact that this code reads.
VERSION: Final = 1
#: What the model looks at, in order: the logarithm of a candle's close over the close before it.
FEATURES: Final = ("log_return",)
#: A regime by how far returns spread in it.
Regime = Literal["calm", "normal", "volatile"]
#: Number of states → what they are called, the narrowest first.
NAMES: Final[dict[int, tuple[Regime, ...]]] = {2: ("calm", "volatile"), 3: ("calm", "normal", "volatile")}
_COMMAND: Final = "ict train regimes --data SYMBOL=FILE@TIMEFRAME"
_Sum = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class UnusableModel(ValueError):
    """A model file that is absent, old, altered or none at all; the text says which, and what to type."""


class RegimeModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A regime model of one symbol and timeframe.

    fitted_from, fitted_to: close times (UTC ms) of the first and the last candle that it was fitted on; it says nothing of
    that time. candles: how many these are. data_hash: SHA-256 of their returns. libraries: package → version. scores: by
    name, of candles after ``fitted_to``. content_hash: SHA-256 of everything else.

    Raises ValueError for other features or another number of states than this program knows.
    """

    version: int
    symbol: Symbol
    timeframe: Timeframe
    features: tuple[str, ...]
    hmm: GaussianHmm
    garch: Garch
    fitted_from: Milliseconds
    fitted_to: Milliseconds
    candles: int
    data_hash: _Sum
    libraries: dict[str, str]
    seed: int
    scores: dict[str, float | int]
    command: str
    content_hash: str = ""

    def __post_init__(self) -> None:
        if self.features != FEATURES:
            raise ValueError(f"the model looks at {', '.join(self.features)}, this program at {', '.join(FEATURES)}")
        if len(self.hmm.start) not in NAMES:
            raise ValueError(f"the model has {len(self.hmm.start)} states, this program knows 2 and 3")

    @property
    def names(self) -> tuple[Regime, ...]:
        """What its states are called, in order."""
        return NAMES[len(self.hmm.start)]

    def sealed(self) -> RegimeModel:
        """Return the same model with the hash of its content."""
        bare = msgspec.structs.replace(self, content_hash="")
        digest = sha256(msgspec.json.encode(bare, order="deterministic")).hexdigest()
        return msgspec.structs.replace(self, content_hash=digest)


class _Versioned(msgspec.Struct):
    version: int


def read_model(data: bytes) -> RegimeModel:
    """Return the model of a JSON document. Raises UnusableModel."""
    try:
        version = msgspec.json.decode(data, type=_Versioned).version
    except msgspec.MsgspecError as error:
        raise UnusableModel(f"it is no regime model ({error}); make one: {_COMMAND}") from error
    if version != VERSION:
        raise UnusableModel(f"it is of version {version}, this program reads {VERSION}; fit it again: {_COMMAND}")
    try:
        model = msgspec.json.decode(data, type=RegimeModel)
    except msgspec.MsgspecError as error:
        raise UnusableModel(f"it is no regime model ({error}); fit it again: {_COMMAND}") from error
    if model.sealed().content_hash != model.content_hash:
        raise UnusableModel(f"it was altered after it was written: its content_hash does not fit; fit it again: {_COMMAND}")
    return model


def load_model(path: Path) -> RegimeModel:
    """Return the model of a file. Raises UnusableModel, naming the file."""
    try:
        return read_model(path.read_bytes())
    except UnusableModel as error:
        raise UnusableModel(f"regime model {path} cannot be used: {error}") from error
    except FileNotFoundError:
        raise UnusableModel(f"regime model {path} is not there; make it: {_COMMAND} --out {path}") from None
    except OSError as error:
        raise UnusableModel(f"regime model {path} cannot be read: {error.strerror or error}") from error
