"""Writes SVG and HTML elements, everything escaped."""

from collections.abc import Iterable
from typing import TypeAlias

from markupsafe import Markup, escape

Attribute: TypeAlias = str | float | None
_SHAPES = frozenset({"circle", "line", "path", "rect", "use"})  # HTML closes no other element by a slash.


def tag(name: str, *children: str, **attributes: Attribute) -> Markup:
    """One element. `class_` is class, `stroke_width` is stroke-width; an attribute that is None is left out."""
    if not children and name in _SHAPES:
        return Markup(f"<{name}{_attributes(attributes)}/>")  # noqa: S704 - attributes are escaped
    return Markup(f"<{name}{_attributes(attributes)}>{joined(children)}</{name}>")  # noqa: S704


def joined(parts: Iterable[str]) -> Markup:
    """Many pieces of markup as one."""
    return Markup("").join(parts)


def _attributes(attributes: dict[str, Attribute]) -> str:
    return "".join(
        f' {name.rstrip("_").replace("_", "-")}="{written(value)}"'
        for name, value in attributes.items()
        if value is not None
    )


def written(value: str | float) -> str:
    """An attribute's value: coordinates with two decimals at most, text escaped."""
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return str(escape(value))


def share(part: float) -> str:
    """A share of the width as SVG writes it: 0.125 is 12.5%."""
    return f"{part * 100:.3f}".rstrip("0").rstrip(".") + "%"


def path(points: Iterable[tuple[float, float] | None]) -> str:
    """The `d` of a line; None lifts the pen."""
    pieces, down = [], False
    for point in points:
        if point is not None:
            pieces.append(f"{'L' if down else 'M'}{point[0]:.1f} {point[1]:.1f}")
        down = point is not None
    return "".join(pieces)
