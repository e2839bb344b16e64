"""The main job: a package from source, in a prefix that was missing, empty, or in use."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from pybuild.verify.harness import harness_of
from tests.end_to_end import toys
from tests.end_to_end.project import Project


def test_missing_prefix_is_made(bare: Project) -> None:
    """A prefix that does not exist is made with Python, pip and the package, built from source and proven."""
    outcome = bare.install("toyext").done()

    assert "toyext 2.0" in outcome.err.splitlines()[-1]
    assert "verified: ranked" in outcome.err.splitlines()[-1]
    assert bare.imports("toyext") == "2.0"
    pip = [str(bare.python), "-m", "pip", "--version"]
    assert str(bare.prefix) in subprocess.run(pip, env={}, capture_output=True, text=True, check=True).stdout
    _check_memory(bare)
    _check_record(bare)
    assert _names_of_the_stage(bare) == []
    assert list((bare.cache / "stage").iterdir()) == []
    assert sorted(path.name for path in bare.root.glob(".prefix*")) == [".prefix.pybuild-lock.flock"], (
        "only the file that the kernel's lock is taken on stays beside the prefix"
    )


def _check_memory(project: Project) -> None:
    """What makes conda and pybuild remember the package: note, history, pin."""
    note = project.note("toyext")
    build = note["build"]
    assert (note["version"], note["site"], note["level"], note["requested"]) == ("2.0", "toy", "ranked", True)
    assert [row[0] for row in note["identity"]] == ["compiler", "mpi"]
    assert {proof["level"] for proof in note["proofs"]} == {"built", "linked", "imported", "ranked"}
    (ranked,) = (proof["seen"] for proof in note["proofs"] if proof["level"] == "ranked")
    assert (ranked["size"], ranked["ranks"], ranked["library"]) == (2, [0, 1], "toympi of the tests")
    history = (project.prefix / "conda-meta/history").read_text()
    assert f"+{project.channel.as_uri()}/linux-64::toyext-2.0-{build}\n" in history
    assert '# update specs: ["pip", "python 3.' in history
    pins = (project.prefix / "conda-meta/pinned").read_text().splitlines()
    assert f"toyext 2.0 {build}" in pins
    assert (project.prefix / f"conda-meta/toyext-2.0-{build}.json").exists()


def _check_record(project: Project) -> None:
    """The package carries what explains it: recipe, site, plan, hashes, libraries, log, checks."""
    share = project.prefix / "share/pybuild/toyext"
    harness = harness_of([toys.RANKS])
    assert list(harness) == ["pybuild_ranks.py"]
    assert {path.name: path.read_text() for path in share.glob("pybuild_*.py")} == harness
    record = json.loads((share / "record.json").read_text())
    assert record["package"]["recipe_text"] == (project.recipes / "toyext/recipe.yaml").read_text()
    assert record["site_text"] == (project.sites / "toy.yaml").read_text()
    assert record["package"]["key"] == project.note("toyext")["key"]
    sources = [step["download"] for step in record["package"]["build"]["steps"] if step["kind"] == "unpack"]
    assert [source["file"] for source in sources] == ["toyext-2.0.tar.gz"]
    assert record["seconds"]["build"] > 0
    assert [library["soname"] for library in record["libraries"] if "libmpi" in str(library)] == [
        "libmpi.so.12"
    ]
    assert "gcc" in (share / "build.log").read_text() or "mpicc" in (share / "build.log").read_text()


def _names_of_the_stage(project: Project) -> list[str]:
    """Return the files of the prefix that name a folder of the build.

    Logs and records may, and so may debug information, which says where the source was.
    """
    marks = [str(project.cache).encode(), b"host_placeholder", b".pybuild-new"]
    plain = project.root / "plain"
    found = []
    for path in project.prefix.rglob("*"):
        inside = path.relative_to(project.prefix).as_posix()
        if path.is_symlink() or not path.is_file() or inside.startswith(("conda-meta/", "share/pybuild/")):
            continue
        data = path.read_bytes()
        if data.startswith(b"\x7fELF"):
            subprocess.run(["objcopy", "--strip-debug", path, plain], check=True)
            data = plain.read_bytes()
        found += [inside for mark in marks if mark in data]
    return found


def test_empty_folder_is_filled(project: Project) -> None:
    """A folder that is there but empty becomes the prefix."""
    project.prefix.mkdir()
    project.install("toyext==1.0").done()
    assert project.imports("toyext") == "1.0"


def test_existing_prefix_keeps_its_packages(peopled: Project) -> None:
    """A package goes into a prefix in use; what was there stays, and history grows."""
    history = (peopled.prefix / "conda-meta/history").read_text()
    python = peopled.note("python")

    peopled.install("toyext==1.0").done()

    assert (peopled.imports("toyext"), peopled.imports("toypure")) == ("1.0", "1.0")
    grown = (peopled.prefix / "conda-meta/history").read_text()
    assert grown.startswith(history)
    assert '# update specs: ["toyext"]' in grown.removeprefix(history)
    assert peopled.note("python") == python
    pins = (peopled.prefix / "conda-meta/pinned").read_text()
    assert "toypure 1.0 " in pins
    assert "toyext 1.0 " in pins


def test_upgrade_replaces_one_package(peopled: Project) -> None:
    """A newer version replaces the older one: one conda record, one pin, nothing of the old one left."""
    peopled.install("toyext==1.0").done()
    old = peopled.note("toyext")["build"]

    outcome = peopled.install("toyext==2.0").done()

    assert f"upgrades 1.0 {old}" in outcome.err
    assert peopled.imports("toyext") == "2.0"
    assert [path.name.split("-")[1] for path in peopled.prefix.glob("conda-meta/toyext-*.json")] == ["2.0"]
    pins = (peopled.prefix / "conda-meta/pinned").read_text().splitlines()
    assert [pin.split()[1] for pin in pins if pin.startswith("toyext ")] == ["2.0"]
    assert [path.name for path in peopled.prefix.rglob("toyext-*.dist-info")] == ["toyext-2.0.dist-info"]
    assert "DOWNGRADES 2.0" in peopled.run("install", "toyext==1.0", "--dry-run").done().out


def test_plan_and_dry_run_change_nothing(project: Project, tmp_path: Path) -> None:
    """Before the plan is accepted nothing is made, not even the prefix's parent."""
    inside = tmp_path / "not/there/yet"
    for words in (("plan", "toyext"), ("install", "toyext", "--dry-run")):
        assert "toyext" in project.run(*words, "-p", inside).done().out
    assert not (tmp_path / "not").exists()


def test_ranks_of_what_asks_for_no_mpi(project: Project, tmp_path: Path) -> None:
    """A check's ranks are started by the machine's MPI, which is looked for although no build asks for it."""
    for name in ("mpicc", "mpiexec"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    built = "    - name: toympi\n      where: recipe\n      recipe: toympi"
    found = "    - {name: wrapper, where: shell, programs: {cc: [mpicc], mpiexec: [mpiexec]}}"
    site = toys.site("shell").replace(built, found)
    (project.sites / "shell.yaml").write_text(site)
    pure = toys.wheel("toyranks", "1.0", {})
    project.recipe("toyranks", toys.pure_recipe(pure) + "  - {ranks: 2, python: ranks.py}\n")
    project.serve(pure)
    path = f"{tmp_path}:{project.environ['PATH']}"
    plan = project.run("plan", "toyranks", "--site", "shell", "--json", environ={"PATH": path}).done().data
    checks = [check for one in plan["packages"] if one["name"] == "toyranks" for check in one["checks"]]
    (check,) = (check for check in checks if check["ranks"])
    assert check["launcher"][0] == f"{tmp_path}/mpiexec"


def test_folders_named_on_the_command_line_come_first(project: Project, tmp_path: Path) -> None:
    """``--recipes``, ``--sites``, ``--site``, ``--channel``, ``--cache`` do what the configuration can."""
    project.config.write_text("{}")
    places = ["--recipes", project.recipes, "--sites", project.sites, "--site", "toy"]
    places += ["--channel", project.channel, "--cache", tmp_path / "cache"]

    plan = project.run("plan", "toyext", "--json", *places).done().data

    assert plan["site"] == "toy"
    assert {package["action"] for package in plan["packages"]} == {"channel"}
    project.install("toyext", *places).done()
    assert (tmp_path / "cache").is_dir()
