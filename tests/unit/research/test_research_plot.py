"""Charts: what is drawn where, labels that keep apart, ticks of any zone, and both kinds of file."""

from __future__ import annotations

import io
import random
import struct
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from research.events import replay
from research.market import Market
from research.plot.axes import price_ticks, scale_of, time_ticks
from research.plot.canvas import Look
from research.plot.chart import NothingToShow, picture_of
from research.plot.html import write_html
from research.plot.labels import Placer, box_of, stacked
from research.plot.lives import Life, Lives
from research.plot.png import write_png
from research.plot.scene import Scene
from research.plot.shapes import Line, Picture, Polygon, Rect, Text, text_width
from research.plot.theme import STYLES, THEMES, style_of
from research.plot.windows import stretches
from services.analysis.settings import AnalysisSettings
from services.analysis.settings.timetable import TimetableSettings
from services.ingest.settings import IngestSettings
from shared.domain.candles import Candle
from shared.domain.decisions import Exit, MarketEntry, Signal
from shared.domain.facts import Fact
from shared.domain.timeframes import DURATION, Timeframe
from tests.support.analysis.candles import LIVELY, SYMBOL, seeded_walk, table
from tests.support.ingest.candle_files import walk, write_csv

LOOK = Look(THEMES["dark"], "Asia/Seoul", 1_200.0, 700.0)
CANDLES = seeded_walk(3, 200)


def lives_of(candles: list[Candle]) -> list[Life]:
    lives = Lives()
    lives.hear(replay(candles, LIVELY))
    return lives.all()


def drawn(candles: list[Candle], lives: list[Life]) -> Picture:
    windows = stretches(TimetableSettings(), {"kill_zone"}, candles[0].open_time, candles[-1].close_time)
    return Scene(candles, LOOK, f"{SYMBOL} 15m").draw(lives, windows)


def fact(**changes: object) -> Fact:
    step = CANDLES[1].open_time - CANDLES[0].open_time
    base = Fact(
        id="1",
        kind="fvg",
        direction="bullish",
        top=CANDLES[50].high,
        bottom=CANDLES[50].low,
        formed_at=CANDLES[50].open_time,
        confirmed_at=CANDLES[51].open_time + step,
        changed_at=CANDLES[51].open_time + step,
        state="active",
        why="Because.",
    )
    return msgspec.structs.replace(base, **changes)


def of_group(picture: Picture, kind: type, group: str) -> list[object]:
    return [shape for shape in picture.shapes if isinstance(shape, kind) and shape.group == group]


def test_a_zone_is_outlined_until_it_was_known_and_filled_until_it_ended() -> None:
    """BT-5 for the eye: what was drawn back in time looks different from what a trader could have seen."""
    born = fact()
    end = msgspec.structs.replace(born, state="filled", fill=1.0, changed_at=CANDLES[90].open_time)
    lives = Lives()
    lives.hear([born, end])
    picture = drawn(CANDLES, lives.all())
    scale = scale_of(CANDLES, 8.0, LOOK.width - 84.0, 46.0, LOOK.height - 24.0)
    before, known = of_group(picture, Rect, "fvg")
    assert isinstance(before, Rect)
    assert isinstance(known, Rect)
    assert (before.dashed, known.dashed) == (True, False)
    assert before.x == pytest.approx(scale.middle(born.formed_at))
    assert before.x + before.width == pytest.approx(known.x) == pytest.approx(scale.edge(born.confirmed_at))
    assert known.x + known.width == pytest.approx(scale.edge(CANDLES[90].open_time))
    assert known.tip.startswith("Because. Known at ")
    assert "filled at" in known.tip
    assert known.y == pytest.approx(scale.y(born.top))


def test_a_zone_that_lives_reaches_the_right_side() -> None:
    lives = Lives()
    lives.hear([fact()])
    zone = of_group(drawn(CANDLES, lives.all()), Rect, "fvg")[-1]
    assert isinstance(zone, Rect)
    assert zone.x + zone.width == pytest.approx(LOOK.width - 84.0)


def band(top: float, bottom: float, number: int = 120) -> Fact:
    """An IPDA range that was known at the close of this candle."""
    close = CANDLES[number].close_time
    return fact(kind="ipda_range", direction="none", label="20 days", top=top, bottom=bottom, formed_at=CANDLES[2].open_time,
                confirmed_at=close, changed_at=close)  # fmt: skip


def test_a_range_of_days_is_two_edges_and_its_middle_from_the_close_at_which_it_was_known() -> None:
    """ICT-12 for the eye: a box as wide as a month would hide the candles."""
    high, low = max(candle.high for candle in CANDLES) - 1, min(candle.low for candle in CANDLES) + 1
    lives = Lives()
    lives.hear([band(high, low)])
    picture = drawn(CANDLES, lives.all())
    assert of_group(picture, Rect, "ipda_range") == []
    lines = [line for line in of_group(picture, Line, "ipda_range") if isinstance(line, Line)]
    scale = scale_of(CANDLES, 8.0, LOOK.width - 84.0, 46.0, LOOK.height - 24.0)
    assert [line.y1 for line in lines] == [pytest.approx(scale.y(each)) for each in (high, low, (high + low) / 2)]
    assert {round(line.x1, 6) for line in lines} == {round(scale.edge(CANDLES[120].close_time), 6)}
    names = [text.text for text in of_group(picture, Text, "ipda_range") if isinstance(text, Text)]
    assert names == ["IPDA 20 days high", "IPDA 20 days low"]


def test_an_edge_outside_of_the_frame_and_a_range_of_a_moment_are_not_drawn() -> None:
    """Ranges of 60 days reach far beyond a chart of hours, and on a chart of days they change from candle to candle."""
    high, low = max(candle.high for candle in CANDLES) * 2, min(candle.low for candle in CANDLES) + 1
    standing = Lives()
    standing.hear([band(high, low)])
    picture = drawn(CANDLES, standing.all())
    assert [text.text for text in of_group(picture, Text, "ipda_range") if isinstance(text, Text)] == ["IPDA 20 days low"]
    for lasted, lines in ((2, 0), (40, 1)):
        over = Lives()
        born = band(high, low)
        over.hear([born, msgspec.structs.replace(born, state="expired", changed_at=CANDLES[120 + lasted].close_time)])
        assert len(of_group(drawn(CANDLES, over.all()), Line, "ipda_range")) == lines


def test_a_sweep_stands_beyond_the_sign_of_the_swing_at_its_candle_and_is_one_sign() -> None:
    """A candle that sweeps three levels and becomes a swing: two signs that do not cover each other."""
    candle = CANDLES[50]
    at = {"direction": "bearish", "formed_at": candle.open_time, "top": candle.high, "bottom": candle.high}
    known = {"confirmed_at": candle.close_time, "changed_at": candle.close_time}
    sweeps = [fact(id=f"s{number}", kind="sweep", state="final", **at, **known) for number in range(3)]
    lives = Lives()
    lives.hear([*sweeps, fact(id="h", kind="swing_high", label="HH", **at)])
    picture = drawn(CANDLES, lives.all())
    (sign,) = of_group(picture, Polygon, "liquidity")
    (swing,) = of_group(picture, Polygon, "swings")
    assert isinstance(sign, Polygon)
    assert isinstance(swing, Polygon)
    assert max(y for _, y in sign.points) <= min(y for _, y in swing.points)
    assert [text.text for text in of_group(picture, Text, "liquidity") if isinstance(text, Text)] == ["sweep"]


@pytest.mark.parametrize(
    "changes",
    [
        {"formed_at": CANDLES[-1].open_time + 1, "confirmed_at": 2 * 10**12, "changed_at": 2 * 10**12},
        {"top": 10**6, "bottom": 10**6 - 1},
        {"formed_at": 0, "confirmed_at": 1, "changed_at": CANDLES[0].open_time, "state": "filled"},
    ],
    ids=["after the chart", "above the chart", "ended before the chart"],
)
def test_fact_outside_the_candles_is_not_drawn(changes: dict[str, object]) -> None:
    lives = Lives()
    lives.hear([fact(**changes)])
    assert of_group(drawn(CANDLES, lives.all()), Rect, "fvg") == []


@pytest.mark.parametrize("seed", range(4))
def test_no_label_covers_another_of_its_rank(seed: int) -> None:
    """Structure, swings, sessions and names of zones keep apart, however lively the market."""
    candles = seeded_walk(seed, 160)
    picture = drawn(candles, lives_of(candles))
    labels = [shape for shape in picture.shapes if isinstance(shape, Text) and shape.group]
    boxes = [box_of(label) for label in labels]
    assert len(boxes) > 20
    for number, one in enumerate(boxes):
        for other in boxes[number + 1 :]:
            apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
            assert apart


def test_every_kind_of_shape_of_a_lively_market_is_inside_the_picture() -> None:
    picture = drawn(CANDLES, lives_of(CANDLES))
    assert {"sessions", "fvg", "order_block", "structure", "swings"} <= set(picture.groups)
    for shape in picture.shapes:
        if isinstance(shape, Rect):
            assert -1 <= shape.x <= shape.x + shape.width <= LOOK.width + 1
            assert -1 <= shape.y <= shape.y + shape.height <= LOOK.height + 1
        elif isinstance(shape, Polygon):
            assert all(0 <= x <= LOOK.width for x, _ in shape.points)
        elif isinstance(shape, Line):
            assert -1 <= min(shape.x1, shape.x2) <= max(shape.x1, shape.x2) <= LOOK.width + 1


def test_a_weekend_takes_no_room() -> None:
    """One candle a slot; a time inside of a gap is where the next candle begins."""
    rows = [(100.0, 101.0, 99.0, 100.5)] * 6
    candles = [candle for number, candle in enumerate(table(rows)) if number not in (2, 3)]
    scale = scale_of(candles, 0.0, 400.0, 0.0, 100.0)
    assert scale.slot == 100.0
    missing = candles[1].open_time + DURATION["15m"]
    assert scale.edge(missing) == scale.edge(candles[2].open_time) == 200.0
    assert scale.middle(candles[0].open_time - 1) == 0.0
    assert scale.middle(candles[-1].open_time + 10**9) == 400.0


@pytest.mark.parametrize("factor", [1e-8, 1.0, 1e5])
def test_price_ticks_are_round_and_apart(factor: float) -> None:
    """ICT bad input: ticks from 1e-8 to 1e6."""
    candles = table([(1.0 * factor, 1.7 * factor, 0.9 * factor, 1.2 * factor)] * 3)
    scale = scale_of(candles, 0.0, 300.0, 0.0, 500.0)
    ticks, digits = price_ticks(scale, 46.0)
    assert len(ticks) >= 4
    assert all(abs(scale.y(one) - scale.y(other)) >= 45.9 for one, other in pairwise(ticks))
    assert len({f"{tick:.{digits}f}" for tick in ticks}) == len(ticks)


def test_a_flat_market_has_an_axis_too() -> None:
    scale = scale_of(table([(100.0, 100.0, 100.0, 100.0)] * 3), 0.0, 300.0, 0.0, 500.0)
    assert scale.lowest < 100.0 < scale.highest
    assert drawn(table([(100.0, 100.0, 100.0, 100.0)] * 3), []).shapes


def test_time_ticks_are_round_on_the_clock_of_the_zone() -> None:
    """ICT-11: India is half an hour off; Seoul's days begin at 15:00 UTC."""
    start = int(datetime(2026, 3, 7, tzinfo=UTC).timestamp() * 1000)
    candles = [
        msgspec.structs.replace(candle, open_time=start + number * DURATION["15m"])
        for number, candle in enumerate(CANDLES[:192])
    ]
    scale = scale_of(candles, 0.0, 1_600.0, 0.0, 500.0)
    for name in ("Asia/Seoul", "Asia/Kolkata", "America/New_York"):
        ticks = time_ticks(scale, ZoneInfo(name), 84.0)
        days = [tick for tick in ticks if tick.strong]
        assert [tick.text[:3] for tick in days] in (["Sat", "Sun"], ["Sun", "Mon"])
        assert all(tick.text.endswith(":00") for tick in ticks if not tick.strong)
        assert all(later.x - one.x >= 84.0 * 0.6 for one, later in pairwise(ticks))


@pytest.mark.parametrize(("timeframe", "count"), [("1d", 400), ("1w", 300)])
def test_long_charts_are_marked_by_days_and_months(timeframe: Timeframe, count: int) -> None:
    candles = [
        Candle(
            symbol=SYMBOL,
            timeframe=timeframe,
            open_time=row[0],
            open=row[1],
            high=row[2],
            low=row[3],
            close=row[4],
            volume=1,
        )
        for row in walk(1, count, timeframe)
    ]
    ticks = time_ticks(scale_of(candles, 0.0, 1_600.0, 0.0, 500.0), ZoneInfo("UTC"), 84.0)
    assert len(ticks) > 4
    assert not any(tick.strong for tick in ticks)


def test_tags_beside_an_axis_move_apart_and_stay_inside() -> None:
    assert stacked([10.0, 11.0, 12.0], 10.0, 0.0, 100.0) == [10.0, 20.0, 30.0]
    assert stacked([95.0, 96.0, 97.0], 10.0, 0.0, 100.0) == [80.0, 90.0, 100.0]
    draw = random.Random(1)
    wanted = sorted(draw.uniform(0, 300) for _ in range(20))
    places = stacked(wanted, 14.0, 0.0, 300.0)
    assert all(later - one >= 13.99 for one, later in pairwise(places))


def test_a_label_without_a_free_place_is_left_out() -> None:
    placer = Placer((0.0, 0.0, 100.0, 100.0))
    label = Text(50.0, 50.0, "BOS", 11.0, "#fff", "middle")
    assert placer.place(label) == label
    assert placer.place(label) is None
    moved = placer.place(label, ((0.0, 0.0), (0.0, 20.0)))
    assert moved is not None
    assert moved.y == 70.0
    assert placer.place(Text(99.0, 50.0, "too far right", 11.0, "#fff")) is None
    assert text_width("W", 10.0) > text_width("i", 10.0)


def test_kinds_without_a_style_are_drawn_by_their_shape() -> None:
    assert style_of("unheard_of", has_height=True).role == "zone"
    assert style_of("unheard_of", has_height=False).role == "level"
    assert style_of("bos", has_height=False) == STYLES["bos"]


def test_a_scene_without_candles_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one candle"):
        Scene([], LOOK, "nothing")


def test_both_files_are_complete_and_repeatable() -> None:
    """PNG of the asked size; a page without a single address in it, well formed, with every sentence."""
    candles = CANDLES[:80]
    lives = lives_of(candles)
    picture = drawn(candles, lives)
    first, second = io.BytesIO(), io.BytesIO()
    write_png(picture, first, scale=0.5)
    write_png(drawn(candles, lives_of(candles)), second, scale=0.5)
    assert first.getvalue() == second.getvalue()
    assert struct.unpack(">II", first.getvalue()[16:24]) == (600, 350)
    page = io.BytesIO()
    write_html(picture, page, text="#fff", faint="#888")
    text = page.getvalue().decode()
    assert "http" not in text
    assert "$" not in text.partition("<script>")[0]
    root = ET.fromstring(text[text.index("<svg") : text.index("</svg>") + 6])
    tips = {element.get("data-tip") for element in root.iter()}
    boxes = [life for life in lives if life.born.kind == "order_block"]
    assert boxes
    assert any(tip and tip.startswith(boxes[-1].born.why) for tip in tips)
    assert {element.get("class") for element in root.iter()} >= {"g-fvg", "g-structure", "g-swings", "g-sessions"}


def test_the_last_candles_carry_what_was_known_before_them(tmp_path: Path) -> None:
    """A zone born before the chart begins is in it as long as it lives."""
    market = Market({SYMBOL: write_csv(tmp_path / "c.csv", walk(4, 600, "15m"))}, "15m", IngestSettings())
    small = picture_of(market, SYMBOL, LIVELY, LOOK, last=30)
    assert any(isinstance(shape, Rect) and shape.group and shape.x == 8.0 for shape in small.shapes)
    only = picture_of(market, SYMBOL, LIVELY, LOOK, last=200, kinds={"bos", "silver_bullet"})
    assert set(only.groups) <= {"structure", "sessions"}
    assert {shape.text for shape in only.shapes if isinstance(shape, Text) and shape.group == "structure"} == {"BOS"}
    bare = picture_of(market, SYMBOL, LIVELY, LOOK, last=200, kinds={"swings"})
    assert set(bare.groups) == {"swings"}


def test_a_kill_zone_says_nothing_on_a_chart_of_days(tmp_path: Path) -> None:
    """ICT-11: it must hold a few candles."""
    market = Market({SYMBOL: write_csv(tmp_path / "c.csv", walk(4, 60, "1d"))}, "1d", IngestSettings())
    assert "sessions" not in picture_of(market, SYMBOL, LIVELY, LOOK, last=60).groups


def test_of_two_symbols_each_chart_has_what_one_says_of_the_other(tmp_path: Path) -> None:
    """ICT-9: read together as live, each with its own candles; a symbol alone has no divergence."""
    files = {
        name: write_csv(tmp_path / f"{name}.csv", walk(seed, 600, "15m")) for seed, name in ((4, "ETHUSDT"), (5, SYMBOL))
    }
    both, alone = Market(files, "15m", IngestSettings()), Market({SYMBOL: files[SYMBOL]}, "15m", IngestSettings())
    for symbol, other in ((SYMBOL, "ETHUSDT"), ("ETHUSDT", SYMBOL)):
        picture = picture_of(both, symbol, LIVELY, LOOK, last=200, kinds={"smt"})
        names = {shape.text for shape in picture.shapes if isinstance(shape, Text) and shape.group == "smt"}
        assert names == {f"SMT {other}"}
    assert "smt" not in picture_of(alone, SYMBOL, LIVELY, LOOK, last=200, kinds={"smt"}).groups
    one, two = (picture_of(each, SYMBOL, LIVELY, LOOK, last=200, kinds={"fvg", "structure"}) for each in (both, alone))
    assert one.shapes == two.shapes


def test_the_windows_are_those_of_the_settings(tmp_path: Path) -> None:
    """ICT-11: who has moved the Asian zone sees it where he has put it."""
    market = Market({SYMBOL: write_csv(tmp_path / "c.csv", walk(4, 200, "15m"))}, "15m", IngestSettings())
    moved = {"timetable": {"windows": {"asian": {"kind": "kill_zone", "start": "21:00", "end": "23:00"}}}}
    tips = [
        {shape.tip for shape in picture_of(market, SYMBOL, chosen, LOOK, last=200).shapes if isinstance(shape, Rect)}
        for chosen in (AnalysisSettings(), AnalysisSettings.model_validate(moved))
    ]
    assert any(tip.startswith("asian: ") for tip in tips[0] - tips[1])
    assert any(tip.startswith("asian: ") and "10:00" in tip for tip in tips[1] - tips[0])  # 21:00 New York, in Seoul


def test_a_range_in_which_no_candle_closes_is_told(tmp_path: Path) -> None:
    market = Market({SYMBOL: write_csv(tmp_path / "c.csv", walk(4, 10, "1m"))}, "1h", IngestSettings())
    with pytest.raises(NothingToShow, match="no 1h candle"):
        picture_of(market, SYMBOL, LIVELY, LOOK, last=60)


def a_signal(at: int, entry: float, stop: float, *exits: float) -> Signal:
    return Signal(
        id="s", symbol=SYMBOL, strategy="ob_fvg", side="BUY", entry=MarketEntry(price=entry), stop=stop,
        exits=tuple(Exit(price=each, share=1.0 / len(exits)) for each in exits), score=4.0, close_time=at,
        valid_until=at + 60_000, rests_on=(), why="the rule that fired",
    )  # fmt: skip


def test_a_signal_is_a_sign_at_its_close_with_lines_from_there_on() -> None:
    """SIG-7: entry, stop and every exit that lies in the frame; beyond it none is drawn, at its edge neither."""
    candles = seeded_walk(3, 120)
    known = candles[60]
    low, high = min(each.low for each in candles), max(each.high for each in candles)
    drawn_at = a_signal(known.close_time, (low + high) / 2, low + (high - low) / 10, high - (high - low) / 10, high * 2)
    picture = Scene(candles, LOOK, SYMBOL).draw([], [], [drawn_at])
    lines = [each for each in of_group(picture, Line, "signals") if isinstance(each, Line)]
    assert len(lines) == 3
    assert all("the rule that fired" in each.tip for each in lines)
    scale = scale_of(candles, 8.0, LOOK.width - 84.0, 46.0, LOOK.height - 24.0)
    assert all(each.x2 > scale.edge(known.close_time) for each in lines)
    assert len(of_group(picture, Polygon, "signals")) == 1


@pytest.mark.parametrize("off", [-1_000, 1_000])
def test_a_signal_outside_of_the_chart_is_not_drawn(off: int) -> None:
    candles = seeded_walk(3, 120)
    at = candles[60].close_time + off * DURATION[candles[0].timeframe]
    price = candles[60].close
    picture = Scene(candles, LOOK, SYMBOL).draw([], [], [a_signal(at, price, price * 0.99, price * 1.01)])
    assert "signals" not in picture.groups
