"""Whatever order frames, fetches and failures come in: the minutes are the exchange's, the book is the exchange's."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.live.book import LocalBook
from services.ingest.live.minutes import Fetch, MinuteBoard
from services.ingest.settings.live import BookSettings, MinutesSettings
from shared.domain.candles import FeedStep
from shared.exchange.model.market_data import Level
from shared.exchange.model.streams import DepthEvent
from tests.support.ingest.live_scenes import BTC, ETH, at, depth, diff, kline

MINUTES = 12
SYMBOLS = (BTC, ETH)


@st.composite
def frames(draw: st.DrawFn) -> list[tuple[float, int, str, bool]]:
    """(second at which it is heard, minute, symbol, closed): lost, repeated, late and reordered at will."""
    heard = []
    for minute in range(MINUTES):
        for symbol in SYMBOLS:
            for second in draw(st.lists(st.floats(0.0, 300.0), max_size=3)):
                heard.append((minute * 60 + 60 + second, minute, symbol, draw(st.booleans())))
    return sorted(heard)


@settings(max_examples=60, deadline=None)
@given(frames(), st.lists(st.booleans(), min_size=1, max_size=40), st.integers(1, 20))
def test_every_minute_leaves_once_in_order_and_as_the_exchange_has_it(
    heard: list[tuple[float, int, str, bool]], luck: list[bool], limit: int
) -> None:
    """DATA-3, DATA-8: as long as REST answers in the end, no candle is missing, wrong, repeated or out of order."""
    board = MinuteBoard(0, SYMBOLS, at(1), MinutesSettings(fetch_limit=limit, give_up_after_ms=3_600_000))
    left: list[FeedStep] = []
    pending: list[Fetch] = []
    turn = 0
    for second in range(60, MINUTES * 60 + 900, 7):
        now, own = at(0, second), second * 1_000
        while heard and heard[0][0] <= second:
            _, minute, symbol, closed = heard.pop(0)
            board.hear(kline(minute, symbol, closed=closed))
        for fetch in pending:
            lucky = luck[turn % len(luck)] or second > MINUTES * 60 + 300
            turn += 1
            if lucky:
                answer = [
                    kline(minute, fetch.symbol) for minute in range(MINUTES) if fetch.first <= at(minute) <= fetch.last
                ]
                board.fetched(fetch, answer, now, own)
            else:
                board.failed(fetch, own, 5_000)
        pending = board.due(min(now, at(MINUTES, 30.0)), own)
        left += board.ready(now, own)
    assert [step.close_time for step in left] == [at(minute + 1) for minute in range(MINUTES)]
    for minute, step in enumerate(left):
        assert [candle.symbol for candle in step.candles] == list(SYMBOLS)
        assert {candle.close for candle in step.candles} == {100.0 + minute}


def levels() -> st.SearchStrategy[tuple[Level, ...]]:
    level = st.tuples(st.integers(1, 12).map(float), st.integers(0, 3).map(float))
    return st.lists(level, max_size=5, unique_by=lambda each: each[0]).map(tuple)


@st.composite
def markets(draw: st.DrawFn) -> list[DepthEvent]:
    """Diffs in unbroken sequence, with holes between their ids as USDⓈ-M has them."""
    last, events = 1_000, []
    for _ in range(draw(st.integers(1, 25))):
        following = last + draw(st.integers(2, 9))
        asks = tuple((price + 100.0, size) for price, size in draw(levels()))
        events.append(diff(last, following, bids=draw(levels()), asks=asks))
        last = following
    return events


class Truth:
    """The exchange's book: everything applied, nothing forgotten."""

    def __init__(self) -> None:
        self.bids: dict[float, float] = {}
        self.asks: dict[float, float] = {}

    def apply(self, event: DepthEvent) -> None:
        for side, changes in ((self.bids, event.bids), (self.asks, event.asks)):
            for price, size in changes:
                if size:
                    side[price] = size
                else:
                    side.pop(price, None)

    def best(self) -> tuple[list[Level], list[Level]]:
        return sorted(self.bids.items(), reverse=True), sorted(self.asks.items())


@settings(max_examples=60, deadline=None)
@given(markets(), st.data())
def test_the_book_is_the_snapshot_and_every_diff_after_it(events: list[DepthEvent], data: st.DataObject) -> None:
    """ICT-14: snapshots come late, diffs get lost and repeated; a book that calls itself in sequence is the exchange's."""
    truth, past = Truth(), {1_000: ((), ())}
    for event in events:
        truth.apply(event)
        bids, asks = truth.best()
        past[event.last] = (tuple(bids), tuple(asks))
    book = LocalBook(BookSettings(max_levels=50, snapshot_levels=50))
    newest = 1_000
    for event in events:
        fate = data.draw(st.sampled_from(["heard", "heard", "heard", "lost", "twice"]))
        for _ in range({"heard": 1, "lost": 0, "twice": 2}[fate]):
            book.diff(event)
        newest = event.last
        if not book.synced and data.draw(st.booleans()):
            age = data.draw(st.sampled_from([last for last in past if last <= newest]))
            book.snapshot(depth(age, *past[age]))
        if book.synced and fate != "lost":
            bids, asks = past[newest]
            if book.update == newest:
                assert book.levels(50) == (list(bids), list(asks))


@settings(max_examples=60, deadline=None)
@given(markets(), st.integers(0, 24))
def test_without_losses_one_snapshot_is_enough(events: list[DepthEvent], taken: int) -> None:
    """ICT-14: any snapshot that the diffs at hand reach back to, taken at any time, ends in the exchange's book."""
    book, truth = LocalBook(BookSettings()), Truth()
    taken = min(taken, len(events) - 1)
    for number, event in enumerate(events):
        truth.apply(event)
        book.diff(event)
        if number == taken:
            bids, asks = truth.best()
            assert book.snapshot(depth(event.last, tuple(bids), tuple(asks))) == "synced"
    assert book.levels(50) == truth.best()
