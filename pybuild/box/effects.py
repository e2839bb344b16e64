"""What a module of each kind sets, as far as Cray's and NERSC's own modules are known to."""

from __future__ import annotations

from collections.abc import Callable

from pybuild.box.kinds import compiler_suite, is_parallel, prgenv_suite
from pybuild.box.layout import Layout
from pybuild.box.numerics import blas, fftw, netcdf, pnetcdf
from pybuild.box.products import Effects, linked, product
from pybuild.box.records import Kind
from pybuild.model.pairs import Pairs

GTL = {"nvidia": "mpi_gtl_cuda", "amd": "mpi_gtl_hsa"}
"""The library of the GPU transport layer, by the first part of the accelerator's name."""


def effects_of(kind: Kind, name: str, version: str, layout: Layout, site: str) -> Effects:
    """Return what a module does to the environment.

    Args:
        site: name of the site, for the Python modules' folder of user packages.
    """
    if kind == "python":
        return _python(name, version, layout, site)
    return _BY_KIND.get(kind, _plain)(name, version, layout)


def _plain(name: str, version: str, layout: Layout) -> Effects:
    word = name.upper().replace("-", "_").replace(".", "_").replace("+", "_")
    return ((f"{word}_BOX", version or "loaded"),), (), ()


def _prgenv(name: str, version: str, layout: Layout) -> Effects:
    return (("PE_ENV", prgenv_suite(name).environment), ("PRGENV_VERSION", version)), (), ()


def _wrappers(name: str, version: str, layout: Layout) -> Effects:
    root = layout.opt(name, version)
    default = "static" if layout.static else "dynamic"
    sets = (("CRAYPE_DIR", root), ("CRAYPE_VERSION", version), ("PE_DEFAULT_LINK_TYPE", default))
    return sets, (("PATH", f"{root}/bin"),), ()


def _compiler(name: str, version: str, layout: Layout) -> Effects:
    suite = compiler_suite(name)
    assert suite is not None
    root = layout.opt(name, version)
    own = {
        "GNU": (("GCC_VERSION", version), ("GNU_VERSION", version), ("GCC_PATH", root)),
        "INTEL": (("INTEL_VERSION", version), ("INTEL_PATH", root)),
        "CRAY": (("CRAY_CC_VERSION", version),),
        "AMD": (("CRAY_AMD_COMPILER_VERSION", version), ("ROCM_PATH", root)),
        "AOCC": (("CRAY_AOCC_VERSION", version),),
        "NVIDIA": (("CRAY_NVIDIA_VERSION", version), ("NVIDIA_PATH", root)),
    }
    return own.get(suite.environment, ()), (("PATH", f"{root}/bin"),), ()


def _cpu(name: str, version: str, layout: Layout) -> Effects:
    return (("CRAY_CPU_TARGET", name.removeprefix("craype-")),), (), ()


def _accelerator(name: str, version: str, layout: Layout) -> Effects:
    return (("CRAY_ACCEL_TARGET", accelerator_of(name)),), (), ()


def accelerator_of(name: str) -> str:
    """Return the target that ``craype-accel-amd-gfx90a`` chooses: ``amd_gfx90a``."""
    return name.removeprefix("craype-accel-").replace("-", "_")


def _gtl(accelerator: str) -> str:
    return next((library for maker, library in GTL.items() if accelerator.startswith(maker)), "")


def _network(name: str, version: str, layout: Layout) -> Effects:
    return (("CRAYPE_NETWORK_TARGET", name.removeprefix("craype-network-")),), (), ()


def _hugepages(name: str, version: str, layout: Layout) -> Effects:
    """The variables are those of job scripts and of a module much like Cray's; Cray's own was not seen."""
    size = name.removeprefix("craype-hugepages")
    root = layout.hugetlbfs
    sets, _, appends = product(
        f"HUGETLB{size}",
        "",
        linked(root, "-Wl,--whole-archive,-lhugetlbfs,--no-whole-archive", always=True) if root else "",
        f"-L{root}/lib -Wl,--whole-archive,-lhugetlbfs,--no-whole-archive" if root else "",
    )
    switches = (
        ("HUGETLB_MORECORE", "yes"),
        ("HUGETLB_ELFMAP", "W"),
        ("HUGETLB_FORCE_ELFMAP", "yes+"),
        ("HUGETLB_DEFAULT_PAGE_SIZE", size),
        ("HUGETLB_MORECORE_HEAPBASE", "10000000000"),
        ("HUGETLB_VERBOSE", "0"),
    )
    return (*switches, *sets), (), appends


def _mpi(name: str, version: str, layout: Layout) -> Effects:
    root = layout.root("mpi", name, version, parallel=True)
    if not name.startswith("cray-"):
        return (("MPI_ROOT", root),), (("PATH", f"{layout.opt(name, version)}/bin"),), ()
    sets, _, appends = product(
        "CRAY_MPICH",
        f"-I{root}/include" if layout.mpi else "",
        linked(root, layout.mpi_link) if layout.mpi else "",
        f"-L{root}/lib {layout.mpi_link}" if layout.mpi else "",
    )
    own = (
        ("CRAY_MPICH_DIR", root), ("CRAY_MPICH2_DIR", root), ("MPICH_DIR", root),
        ("CRAY_MPICH_VERSION", version), ("CRAY_MPICH2_VER", version),
    )  # fmt: skip
    gtl = layout.opt("mpi-gtl")
    layers = tuple(
        pair
        for accelerator in layout.accelerators
        if _gtl(accelerator)
        for pair in (
            (f"PE_MPICH_GTL_DIR_{accelerator}", f"-L{gtl}/lib -Wl,-rpath,{gtl}/lib"),
            (f"PE_MPICH_GTL_LIBS_{accelerator}", f"-l{_gtl(accelerator)}"),
        )
    )
    return (*own, *layers, *sets), (("CRAY_LD_LIBRARY_PATH", f"{root}/lib"),), appends


def _hdf5(name: str, version: str, layout: Layout) -> Effects:
    parallel = is_parallel(name)
    root = layout.root("hdf5", name, version, parallel=parallel)
    own: Pairs = (("HDF5_DIR", root), ("HDF5_ROOT", root))
    if not name.startswith("cray-"):
        return own, (), ()
    real = bool(layout.hdf5 if parallel else layout.serial_hdf5)
    sets, _, appends = product(
        name,
        f"-I{root}/include" if real else "",
        linked(root, "-lhdf5") if real else "",
        f"-L{root}/lib -lhdf5" if real else "",
    )
    prefix = name.upper().replace("-", "_")
    own = (*own, (f"{prefix}_VERSION", version), (f"{prefix}_DIR", root), (f"{prefix}_PREFIX", root))
    return (*own, *sets), (("CRAY_LD_LIBRARY_PATH", f"{root}/lib"),), appends


def _tracker(name: str, version: str, layout: Layout) -> Effects:
    root = layout.opt(name, version)
    sets, _, appends = product(
        name,
        "",
        linked(root, f"-l{name}", always=True),
        f"-L{root}/lib -Wl,--whole-archive,-l{name},--no-whole-archive",
    )
    return (*sets, (f"{name.upper().replace('-', '_')}_BOX", version)), (), appends


def _python(name: str, version: str, layout: Layout, site: str) -> Effects:
    root = layout.opt(name, version)
    sets = (
        ("PYTHONSTARTUP", layout.below("etc", "pythonstart")),
        ("PYTHONUSERBASE", layout.below("home", ".local", site, version or name)),
    )
    return sets, (("PATH", f"{root}/bin"),), ()


_BY_KIND: dict[Kind, Callable[[str, str, Layout], Effects]] = {
    "prgenv": _prgenv,
    "wrappers": _wrappers,
    "compiler": _compiler,
    "cpu": _cpu,
    "accelerator": _accelerator,
    "network": _network,
    "hugepages": _hugepages,
    "mpi": _mpi,
    "hdf5": _hdf5,
    "netcdf": netcdf,
    "pnetcdf": pnetcdf,
    "fftw": fftw,
    "blas": blas,
    "tracker": _tracker,
    "plain": _plain,
}
