"""The scripts of a prefix come with our packages, say what these need, and go with the last of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from cattrs import unstructure

from pybuild.model.plan import Edit, PackagePlan
from pybuild.plan.prefix_scripts import NAMES
from pybuild.prefix.journal import Journal
from pybuild.prefix.notes import write_note
from pybuild.prefix.scripts import has_scripts, write_scripts
from pybuild.prefix.transaction import change
from pybuild.process import capture
from tests.prefix.prefixes import add_record, make_prefix, note

BUILD = "py311_here_h000000000001_0"


def ours(prefix: Path, name: str, **variables: str) -> None:
    """Put a package of ours there, whose runs need variables."""
    edits = tuple(Edit(kind="set", name=n, value=v) for n, v in variables.items())
    plan = PackagePlan(
        name=name, version="1.0", build_string=BUILD, key="k", loose_key="k", action="build",
        change="new", requested=True, run_environment=edits,
    )  # fmt: skip
    add_record(prefix, f"{name}-1.0-{BUILD}")
    write_note(prefix, note(name, "1.0", BUILD))
    record = prefix / "share/pybuild" / name / "record.json"
    record.parent.mkdir(parents=True)
    record.write_text(json.dumps({"package": unstructure(replace(plan, build=None))}))


def scripts(prefix: Path) -> set[str]:
    return {str(p.relative_to(prefix)) for p in (prefix / "etc").rglob("*") if p.is_file()}


def value(prefix: Path, name: str) -> str:
    """Return what a variable is in a shell that activated the prefix."""
    line = f'. "{prefix}/etc/pybuild/activate.sh"; printf %s "${{{name}-unset}}"'
    ended = capture(("dash", "-c", line), env={"PATH": "/usr/bin:/bin"})
    return ended.out + ended.err


def gone(name: str) -> Journal:
    return Journal(command="pybuild uninstall", remove=((name, "1.0", BUILD),), dropped=(name,))


def test_they_follow_what_is_installed(tmp_path: Path) -> None:
    """Each transaction writes them anew; the last one takes them, with the folders that nobody else uses."""
    prefix = make_prefix(tmp_path / "p")
    ours(prefix, "one", ONE="1")
    write_scripts(prefix)
    assert scripts(prefix) == set(NAMES)
    assert (value(prefix, "ONE"), value(prefix, "TWO")) == ("1", "unset")
    ours(prefix, "two", TWO="2")
    write_scripts(prefix)
    assert (value(prefix, "ONE"), value(prefix, "TWO")) == ("1", "2")
    for name, others in (("two", "1"), ("one", None)):
        record = prefix / "conda-meta" / f"{name}-1.0-{BUILD}.json"
        record.unlink()  # as conda's engine does; it is not needed for this
        change(prefix, gone(name), cache=tmp_path / "cache")
        if others:
            assert (value(prefix, "ONE"), value(prefix, "TWO")) == ("1", "unset")
    assert not (prefix / "etc").exists()


def test_files_of_others_stay(tmp_path: Path) -> None:
    """A package with scripts for conda keeps them, and ours do not count as such."""
    prefix = make_prefix(tmp_path / "p")
    ours(prefix, "one")
    write_scripts(prefix)
    assert not has_scripts(prefix)
    theirs = prefix / "etc/conda/activate.d/gdal.sh"
    theirs.write_text("")
    assert has_scripts(prefix)
    (prefix / "conda-meta" / f"one-1.0-{BUILD}.json").unlink()
    write_scripts(prefix)
    assert scripts(prefix) == {"etc/conda/activate.d/gdal.sh"}


def test_they_name_the_final_path(tmp_path: Path) -> None:
    """A new prefix is put together elsewhere, and renamed."""
    newborn, prefix = make_prefix(tmp_path / ".new"), tmp_path / "p"
    ours(newborn, "one", ONE="${{ prefix }}/x")
    write_scripts(newborn, final=prefix)
    assert not [path for path in newborn.rglob("*.*sh") if str(newborn) in path.read_text()]
    newborn.rename(prefix)
    assert value(prefix, "ONE") == f"{prefix}/x"


def test_nothing_is_written_twice(tmp_path: Path) -> None:
    """The same packages, the same files: not even their times change."""
    prefix = make_prefix(tmp_path / "p")
    ours(prefix, "one")
    write_scripts(prefix)
    before = [(prefix / name).stat().st_mtime_ns for name in NAMES]
    write_scripts(prefix)
    assert before == [(prefix / name).stat().st_mtime_ns for name in NAMES]


def test_a_record_that_cannot_be_read_stops_no_transaction(tmp_path: Path) -> None:
    """The scripts then say what is wrong, and nothing is activated."""
    prefix = make_prefix(tmp_path / "p")
    ours(prefix, "one", ONE="1")
    (prefix / "share/pybuild/one/record.json").write_text("{")
    write_scripts(prefix)
    assert "record.json: cannot be read, expected the record of one" in value(prefix, "ONE")
    assert value(prefix, "ONE").startswith("unset")
