"""Each native build system makes the same relocatable package of the same C library."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pybuild.runpath import read_dynamic
from tests.end_to_end import toys
from tests.end_to_end.project import Project
from tests.native import toylib

_SETUP = """
import os
from setuptools import Extension, setup
root = os.environ["TOYLIB"]
setup(name="toyuser", version="1.0", packages=["toyuser"], ext_modules=[Extension(
    "toyuser._core", ["core.c"], include_dirs=[root + "/include"], library_dirs=[root + "/lib"],
    libraries=["toylib"], runtime_library_dirs=[root + "/lib"])])
"""
_CORE = """
#include <Python.h>
#include "toylib.h"
static PyObject *root(PyObject *self, PyObject *none) { return PyUnicode_FromString(toylib_root()); }
static PyMethodDef methods[] = {{"root", root, METH_NOARGS, ""}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_core", NULL, -1, methods};
PyMODINIT_FUNC PyInit__core(void) { return PyModule_Create(&module); }
"""


def says(*argv: object) -> str:
    """Return what a program prints in an empty environment."""
    done = subprocess.run(["env", "-i", *map(str, argv)], capture_output=True, text=True, check=True, cwd="/")
    return done.stdout.strip()


def offer(project: Project, system: str) -> None:
    """Let the index and the recipes have toylib for one build system."""
    file = toylib.sdist(system)
    project.serve(file)
    project.recipe("toylib", toylib.recipe(file, toylib.BUILDS[system][1]))


@pytest.mark.parametrize("system", list(toylib.BUILDS))
def test_a_library_is_built_and_knows_where_it_was_put(system: str, store: Project, prefix: Path) -> None:
    """Built in a stage, installed elsewhere: text, compiled-in text and search paths name the prefix."""
    offer(store, system)
    store.install("toylib", "-p", prefix).done()
    assert says(prefix / "bin/toyprog") == str(prefix)
    assert f"prefix={prefix}\n" in (prefix / "lib/pkgconfig/toylib.pc").read_text()
    assert read_dynamic(prefix / "bin/toyprog").entries == ("$ORIGIN/../lib",)
    assert not list(prefix.rglob("*.la"))
    (package,) = store.built("toylib")[-1:]
    assert package.name.startswith("toylib-1.0-")


def test_the_channels_package_serves_another_prefix(store: Project, prefix: Path, tmp_path: Path) -> None:
    """A second prefix takes the package from the channel, and it names the second prefix."""
    offer(store, "make")
    store.install("toylib", "-p", prefix).done()
    other = tmp_path / "a-longer-name-than-the-first-one"
    done = store.install("toylib", "-p", other).done()
    assert "channel" in done.err + done.out
    assert says(other / "bin/toyprog") == str(other)


@pytest.mark.parametrize("already", [False, True], ids=["together", "library first"])
def test_an_extension_links_a_library_of_the_same_prefix(
    store: Project, prefix: Path, already: bool, tmp_path: Path
) -> None:
    """A Python package that needs the library finds it, whether it was there before or comes along.

    And it may be taken from the channel into any other prefix: it does not name the one it was built for.
    """
    offer(store, "make")
    name = f"toyuser{int(already)}"
    file = toys.sdist(
        name, "1.0",
        {"setup.py": _SETUP.replace("toyuser", name), "core.c": _CORE, f"{name}/__init__.py": ""},
    )  # fmt: skip
    store.serve(file)
    build = 'system: python\n  env: {TOYLIB: "${{ host }}"}'
    text = toylib.recipe(file, build, name=name, more="  build: [setuptools]\n  run: [toylib]\n")
    store.recipe(name, text.replace("command: [toyprog]", f"imports: [{name}._core]"))
    if already:
        store.install("toylib", "-p", prefix).done()
    store.install(name, "-p", prefix).done()
    code = f"import {name}._core as c; print(c.root())"
    assert says(prefix / "bin/python", "-c", code) == str(prefix)
    store.install(name, "-p", tmp_path / "other").done()
    assert says(tmp_path / "other/bin/python", "-c", code) == str(tmp_path / "other")


@pytest.mark.parametrize("system", list(toylib.BUILDS))
def test_the_printed_script_builds_it_too(system: str, store: Project, tmp_path: Path) -> None:
    """With bash alone, into a venv: the same program that prints its own prefix."""
    offer(store, system)
    prefix = tmp_path / "byhand"
    script = store.run("script", "toylib", "-p", prefix).done()
    file = tmp_path / "script.sh"
    file.write_text(script.out)
    environ = {key: value for key, value in store.environ.items() if key.startswith("PIP") or key == "HOME"}
    path = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
    done = subprocess.run(["bash", file], env=environ | path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert says(prefix / "bin/toyprog") == str(prefix)


def test_what_a_library_links_is_proven(store: Project, prefix: Path) -> None:
    """``links: {library: ...}`` finds the provider's library in a program or library of the prefix."""
    file = toylib.sdist("make")
    store.serve(file)
    text = toylib.recipe(file, toylib.BUILDS["make"][1]) + "  - links: {library: LIBRARY, to: hdf5}\n"
    text = text.replace("virtual: [compiler]", "virtual: [compiler, hdf5]")
    machine = (
        "virtuals:\n  hdf5: [{name: toy, where: path, programs: {cc: [gcc]}, fields: {soname: libtoylib}}]"
    )
    store.site("linked", more="")
    site = store.sites / "linked.yaml"
    site.write_text(site.read_text().replace("virtuals:", machine, 1))
    for library, said in (
        ("bin/toyprog", ""),
        ("lib/libtoylib.so", "lib/libtoylib.so: is not linked to libtoylib"),
        ("lib/toylib.pc", "lib/toylib.pc: the package has no such file"),
        ("lib/pkgconfig/toylib.pc", "lib/pkgconfig/toylib.pc: is no ELF file"),
    ):
        store.recipe("toylib", text.replace("LIBRARY", library))
        done = store.install(
            "toylib", "-p", prefix / library.replace("/", "_"), "--site", "linked", "--rebuild"
        )
        assert said in done.err
        assert (done.code == 0) == (said == ""), done.err
