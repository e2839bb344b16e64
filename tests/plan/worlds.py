"""Small records to plan with: every function returns the plainest thing of its kind, changed as asked."""

from __future__ import annotations

from typing import Any

from pybuild.model.launcher import Launcher
from pybuild.model.machine import (
    ChannelPackage,
    CondaPackage,
    FoundProvider,
    Installed,
    Interpreter,
    Machine,
    PrefixState,
)
from pybuild.model.plan import Plan
from pybuild.model.providers import Provider, Virtual
from pybuild.model.recipe import (
    About,
    Build,
    Check,
    Provides,
    Recipe,
    Release,
    Requirements,
    Source,
)
from pybuild.model.request import Request
from pybuild.model.site import Site
from pybuild.plan.make import make_plan
from pybuild.plan.resolve import World
from pybuild.plan.specs import parse_spec

ABOUT = About(summary="a thing", homepage="https://example.org", license="MIT")
PREFIX = "/data/env"
CHANNEL = "/data/channel"
PLATFORMS = ("manylinux_2_31_x86_64", "manylinux_2_28_x86_64", "manylinux2014_x86_64", "linux_x86_64")

COMPILER = FoundProvider(
    virtual="compiler",
    provider="system",
    fields=(("cc", "/usr/bin/gcc"), ("cxx", "/usr/bin/g++")),
    identity="gcc 12.2.0",
)
MPI = FoundProvider(
    virtual="mpi",
    provider="wrapper",
    fields=(
        ("cc", "/usr/bin/mpicc"),
        ("mpiexec", "/usr/bin/mpiexec"),
        ("shared", "-shared"),
        ("soname", "libmpi"),
    ),
    identity="/usr/bin/mpicc: gcc -lmpi; HYDRA 4.0.2",
)


def sha(letter: str) -> str:
    """Return a hash that is easy to tell from others."""
    return letter * 64


def release(version: str, python: str = "", **changes: Any) -> Release:
    """Return a release that has a source archive."""
    return Release(version=version, python=python, **{"sha256": sha("a"), **changes})


def recipe(name: str, *versions: str | Release, **changes: Any) -> Recipe:
    """Return a recipe that is built from source by a build system without tools of its own."""
    releases = tuple(release(v) if isinstance(v, str) else v for v in versions or ("1.0",))
    given: dict[str, Any] = {
        "about": ABOUT, "source": Source(pypi=name), "build": Build(system="distutils"), **changes
    }  # fmt: skip
    return Recipe(name=name, releases=releases, **given)


def wheel_recipe(name: str, *versions: str, **changes: Any) -> Recipe:
    """Return a recipe whose releases are pure wheels."""
    releases = tuple(
        Release(version=v, wheels=((f"{name.replace('-', '_')}-{v}-py3-none-any.whl", sha("e")),))
        for v in versions or ("1.0",)
    )
    given: dict[str, Any] = {
        "about": ABOUT, "source": Source(pypi=name), "build": Build(system="wheel"), **changes
    }  # fmt: skip
    return Recipe(name=name, releases=releases, **given)


def mpich(*versions: str) -> Recipe:
    """Return a recipe that provides MPI."""
    fields = (
        ("cc", "${{ prefix }}/bin/mpicc"),
        ("mpiexec", "${{ prefix }}/bin/mpiexec"),
        ("shared", "-shared"),
        ("soname", "libmpi"),
        ("library", "${{ prefix }}/lib/libmpi.so.12"),
    )
    return wheel_recipe("mpich", *versions, provides=(Provides(virtual="mpi", fields=fields),))


def user_of_mpi(name: str = "thing", *versions: str | Release, **changes: Any) -> Recipe:
    """Return a recipe that compiles against MPI."""
    given: dict[str, Any] = {
        "requirements": Requirements(virtual=("compiler", "mpi")),
        "build": Build(
            system="distutils",
            env=(("MPICC", "${{ mpi.cc }} ${{ mpi.shared }}"),),
            args=("--cc=${{ compiler.cc }}",),
        ),
        "tests": (Check(imports=(name,)), Check(module=f"{name}.MPI", to="mpi")),
        **changes,
    }
    return recipe(name, *versions, **given)


def site(**changes: Any) -> Site:
    """Return a site with a compiler and the three ways to an MPI, in the usual order."""
    virtuals = (
        Virtual(
            name="compiler",
            providers=(Provider(name="system", where="shell", programs=(("cc", ("gcc", "cc")),)),),
        ),
        Virtual(
            name="mpi",
            providers=(
                Provider(name="wrapper", where="shell", programs=(("cc", ("mpicc",)),)),
                Provider(name="prefix", where="prefix", programs=(("cc", ("mpicc",)),)),
                Provider(name="mpich", where="recipe", recipe="mpich"),
            ),
        ),
    )
    given: dict[str, Any] = {
        "name": "here", "summary": "a machine", "path": ("/usr/bin", "/bin"), "virtuals": virtuals,
        "launcher": Launcher(ranks=("${{ mpi.mpiexec }}", "-n", "${{ ranks }}")), **changes,
    }  # fmt: skip
    return Site(**given)


def interpreter(version: str = "3.11.7", **changes: Any) -> Interpreter:
    """Return a Python of this machine."""
    given = {"path": f"/usr/bin/python{version}", "identity": f"python {version}", **changes}
    return Interpreter(version=version, **given)


def machine(**changes: Any) -> Machine:
    """Return a machine with a compiler, an MPI and one Python."""
    given: dict[str, Any] = {
        "subdir": "linux-64", "platforms": PLATFORMS, "providers": (COMPILER, MPI),
        "interpreters": (interpreter(),), **changes,
    }  # fmt: skip
    return Machine(**given)


def prefix(*packages: Installed, python: str = "3.11.7", path: str = PREFIX) -> PrefixState:
    """Return a prefix that exists."""
    own = Installed(name="python", version=python, build="h0_0")
    return PrefixState(path=path, exists=True, python=python, packages=(own, *packages))


def no_prefix(path: str = PREFIX) -> PrefixState:
    """Return a prefix that is yet to be made."""
    return PrefixState(path=path, exists=False)


def installed(name: str, version: str, build: str = "py311_here_habc_0", **changes: Any) -> Installed:
    """Return a package of ours in the prefix."""
    return Installed(name=name, version=version, build=build, **{"key": "abc", **changes})


def world(*recipes: Recipe, **changes: Any) -> World:
    """Return a world with an existing prefix that has nothing but Python."""
    given: dict[str, Any] = {"site": site(), "machine": machine(), "state": prefix(), **changes}
    return World(recipes={r.name: r for r in recipes}, **given)


def plan(
    here: World, *specs: str, held: tuple[ChannelPackage, ...] = (), channel: str = CHANNEL, **changes: Any
) -> Plan:
    """Plan the specs."""
    request = Request(specs=tuple(parse_spec(s) for s in specs), prefix=here.state.path, **changes)
    return make_plan(request, here, held=held, channel=channel)


def held(name: str, version: str, *, key: str, loose_key: str = "none") -> ChannelPackage:
    """Return a package of the channel."""
    return ChannelPackage(
        name=name, version=version, build=f"py311_there_h{key}_0", key=key, loose_key=loose_key,
        file=f"{CHANNEL}/linux-64/{name}-{version}.conda", sha256=sha("f"),
    )  # fmt: skip


def conda_package(name: str, version: str) -> CondaPackage:
    """Return a package of a foreign channel."""
    url = f"https://channel.example/linux-64/{name}-{version}-0.conda"
    return CondaPackage(name=name, version=version, build="0", url=url, sha256=sha("c"))
