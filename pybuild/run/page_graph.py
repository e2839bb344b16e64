"""Builds and what they need, as a drawing: each stands right of everything that it needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

from pybuild.model.run import Progress

_WIDTH, _HEIGHT, _ACROSS, _DOWN, _EDGE = 150, 30, 60, 14, 6


def graph(builds: Iterable[Progress]) -> str:
    """Return an SVG drawing of the builds, with a line from each to what needs it."""
    found = {build.name: build for build in builds}
    columns = _columns({name: build.needs for name, build in found.items()})
    places = {
        name: (_EDGE + x * (_WIDTH + _ACROSS), _EDGE + y * (_HEIGHT + _DOWN))
        for x, column in enumerate(columns)
        for y, name in enumerate(column)
    }
    width = 2 * _EDGE + len(columns) * (_WIDTH + _ACROSS) - _ACROSS
    height = 2 * _EDGE + max(map(len, columns), default=0) * (_HEIGHT + _DOWN) - _DOWN
    lines = [
        _line(places[need], places[name])
        for name, build in found.items() for need in build.needs if need in places
    ]  # fmt: skip
    boxes = [_box(found[name], *place) for name, place in places.items()]
    return (
        f'<div class="wide"><svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="builds and what they need">{"".join(lines)}{"".join(boxes)}</svg></div>'
    )


def _columns(needs: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Return the names by the number of others that must come before, on the longest way."""
    depths: dict[str, int] = {}

    def depth(name: str) -> int:
        if name not in depths:
            depths[name] = max((depth(need) + 1 for need in needs[name] if need in needs), default=0)
        return depths[name]

    columns: list[list[str]] = [[] for _ in range(max(map(depth, needs), default=-1) + 1)]
    for name in needs:
        columns[depths[name]].append(name)
    return columns


def _box(build: Progress, x: int, y: int) -> str:
    return (
        f'<g class="{build.state}"><title>{escape(build.name)} {escape(build.version)}: {build.state}</title>'
        f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="4"/>'
        f'<text x="{x + _WIDTH // 2}" y="{y + _HEIGHT // 2 + 4}">{escape(_short(build.name))}</text></g>'
    )


def _short(name: str, most: int = 19) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"


def _line(start: tuple[int, int], end: tuple[int, int]) -> str:
    x, y = start[0] + _WIDTH, start[1] + _HEIGHT // 2
    far, low = end[0], end[1] + _HEIGHT // 2
    bend = _ACROSS // 2
    return f'<path d="M{x} {y} C{x + bend} {y} {far - bend} {low} {far} {low}"/>'
