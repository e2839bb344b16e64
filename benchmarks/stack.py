"""The case ``stack``: eight recipes from source upon Debian's MPICH and parallel HDF5, on all cores."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from measure import BenchmarkError
from mpi_io import VERSION, Cluster
from peers import Peer

if TYPE_CHECKING:
    from cases import Case
    from lab import Lab

SPECS = (
    "mpi4py", f"h5py=={VERSION}", "netcdf-c[mpi]==4.9.3", "netcdf4", "mpsort", "bigfile", "kdcount",
    "sharedmem",
)  # fmt: skip
NAMES = tuple(spec.partition("==")[0].partition("[")[0] for spec in SPECS)
BY_PIP = tuple(name for name in NAMES if name != "netcdf-c")

# What a careful person types for each of them, one after the other. h5py and netCDF4 find what they need by
# these variables; CPPFLAGS are the recipes'.
_BY_HAND = """
set -e
export PATH={work}/netcdf/bin:{mpich}/bin:$PATH PYTHONPATH={target}:{overlay} PYTHONNOUSERSITE=1
export CC={mpich}/bin/mpicc MPICC={mpich}/bin/mpicc CPPFLAGS=-g0 MPICH_CC=gcc
export HDF5_MPI=ON HDF5_DIR={hdf5} H5PY_SETUP_REQUIRES=0 ac_cv_prog_NC_M4=false
pip() {{
  {python} -m pip install --no-index --no-deps --no-build-isolation --no-cache-dir --target {target} "$@"
}}
mkdir -p {work}/source
tar -xf {netcdf} -C {work}/source --strip-components=1
cd {work}/source
CPPFLAGS=-I{hdf5}/include LDFLAGS="-L{hdf5}/lib -Wl,-rpath,{hdf5}/lib" \\
  ./configure --prefix={work}/netcdf {args}
make -j{cores}
make install
cd /
pip {mpi4py}
CPPFLAGS="-g0 -O1" pip {h5py}
pip {netcdf4}
pip {rest}
"""


def cores() -> int:
    """Return how many processors may be used."""
    return len(os.sched_getaffinity(0))


def stack_from_source(lab: Lab) -> Case:
    """(g) eight recipes from source, against the same by hand and against all cores always busy."""
    from cases import Aim, Case

    stack = Stack(lab)
    by_hand = stack.peer_by_hand()
    peers = (
        by_hand,
        Peer(name="pybuild", does="plans, builds several at once, checks links, byte code, packs, indexes, "
             "conda transaction", argv=stack.argv("--verify", "linked"), env=lab.env, cwd=lab.root,
             reset=stack.forget),
    )  # fmt: skip
    _ = stack.alone
    floor = "floor"
    what = (
        "no run, but the longest of: the build commands' processor seconds divided by the cores; "
        "the longest way from need to need, each build as it is alone on all cores; such a way to one build, "
        "and then the processor seconds of all that need it, divided by the cores"
    )
    return Case(key="stack", title="eight recipes from source", unit=by_hand.name, peers=peers,
                aims={"pybuild": Aim(factor=1.05, of=floor)}, floors={(floor, what): stack.floor}, most=3,
                warm=False)  # fmt: skip


class Stack(Cluster):
    """The cluster with an environment that has what the eight need, and none of them."""

    @cached_property
    def ground(self) -> Path:
        """A channel with Python, pip and the wheels that the eight need; all sources are fetched."""
        ground = self.root / "stack-ground"
        if not ground.exists():
            self._put_netcdf()
            self.lab.say("building the stack once, so that all sources are on the disk")
            self.lab.run("stack-first", self.argv())
            without = shutil.ignore_patterns(*(f"{name}-[0-9]*" for name in NAMES), "*.lock*", "index")
            shutil.copytree(self.channel, ground, ignore=without)
        return ground

    @property
    def channel(self) -> Path:
        """The channel that a run fills."""
        return self.root / "stack-channel"

    @property
    def target(self) -> Path:
        """The environment that a run makes."""
        return self.root / "stack-env"

    def argv(self, *words: str, only: str = "") -> tuple[str, ...]:
        """Return the command that builds and installs everything, or one spec."""
        sites = ("--sites", str(self.root / "sites"), "--site", "cluster")
        places = ("--cache", str(self.root / "cache"), "--channel", str(self.channel), "-p", str(self.target))
        base = ("--python", str(self.lab.base_python))
        specs = (only,) if only else SPECS
        return (self.lab.pybuild, "install", *specs, "-y", *sites, *places, *base, *words)

    def forget(self) -> None:
        """Take everything away but what the ground has."""
        ground = self.ground
        for folder in (self.channel, self.target):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(ground, self.channel)

    @cached_property
    def alone(self) -> dict[str, float]:
        """Seconds of each build's commands with nothing beside them."""
        file = self.root / "stack-alone.json"
        if not file.exists():
            self.lab.say("building each of the stack alone")
            self.forget()
            for spec in SPECS:
                self.lab.run(f"alone-{spec[:6]}", self.argv("--verify", "built", only=spec))
            file.write_text(json.dumps(self._spent("seconds")))
        return dict(json.loads(file.read_text()))

    def floor(self) -> float:
        """Return the seconds below which nobody can build the stack with these commands."""
        processor, needs = self._spent("processor"), self._needs()

        def way(name: str) -> float:
            return self.alone[name] + max((way(need) for need in needs[name]), default=0.0)

        def needs_it(name: str, needed: str) -> bool:
            return any(need == needed or needs_it(need, needed) for need in needs[name])

        def after(needed: str) -> float:
            return sum(processor[name] for name in NAMES if needs_it(name, needed)) / cores()

        return max(sum(processor.values()) / cores(), *(way(name) + after(name) for name in NAMES))

    def _spent(self, what: str) -> dict[str, float]:
        """Return for each package what its newest build recorded, in seconds."""
        records = {name: self.target / f"share/pybuild/{name}/record.json" for name in NAMES}
        return {name: sum(json.loads(file.read_text())[what].values()) for name, file in records.items()}

    def _needs(self) -> dict[str, list[str]]:
        records = {name: self.target / f"share/pybuild/{name}/record.json" for name in NAMES}
        hosts = {n: json.loads(f.read_text())["package"]["build"]["host"] for n, f in records.items()}
        return {name: [need for need in host if need in NAMES] for name, host in hosts.items()}

    def peer_by_hand(self) -> Peer:
        """Return the same as it is done by hand: the same archives, wheels, compilers and flags."""
        _ = self.ground
        work, target = self.root / "stack-work", self.root / "stack-target"
        # The order of the names is the one in which they can be built.
        sources = {name: self.fetched(f"{name}-[0-9]*.tar.gz")[-1] for name in BY_PIP}
        named = {name: shlex.quote(sources.pop(name)) for name in ("mpi4py", "h5py", "netcdf4")}
        text = _BY_HAND.format(
            work=work, target=target, overlay=self.overlay, mpich=self.opt / "mpich",
            hdf5=self.opt / "hdf5-parallel", python=self.prefix / "bin/python", cores=cores(),
            netcdf=self.fetched("v4.9.3.tar.gz")[0], args=shlex.join(self._configure_args()),
            rest=shlex.join(sources.values()), **named,
        )  # fmt: skip

        def forget() -> None:
            for folder in (work, target):
                shutil.rmtree(folder, ignore_errors=True)

        return Peer(
            name="by hand", does="configure, make -j and make install of netCDF, then pip without isolation "
            "for one after the other; no conda package, no check",
            argv=("bash", "-c", text), env=self.lab.env, cwd=self.root, reset=forget,
        )  # fmt: skip

    def _configure_args(self) -> list[str]:
        recipe = yaml.safe_load((self.lab.checkout / "recipes/netcdf-c/recipe.yaml").read_text())
        (args,) = (
            override["build"]["args"] for override in recipe["overrides"]
            if override["when"] == {"option": "mpi"} and "args" in override["build"]
        )  # fmt: skip
        return [str(arg) for arg in args]

    def _put_netcdf(self) -> None:
        sys.path.insert(0, str(self.lab.checkout))
        try:
            from tests.debs import put_netcdf
        except ImportError as error:
            raise BenchmarkError(f"run it with the Python of the development environment: {error}") from error
        put_netcdf(self.root / "cache")
