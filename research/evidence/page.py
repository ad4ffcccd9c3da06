"""The evidence as one HTML page with pictures, which needs no network and no script."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Final

from research.evidence.pictures import chance_picture, costs_picture, plateau_picture
from research.evidence.record import Evidence, EvidenceSet, Row
from research.plot.html import svg_of
from research.plot.shapes import Picture
from research.plot.theme import THEMES
from research.report.wording import at

_STYLE: Final = (
    "body{{margin:0 auto;max-width:1020px;padding:16px;font:14px system-ui,sans-serif;background:{background};color:{text}}}"
    "p,li{{line-height:1.45}}.faint{{color:{faint}}}.pictures{{display:flex;flex-wrap:wrap;gap:8px}}"
    "svg{{max-width:100%;height:auto;border:1px solid {grid};font-family:'DejaVu Sans',Verdana,sans-serif}}"
    "h2{{margin-top:2em}}section{{border-top:1px solid {axis};padding-top:4px}}"
)
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def html_of(found: Evidence) -> bytes:
    """The whole file. The same evidence is the same bytes."""
    return document("Evidence", [part for one in found.sets for part in _set(one)])


def document(title: str, parts: Iterable[str]) -> bytes:
    """A page of HTML parts in the colours of the charts."""
    theme = THEMES["light"]
    names = ("background", "text", "faint", "grid", "axis")
    style = _STYLE.format(**{name: getattr(theme, name) for name in names})
    head = (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}"><title>{escape(title)}</title>'
        f"<style>{style}</style></head>\n<body><h1>{escape(title)}</h1>\n"
    )
    return (head + "\n".join(parts) + "\n</body></html>\n").encode()


def drawn(pictures: Iterable[Picture | None]) -> str:
    """Pictures side by side; those that are None are left out."""
    return f'<div class="pictures">{"".join(svg_of(each) for each in pictures if each is not None)}</div>'


def _set(one: EvidenceSet) -> Iterable[str]:
    yield f"<h2>{escape(one.name)}</h2>"
    yield (
        f'<p class="faint">{escape(", ".join(one.data))} from {at(one.first)} to {at(one.last)} UTC, {one.trials} trials, '
        "after all costs. A simulation, no promise.</p>"
    )
    for row in one.rows:
        yield from _row(row)


def _row(row: Row) -> Iterable[str]:
    name = f"{row.strategy}, preset {row.preset}" if row.preset else row.strategy
    yield f"<section><h3>{escape(name)}: {row.verdict.replace('_', ' ')}</h3>"
    if row.doubts:
        yield "<ul>" + "".join(f"<li>{escape(each)}</li>" for each in row.doubts) + "</ul>"
    if not row.refused:
        chance = None if row.chance is None else chance_picture(row.chance)
        yield drawn([plateau_picture(row.trials), costs_picture(row.costs), chance])
    yield "</section>"
