"""The picture as one page that needs no network: SVG inside, a little script for zoom, switches and sentences."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from string import Template
from typing import BinaryIO

from research.plot.shapes import Line, Picture, Polygon, Rect, Shape, Text


def write_html(picture: Picture, file: BinaryIO, *, text: str, faint: str) -> None:
    """``text``, ``faint``: colours of what surrounds the picture. The bytes are the same for the same picture."""
    switches = "".join(
        f'<label><input type="checkbox" checked data-group="{escape(group)}">'
        f'<i style="background:{color}"></i>{escape(group.replace("_", " "))}</label>'
        for group, color in picture.groups.items()
    )
    page = Template(files(__package__).joinpath("page.html").read_text(encoding="utf-8"))
    content = page.substitute(
        title=escape(picture.title),
        background=picture.background,
        text=text,
        faint=faint,
        switches=switches,
        width=_number(picture.width),
        height=_number(picture.height),
        shapes="\n".join(_element(shape) for shape in picture.shapes),
    )
    file.write(content.encode())


def svg_of(picture: Picture) -> str:
    """The picture as an SVG element of its own; what a shape says under the pointer becomes its title."""
    shapes = "".join(_element(shape) for shape in picture.shapes)
    return (
        f'<svg role="img" aria-label="{escape(picture.title)}" viewBox="0 0 {_number(picture.width)} '
        f'{_number(picture.height)}" width="{_number(picture.width)}">{shapes}</svg>'
    )


def _element(shape: Shape) -> str:
    if isinstance(shape, Rect):
        dash = ' stroke-dasharray="3 2"' if shape.dashed else ""
        stroke = f' stroke="{shape.stroke}" stroke-opacity=".7" stroke-width=".8"{dash}' if shape.stroke else ""
        return (
            f'<rect x="{_number(shape.x)}" y="{_number(shape.y)}" width="{_number(shape.width)}" '
            f'height="{_number(shape.height)}" fill="{shape.fill}"{_opacity("fill-opacity", shape.opacity)}{stroke}'
            f"{_about(shape)}/>"
        )
    if isinstance(shape, Line):
        dash = ' stroke-dasharray="4 3"' if shape.dashed else ""
        return (
            f'<line x1="{_number(shape.x1)}" y1="{_number(shape.y1)}" x2="{_number(shape.x2)}" y2="{_number(shape.y2)}" '
            f'stroke="{shape.color}" stroke-width="{_number(shape.width)}"{_opacity("stroke-opacity", shape.opacity)}{dash}'
            f"{_about(shape)}/>"
        )
    if isinstance(shape, Polygon):
        points = " ".join(f"{_number(x)},{_number(y)}" for x, y in shape.points)
        return f'<polygon points="{points}" fill="{shape.fill}"{_opacity("fill-opacity", shape.opacity)}{_about(shape)}/>'
    return _text(shape)


def _text(shape: Text) -> str:
    bold = ' font-weight="bold"' if shape.bold else ""
    plate = f' paint-order="stroke" stroke="{shape.plate}" stroke-width="3"' if shape.plate else ""
    anchor = "" if shape.anchor == "start" else f' text-anchor="{shape.anchor}"'
    return (
        f'<text x="{_number(shape.x)}" y="{_number(shape.y)}" font-size="{_number(shape.size)}" fill="{shape.color}"'
        f"{_opacity('fill-opacity', shape.opacity)}{anchor}{bold}{plate}{_about(shape)}>{escape(shape.text)}</text>"
    )


def _about(shape: Shape) -> str:
    group = f' class="g-{escape(shape.group)}"' if shape.group else ""
    return group + (f' data-tip="{escape(shape.tip)}"' if shape.tip else "")


def _opacity(name: str, value: float) -> str:
    return "" if value == 1.0 else f' {name}="{_number(value)}"'


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
