"""The part of a drafted site file that says what stands behind compiler, mpi and hdf5."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pybuild.load.draft_text import bare_name, is_module, quoted, shown, slug, whereabouts
from pybuild.load.probe import Seen

_VERSIONS = {
    "gnu": ("GNU_VERSION", "GCC_VERSION"),
    "intel": ("INTEL_VERSION", "INTEL_COMPILER_VERSION"),
    "cray": ("CRAY_CC_VERSION", "CRAY_CCE_VERSION"),
    "nvidia": ("NVIDIA_VERSION", "CRAY_NVIDIA_VERSION"),
}
_SUITES = (
    ("intel", ("icx", "icpx", "ifx")),
    ("intel", ("icc", "icpc", "ifort")),
    ("nvidia", ("nvc", "nvc++", "nvfortran")),
    ("gnu", ("gcc", "g++", "gfortran")),
)
_COMPILERS = re.compile(r"(gcc|gnu|intel|oneapi|intel-oneapi-compilers|nvhpc|aocc|llvm)(/|$)", re.IGNORECASE)
_MPIS = re.compile(r"(openmpi|mpich|mvapich2?|impi|intel-oneapi-mpi|intelmpi)(/|$)", re.IGNORECASE)


def compiler(seen: Seen, _name: str, source: str) -> Iterator[str]:
    """Yield the lines on compilers: a programming environment, a module, or what is on the PATH."""
    yield "virtuals:"
    yield "  compiler:"
    found = (module for module in seen.loaded if re.match(r"PrgEnv-\w", module))
    environment = next((module for module in found if is_module(bare_name(module))), "")
    if environment:
        bare = bare_name(environment)
        suite = bare.removeprefix("PrgEnv-")
        used = [v for v in (*_VERSIONS.get(suite, ()), "CRAYPE_VERSION") if v in seen.variables]
        yield f"    - name: {slug(suite)}  # {shown(environment)} is loaded; which others are there?"
        yield "      where: site"
        yield f"      modules: [{{choose: {{family: PrgEnv, module: {quoted(bare)}}}}}]"
        yield "      fields: {cc: cc, cxx: CC, fc: ftn}  # Cray's wrappers" + whereabouts(seen, "cc")
        identity = " ".join([bare, *(f"${{{{ env.{variable} }}}}" for variable in used)])
        yield f"      identity: {quoted(identity)}  # changes with the version: these variables are set here"
    elif seen.tool == "none":
        yield "    - name: system"
        yield "      where: shell"
        yield "      programs: {cc: [gcc, cc, clang], cxx: [g++, c++, clang++], fc: [gfortran, flang]}"
    else:
        yield from _plain_compiler(seen)
    yield f"      source: {quoted(source)}"


def _plain_compiler(seen: Seen) -> Iterator[str]:
    suite, programs = next(
        (row for row in _SUITES if row[1][0] in seen.programs), ("gnu", ("gcc", "g++", "gfortran"))
    )
    module = next((m for m in seen.loaded if _COMPILERS.match(m) and is_module(m)), "")
    fields = ", ".join(f"{f}: {p}" for f, p in zip(("cc", "cxx", "fc"), programs, strict=True))
    yield f"    - name: {suite}"
    yield "      where: site"
    if module:
        yield f"      modules: [{{load: {quoted(module)}}}]  # is loaded here"
    yield f"      fields: {{{fields}}}" + whereabouts(seen, programs[0], start="  # ")
    yield f"      identity: {quoted(module or suite)}"


def mpi(seen: Seen, _name: str, source: str) -> Iterator[str]:
    """Yield the lines on MPI: Cray's, what mpicc says, or else our own recipe."""
    yield "  mpi:"
    cray = next((m for m in seen.loaded if m.startswith(("cray-mpich", "PrgEnv-"))), "")
    if cray:
        root = next(
            (v for v in ("CRAY_MPICH_DIR", "CRAY_MPICH2_DIR", "MPICH_DIR") if v in seen.variables), ""
        )
        version = next((v for v in ("CRAY_MPICH_VERSION", "CRAY_MPICH2_VER") if v in seen.variables), "")
        yield f"    - name: cray-mpich  # {shown(cray)} is loaded"
        yield "      where: site"
        yield "      fields:"
        yield "        name: cray-mpich"
        yield "        cc: cc"
        yield "        cxx: CC"
        yield "        fc: ftn"
        yield "        shared: -shared  # makes cc link a shared library; does the page on Python say more?"
        yield "        dynamic: -dynamic"
        yield "        soname: libmpi  # stem of the library; look with ldd at a program that cc linked"
        if root:
            yield f'        root: "${{{{ env.{root} }}}}"  # is set here'
        if version:
            yield f'      identity: "cray-mpich ${{{{ env.{version} }}}}"  # is set here'
    elif "mpicc" in seen.programs:
        yield from _plain_mpi(seen)
    else:
        yield "    - name: mpich  # no wrapper was found on the PATH; this one brings an MPI of its own"
        yield "      where: recipe"
        yield "      recipe: mpich"
    yield f"      source: {quoted(source)}"


def _plain_mpi(seen: Seen) -> Iterator[str]:
    stems = (
        "|".join(f"lib{name}" for name in seen.mpi_libraries if not name.endswith(("cxx", "fort")))
        or "libmpi"
    )
    told = (
        f"mpicc -show says: {shown(seen.mpi_says)}" if seen.mpi_says else "mpicc does not say; look with ldd"
    )
    module = next((m for m in seen.loaded if _MPIS.match(m) and is_module(m)), "")
    names = {"cxx": ("mpicxx", "mpic++"), "fc": ("mpifort",), "mpiexec": ("mpiexec", "mpirun")}
    if seen.tool == "none":
        yield "    - name: wrapper"
        yield "      where: shell"
        yield (
            "      programs: {cc: [mpicc], cxx: [mpicxx, mpic++], mpiexec: [mpiexec, mpirun]}"
            + whereabouts(seen, "mpicc", start="  # ")
        )
        yield f'      fields: {{shared: "-shared", soname: {quoted(stems)}}}  # {told}'
        return
    called = slug(bare_name(module)) or "wrapper"
    yield f"    - name: {called}"
    yield "      where: site"
    if module:
        yield f"      modules: [{{load: {quoted(module)}}}]  # is loaded here"
    yield "      fields:"
    yield "        cc: mpicc" + whereabouts(seen, "mpicc", start="  # ")
    for field, programs in names.items():
        found = next((program for program in programs if program in seen.programs), "")
        if found:
            yield f"        {field}: {found}"
    yield '        shared: "-shared"'
    yield f"        soname: {quoted(stems)}  # {told}"
    yield f"      identity: {quoted(module or called)}"


def hdf5(seen: Seen, _name: str, source: str) -> Iterator[str]:
    """Yield the lines on HDF5, where a module of it is loaded that says where it is."""
    module = next((m for m in seen.loaded if re.match(r"(cray-hdf5-parallel|p?hdf5[\w-]*)(/|$)", m)), "")
    root = next((v for v in ("HDF5_DIR", "HDF5_ROOT", "HDF5_HOME") if v in seen.variables), "")
    if not module or not root or not is_module(module):
        return
    parallel = re.match(r"cray-hdf5-parallel|phdf5|hdf5.*(parallel|mpi)", module)
    yield f"  {'hdf5[mpi]' if parallel else 'hdf5'}:"
    yield f"    - name: {slug(bare_name(module))}"
    yield "      where: site"
    yield f"      modules: [{{load: {quoted(bare_name(module))}}}]  # {shown(module)} is loaded here"
    yield f'      fields: {{root: "${{{{ env.{root} }}}}", soname: libhdf5}}  # {root} is set here'
    yield f'      identity: "{bare_name(module)} ${{{{ env.{root} }}}}"'
    yield f"      source: {quoted(source)}"
