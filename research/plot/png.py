"""The picture as PNG, by matplotlib, pixel for pixel."""

from __future__ import annotations

import dataclasses
import re
import warnings
from functools import lru_cache
from hashlib import sha256
from typing import Any, BinaryIO, Final

from research.plot.shapes import Line, Picture, Polygon, Rect, Text

#: matplotlib measures lines and letters in points; at this resolution one pixel is one point.
_DPI = 72.0
_FONT: Final = "DejaVu Sans"
#: Fonts with Chinese, Japanese and Korean letters, of Linux, Windows and macOS. The usual one has none.
_CJK_FONTS: Final = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans CJK KR", "Source Han Sans SC", "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei", "Droid Sans Fallback", "Microsoft YaHei", "SimHei", "Malgun Gothic", "PingFang SC",
    "Hiragino Sans", "Nanum Gothic", "Arial Unicode MS",
)  # fmt: skip
#: Letters of these languages begin here.
_CJK_FROM: Final = "\u3040"
#: The keyword of a mark in the file.
_MARK: Final = "Source"


def write_png(picture: Picture, file: BinaryIO, scale: float, *, mark: str = "") -> None:
    """``scale``: pixels of the file for each of the picture's. The bytes are the same for the same picture.

    mark: a word that stands in the file, unseen, as ``marked`` reads it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(picture.width / _DPI, picture.height / _DPI), dpi=_DPI * scale, facecolor=picture.background)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_xlim(0.0, picture.width)
    axes.set_ylim(picture.height, 0.0)
    axes.axis("off")
    for order, shape in enumerate(picture.shapes):
        if isinstance(shape, Rect):
            _rect(axes, shape, order)
        elif isinstance(shape, Line):
            _line(axes, shape, order)
        elif isinstance(shape, Polygon):
            _polygon(axes, shape, order)
        else:
            _text(axes, shape, order)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # one box a letter; see is_drawable
        metadata = {"Software": None} | ({_MARK: mark} if mark else {})
        figure.savefig(file, format="png", metadata=metadata, pil_kwargs={"optimize": True})


def marked(data: bytes) -> str:
    """Return the mark of a PNG file; empty without one."""
    found = re.search(rb"tEXt" + _MARK.encode() + rb"\0([0-9a-f]{64})", data)
    return found[1].decode() if found is not None else ""


def digest_of(picture: Picture) -> str:
    """A word that changes when anything in the picture does: whether a file is still up to date, without its pixels."""
    told = sha256(f"{picture.width:.1f} {picture.height:.1f} {picture.background}".encode())
    for shape in picture.shapes:
        fields = [(each.name, getattr(shape, each.name)) for each in dataclasses.fields(shape) if each.name != "tip"]
        told.update(" ".join(_written(value) for _, value in fields).encode())
    return told.hexdigest()


def _written(value: object) -> str:
    """Numbers to a tenth of a pixel, so that the last digit of a machine's arithmetic does not count."""
    if isinstance(value, tuple):
        return " ".join(_written(each) for each in value)
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def is_drawable(text: str) -> bool:
    """False where the fonts of this machine have boxes instead of the Chinese, Japanese or Korean letters of ``text``."""
    return max(text, default="") < _CJK_FROM or len(_fonts_for(text)) > 1


def _fonts_for(text: str) -> tuple[str, ...]:
    """The usual font alone wherever it suffices, so that the bytes do not depend on what else is installed."""
    return (_FONT, *_installed_cjk()) if max(text, default="") >= _CJK_FROM else (_FONT,)


@lru_cache
def _installed_cjk() -> tuple[str, ...]:
    from matplotlib.font_manager import fontManager

    installed = {font.name for font in fontManager.ttflist}
    return tuple(name for name in _CJK_FONTS if name in installed)


def _rect(axes: Any, shape: Rect, order: int) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(
        Rectangle(
            (shape.x, shape.y), shape.width, shape.height, facecolor=(shape.fill, shape.opacity), zorder=order,
            edgecolor=(shape.stroke, 0.7) if shape.stroke else "none", linewidth=0.8,
            linestyle=(0, (3, 2)) if shape.dashed else "solid", snap=True,
        )
    )  # fmt: skip


def _line(axes: Any, shape: Line, order: int) -> None:
    from matplotlib.lines import Line2D

    axes.add_line(
        Line2D(
            (shape.x1, shape.x2), (shape.y1, shape.y2), color=shape.color, linewidth=shape.width, alpha=shape.opacity,
            zorder=order, linestyle=(0, (4, 3)) if shape.dashed else "solid", solid_capstyle="butt",
        )
    )  # fmt: skip


def _polygon(axes: Any, shape: Polygon, order: int) -> None:
    from matplotlib.patches import Polygon as Patch

    axes.add_patch(Patch(shape.points, closed=True, facecolor=(shape.fill, shape.opacity), edgecolor="none", zorder=order))


def _text(axes: Any, shape: Text, order: int) -> None:
    plate = {"facecolor": shape.plate, "edgecolor": "none", "pad": 1.0, "alpha": 0.85} if shape.plate else None
    axes.text(
        shape.x, shape.y, shape.text, fontsize=shape.size, color=shape.color, alpha=shape.opacity, zorder=order, bbox=plate,
        ha={"start": "left", "middle": "center", "end": "right"}[shape.anchor], va="baseline",
        fontweight="bold" if shape.bold else "normal", family=_fonts_for(shape.text), parse_math=False,
    )  # fmt: skip
