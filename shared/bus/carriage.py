"""What a bus carries: a body of bounded size under a topic and ids that fit AMQP's short strings."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from shared.bus import codec
from shared.bus.port import Unpublishable
from shared.domain.message import Message

#: Bytes that an AMQP property or routing key can hold.
SHORT_BYTES: Final = 255


def body_of(message: Message) -> bytes:
    """Encode the body. Raises Unpublishable for one that no reader accepts, and for what the codec cannot write."""
    try:
        body = codec.encode(message)
    except (TypeError, ValueError, OverflowError) as error:  # a lone surrogate, a number of more than 64 bits
        raise Unpublishable(f"{message.TYPE} cannot be encoded: {type(error).__name__}: {error}") from error
    if len(body) > codec.MAX_BODY_BYTES:
        raise Unpublishable(f"{message.TYPE} has {len(body)} bytes, at most {codec.MAX_BODY_BYTES} are carried")
    return body


def check_topic(topic: str) -> None:
    """Raise Unpublishable for a topic that is no routing key."""
    if len(topic.encode()) > SHORT_BYTES:
        raise Unpublishable(f"topic {topic[:40]}… has more than {SHORT_BYTES} bytes, which no routing key holds")


def short(text: str) -> str:
    """Return an id as a property that AMQP can hold: its hash if it has more than 255 bytes, the same in every process."""
    raw = text.encode()
    return text if len(raw) <= SHORT_BYTES else f"sha256:{sha256(raw).hexdigest()}"
