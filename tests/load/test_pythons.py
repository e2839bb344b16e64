"""load/pythons.py: Pythons that a site's modules bring come first, and refused ones say why."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from pybuild.load.pythons import site_interpreters
from pybuild.model.machine import Interpreter
from pybuild.model.pythons import PythonModule, RefusedPython
from pybuild.model.site import Modules, Site

INIT = "/usr/share/modules/init/bash"
BASE = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
VERSION = ".".join(map(str, sys.version_info[:2]))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Return a site whose module ``python/good`` brings the Python that runs the tests."""
    if not os.path.exists(INIT):
        pytest.skip("Environment Modules are not installed (apt-get install environment-modules)")
    folder = tmp_path / "modulefiles/python"
    folder.mkdir(parents=True)
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("python", "python3"):
        (programs / name).symlink_to(BASE)
    (folder / "good").write_text(f"#%Module1.0\nprepend-path PATH {programs}\n")
    (folder / "empty").write_text("#%Module1.0\n")
    return Site(
        name="toy",
        summary="a toy",
        path=("/usr/bin", "/bin"),
        modules=Modules(tool="tcl", init=(INIT,), folders=(str(tmp_path / "modulefiles"),)),
        python_modules=(
            PythonModule(module="python/gone", python=VERSION),
            PythonModule(module="python/empty", python="2.6"),
            PythonModule(module="python/good", python=VERSION, warning="it is old"),
        ),
        python_refused=(RefusedPython(path="/usr/bin/python*", reason="it is the system's"),),
    )


def found(site: Site, wanted: str | None = None) -> tuple[Interpreter, ...]:
    return site_interpreters(wanted, site, {"PATH": "/usr/bin:/bin"})


def test_a_modules_python_comes_first_with_its_warning(site: Site) -> None:
    """A module that is not there, or brings no Python of its version, is passed over."""
    first = found(site)[0]
    assert (os.path.realpath(first.path), first.note) == (BASE, "python/good: it is old")
    assert [one.path for one in found(site)].count(first.path) == 1


def test_only_modules_of_the_wanted_version_are_asked(site: Site) -> None:
    """Another version has no Python here, whatever its module says."""
    assert found(site, VERSION)[0].note == "python/good: it is old"
    assert not [one for one in found(site, "2.6") if one.note]


def test_a_refused_python_says_who_refuses_it() -> None:
    """By the path that the site gives; a wrong site has no say."""
    refusal = RefusedPython(path=f"{os.path.dirname(BASE)}/*", reason="it is the system's")
    there = Site(name="toy", summary="", python_refused=(refusal,))
    (one,) = site_interpreters(BASE, there, {})
    assert one.rejected == f"site toy refuses {os.path.dirname(BASE)}/*: it is the system's"
    (free,) = site_interpreters(BASE, Site(name="toy", summary=""), {})
    assert free.rejected is None
