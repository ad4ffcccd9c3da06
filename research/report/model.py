"""What the page shows, as data: the page is made from it alone, and its scripts read the part in ``Drawn``."""

from __future__ import annotations

from typing import Literal

import msgspec

from research.report.candles import Chart

#: How a number reads to a trader at a glance.
Tone = Literal["good", "bad", ""]


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One measure. value: as it is shown, with its unit. how, misses: how it is computed, and what it does not see.

    between: where 95 % of the draws of its confidence interval lie; empty = it has none.
    """

    name: str
    value: str
    tone: Tone = ""
    how: str = ""
    misses: str = ""
    between: str = ""


class GroupTable(msgspec.Struct, frozen=True, kw_only=True):
    """Closed trades by what tells them apart. rows: cells as they are shown; results: USDT of each row, for its tone."""

    title: str
    note: str
    rows: tuple[tuple[str, ...], ...]
    results: tuple[float, ...]


class Month(msgspec.Struct, frozen=True, kw_only=True):
    """Return of one calendar month, UTC, a fraction."""

    year: int
    month: int
    value: float


class DrawnZone(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One fact that a trade rests on. color: bullish, bearish, bullish_block, bearish_block or neutral. Times UTC ms.

    end: 0 = it stood while the trade was open. faint: so large that only its edges are drawn.
    """

    name: str
    timeframe: str
    color: str
    top: float
    bottom: float
    start: int
    end: int = 0
    shape: Literal["box", "line", "none"] = "box"
    faint: bool = False
    why: str = ""


class DrawnFill(msgspec.Struct, frozen=True, kw_only=True):
    """One fill: UTC ms, USDT, quantity as decimal text, and what it did."""

    time: int
    price: float
    quantity: str
    role: str


class DrawnTrade(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One trade for its own view: what is drawn on its candles, and what is said beside them.

    facts: (name, value) as they are shown. stops: (UTC ms, USDT) at each change. windows: (name, start, end, place of its
    colour). chart None: left out because the page would be too large.
    """

    title: str
    side: str
    why: str
    facts: tuple[tuple[str, str], ...]
    signal_at: int
    opened: int
    closed: int
    entry: float
    exit: float
    won: bool
    wanted: float | None = None
    targets: tuple[float, ...] = ()
    stops: tuple[tuple[int, float], ...] = ()
    fills: tuple[DrawnFill, ...] = ()
    zones: tuple[DrawnZone, ...] = ()
    windows: tuple[tuple[str, int, int, int], ...] = ()
    chart: Chart | None = None


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the list of trades. sort: what each cell is sorted by; the cells are as they are shown."""

    number: int
    cells: tuple[str, ...]
    sort: tuple[str | float, ...]
    result: float


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """Trades with ``low`` <= R < ``high``."""

    low: float
    high: float
    trades: int


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """What scripts draw. times: UTC seconds, each less the one before; equity: cents of USDT; drawdown: share of the highest
    equity that is missing, in hundredths of a percent.
    """

    times: list[int]
    equity: list[int]
    drawdown: list[int]
    r: list[Bar]
    trades: list[DrawnTrade]


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """The whole page. notes: sentences that a reader has to know before the numbers. costs: (name, USDT, share of turnover).

    reasons: why closes became no entry, with how many. about: (name, value) of what was played. settings: as JSON text.
    """

    title: str
    span: str
    notes: tuple[str, ...]
    figures: tuple[Figure, ...]
    more: tuple[Figure, ...]
    months: tuple[Month, ...]
    costs: tuple[tuple[str, ...], ...]
    cost_note: str
    tables: tuple[GroupTable, ...]
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    reasons: tuple[tuple[str, str], ...]
    about: tuple[tuple[str, str], ...]
    settings: str
    drawn: Drawn
