"""Implements the port's market streams: one connection a route, verified by frames."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final, Self

import structlog
from prometheus_client import Counter

from shared.exchange.binance.sockets import Socket
from shared.exchange.binance.stream_forms import Form, Forms, market_address, refusal_in, subscribe
from shared.exchange.binance.wire.enums import Unreadable
from shared.exchange.binance.wire.streams import ROUTES, Route, name_of, read_event, read_frame, wire_name
from shared.exchange.metrics import UNREADABLE
from shared.exchange.model.streams import Heard, MarketEvent, StreamKind, StreamLost, StreamName
from shared.exchange.settings import StreamSettings
from shared.exchange.silence import Silence

log = structlog.get_logger(__name__)

#: Added to the sleep of the silence watch, seconds: waking a moment before the limit, it would find nothing overdue.
_GRAIN: Final = 0.001
_LOST: Final = Counter("ict_exchange_streams_lost_total", "Stream connections that ended, by reason", ["stream", "reason"])
_FORMS: Final = Counter(
    "ict_exchange_stream_forms_total",
    "Stream connections, by form of subscription and whether messages came",
    ["route", "form", "ended"],
)


def together(names: Sequence[StreamName], most: int) -> list[list[StreamName]]:
    """Split streams into groups that can share a connection: one route, at most ``most`` streams. Doubles are dropped."""
    routed: dict[Route, list[StreamName]] = {}
    for name in dict.fromkeys(names):
        routed.setdefault(ROUTES[name.kind], []).append(name)
    return [group[first : first + most] for group in routed.values() for first in range(0, len(group), most)]


class BinanceMarketStream:
    """Implements ``MarketStream``; see ``port.MarketData.market_stream`` for the arguments.

    forms: of each route, which form of subscription to use; shared by all connections of the adapter.
    """

    def __init__(
        self,
        stream_url: str,
        names: Sequence[StreamName],
        forms: Mapping[Route, Forms],
        settings: StreamSettings,
        *,
        silent_after: float | None = None,
        cadence: Mapping[StreamKind, float] | None = None,
    ) -> None:
        groups = together(names, settings.streams_per_connection)
        if len(groups) != 1:
            raise ValueError(f"{len(names)} streams cannot share one connection: open one for each group of `together`")
        self._route = ROUTES[groups[0][0].kind]
        self._names = {wire_name(name): name for name in groups[0]}
        self._silent_after = silent_after
        self._cadence = dict(cadence or {})
        self._forms = forms[self._route]
        self._form: Form = self._forms.current
        #: Kinds of which no frame has come yet; a kind without a cadence is not waited for.
        self._unheard = {name.kind for name in groups[0] if cadence is None or name.kind in cadence}
        self._base = f"{stream_url}/{self._route}/"
        self._settings = settings
        self._socket: Socket | None = None
        self._opened_at = 0.0
        self._reply_due = False
        self._silence: Silence | None = None
        self._watch: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._form = self._forms.current
        socket = Socket(self._base, market_address(self._form, list(self._names)), self._settings)
        self._socket = await opened(socket, self._route)
        self._opened_at = asyncio.get_running_loop().time()
        if self._form == "subscribe":
            self._reply_due = True
            await self._socket.send(subscribe(list(self._names)))
        if self._silent_after is not None:
            self._silence = Silence(self._names, self._silent_after, self._opened_at)
            self._watch = asyncio.create_task(self._watch_silence(self._socket, self._silence), name="silence watch")
        return self

    async def __aexit__(self, *error: object) -> None:
        await ended(self._watch)
        self._judge_form(asyncio.get_running_loop().time() - self._opened_at)
        if self._socket is not None:
            await self._socket.shut()

    async def __aiter__(self) -> AsyncIterator[Heard]:
        assert self._socket is not None, "use the stream as `async with`"
        silence = self._silence
        while True:
            heard = self._heard(*await next_frame(self._socket, self._route))
            if heard is not None:
                if self._unheard:
                    self._first_of(heard.stream.kind)
                if silence is not None:
                    silence.heard(wire_name(heard.stream), heard.at)
                yield heard

    async def _watch_silence(self, socket: Socket, silence: Silence) -> None:
        time = asyncio.get_running_loop().time
        while not (overdue := silence.overdue(time())):  # noqa: ASYNC110  silence is the absence of an event
            await asyncio.sleep(silence.remaining(time()) + _GRAIN)
        text = f"no frame of {', '.join(overdue)} for {self._silent_after:g} s"
        socket.end(StreamLost("silent", text))

    def _first_of(self, kind: StreamKind) -> None:
        """Note that a kind delivers; once every awaited kind does, the form of subscription is proven."""
        self._unheard.discard(kind)
        if not self._unheard:
            form_delivers(self._route, self._forms, self._form)

    def _judge_form(self, open_for: float) -> None:
        """Leave the form of subscription if a kind never spoke for longer than its cadence, ``open_for`` seconds."""
        late = sorted(kind for kind in self._unheard if open_for >= self._cadence.get(kind, float("inf")))
        if late:
            form_is_silent(self._route, self._forms, self._form, ", ".join(late))

    def _heard(self, text: str, at: float) -> Heard | None:
        """Read a frame; None if it is unreadable, of another stream, or the answer to our command.

        An unreadable frame is counted and skipped, because ending the connection would interrupt all its streams.
        """
        if self._reply_due and (refusal := refusal_in(text)) is not None:
            self._reply_due = False
            if refusal and self._socket is not None:
                form_is_silent(self._route, self._forms, self._form, f"refused: {refusal}")
                self._socket.end(StreamLost("refused", f"SUBSCRIBE: {refusal}"))
            return None
        try:
            name, event = self._read(text)
        except Unreadable as error:
            UNREADABLE.labels(f"stream {self._route}").inc()
            log.warning("market_frame_unreadable", route=self._route, error=str(error), frame=text[:200])
            return None
        return Heard(name, event, at) if name is not None else None

    def _read(self, text: str) -> tuple[StreamName | None, MarketEvent]:
        """Return the event and the subscribed stream that it belongs to. Names in the path bring events without a name."""
        if self._form == "path":
            event = read_event(text)
            name = name_of(event)
            return (name if name is not None and wire_name(name) in self._names else None), event
        stream, event = read_frame(text)
        return self._names.get(stream), event


def form_delivers(route: str, forms: Forms, form: Form) -> None:
    """Remember that frames came under this form; say it when it is not the one that delivered before."""
    _FORMS.labels(route, form, "delivered").inc()
    if forms.delivered(form):
        log.info("stream_form_delivers", route=route, form=form)


def form_is_silent(route: str, forms: Forms, form: Form, missing: str) -> None:
    """Record a connection that was acknowledged and silent; the next may use another form. ``missing``: what never came."""
    _FORMS.labels(route, form, "silent").inc()
    following = forms.silent(form)
    log.warning("stream_form_silent", route=route, form=form, missing=missing, next_form=following)


async def opened(socket: Socket, label: str) -> Socket:
    """Open a socket; count a refusal under ``label``. Raises StreamLost("refused")."""
    try:
        await socket.open()
    except StreamLost as lost:
        lost_by(label, lost)
        raise
    return socket


async def next_frame(socket: Socket, label: str) -> tuple[str, float]:
    """Return the next frame and its arrival; count the end of the connection under ``label``. Raises StreamLost."""
    try:
        return await socket.next_frame()
    except StreamLost as lost:
        lost_by(label, lost)
        raise


def lost_by(label: str, lost: StreamLost) -> None:
    """Count the end of a connection."""
    _LOST.labels(label, lost.reason).inc()


async def ended(task: asyncio.Task[None] | None) -> None:
    """Cancel a task and wait until it has ended."""
    if task is not None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
