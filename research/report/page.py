"""The page as HTML: tables in the text, charts by a small script from the data beside it; nothing is fetched."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from string import Template
from typing import Final

import msgspec

from research.plot.theme import THEMES, Theme
from research.report import costs, groups
from research.report.model import Figure, GroupTable, Month, Page

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
#: A month with this return has the full colour.
_FULL: Final = 0.10
#: Columns from the left that hold words; numbers stand at the right.
_WORDS_IN_TRADES: Final = 7


def html_of(page: Page) -> bytes:
    """The whole file. The same page is the same bytes."""
    return (
        _Template(_part("report.html"))
        .substitute(
            title=escape(page.title),
            span=escape(page.span),
            style=_colors() + _part("report.css"),
            notes="".join(f"<li>{escape(note)}</li>" for note in page.notes),
            figures="".join(_tile(each) for each in page.figures),
            more=_more(page.more),
            months=_months(page.months),
            costs=_costs(page),
            tables="".join(_group(each) for each in page.tables),
            trades=_trades(page),
            reasons=_pairs(page.reasons, "No close was without an entry."),
            about=_pairs(page.about, ""),
            settings=escape(page.settings),
            data=_data(page),
            script=_part("charts.js") + _part("trade.js") + _part("report.js"),
        )
        .encode()
    )


class _Template(Template):
    delimiter = "%%"


def _part(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _data(page: Page) -> str:
    """JSON that no browser takes for a tag."""
    text = msgspec.json.encode(page.drawn).decode()
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _colors() -> str:
    """The colours of both themes as variables; the reader's own choice of light or dark decides."""
    light, dark = _variables(THEMES["light"]), _variables(THEMES["dark"])
    return f":root{{{light}}}\n@media(prefers-color-scheme:dark){{:root{{{dark}}}}}\n"


def _variables(theme: Theme) -> str:
    names = (
        "background", "text", "faint", "grid", "axis", "up", "down", "bullish", "bearish", "bullish_block", "bearish_block",
        "neutral",
    )  # fmt: skip
    found = [f"--{name}:{getattr(theme, name)}" for name in names]
    found += [f"--window{place}:{color}" for place, color in enumerate(theme.windows)]
    return ";".join(found)


def _tone(value: float) -> str:
    return ' class="good"' if value > 0 else ' class="bad"' if value < 0 else ""


def _tile(figure: Figure) -> str:
    tone = f' class="{figure.tone}"' if figure.tone else ""
    how = f' title="{escape(figure.how)}"' if figure.how else ""
    between = f"<dd class=between>{escape(figure.between)}</dd>" if figure.between else ""
    return f"<div{how}><dt>{escape(figure.name)}</dt><dd{tone}>{escape(figure.value)}</dd>{between}</div>"


def _more(figures: Iterable[Figure]) -> str:
    rows = [
        f"<tr><th scope=row>{escape(each.name)}<td>{escape(each.value)}<td>{escape(each.between)}"
        f"<td class=say>{escape(each.how)}<td class=say>{escape(each.misses)}"
        for each in figures
    ]
    return _table(
        "All measures", ("measure", "value", "95 % of draws", "how it is computed", "what it misses"), rows, words=1
    ).replace(
        "<th scope=col>how it is computed<th scope=col>what it misses",
        "<th scope=col class=said>how it is computed<th scope=col class=said>what it misses",
    )


def _table(caption: str, heads: Sequence[str], rows: Sequence[str], words: int, empty: str = "") -> str:
    """words: number of columns from the left that are not numbers."""
    if not rows:
        return f"<p class=faint>{escape(empty)}</p>" if empty else ""
    head = "".join(
        f"<th scope=col{'' if place >= words else ' class=word'}>{escape(each)}" for place, each in enumerate(heads)
    )
    return (
        f'<div class=scroll tabindex=0 role=region aria-label="{escape(caption)}"><table><thead><tr>{head}</thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _group(table: GroupTable) -> str:
    rows = [
        f"<tr><th scope=row>{escape(name)}"
        + "".join(
            f"<td{_tone(result) if groups.HEADS[place].startswith('result') else ''}>{escape(cell)}"
            for place, cell in enumerate(cells, 1)
        )
        for (name, *cells), result in zip(table.rows, table.results, strict=True)
    ]
    note = f"<p class=faint>{escape(table.note)}</p>" if table.note else ""
    return (
        f"<section><h3>{escape(table.title)}</h3>{note}{_table(table.title, groups.HEADS, rows, 1, 'No trade.')}</section>"
    )


def _costs(page: Page) -> str:
    rows = ["<tr><th scope=row>" + "<td>".join(escape(cell) for cell in cells) for cells in page.costs]
    return f"<p>{escape(page.cost_note)}</p>{_table('Costs', costs.HEADS, rows, 1)}"


def _months(months: Sequence[Month]) -> str:
    """A row a year, a column a month; how strong the colour is says how large the return was."""
    if not months:
        return "<p class=faint>No equity, no months.</p>"
    known = {(each.year, each.month): each.value for each in months}
    rows = []
    for year in range(months[0].year, months[-1].year + 1):
        values = [known.get((year, month)) for month in range(1, 13)]
        whole = 1.0
        for value in values:
            whole *= 1.0 + (value or 0.0)
        rows.append(f"<tr><th scope=row>{year}" + "".join(_month(each) for each in values) + _month(whole - 1.0))
    return _table("Monthly returns, percent", ("year", *_MONTHS, "year"), rows, 1).replace(
        "<table>", '<table class="heat">', 1
    )


def _month(value: float | None) -> str:
    if value is None:
        return "<td>"
    strength = round(min(abs(value) / _FULL, 1.0) * 60) + (8 if value else 0)
    color = "up" if value >= 0 else "down"
    return f'<td style="background:color-mix(in srgb,var(--{color}) {strength}%,transparent)">{value * 100:+.1f}'


def _trades(page: Page) -> str:
    if not page.rows:
        return "<p class=faint>No trade was closed.</p>"
    heads = "".join(
        f"<th scope=col{_word(place, _WORDS_IN_TRADES)}><button data-sort={place}>{escape(name)}</button>"
        for place, name in enumerate(page.columns)
    )
    rows = []
    for row in page.rows:
        cells = "".join(
            f"<td{_cell(place, page.columns[place], row.result)}>{escape(cell)}"
            for place, cell in enumerate(row.cells[1:], 1)
        )
        sort = escape(msgspec.json.encode(row.sort).decode())
        rows.append(
            f'<tr data-trade={row.number - 1} data-sort="{sort}"><td class=word><button '
            f'aria-label="Show trade {row.number}">{escape(row.cells[0])}</button>{cells}'
        )
    return (
        f'<div class="scroll tall" tabindex=0 role=region aria-label=Trades><table id=trades><thead><tr>{heads}</thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _word(place: int, words: int) -> str:
    return " class=word" if place < words else ""


def _cell(place: int, head: str, result: float) -> str:
    kind = ["word"] if place < _WORDS_IN_TRADES else []
    if head.startswith("result") or head == "R":
        kind += ["good"] if result > 0 else ["bad"] if result < 0 else []
    return f' class="{" ".join(kind)}"' if kind else ""


def _pairs(pairs: Sequence[tuple[str, str]], empty: str) -> str:
    if not pairs:
        return f"<p class=faint>{escape(empty)}</p>"
    return "<dl class=pairs>" + "".join(f"<dt>{escape(a)}<dd>{escape(b)}" for a, b in pairs) + "</dl>"
