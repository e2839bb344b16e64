"""Checks of a prefix: what is written down about it, what stands beside, what it was built with."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pybuild.checkup.copies import replaced_files, second_mpi
from pybuild.checkup.interpreter import python_runs
from pybuild.checkup.origins import other_providers, other_site, unproven
from pybuild.checkup.records import gone, interrupted, unpinned, unreadable
from pybuild.checkup.state import Prefix, Shell, read_prefix
from pybuild.load.places import find_places
from pybuild.locks import held
from pybuild.model.finding import Finding
from pybuild.model.launcher import Launcher
from pybuild.model.providers import Provider, Virtual
from pybuild.model.site import Site
from pybuild.plan.modules import Wish, module_plan
from pybuild.prefix import places
from pybuild.settings import Settings
from tests.activation.parts import package
from tests.plan.cray import captured, cray
from tests.prefix.prefixes import add_record, make_prefix, note, noted

BUILD = "py311_here_habc_0"
HERE = Site(name="here", summary="", launcher=Launcher(ranks=("run",), submit=("sub",), ask=("ask",)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A prefix with one package of ours, as it should be."""
    made = make_prefix(tmp_path / "p")
    noted(made)
    (made / "conda-meta/pinned").write_text(f"thing 1.0 {BUILD}\n")
    return made


def shell(site: Site = HERE, *, starts_ranks: bool = True, **environ: str) -> Shell:
    return Shell(site=site, named=True, environ=environ, starts_ranks=starts_ranks)


def settings(environ: Mapping[str, str] | None = None) -> Settings:
    known = {"HOME": "/nonexistent", **(environ or {})}
    return Settings(places=find_places(known), environ=known, command="pybuild doctor")


def one_of(found: Iterable[Finding]) -> Finding:
    (one,) = found
    return one


def test_an_interrupted_run(path: Path) -> None:
    """A journal, whole or damaged, and an installer's mark; nothing where nothing was interrupted."""
    assert not list(interrupted(path))
    journal = places.journal(path)
    rows: dict[str, Any] = {
        "command": "pybuild install x", "remove": [], "notes": [note("x")], "specs": [], "dropped": [],
        "origins": [], "add": [["x", "1", "0", str(path / "conda-meta/history"), "0" * 64]],
    }  # fmt: skip
    journal.write_text(json.dumps(rows))
    one = one_of(interrupted(path))
    assert "pybuild install x" in one.what
    assert (one.level, one.cure) == ("wrong", f"pybuild verify -p {path}")
    rows["add"][0][3] = "/nowhere/x.conda"
    journal.write_text(json.dumps(rows))
    assert "cannot be finished, /nowhere/x.conda is gone" in one_of(interrupted(path)).what
    journal.write_text("{")
    assert "cannot be read" in one_of(interrupted(path)).what
    journal.unlink()
    places.unfinished(path).write_text("")
    assert "installer" in one_of(interrupted(path)).what


def test_a_run_that_is_at_work_is_no_interrupted_one(path: Path) -> None:
    """While its owner lives, the journal is his; a lock of a dead one says nothing."""
    places.journal(path).write_text("{")
    with held(places.lock(path)):
        one = one_of(interrupted(path))
    assert (one.level, "is being changed now" in one.what) == ("note", True)
    assert f"process {os.getpid()}" in one.what
    assert one_of(interrupted(path)).level == "wrong"


def test_records_that_cannot_be_read(path: Path) -> None:
    """Conda's and ours, each named; a note without its keys is none."""
    assert not list(unreadable(path))
    record = places.meta(path) / f"thing-1.0-{BUILD}.json"
    record.write_text("{")
    one = one_of(unreadable(path))
    assert str(record) in one.what
    assert one.cure == f"pybuild install thing -p {path}-new"
    add_record(path, f"thing-1.0-{BUILD}")
    places.note(path, "thing").write_text('{"name": "thing"}')
    damaged = one_of(unreadable(path))
    assert "thing.json: version is missing" in damaged.what
    assert damaged.cure == f"rm {places.note(path, 'thing')}, then pybuild install thing -p {path}"
    places.note(path, "thing").write_text("{")
    assert one_of(unreadable(path)).cure == f"pybuild install thing -p {path}"


def test_what_conda_removed_or_replaced(path: Path) -> None:
    """The record is gone, or there is one of another build."""
    assert not list(gone(read_prefix(path)))
    (places.meta(path) / f"thing-1.0-{BUILD}.json").unlink()
    one = one_of(gone(read_prefix(path)))
    assert f"thing 1.0 {BUILD} is gone: conda removed it" in one.what
    assert f"pybuild install thing==1.0 -p {path} " in one.cure
    add_record(path, "thing-2.0-py311_0")
    assert "conda replaced it by thing 2.0 py311_0" in one_of(gone(read_prefix(path))).what
    (path / "etc/pybuild").mkdir(parents=True)
    places.release(path).write_text("{}")
    assert "pybuild stack deploy FILE" in one_of(gone(read_prefix(path))).cure


@pytest.mark.parametrize(
    ("line", "level"),
    [
        (f"thing 1.0 {BUILD}", None),
        ("", "wrong"),
        ("other 1.0 x", "wrong"),
        ("thing 1.*", "note"),  # somebody has decided so
    ],
)
def test_a_lost_pin(path: Path, line: str, level: str | None) -> None:
    """Without the line conda may replace the package; what is said puts it back."""
    (path / "conda-meta/pinned").write_text(f"{line}\n")
    found = list(unpinned(read_prefix(path)))
    assert [one.level for one in found] == ([level] if level else [])
    for one in found:
        assert one.cure == f"echo 'thing 1.0 {BUILD}' >> {path}/conda-meta/pinned"


def test_a_second_mpi(tmp_path: Path) -> None:
    """Of conda or of pip, beside a package that is bound to the site's; its own and dummies do not count."""
    path = make_prefix(tmp_path / "p", "mpich-4.3-external_1", "zlib-1.3-0")
    noted(path, identity=[["mpi", "cray-mpich 8.1"]])
    assert not list(second_mpi(read_prefix(path)))
    add_record(path, "openmpi-5.0-h1_0")
    one = one_of(second_mpi(read_prefix(path)))
    assert "openmpi 5.0 of conda" in one.what
    assert one.cure == f"conda remove -p {path} openmpi"
    (places.meta(path) / "openmpi-5.0-h1_0.json").unlink()
    info = path / "lib/python3.11/site-packages/impi_rt-2021.14.dist-info"
    info.mkdir(parents=True)
    (info / "INSTALLER").write_text("pip\n")
    one = one_of(second_mpi(read_prefix(path)))
    assert one.cure == f"{path}/bin/python -m pip uninstall -y impi-rt"
    for identity in ([["compiler", "gcc"]], [["mpi", "${{ prefix }}/bin/mpicc: gcc"]]):
        noted(path, identity=identity)
        assert not list(second_mpi(read_prefix(path)))


def test_the_mpi_that_a_package_was_built_with_is_no_second_one(tmp_path: Path) -> None:
    """Whether we installed it or conda did."""
    path = make_prefix(tmp_path / "p")
    noted(path, name="mpich", version="4.3", build="h_0")
    noted(path, identity=[["mpi", "mpich 4.3 h_0"]])
    assert not list(second_mpi(read_prefix(path)))


def test_a_copy_beside_the_package(path: Path) -> None:
    """Another dist-info of the same name; one of another name is nobody's business."""
    site = path / "lib/python3.11/site-packages"
    own = "lib/python3.11/site-packages/thing-1.0.dist-info/INSTALLER"
    add_record(path, f"thing-1.0-{BUILD}", (own,))
    for name, installer in (("thing-1.0", "conda"), ("other-2.0", "pip")):
        (site / f"{name}.dist-info").mkdir(parents=True)
        (site / f"{name}.dist-info/INSTALLER").write_text(f"{installer}\n")
    assert not list(replaced_files(read_prefix(path)))
    (site / "Thing-0.9.dist-info").mkdir()
    one = one_of(replaced_files(read_prefix(path)))
    assert "Thing-0.9.dist-info" in one.what
    assert one.cure.startswith(f"{path}/bin/python -m pip uninstall -y thing && pybuild install thing==1.0 ")


def test_a_prefix_without_a_python(tmp_path: Path) -> None:
    """No record of one, or no program."""
    bare = read_prefix(make_prefix(tmp_path / "p", python=None))
    assert one_of(python_runs(bare, None, {})).cure == f"conda install -p {tmp_path}/p python"
    assert "has no Python" in one_of(python_runs(read_prefix(make_prefix(tmp_path / "q")), None, {})).what


def test_built_for_another_site(path: Path) -> None:
    """Wrong for what is bound to the other machine's libraries, a note for what is not."""
    assert not list(other_site(read_prefix(path), shell()))
    there = replace(HERE, name="there")
    assert one_of(other_site(read_prefix(path), shell(there))).level == "note"
    noted(path, name="bound", identity=[["mpi", "x"]])
    one = one_of(other_site(read_prefix(path), shell(there)))
    assert (one.level, one.what) == ("wrong", "built for site here, and this is there: bound")
    assert one.cure == f"pybuild install bound thing -p {path}-there"


def machine(folder: Path, version: str) -> Site:
    """Return a site whose MPI is a wrapper in a folder, which says what version it is."""
    folder.mkdir(exist_ok=True)
    (folder / "mpicc").write_text(f"#!/bin/sh\necho gcc -lmpi-{version}\n")
    (folder / "mpicc").chmod(0o755)
    wrapper = Provider(name="wrapper", where="shell", programs=(("cc", ("mpicc",)),))
    return replace(HERE, virtuals=(Virtual(name="mpi", providers=(wrapper,)),))


def test_the_machines_mpi_is_another_one_now(path: Path, tmp_path: Path) -> None:
    """The same wrapper of another version is a note, one that is gone is wrong."""
    site, folder = machine(tmp_path / "bin", "4.1"), tmp_path / "bin"
    environ = {"PATH": str(folder)}
    noted(path, identity=[["mpi", f"{folder}/mpicc: gcc -lmpi-4.1; "], ["compiler", "gcc 4"]])
    prefix = read_prefix(path)
    assert not list(other_providers(prefix, shell(site, **environ), settings(environ)))
    machine(folder, "5.0")
    one = one_of(other_providers(prefix, shell(site, **environ), settings(environ)))
    assert (one.level, one.cure) == ("note", f"pybuild verify thing -p {path}")
    assert "-lmpi-4.1; ; it is now" in one.what
    (folder / "mpicc").unlink()
    one = one_of(other_providers(prefix, shell(site, **environ), settings(environ)))
    assert (one.level, one.cure) == ("wrong", f"pybuild install thing==1.0 --rebuild -p {path}")


def test_the_prefixs_own_mpi_is_another_one_now(path: Path) -> None:
    """A package of ours that was replaced or removed below another one."""
    noted(path, name="mpich", version="4.3", build="h_hab_0")
    noted(path, identity=[["mpi", "mpich 4.3 h_hab_0"]])
    assert not list(other_providers(read_prefix(path), shell(), settings()))
    (places.meta(path) / "mpich-4.3-h_hab_0.json").unlink()
    assert "nothing is" in one_of(other_providers(read_prefix(path), shell(), settings())).what
    add_record(path, "mpich-5.0-h_hcd_0")
    assert one_of(other_providers(read_prefix(path), shell(), settings())).level == "wrong"


@pytest.mark.parametrize(("version", "levels"), [("7.7.10", []), ("7.7.19", ["note"])])
def test_the_sites_module_is_another_version_now(path: Path, version: str, levels: list[str]) -> None:
    """What the module tool makes of the package's modules is compared, as when it was built."""
    site = replace(cray(), name="here")
    mpi = site.virtuals[1].providers[0]
    modules = module_plan(Wish(site=site, providers=(("mpi", mpi),)), "run")
    assert modules is not None
    noted(path, identity=[["mpi", "cray-mpich 7.7.10"]])
    prefix: Prefix = replace(read_prefix(path), plans={"thing": package(modules)})
    known = settings()
    known.captures[modules] = captured(modules, environment=(("CRAY_MPICH_VERSION", version),))
    assert [one.level for one in other_providers(prefix, shell(site), known)] == levels


@pytest.mark.parametrize(
    ("changes", "starts_ranks", "level", "cure"),
    [
        ({"level": "ranked"}, True, None, ""),
        ({"level": "imported", "highest": "imported"}, True, None, ""),
        ({"level": "built", "requested": False}, True, None, ""),  # nobody asked for a proof of it
        ({"level": "linked"}, True, "wrong", "pybuild verify thing -p "),
        ({"level": "imported"}, False, "note", "--on compute waits"),
        ({"level": "imported"}, True, "wrong", "pybuild verify thing -p "),
        ({"level": "linked"}, False, "wrong", "pybuild verify thing -p "),
        ({"level": "imported", "job": {"number": "1", "state": "failed", "failure": "broke", "hint": "do x",
                                         "folder": "/nowhere"}},
         True, "wrong", "do x"),
        ({"level": "imported", "job": {"number": "12", "state": "submitted", "folder": "/nowhere"}},
         True, "note", "pybuild list -p "),
    ],
)  # fmt: skip
def test_less_is_proven_than_was_demanded(
    path: Path, changes: dict[str, Any], starts_ranks: bool, level: str | None, cure: str
) -> None:
    """What is missing is named with the way to it; what a login node cannot prove is no fault."""
    noted(path, demanded="ranked", **changes)
    found = list(unproven(read_prefix(path), shell(starts_ranks=starts_ranks)))
    assert [one.level for one in found] == ([level] if level else [])
    assert all(cure in one.cure for one in found)


def test_notes_of_older_days_do_not_stop_the_rest(path: Path) -> None:
    """A note that lacks something is left to the check for damage, and the others are looked at."""
    places.note(path, "old").write_text(json.dumps({"name": "old"}))
    assert [one["name"] for one in read_prefix(path).notes] == ["thing"]
    assert read_prefix(path).ours == (note(),)
