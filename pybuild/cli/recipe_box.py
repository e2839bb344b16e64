"""The box of ``pybuild recipe test --box``: a site imitated here, with real libraries behind its modules."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pybuild.cli.recipe_trial import Trial
from pybuild.errors import PlanError, UsageError
from pybuild.model.request import Request
from pybuild.plan.specs import parse_spec

if TYPE_CHECKING:
    from pybuild.box.records import BoxedSite, Libraries
    from pybuild.model.modules import Tool
    from pybuild.model.site import Site
    from pybuild.workflow import Settings

_SITE = "generic"
"""The site that the box's own libraries are built for: this machine."""

_BEHIND = {"mpi": "mpich", "hdf5[mpi]": "hdf5[mpi]", "hdf5": "hdf5"}
"""The recipe that stands behind the modules of a virtual."""


_LIBRARIES = "box-libraries"
"""The prefix of those recipes, below the folder of the tests."""


@contextmanager
def boxed(
    site: Site, trials: Sequence[Trial], folder: str, settings: Settings, *, keep: Callable[[], bool]
) -> Iterator[tuple[Settings, Site]]:
    """Give settings and site of a box.

    Args:
        trials: what is tested in it: what the recipes ask for stands behind the site's modules.
        folder: the box is made below it; the libraries are built once and stay there.
        keep: asked at the end whether the box stays, as what was kept of a failed build needs it.

    Raises:
        UsageError: the site cannot be imitated, or this machine has no module tool.
        PybuildError: the libraries cannot be built here.
    """
    from pybuild.cli.site_test import tool_here

    if site.abstract or site.modules.tool == "none":
        raise UsageError(
            f"--box: site {site.name} has no modules to imitate", hint="--site cori, or leave out --box"
        )
    tool, init = tool_here(site, None, settings.environ)
    os.makedirs(folder, exist_ok=True)
    place = tempfile.mkdtemp(prefix="box-", dir=folder)
    kept = False
    try:
        box = _make(site, place, folder, _wanted(site, trials, settings), settings, tool, init)
        places = replace(settings.places, sites=(box.sites, *settings.places.sites))
        yield replace(settings, places=places, captures={}), box.site
        kept = keep()
    finally:
        if kept:
            settings.report.note(f"the box stays in {place}; bash --rcfile {box.login} stands in it")
        else:
            shutil.rmtree(place, ignore_errors=True)


def _make(
    site: Site, place: str, folder: str, virtuals: Sequence[str], settings: Settings, tool: Tool, init: str
) -> BoxedSite:
    from pybuild.box.make import make_box

    found = {
        virtual: _libraries(virtual, folder, os.path.join(place, f"libraries-{number}"), settings)
        for number, virtual in enumerate(virtuals)
    }
    box = make_box(
        site, os.path.join(place, "box"), tool=tool, init=init, launcher=_launcher(folder),
        mpi=found.get("mpi"), hdf5=found.get("hdf5[mpi]"), serial_hdf5=found.get("hdf5"),
    )  # fmt: skip
    _keep_names(box.mpi, found.get("mpi"))
    for note in box.notes:
        settings.report.note(note)
    return box


def _wanted(site: Site, trials: Sequence[Trial], settings: Settings) -> list[str]:
    """Return the virtuals of the recipes, and of what they need, that a box can have real libraries for."""
    from pybuild.load.closure import load_closure, virtuals
    from pybuild.load.recipes import RecipeTree

    tree, names = RecipeTree(settings.places.recipes), [trial.name for trial in trials]
    asked = virtuals(load_closure(tree, names, site).values())
    if "hdf5[mpi]" in asked:
        # A recipe that can do without MPI asks for the other one under an option.
        asked = asked | {"mpi"} if any(trial.options for trial in trials) else (asked | {"mpi"}) - {"hdf5"}
    return [virtual for virtual in _BEHIND if virtual in asked]


def _libraries(virtual: str, folder: str, farm: str, settings: Settings) -> Libraries | None:
    """Install the recipe behind a virtual, and return its libraries; None where there is no such recipe."""
    from pybuild.box.records import Libraries
    from pybuild.load.recipes import RecipeTree
    from pybuild.prefix.installed import files_of
    from pybuild.prefix.notes import read_note

    spec = parse_spec(_BEHIND[virtual])
    try:
        RecipeTree(settings.places.recipes).get(spec.name)
    except PlanError:
        settings.report.note(f"there is no recipe {spec.name}: the box's {virtual} is without a library")
        return None
    # One prefix cannot have HDF5 with and without MPI.
    prefix = os.path.join(folder, _LIBRARIES + ("-serial" if virtual == "hdf5" else ""))
    ours = replace(settings, site=_SITE, captures={})
    _install(Request(specs=(spec,), prefix=prefix), ours)
    note = read_note(Path(prefix), spec.name)
    assert note is not None
    _link(prefix, files_of(Path(prefix), note), farm)
    return Libraries(include=f"{farm}/include", folders=(f"{farm}/lib",))


def _install(request: Request, settings: Settings) -> None:
    """Install what a box needs; another test may do the same just now, so look once more where it has."""
    from pybuild.commit import PrefixChangedError
    from pybuild.workflow import carry_out, prepare

    try:
        carry_out(prepare(request, settings), settings)
    except PrefixChangedError as error:
        settings.report.note(f"{error.message}; looking again")
        carry_out(prepare(request, settings), settings)


def _launcher(folder: str) -> tuple[str, ...]:
    """Return what starts ranks in place of the site's batch system: the launcher of the MPI in the box."""
    return os.path.join(folder, _LIBRARIES, "bin", "mpiexec"), "-n", "${{ ranks }}"


def _link(prefix: str, files: Sequence[str], farm: str) -> None:
    """Link the headers and libraries of one package into a folder of their own, apart from all others."""
    for name in ("include", "lib"):
        os.makedirs(os.path.join(farm, name), exist_ok=True)
    for file in files:
        base = os.path.basename(file)
        if file.startswith("include/"):
            target = os.path.join(farm, file)
        elif file.startswith("lib/") and base.startswith("lib") and ".so" in base and "/ucx/" not in file:
            target = os.path.join(farm, "lib", base)
        else:
            continue
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if not os.path.lexists(target):
            os.symlink(_real(os.path.join(prefix, file)), target)
    ucx = os.path.join(prefix, "lib/mpich/ucx")
    if os.path.isdir(ucx) and any("/ucx/" in file for file in files):
        shutil.copytree(ucx, os.path.join(farm, "lib/ucx"))


def _real(path: str) -> str:
    """Return the library that a linker script stands for, else the path itself: links cannot be scripts."""
    with open(path, "rb") as file:
        found = re.match(rb"INPUT\(\s*([^\s)]+)\s*\)", file.read(200))
    return os.path.join(os.path.dirname(path), os.fsdecode(found[1])) if found else path


def _keep_names(root: str, mpi: Libraries | None) -> None:
    """Let libraries that were linked before the box renamed the MPI library find it by its first name."""
    if not root or mpi is None:
        return
    inside = Path(root, "lib")
    for name in os.listdir(mpi.folders[0]):
        if name.startswith("libmpi.so") and not (inside / name).exists():
            new = inside / name.replace("libmpi", "libmpich", 1)
            if new.exists():
                (inside / name).symlink_to(new.name)
