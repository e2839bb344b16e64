"""What prune decides: a table of cases; and how long a release was in service."""

from __future__ import annotations

import os
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from pybuild.release.holders import served_since
from pybuild.release.prune import fates, sweep
from pybuild.release.switch import Switch

NOW = datetime(2026, 11, 28, 12, tzinfo=timezone.utc)


def _rows(*changes: tuple[int, str]) -> tuple[Switch, ...]:
    """Return switches so many hours ago."""
    rows, before = [], ""
    for hours, name in changes:
        when = (NOW - timedelta(hours=hours)).isoformat(timespec="seconds")
        rows.append(Switch(when=when, by="desi", action="deploy", before=before, after=name))
        before = name
    return tuple(rows)


ROWS = _rows((900, "a"), (700, "b"), (500, "c"), (300, "d"))


@pytest.mark.parametrize(
    ("rows", "current", "held", "keep", "grace", "gone"),
    [
        (ROWS, "d", {}, 3, 48, {"a"}),
        (ROWS, "d", {}, 1, 48, {"a", "b", "c"}),
        (ROWS, "d", {"a": "in use: process 7"}, 1, 48, {"b", "c"}),
        (ROWS, "d", {}, 1, 400, {"a", "b"}),  # c left 300 hours ago
        ((*ROWS, *_rows((10, "b"))), "b", {}, 1, 48, {"a", "c"}),  # back to b: d is young, b in service
        (
            (*ROWS, *_rows((10, "e"))),
            "d",
            {},
            1,
            0,
            {"a", "b", "c"},
        ),  # a switch that was killed: e never served
        (ROWS, None, {}, 2, 0, {"a", "b"}),  # the link is gone: the newest stay
    ],
)
def test_what_goes(
    rows: tuple[Switch, ...], current: str | None, held: dict[str, str], keep: int, grace: float,
    gone: set[str],
) -> None:  # fmt: skip
    """Never what is in service, in use or young; of the rest as many stay as are kept."""
    decided = fates(
        ("a", "b", "c", "d"), rows, current, held, keep=keep, grace=timedelta(hours=grace), now=NOW
    )
    assert {fate.name for fate in decided if fate.goes} == gone
    assert all(fate.why for fate in decided)


def test_unfinished_goes_unless_used() -> None:
    """What was never in service is swept; not if something still runs in it."""
    for held, goes in (({}, True), ({"e": "in use: process 7"}, False)):
        decided = fates(("d", "e"), ROWS, "d", held, keep=3, grace=timedelta(hours=48), now=NOW)
        assert [fate.goes for fate in decided] == [False, goes]


def test_served_since() -> None:
    """A job may hold every release that was in service at any moment since it began."""

    def ago(hours: int) -> str:
        return (NOW - timedelta(hours=hours)).isoformat(timespec="seconds")

    assert served_since(ROWS, ago(100)) == {"d"}
    assert served_since(ROWS, ago(400)) == {"c", "d"}
    assert served_since(ROWS, ago(9999)) == {"a", "b", "c", "d"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
def test_what_cannot_go_yet_keeps_nothing_else_from_going(tmp_path: Path) -> None:
    """A release that another node still has open is left for the next time, and nobody is stopped by it."""
    for name in (".2026-01-01-1.going", ".2026-01-01-2.going", "2026-01-01-3"):
        (tmp_path / "releases" / name / "lib").mkdir(parents=True)
    busy = tmp_path / "releases/.2026-01-01-1.going/lib"
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", busy], check=True)
    try:
        assert sweep(tmp_path) == (".2026-01-01-2.going",)
        assert sweep(tmp_path) == ()
    finally:
        subprocess.run(["umount", busy], check=True)
    assert sweep(tmp_path) == (".2026-01-01-1.going",)
    assert os.listdir(tmp_path / "releases") == ["2026-01-01-3"]
