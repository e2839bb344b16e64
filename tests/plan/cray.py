"""A small Cray of records, to plan with: its shape is that of sitecfg/cori.yaml, its facts are invented."""

from __future__ import annotations

from typing import Any

from pybuild.model.launcher import Launcher
from pybuild.model.modules import Capture, Change, ModulePlan, Operation
from pybuild.model.providers import Provider, Target, Virtual
from pybuild.model.rules import Rule, When
from pybuild.model.site import Modules, Site

NO_HUGEPAGES = Rule(
    name="no-hugepages",
    when=When(virtual="mpi"),
    at=("build", "run"),
    modules=(Operation(kind="unload", module="craype-hugepages*"),),
    forbid=("craype-hugepages*",),
    reason="huge pages break Python",
    source="the documentation",
    since="2019-08-02",
)
DYNAMIC = Rule(
    name="dynamic", env=(("CRAYPE_LINK_TYPE", "dynamic"),), reason="static by default", source="cc(1)"
)


def choose(member: str) -> Operation:
    """Return the choice of a programming environment."""
    return Operation(kind="choose", module=member, family="PrgEnv")


def cray(**changes: Any) -> Site:
    """Return a site with modules, two compilers, an MPI, an HDF5 and two targets."""
    compiler = (
        Provider(name="gnu", where="site", fields=(("cc", "cc"),), modules=(choose("PrgEnv-gnu"),),
                 identity="gcc ${{ env.GCC_VERSION }}"),
        Provider(name="intel", where="site", fields=(("cc", "cc"),), modules=(choose("PrgEnv-intel"),)),
    )  # fmt: skip
    mpi = Provider(
        name="cray-mpich",
        where="site",
        fields=(("cc", "cc"), ("shared", "-shared"), ("dynamic", "-dynamic"), ("soname", "libmpich")),
        modules=(Operation(kind="load", module="cray-mpich"),),
        identity="cray-mpich ${{ env.CRAY_MPICH_VERSION }}",
    )
    hdf5 = Provider(
        name="cray-hdf5-parallel",
        where="site",
        fields=(("root", "${{ env.HDF5_DIR }}"), ("soname", "libhdf5")),
        modules=(Operation(kind="load", module="cray-hdf5-parallel"),),
    )
    given: dict[str, Any] = {
        "name": "small-cray",
        "summary": "a Cray",
        "path": ("/usr/bin", "/bin"),
        "modules": Modules(
            tool="tcl",
            init=("/opt/modules/init/bash",),
            baseline=("craype-haswell", "PrgEnv-intel", "cray-mpich", "craype-hugepages2M", "dvs"),
            families=(("PrgEnv", ("PrgEnv-*",)), ("cpu", ("craype-haswell", "craype-mic-knl"))),
            neutral=("dvs",),
        ),
        "targets": (
            Target(name="haswell", summary="Haswell"),
            Target(
                name="knl",
                summary="Knights Landing",
                modules=(Operation(kind="choose", module="craype-mic-knl", family="cpu"),),
                fields=(("mpi", "shared", "-mknl -shared"),),
            ),
        ),
        "virtuals": (
            Virtual(name="compiler", providers=compiler),
            Virtual(name="mpi", providers=(mpi,)),
            Virtual(name="hdf5[mpi]", providers=(hdf5,)),
        ),
        "rules": (NO_HUGEPAGES, DYNAMIC),
        "launcher": Launcher(ranks=("srun", "-n", "${{ ranks }}")),
        **changes,
    }
    return Site(**given)


def captured(plan: ModulePlan, **changes: Any) -> Capture:
    """Return what a module tool might have made of a plan."""
    given: dict[str, Any] = {
        "environment": (("CRAY_MPICH_VERSION", "7.7.10"), ("GCC_VERSION", "8.3.0"), ("PATH", "/opt/bin")),
        "loaded": ("craype-haswell", "dvs/2.12", "PrgEnv-gnu/6.0.5", "cray-mpich/7.7.10"),
        "changes": (Change(),) * len(plan.steps),
        "answers": tuple("gcc (GCC) 8.3.0" for _ in plan.questions),
        **changes,
    }
    return Capture(plan=plan, **given)
