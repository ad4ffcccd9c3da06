"""Encodes messages as msgpack maps and decodes them; type and schema version travel beside the body."""

from __future__ import annotations

from functools import cache
from typing import Final

import msgspec

from shared.bus.amounts import Check, check_of
from shared.bus.port import InvalidMessage
from shared.domain.account import AccountStatement, RiskReport
from shared.domain.candles import CandleBundle, FeedHistory, FeedStep
from shared.domain.control import Alert, ClockTick, Control, FundingDue, MarkPrices, Micro
from shared.domain.decisions import DecisionBundle
from shared.domain.facts import AnalysisBundle
from shared.domain.intents import RiskOrder, VerdictBundle
from shared.domain.judgements import JudgementBundle
from shared.domain.listing import InstrumentList
from shared.domain.market_step import MarketStep
from shared.domain.message import Message
from shared.domain.orders import OrderEvent, StepReport

#: Every type that may travel. A message whose type is not here is dead-lettered by whoever receives it.
MESSAGE_TYPES: Final[tuple[type[Message], ...]] = (
    FeedStep,
    FeedHistory,
    CandleBundle,
    AnalysisBundle,
    DecisionBundle,
    JudgementBundle,
    VerdictBundle,
    RiskOrder,
    OrderEvent,
    StepReport,
    AccountStatement,
    InstrumentList,
    MarketStep,
    RiskReport,
    Control,
    ClockTick,
    Alert,
    Micro,
    MarkPrices,
    FundingDue,
)
_KINDS: Final = {kind.TYPE: kind for kind in MESSAGE_TYPES}
_ENCODER: Final = msgspec.msgpack.Encoder()

#: A bundle of 64 symbols with all their facts is about 300 KB; what exceeds this is a mistake or an attack.
MAX_BODY_BYTES: Final = 4 * 1024 * 1024


@cache
def _reader(kind: type[Message]) -> tuple[msgspec.msgpack.Decoder[Message], Check | None]:
    """Made when the first message of its type comes: most processes read few types, and all together take long to make."""
    return msgspec.msgpack.Decoder(kind), check_of(kind)


def encode(message: Message) -> bytes:
    """Encode the body. Type and version go into AMQP properties, so that a reader can refuse before decoding."""
    return _ENCODER.encode(message)


def decode(type_name: str, version: int, body: bytes) -> Message:
    """Decode ``body``. Raises InvalidMessage, which names the fault and its place in the message."""
    if len(body) > MAX_BODY_BYTES:
        raise InvalidMessage(f"oversized: {len(body)} bytes, at most {MAX_BODY_BYTES} are accepted")
    kind = _KINDS.get(type_name)
    if kind is None:
        raise InvalidMessage(f"unknown type {type_name!r}")
    decoder, amounts = _reader(kind)
    if version != kind.VERSION and not 0 < kind.OLDEST <= version < kind.VERSION:
        oldest = f"{kind.OLDEST} to " if kind.OLDEST else ""
        raise InvalidMessage(f"unknown version {version} of {type_name}, this process reads {oldest}{kind.VERSION}")
    try:
        message = decoder.decode(body)
    except (msgspec.ValidationError, ArithmeticError) as error:  # NaN compared in a struct's own check is an ArithmeticError
        raise InvalidMessage(f"invalid {type_name}: {error}") from error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidMessage(f"malformed {type_name}: {error}") from error
    if amounts is not None and (fault := amounts(message)):
        raise InvalidMessage(f"invalid {type_name}: ${fault}")
    return message
