"""One run as a page: self-contained HTML that needs no network and no scripts."""

from __future__ import annotations

import time
from html import escape

from pybuild.model.run import Progress, RunRecord
from pybuild.run.padding import shortened
from pybuild.run.page_graph import graph
from pybuild.run.page_style import STYLE, colour_of

_STATES = {"built": "built", "found": "found in the channel", "failed": "failed", "skipped": "not built",
           "stopped": "stopped", "waits": "waiting", "builds": "building"}  # fmt: skip


def page(record: RunRecord) -> str:
    """Return the page of a run.

    Args:
        record: with the builds as far as they are.
    """
    timed = [build for build in record.builds if build.began]
    parts = [
        f"<h1>{escape(record.name)}</h1>",
        f'<p class="command"><code>{escape(record.command)}</code></p>',
        _figures(record, timed),
        _failures(record),
        *([_section("When each build was under way", _gantt(timed))] if timed else []),
        _section("What needed what", graph(record.builds)) if record.builds else "",
        *([_section("Seconds in each phase", _phases(timed))] if timed else []),
        _section("Taken from a channel, not built", _held(record)),
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(record.name)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(part for part in parts if part)
        + "\n</main>\n</body>\n</html>\n"
    )


def _section(title: str, content: str) -> str:
    return f"<section>\n<h2>{escape(title)}</h2>\n{content}\n</section>"


def _figures(record: RunRecord, timed: list[Progress]) -> str:
    work = sum(_seconds(build) for build in timed)
    wall = _wall(timed)
    counts = {state: sum(build.state == state for build in record.builds) for state in _STATES}
    where = f"{record.jobs} processes" if record.jobs else record.on
    rows = [
        ("prefix", record.prefix), ("site", record.site), ("begun", _moment(record.began)),
        ("with", where), ("elapsed", _duration(wall)),
        ("work", f"{_duration(work)}, {work / wall:.1f} builds at a time" if wall else _duration(work)),
        ("builds", ", ".join(f"{n} {_STATES[state]}" for state, n in counts.items() if n) or "none"),
        ("from a channel", str(len(record.held))),
    ]  # fmt: skip
    cells = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in rows)
    return f"<dl>{cells}</dl>"


def _failures(record: RunRecord) -> str:
    parts = []
    for build in record.builds:
        if build.message:
            tail = f"<pre>{escape(shortened(chr(10).join(build.tail)))}</pre>" if build.tail else ""
            log = f"<p>log: <code>{escape(build.log)}</code></p>" if build.log else ""
            said = f"<p>{escape(shortened(build.message))}</p>"
            parts.append(f'<div class="failure">{said}{tail}{log}</div>')
        elif build.because:
            parts.append(f"<p>{escape(build.name)}: not built, because {escape(build.because)} was not.</p>")
    return _section("What went wrong", "\n".join(parts)) if parts else ""


def _gantt(timed: list[Progress]) -> str:
    first, wall = min(build.began for build in timed), _wall(timed) or 1.0
    rows = [_row(build, first, wall) for build in sorted(timed, key=lambda build: build.began)]
    names = dict.fromkeys(phase.name for build in timed for phase in build.phases)
    legend = "".join(
        f'<span><i style="background:{colour_of(name)}"></i>{escape(name)}</span>' for name in names
    )
    return f'<div class="gantt">{_axis(wall)}{"".join(rows)}</div>\n<p class="legend">{legend}</p>'


def _axis(wall: float) -> str:
    step = next(s for s in (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 14400, 86400) if wall / s <= 8)
    marks = "".join(
        f'<span style="left:{at / wall * 100:.3f}%">{_duration(at)}</span>'
        for at in range(0, int(wall) + 1, step)
    )
    return f'<div class="row axis"><div class="name"></div><div class="track">{marks}</div></div>'


def _row(build: Progress, first: float, wall: float) -> str:
    parts = [
        _bar(phase.name, phase.began - first, (phase.ended or build.ended or phase.began) - phase.began, wall)
        for phase in build.phases
    ]
    expected = f", expected {_duration(build.expected)}" if build.expected else ""
    node = f" on {build.node}" if build.node else ""
    title = f"{build.name} {build.version}: {_duration(_seconds(build))}{expected}{node}"
    word = f' <em class="{build.state}">{_STATES[build.state]}</em>' if build.state not in ("built",) else ""
    return (
        f'<div class="row" title="{escape(title)}"><div class="name">{escape(build.name)}{word}</div>'
        f'<div class="track">{"".join(parts)}</div><div class="took">{_duration(_seconds(build))}</div></div>'
    )


def _bar(name: str, begin: float, length: float, wall: float) -> str:
    return (
        f'<i title="{escape(name)}: {length:.1f} s" style="left:{begin / wall * 100:.3f}%;'
        f'width:max(2px,{length / wall * 100:.3f}%);background:{colour_of(name)}"></i>'
    )


def _phases(timed: list[Progress]) -> str:
    names = list(dict.fromkeys(phase.name for build in timed for phase in build.phases))
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    rows = []
    for build in sorted(timed, key=lambda build: -_seconds(build)):
        spent = dict.fromkeys(names, 0.0)
        for phase in build.phases:
            spent[phase.name] += max(0.0, (phase.ended or build.ended or phase.began) - phase.began)
        cells = "".join(f"<td>{spent[name]:.1f}</td>" if spent[name] else "<td></td>" for name in names)
        rows.append(
            f"<tr><th>{escape(build.name)} {escape(build.version)}</th>{cells}"
            f"<td><b>{_seconds(build):.1f}</b></td></tr>"
        )
    return (
        f'<div class="wide"><table><thead><tr><th></th>{head}<th>all</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _held(record: RunRecord) -> str:
    found = [(build.name, build.version) for build in record.builds if build.state == "found"]
    rows = [f"<li>{escape(name)} {escape(version)}</li>" for name, version in (*record.held, *found)]
    return f'<ul class="held">{"".join(rows)}</ul>' if rows else "<p>Nothing.</p>"


def _wall(timed: list[Progress]) -> float:
    if not timed:
        return 0.0
    return max(build.began + _seconds(build) for build in timed) - min(build.began for build in timed)


def _seconds(build: Progress) -> float:
    last = build.phases[-1].ended or build.phases[-1].began if build.phases else build.began
    return max(0.0, (build.ended or last) - build.began)


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s" if seconds >= 10 or seconds == int(seconds) else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _moment(when: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(when))
