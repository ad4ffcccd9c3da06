"""The log stream: structured, complete, without secrets, quiet about reconnects."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from shared.runtime.process.logs import QuietReconnects, configure, mask_secrets


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """What a test configures must not outlive it."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers, root.level = handlers, level
    logging.captureWarnings(False)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_own_and_library_lines_join_one_stream_of_json_with_their_context() -> None:
    """OPS-3: one format for everything that a process says."""
    out = io.StringIO()
    configure("INFO", "json", stream=out)
    with structlog.contextvars.bound_contextvars(service="risk"):
        structlog.get_logger("own").info("halted", symbol="BTCUSDT", reasons=("loss",), price=1.5)
        logging.getLogger("library").warning("%s of %d", "two", 3, extra={"port": 5})
        structlog.get_logger("own").debug("not at this level")
    own, library = lines(out)
    assert {key: own[key] for key in ("event", "service", "symbol", "reasons", "price", "level", "logger")} == {
        "event": "halted", "service": "risk", "symbol": "BTCUSDT", "reasons": ["loss"], "price": 1.5, "level": "info",
        "logger": "own",
    }  # fmt: skip
    assert (library["event"], library["service"], library["level"], library["port"]) == ("two of 3", "risk", "warning", 5)
    assert str(own["timestamp"]).endswith("Z")


def test_a_second_configuration_replaces_the_first() -> None:
    first, second = io.StringIO(), io.StringIO()
    configure("INFO", "json", stream=first)
    configure("DEBUG", "json", stream=second)
    structlog.get_logger("own").debug("once")
    assert (lines(first), len(lines(second))) == ([], 1)


def test_auto_is_json_unless_a_person_looks() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    file, terminal = io.StringIO(), Terminal()
    configure("INFO", "auto", stream=file)
    structlog.get_logger("own").info("hello")
    configure("INFO", "auto", stream=terminal)
    structlog.get_logger("own").info("hello")
    assert lines(file)[0]["event"] == "hello"
    assert "hello" in terminal.getvalue()
    assert not terminal.getvalue().startswith("{")


@pytest.mark.parametrize("style", ["json", "console"])
def test_no_line_shows_a_secret(style: str) -> None:
    """OPS-7: not as a value, not inside one, not in an address, not in a traceback or its variables."""
    out = io.StringIO()
    configure("INFO", style, stream=out)  # type: ignore[arg-type]  # one of the two
    log = structlog.get_logger("own")
    log.info("login", password="geheim", nested={"api_key": "geheim", "list": [{"token": "geheim"}]}, user="u")
    log.info("connecting to amqp://user:geheim@host/", url="redis://:geheim@host/0")
    logging.getLogger("library").error("cannot reach %s", "amqp://user:geheim@host/")
    try:
        local_secret = "geheim"
        raise RuntimeError(f"amqp://user:{local_secret}@host/")
    except RuntimeError:
        log.exception("failed")
    text = out.getvalue()
    assert "geheim" not in text
    assert text.count("***") >= 6
    assert "Traceback" in text


def test_the_mask_leaves_everything_else_alone() -> None:
    """The specimen: without the mask the secret is there, so its absence above means something."""
    event = {"event": "e", "password": "geheim", "price": 1.5, "none": None, "error": ValueError("a://b:c@d")}
    assert "geheim" in str(event)
    assert mask_secrets(None, "", event) == {
        "event": "e", "password": "***", "price": 1.5, "none": None, "error": "a://b:***@d"
    }  # fmt: skip


def test_reconnect_errors_of_clients_become_one_warning_a_while_that_counts_the_rest() -> None:
    """A broker that is away for an hour is one line a window, not a flood with tracebacks."""
    now = [0.0]
    quiet = QuietReconnects(window=30.0, clock=lambda: now[0])

    def tell(name: str = "aiormq.connection", level: int = logging.ERROR, text: str = "lost %s", *arguments: object):
        try:
            raise ConnectionError("refused")
        except ConnectionError as error:
            info = (type(error), error, error.__traceback__)
        record = logging.LogRecord(name, level, __file__, 1, text, arguments or ("it",), info)
        return record if quiet.filter(record) else None

    first = tell()
    assert first is not None
    assert (first.levelname, first.exc_info, first.getMessage()) == ("WARNING", None, "lost it (ConnectionError: refused)")
    assert [tell() for _ in range(5)] == [None] * 5
    assert tell(text="another %s") is not None
    now[0] = 31.0
    again = tell()
    assert again is not None
    assert again.getMessage().endswith("(and 5 more like it)")
    ours = tell("shared.bus.rabbitmq.bus")
    assert ours is not None
    assert (ours.levelname, ours.exc_info is None) == ("ERROR", False)
    assert all(tell(level=logging.INFO) is not None for _ in range(3))


def test_the_memory_of_logged_lines_is_bounded() -> None:
    """Invariant 6: a text that contains something new every time must not grow the process."""
    quiet = QuietReconnects(kinds=4)
    told = [quiet.filter(logging.LogRecord("redis", logging.ERROR, "", 1, f"text {n}", (), None)) for n in range(100)]
    assert all(told)
    assert len(quiet._logged) <= 4
