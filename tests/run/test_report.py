"""The record of a run, and the page that is made of it."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pybuild.model.run import Phase, Progress, RunRecord
from pybuild.run.events import Events, Follower
from pybuild.run.page import page
from tests.run.conftest import Toys


class _Checked(HTMLParser):
    """Follows the elements that are open, and keeps what is said."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.outside: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "rect", "path"):
            self.open.append(tag)
        self.outside += [str(value) for name, value in attrs if name in ("src", "href", "onclick")]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@given(words=st.lists(st.text(max_size=12), min_size=5, max_size=5), at=st.floats(0, 1e6))
def test_the_page_is_whole_whatever_stands_in_it(words: list[str], at: float) -> None:
    """Names and logs are text: no element comes from them, nothing is fetched, no script runs."""
    nasty = [f"{word}<script>&" for word in words]
    builds = (
        Progress(name=nasty[0], version="1", key="a", state="failed", message=nasty[1], tail=(nasty[2],),
                 began=at, ended=at + 5, phases=(Phase(name=nasty[3], began=at, ended=at + 5),)),
        Progress(name="other", version="1", key="b", needs=(nasty[0],), state="skipped", because=nasty[0]),
    )  # fmt: skip
    record = RunRecord(
        name="r", command=nasty[4], prefix="/p", site="s", jobs=2, on="here", began=at, builds=builds
    )
    parser = _Checked()
    parser.feed(page(record))
    assert parser.open == []
    assert parser.outside == []
    assert "<script" not in page(record)
    assert "not built" in parser.text


def test_a_run_leaves_its_record(toybox: Toys, tmp_path: Path) -> None:
    """What was built when and in which phases, and how long it may take next time."""
    project = toybox.project
    toybox.add("one", parts=2)
    toybox.add("two", "one", parts=1)
    project.install("one", "two", "-j", "2").done()
    record = json.loads(project.run("report", "--json", "-p", project.prefix).done().out)
    one, two = record["builds"]
    assert (one["state"], two["state"]) == ("built", "built")
    assert one["ended"] <= two["began"]
    assert [phase["name"] for phase in one["phases"]][:3] == ["prepare", "unpack", "overlay"]
    assert all(a["ended"] == b["began"] for a, b in zip(one["phases"], one["phases"][1:], strict=False))
    assert record["ended"] >= two["ended"]
    times = json.loads((project.cache / "runs/times.json").read_text())
    assert set(times) == {"one", "two"}
    assert all(seconds > 0 for seconds in times.values())
    listed = project.run("report", "--list").done().out
    assert re.match(r"\S+-one  2 builds: 2 built  ", listed)
    project.run("report", "-o", tmp_path / "page.html").done()
    text = (tmp_path / "page.html").read_text()
    assert "http" not in text
    assert "2 built" in text
    assert project.run("report", "no-such-run").code == 2


@given(cut=st.integers(0, 400))
def test_a_line_that_is_half_written_is_read_later(tmp_path_factory: object, cut: int) -> None:
    """A follower that looks at any moment sees what is whole, and the rest once it is there."""
    folder = tmp_path_factory.mktemp("events")  # type: ignore[attr-defined]
    events = Events(folder / "all")
    events.began()
    events.phase("make")
    events.ended("built")
    text = (folder / "all").read_bytes()
    follower = Follower(folder / "part", Progress(name="x", version="1", key="k"))
    (folder / "part").write_bytes(text[:cut])
    assert follower.look().state in ("waits", "builds", "built")
    (folder / "part").write_bytes(text)
    assert follower.look().state == "built"
    assert [phase.name for phase in follower.progress.phases] == ["prepare", "make"]
