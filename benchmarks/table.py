"""What was measured, as data and as Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from cases import Case
from measure import Measured

Record = dict[str, Any]

_HEAD = ("work", "peer", "median s", "min s", "cpu s", "ratio", "files opened (calls, failed)", "aim", "met?")


def as_record(case: Case, seen: Iterable[Measured]) -> Record:
    """Return one case as data: what ``results.json`` keeps and what the table and the plot are made of."""
    rows = {one.peer.name: _row(one) for one in seen}
    rows |= {name: _computed(name, does, seconds()) for (name, does), seconds in case.floors.items()}
    for name, row in rows.items():
        for column in ("median", "least"):
            row[f"{column}_ratio"] = round(row[column] / rows[case.unit][column], 3)
        aim = case.aims.get(name)
        if aim is not None:
            for column, met in (("median", "met"), ("least", "met_at_best")):
                row[met] = row[column] <= aim.limit({other: one[column] for other, one in rows.items()})
            row["aim"] = str(aim)
            row["limit"] = round(aim.limit({other: one["median"] for other, one in rows.items()}), 4)
    return {"key": case.key, "title": case.title, "unit": case.unit, "absent": case.absent,
            "peers": list(rows.values())}  # fmt: skip


def as_markdown(records: Iterable[Record], facts: Mapping[str, str]) -> str:
    """Return the whole result as text."""
    records = list(records)
    lines = ["# Results", "", *(f"- {name}: {value}" for name, value in facts.items()), ""]
    rows = [row for record in records for row in _cells(record)]
    lines += _table((_HEAD, *rows))
    missed = [line for record in records for line in _missed(record)]
    lines += ["", "## Aims that are missed", "", *(missed or ["None."])]
    lines += ["", "## What each does", ""]
    for record in records:
        done = [f"- {peer['name']}: {peer['does']}" for peer in record["peers"] if peer["does"]]
        if done or record["absent"]:
            done += [f"- not here: {reason}" for reason in record["absent"]]
            lines += [f"**{record['title']}** ({record['when']})", "", *done, ""]
    lines += [line for record in records for line in _phases(record)]
    lines += [line for record in records for line in _cache(record)]
    return "\n".join(lines).rstrip() + "\n"


def _row(one: Measured) -> Record:
    return {
        "name": one.peer.name,
        "does": one.peer.does,
        "command": list(one.peer.argv),
        "median": round(one.median, 4),
        "least": round(one.least, 4),
        "cpu": round(one.cpu, 4),
        "samples": [asdict(sample) for sample in one.samples],
        "calls": asdict(one.calls) if one.calls else None,
        "phases": _medians(one.phases),
        "cache": list(one.cache) if one.cache else None,
    }


def _computed(name: str, does: str, seconds: float) -> Record:
    """Return the row of something that nobody ran: it can be no faster."""
    took = round(seconds, 4)
    return {"name": name, "does": does, "command": [], "median": took, "least": took, "cpu": 0.0,
            "samples": [], "calls": None, "phases": [], "cache": None}  # fmt: skip


def _medians(runs: list[list[tuple[str, float]]]) -> list[tuple[str, float]]:
    """Return the median second at which each phase began, for runs that went through the same phases."""
    names = [name for name, _ in runs[0]] if runs else []
    same = [run for run in runs if [name for name, _ in run] == names]
    return [(name, statistics.median(run[i][1] for run in same)) for i, name in enumerate(names)]


def _cells(record: Record) -> Iterable[tuple[str, ...]]:
    for number, row in enumerate(record["peers"]):
        calls = row["calls"]
        files = f"{calls['opened']} ({calls['total']}, {calls['failed']})" if calls else ""
        met = {True: "yes", False: "**no**", None: ""}[row.get("met")]
        if row.get("met") is False and row["met_at_best"]:
            met += ", but its fastest run"
        yield (record["title"] if number == 0 else "", row["name"], _seconds(row["median"]),
               _seconds(row["least"]), _seconds(row["cpu"]), f"{row['median_ratio']:.2f}", files,
               row.get("aim", ""), met)  # fmt: skip


def _missed(record: Record) -> Iterable[str]:
    for row in record["peers"]:
        if row.get("met") is False:
            yield (f"- {record['title']}: {row['name']} takes {_seconds(row['median'])} s, the aim is "
                   f"{row['aim']}")  # fmt: skip


def _phases(record: Record) -> Iterable[str]:
    """Yield when pybuild's phases began: where the time goes that it adds."""
    for row in record["peers"]:
        phases = row["phases"]
        if phases:
            ends = [*(begin for _, begin in phases[1:]), row["median"]]
            yield f"**{record['title']}, {row['name']}: seconds by phase**"
            yield ""
            first = ("start, plan", f"{phases[0][1]:.1f}")
            spent = [(name, f"{end - begin:.1f}") for (name, begin), end in zip(phases, ends, strict=True)]
            yield from _table((("phase", "s"), first, *spent))
            yield ""


def _cache(record: Record) -> Iterable[str]:
    used = [row for row in record["peers"] if row["cache"]]
    if used:
        told = "; ".join(f"{row['name']} {row['cache'][0]} hits, {row['cache'][1]} misses" for row in used)
        yield f"**{record['title']}: compiler cache in the timed runs** {told}"
        yield ""


def _seconds(value: float) -> str:
    return f"{value:.1f}" if value >= 10 else f"{value:.3f}" if value < 1 else f"{value:.2f}"


def _table(rows: Iterable[tuple[str, ...]]) -> list[str]:
    head, *body = rows
    widths = [max(len(row[i]) for row in (head, *body)) for i in range(len(head))]
    padded = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in (head, *body)]
    lines = [f"| {' | '.join(row)} |" for row in padded]
    return [lines[0], f"|{'|'.join('-' * (width + 2) for width in widths)}|", *lines[1:]]
