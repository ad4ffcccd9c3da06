"""What a chart is made of, in pixels from the top left: both renderers draw these and know nothing of markets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True, slots=True)
class Rect:
    """``stroke`` empty: no border. ``group``: by which it is switched on and off; ``tip``: shown under the pointer."""

    x: float
    y: float
    width: float
    height: float
    fill: str
    opacity: float = 1.0
    stroke: str = ""
    dashed: bool = False
    group: str = ""
    tip: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line; ``dashed`` in short dashes."""

    x1: float
    y1: float
    x2: float
    y2: float
    color: str
    width: float = 1.0
    opacity: float = 1.0
    dashed: bool = False
    group: str = ""
    tip: str = ""


@dataclass(frozen=True, slots=True)
class Polygon:
    """A filled shape."""

    points: tuple[tuple[float, float], ...]
    fill: str
    opacity: float = 1.0
    group: str = ""
    tip: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """``x``, ``y``: the baseline at its anchor; ``size`` in pixels. ``plate``: colour laid under it, empty for none."""

    x: float
    y: float
    text: str
    size: float
    color: str
    anchor: Anchor = "start"
    bold: bool = False
    plate: str = ""
    opacity: float = 1.0
    group: str = ""
    tip: str = ""


Shape = Rect | Line | Polygon | Text


@dataclass(slots=True)
class Picture:
    """Shapes in drawing order. ``groups``: those that a reader may switch off, with the colour that stands for each."""

    width: float
    height: float
    background: str
    title: str
    shapes: list[Shape] = field(default_factory=list)
    groups: dict[str, str] = field(default_factory=dict)


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """About as wide as a common sans-serif sets it: enough to keep labels apart."""
    narrow = sum(character in " .,:;|!ijlt'()[]·" for character in text)
    return size * (0.62 * (len(text) - narrow) + 0.34 * narrow) * (1.13 if bold else 1.0)
