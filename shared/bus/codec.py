"""Encodes messages as msgpack maps and decodes them; type and schema version travel beside the body."""

from __future__ import annotations

from typing import Final

import msgspec

from shared.bus.amounts import check_of
from shared.bus.port import InvalidMessage
from shared.domain.account import AccountStatement, RiskReport
from shared.domain.candles import CandleBundle, FeedHistory, FeedStep
from shared.domain.control import Alert, ClockTick, Control, FundingDue, MarkPrices, Micro
from shared.domain.decisions import DecisionBundle
from shared.domain.facts import AnalysisBundle
from shared.domain.intents import RiskOrder, VerdictBundle
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
_BY_NAME: Final = {kind.TYPE: (kind, msgspec.msgpack.Decoder(kind), check_of(kind)) for kind in MESSAGE_TYPES}
_ENCODER: Final = msgspec.msgpack.Encoder()

#: A bundle of 64 symbols with all their facts is about 300 KB; what exceeds this is a mistake or an attack.
MAX_BODY_BYTES: Final = 4 * 1024 * 1024


def encode(message: Message) -> bytes:
    """Encode the body. Type and version go into AMQP properties, so that a reader can refuse before decoding."""
    return _ENCODER.encode(message)


def decode(type_name: str, version: int, body: bytes) -> Message:
    """Decode ``body``. Raises InvalidMessage, which names the fault and its place in the message."""
    if len(body) > MAX_BODY_BYTES:
        raise InvalidMessage(f"oversized: {len(body)} bytes, at most {MAX_BODY_BYTES} are accepted")
    entry = _BY_NAME.get(type_name)
    if entry is None:
        raise InvalidMessage(f"unknown type {type_name!r}")
    kind, decoder, amounts = entry
    if version != kind.VERSION:
        raise InvalidMessage(f"unknown version {version} of {type_name}, this process reads {kind.VERSION}")
    try:
        message = decoder.decode(body)
    except (msgspec.ValidationError, ArithmeticError) as error:  # NaN compared in a struct's own check is an ArithmeticError
        raise InvalidMessage(f"invalid {type_name}: {error}") from error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidMessage(f"malformed {type_name}: {error}") from error
    if amounts is not None and (fault := amounts(message)):
        raise InvalidMessage(f"invalid {type_name}: ${fault}")
    return message
