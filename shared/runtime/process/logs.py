"""Sets up logging: one stream of JSON or readable lines, libraries included, secrets masked.

Everything goes to stderr; stdout belongs to a command's result.
"""

from __future__ import annotations

import logging
import re
import sys
import time
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TextIO

import msgspec
import structlog

LogFormat = Literal["json", "console", "auto"]

_SECRET_KEY: Final = re.compile(
    r"password|passwd|secret|token|api_?key|private_?key|authorization|credential", re.IGNORECASE
)
_USERINFO: Final = re.compile(r"(://[^/:@\s]*):[^@\s/]*@")
_MASK: Final = "***"

#: Loggers of libraries that report a lost connection as an error at every attempt. They reconnect by themselves; ``/readyz``
#: shows whether the service works, so one line per window suffices.
_NOISY: Final = ("aio_pika", "aiormq", "redis")


def configure(level: str = "INFO", format: LogFormat = "auto", *, stream: TextIO | None = None) -> None:  # noqa: A002  the setting's name
    """Set up structlog and the standard library's logging, which libraries use, into one stream. May be called again."""
    out = stream if stream is not None else sys.stderr
    readable = format == "console" or (format == "auto" and out.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        structlog.processors.UnicodeDecoder(),
    ]
    # Exceptions are formatted before the mask runs, and without local variables: both would show secrets.
    render: structlog.typing.Processor
    if readable:
        render = structlog.dev.ConsoleRenderer(colors=out.isatty(), exception_formatter=structlog.dev.plain_traceback)
    else:
        render = structlog.processors.JSONRenderer(serializer=_to_json)
    handler = _Handler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, mask_secrets, render],
        )
    )
    handler.addFilter(QuietReconnects())
    root = logging.getLogger()
    for old in [each for each in root.handlers if isinstance(each, _Handler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    logging.captureWarnings(True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,  # module-level loggers exist before this runs, and it may run again
    )


def mask_secrets(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask the values of keys with a secret's name, and the passwords in addresses anywhere."""
    for key, value in event.items():
        event[key] = _MASK if _SECRET_KEY.search(key) else _masked(value)
    return event


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return _USERINFO.sub(rf"\1:{_MASK}@", value) if "://" in value else value
    if isinstance(value, dict):
        return {key: _MASK if _SECRET_KEY.search(str(key)) else _masked(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(inner) for inner in value]
    return value if isinstance(value, int | float | None) else _masked(str(value))


def _to_json(event: Any, **_: Any) -> str:
    return msgspec.json.encode(event, enc_hook=str).decode()


class _Handler(logging.StreamHandler[TextIO]):
    """Our handler: a second ``configure`` replaces it and leaves other handlers alone."""


@dataclass(slots=True)
class _Logged:
    at: float
    suppressed_count: int = 0


@dataclass(slots=True)
class QuietReconnects(logging.Filter):
    """Turns the reconnect errors of broker and store clients into one warning per text and ``window`` seconds.

    The next line after a window says how many were suppressed. ``window``, ``clock``: seconds.
    """

    window: float = 30.0
    clock: Callable[[], float] = time.monotonic
    kinds: int = 256  # most texts remembered; one more clears the memory
    _logged: dict[tuple[str, str], _Logged] = field(default_factory=dict)

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING or not record.name.startswith(_NOISY):
            return True
        now, key = self.clock(), (record.name, str(record.msg))
        logged = self._logged.get(key)
        if logged is not None and now - logged.at < self.window:
            logged.suppressed_count += 1
            return False
        if len(self._logged) >= self.kinds:
            self._logged.clear()
        self._logged[key] = _Logged(now)
        text = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            text += f" ({type(record.exc_info[1]).__name__}: {record.exc_info[1]})"
        if logged is not None and logged.suppressed_count:
            text += f" (and {logged.suppressed_count} more like it)"
        record.msg, record.args, record.exc_info, record.exc_text = text, None, None, None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True
